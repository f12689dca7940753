import { IGNORE_ID } from '../labels/label-set.ts'
import type { Raster } from '../raster/raster.ts'
import { checkSameSize, checkTruthIds } from './label-maps.ts'

/** Boundary pixels by class, and how many of them lie within the tolerance of the other map's. Add panoramas up. */
export interface BoundaryCounts {
  readonly classes: number
  readonly truth: Float64Array
  readonly truthMatched: Float64Array
  readonly prediction: Float64Array
  readonly predictionMatched: Float64Array
}

export interface BoundaryOptions {
  /** columns wrap */
  readonly cyclic: boolean
  /** fraction of the diagonal, default 0.0075 (Csurka et al., BMVC 2013); 17 px at 2048x1024 */
  readonly tolerance?: number
}

export function emptyBoundaryCounts(classes: number): BoundaryCounts {
  const column = () => new Float64Array(classes)
  return { classes, truth: column(), truthMatched: column(), prediction: column(), predictionMatched: column() }
}

/**
 * Adds one panorama, in place: boundaries of each class between labelled pixels, matched within the tolerance
 * (Euclidean, around the seam where cyclic). Pixels whose truth is 255 bound nothing and are not boundary.
 *
 * A pixel is boundary of its class where one of its four neighbours has another label; a prediction of no class is
 * another label too, but has no boundary of its own. A boundary matches only the same class's.
 * Throws RangeError where sizes differ, truth holds an id that is neither a class nor 255, or the tolerance is negative.
 */
export function addToBoundaryCounts(
  counts: BoundaryCounts,
  truth: Raster,
  prediction: Raster,
  options: BoundaryOptions,
): void {
  checkSameSize(truth, prediction)
  checkTruthIds(truth.data, counts.classes)
  const { cyclic, tolerance = 0.0075 } = options
  if (!(tolerance >= 0)) throw new RangeError(`A boundary tolerance of ${tolerance} is not possible: give a fraction of the diagonal.`)
  const { width, height } = truth
  const frame = { width, height, cyclic, classes: counts.classes, radius: tolerance * Math.sqrt(width * width + height * height) }
  const ofTruth = boundaryColumns(truth.data, truth.data, frame)
  const ofPrediction = boundaryColumns(prediction.data, truth.data, frame)
  addPixels(counts.truth, ofTruth, frame)
  addPixels(counts.prediction, ofPrediction, frame)
  addMatched(counts.truthMatched, { from: ofTruth, to: ofPrediction }, frame)
  addMatched(counts.predictionMatched, { from: ofPrediction, to: ofTruth }, frame)
}

/** F = 2PR / (P + R) by class (null: no boundary in either map), and the mean over the others. */
export function boundaryScores(counts: BoundaryCounts): { f: readonly (number | null)[]; meanF: number | null } {
  const { truth, truthMatched, prediction, predictionMatched } = counts
  const f = Array.from(truth, (pixels, id) => {
    if (pixels === 0 && prediction[id] === 0) return null
    const recall = pixels > 0 ? truthMatched[id] / pixels : 0
    const precision = prediction[id] > 0 ? predictionMatched[id] / prediction[id] : 0
    return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0
  })
  const present = f.filter((value) => value !== null)
  return { f, meanF: present.length > 0 ? present.reduce((sum, value) => sum + value, 0) / present.length : null }
}

interface Frame {
  readonly width: number
  readonly height: number
  readonly cyclic: boolean
  readonly classes: number
  /** px */
  readonly radius: number
}

/** Boundary pixels by class, then row: of class c in row y, `columns[starts[c * height + y] .. starts[c * height + y + 1]]`, ascending. */
interface BoundaryColumns {
  readonly starts: Int32Array
  readonly columns: Int32Array
}

