import { IGNORE_ID } from '../labels/label-set.ts'
import type { Raster } from '../raster/raster.ts'
import { checkSameSize, checkTruthIds } from './label-maps.ts'

/**
 * Pixels by truth (row) and prediction (column). The last column counts predictions that are no class (255): always wrong.
 * Truth 255 is not counted. Add as many panoramas as there are: scores come from the one global matrix (METHOD section 6).
 */
export interface Confusion {
  readonly classes: number
  /** `counts[truth * (classes + 1) + prediction]`, prediction `classes`: none */
  readonly counts: Float64Array
}

export interface ConfusionScores {
  /** mean IoU over the classes that occur in truth or prediction; null where none does */
  readonly miou: number | null
  /** by trainId; null: absent from both truth and prediction */
  readonly iou: readonly (number | null)[]
  /** pixels of truth by trainId (weighted where the matrix is) */
  readonly truthPixels: readonly number[]
  /** null without any counted pixel */
  readonly pixelAccuracy: number | null
}

export function emptyConfusion(classes: number): Confusion {
  return { classes, counts: new Float64Array(classes * (classes + 1)) }
}

/**
 * Adds one panorama, in place. `rowWeights` (one per row, e.g. `solidAngleRowWeights`) counts each pixel by its row's
 * weight; `rows` limits it to y0 <= y < y1 (latitude bands).
 * Throws RangeError, and adds nothing, where sizes differ or truth holds an id that is neither a class nor 255.
 */
export function addToConfusion(
  confusion: Confusion,
  truth: Raster,
  prediction: Raster,
  options: { readonly rowWeights?: Float64Array; readonly rows?: { readonly y0: number; readonly y1: number } } = {},
): void {
  checkSameSize(truth, prediction)
  const { width, height } = truth
  const { rowWeights, rows: { y0, y1 } = { y0: 0, y1: height } } = options
  if (rowWeights !== undefined && rowWeights.length !== height) {
    throw new RangeError(`${rowWeights.length} row weights do not fit ${height} rows.`)
  }
  if (!Number.isInteger(y0) || !Number.isInteger(y1) || y0 < 0 || y1 < y0 || y1 > height) {
    throw new RangeError(`Rows ${y0} to ${y1} are not rows of a panorama of ${height} rows.`)
  }
  const { classes, counts } = confusion
  const [actual, predicted] = [truth.data, prediction.data]
  checkTruthIds(actual.subarray(y0 * width, y1 * width), classes)

  const stride = classes + 1
  for (let y = y0; y < y1; y++) {
    const weight = rowWeights === undefined ? 1 : rowWeights[y]
    for (let i = y * width; i < (y + 1) * width; i++) {
      if (actual[i] !== IGNORE_ID) counts[actual[i] * stride + Math.min(predicted[i], classes)] += weight
    }
  }
}

/** IoU = TP / (TP + FP + FN) by class, their mean, and pixel accuracy. */
export function confusionScores(confusion: Confusion): ConfusionScores {
  const { classes, counts } = confusion
  const truthPixels = Array.from({ length: classes }, () => 0)
  const predictedPixels = Array.from({ length: classes + 1 }, () => 0)
  for (let actual = 0; actual < classes; actual++) {
    for (let predicted = 0; predicted <= classes; predicted++) {
      const pixels = counts[actual * (classes + 1) + predicted]
      truthPixels[actual] += pixels
      predictedPixels[predicted] += pixels
    }
  }
  const hits = truthPixels.map((_, id) => counts[id * (classes + 1) + id])
  const iou = hits.map((hit, id) => share(hit, truthPixels[id] + predictedPixels[id] - hit))
  const present = iou.filter((value) => value !== null)
  return { miou: share(sum(present), present.length), iou, truthPixels, pixelAccuracy: share(sum(hits), sum(truthPixels)) }
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
