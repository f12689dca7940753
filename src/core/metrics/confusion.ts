import type { Raster } from '../raster/raster.ts'

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
 * Throws RangeError where sizes differ or truth holds an id that is neither a class nor 255.
 */
export function addToConfusion(
  confusion: Confusion,
  truth: Raster,
  prediction: Raster,
  options?: { readonly rowWeights?: Float64Array; readonly rows?: { readonly y0: number; readonly y1: number } },
): void {
  throw new Error(`not built yet ${confusion.classes} ${truth.width} ${prediction.width} ${options?.rows?.y0}`)
}

/** IoU = TP / (TP + FP + FN) by class, their mean, and pixel accuracy. */
export function confusionScores(confusion: Confusion): ConfusionScores {
  throw new Error(`not built yet ${confusion.classes}`)
}