/** A counting sort of the boundary pixels; scanning twice keeps columns ascending. */
function boundaryColumns(labels: Uint8Array, truth: Uint8Array, frame: Frame): BoundaryColumns {
  const { width, height, classes } = frame
  const isBoundary = boundaryPixels(labels, truth, frame)
  const starts = new Int32Array(classes * height + 1)
  for (let y = 0; y < height; y++) {
    for (let i = y * width; i < (y + 1) * width; i++) {
      if (isBoundary[i] === 1 && labels[i] < classes) starts[labels[i] * height + y + 1]++
    }
  }
  for (let k = 1; k < starts.length; k++) starts[k] += starts[k - 1]

  const columns = new Int32Array(starts[classes * height])
  const next = starts.slice()
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      if (isBoundary[i] === 1 && labels[i] < classes) columns[next[labels[i] * height + y]++] = x
    }
  }
  return { starts, columns }
}

/** 1 on both sides of every border between two pixels that truth labels. */
function boundaryPixels(labels: Uint8Array, truth: Uint8Array, { width, height, cyclic }: Frame): Uint8Array {
  const isBoundary = new Uint8Array(labels.length)
  for (let y = 0; y < height; y++) {
    const row = y * width
    const end = row + width
    for (let i = row; i + 1 < end; i++) if (labels[i] !== labels[i + 1]) mark(i, i + 1)
    if (cyclic && labels[end - 1] !== labels[row]) mark(end - 1, row)
    if (y + 1 < height) {
      for (let i = row; i < end; i++) if (labels[i] !== labels[i + width]) mark(i, i + width)
    }
  }
  return isBoundary

  function mark(i: number, j: number): void {
    if (truth[i] === IGNORE_ID || truth[j] === IGNORE_ID) return
    isBoundary[i] = 1
    isBoundary[j] = 1
  }
}

function addPixels(pixels: Float64Array, { starts }: BoundaryColumns, { classes, height }: Frame): void {
  for (let id = 0; id < classes; id++) pixels[id] += starts[(id + 1) * height] - starts[id * height]
}

/**
 * Counts the pixels of `from` that have a pixel of `to`, of the same class, within the radius. Boundaries are thin: merging
 * the sorted columns of two rows costs far less than a distance transform per class. Rows are tried from the nearest on,
 * and a pixel leaves once it has matched, so good predictions cost little.
 */
function addMatched(matched: Float64Array, { from, to }: { from: BoundaryColumns; to: BoundaryColumns }, frame: Frame): void {
  const { width, height, classes, cyclic, radius } = frame
  const reach = Math.min(Math.floor(radius), height - 1)
  const halfWidths = Array.from({ length: reach + 1 }, (_, dy) => Math.floor(Math.sqrt(radius * radius - dy * dy)))
  const open = new Int32Array(width)
  let left = 0
  for (let id = 0; id < classes; id++) {
    const [top, bottom] = [id * height, (id + 1) * height]
    if (to.starts[top] === to.starts[bottom]) continue
    for (let row = top; row < bottom; row++) {
      const pixels = from.columns.subarray(from.starts[row], from.starts[row + 1])
      open.set(pixels)
      left = pixels.length
      for (let dy = 0; dy <= reach && left > 0; dy++) {
        if (row - dy >= top) matchRow(row - dy, halfWidths[dy])
        if (dy > 0 && row + dy < bottom) matchRow(row + dy, halfWidths[dy])
      }
      matched[id] += pixels.length - left
    }
  }

  /** Takes out of `open` what has a column of that row of `to` within `halfWidth`. */
  function matchRow(row: number, halfWidth: number): void {
    const [start, end] = [to.starts[row], to.starts[row + 1]]
    if (start === end) return
    // around the seam, the row's last column comes before its first, and its first after its last
    const beforeFirst = cyclic ? to.columns[end - 1] - width : -Infinity
    const afterLast = cyclic ? to.columns[start] + width : Infinity
    let kept = 0
    let next = start
    for (let k = 0; k < left; k++) {
      const x = open[k]
      while (next < end && to.columns[next] < x) next++
      const before = next > start ? to.columns[next - 1] : beforeFirst
      const after = next < end ? to.columns[next] : afterLast
      if (x - before > halfWidth && after - x > halfWidth) open[kept++] = x
    }
    left = kept
  }
}
