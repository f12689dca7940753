import { argmaxRow, type ClassRow } from '../raster/argmax-row.ts'
import { linearTapsAt, stretchTaps, type LinearTaps } from '../raster/linear-taps.ts'
import type { Raster } from '../raster/raster.ts'
import { cellCentres, scaled, viewColumns, type WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'
import { viewWeightRows } from './view-weights.ts'
import { edgeWeightAt } from './windows.ts'

/**
 * S_TA^w (METHOD section 3): argmax of the overlap-weighted mean of p_i over all windows that see a pixel, and that mean
 * (0..255). Cosine window weights, cyclic columns. The mean is taken on a grid at the logits' stride, row by row, and
 * upsampled as it goes: memory is a few grid rows, whatever the panorama's size. Gnomonic windows: by the distance to the
 * edge of the view.
 *
 * Throws RangeError where the windows do not cover the frame or disagree on the number of classes.
 */
export function stitchSemantics(
  windows: readonly WindowProbabilities[],
  frame: PanoramaFrame,
): { label: Raster; confidence: Raster } {
  const { widthPx, heightPx, cyclic } = frame
  const grid = meanGrid(windows, frame)
  const horizontal = stretchTaps(widthPx, grid.width, { cyclic })
  const vertical = stretchTaps(heightPx, grid.height)
  const label = new Uint8Array(widthPx * heightPx)
  const confidence = new Uint8Array(widthPx * heightPx)
  const between: ClassRow = { classes: grid.classes, cells: grid.width, data: new Float32Array(grid.classes * grid.width) }
  for (let y = 0; y < heightPx; y++) {
    const upper = grid.row(vertical.from[y]).data
    const lower = grid.row(vertical.to[y]).data
    const fraction = vertical.fraction[y]
    for (let i = 0; i < between.data.length; i++) between.data[i] = upper[i] + fraction * (lower[i] - upper[i])
    argmaxRow(between, horizontal, { label, confidence, at: y * widthPx })
  }
  return { label: { width: widthPx, height: heightPx, data: label }, confidence: { width: widthPx, height: heightPx, data: confidence } }
}

interface MeanGrid {
  readonly classes: number
  readonly width: number
  readonly height: number
  /** the weighted mean of p_i along a grid row; the last two rows asked for are kept */
  row(y: number): ClassRow
}

interface GridWindow extends WindowProbabilities {
  /** how much each grid column counts at this offset (px) from the window's upper edge; 0 where it is not seen */
  readonly weightsAt: (offset: number) => Float64Array
  readonly taps: LinearTaps
}

/** The finest grid any window's logits have, over the whole panorama. */
function meanGrid(windows: readonly WindowProbabilities[], frame: PanoramaFrame): MeanGrid {
  if (windows.length === 0) throw new RangeError('There are no windows to stitch.')
  const { classes } = windows[0].probabilities
  if (windows.some(({ probabilities }) => probabilities.classes !== classes)) {
    throw new RangeError('The windows to stitch have different numbers of classes.')
  }
  const finest = (side: 'width' | 'height', lengthPx: number): number => {
    const cellPx = Math.min(...windows.map(({ window, probabilities }) => window[side] / probabilities[side]))
    return Math.max(1, Math.min(lengthPx, Math.round(lengthPx / cellPx)))
  }
  const cells = finest('width', frame.widthPx)
  // A multiple of four around the turn: a quarter turn of the panorama is a quarter turn of the grid.
  const width = frame.cyclic ? Math.max(1, 4 * Math.round(cells / 4)) : cells
  const height = finest('height', frame.heightPx)
  const columns = cellCentres(width, frame.widthPx)
  const rows = cellCentres(height, frame.heightPx)
  const placed: GridWindow[] = windows.map(({ window, probabilities }) => {
    const { offsets, weights } = viewColumns(window, columns, frame.widthPx)
    const taps = linearTapsAt(scaled(offsets, probabilities.width / window.width), probabilities.width)
    return { window, probabilities, weightsAt: rowWeights(window, { offsets, weights }), taps }
  })

  const make = (y: number): ClassRow => {
    const row = { classes, cells: width, data: new Float32Array(classes * width) }
    const total = new Float64Array(width)
    for (const placement of placed) addWindow(placement, rows[y], { row, total })
    if (total.some((weight) => weight === 0)) throw new RangeError('The windows do not cover the panorama.')
    for (let c = 0; c < classes; c++) for (let x = 0; x < width; x++) row.data[c * width + x] /= total[x]
    return row
  }
  const kept = new Map<number, ClassRow>()
  const row = (y: number): ClassRow => {
    const known = kept.get(y)
    if (known !== undefined) return known
    for (const old of kept.keys()) if (old < y - 1) kept.delete(old)
    const made = make(y)
    kept.set(y, made)
    return made
  }
  return { classes, width, height, row }
}

/** The weights of a row of the grid, of which the window sees the columns with a weight above 0 at these offsets. */
function rowWeights(
  window: PanoramaWindow, columns: { readonly offsets: Float64Array; readonly weights: Float64Array },
): GridWindow['weightsAt'] {
  if (window.view !== undefined) {
    const rowOf = viewWeightRows(window.view, columns.offsets)
    return (offset) => rowOf(offset).map((weight, x) => (columns.weights[x] === 0 ? 0 : weight))
  }
  return (offset) => {
    const rowWeight = edgeWeightAt(offset, window.height)
    return columns.weights.map((weight) => rowWeight * weight)
  }
}

/** Adds a window's weighted probabilities along the grid row at panorama row `yPx`, and its weights. */
function addWindow(
  { window, probabilities, weightsAt, taps }: GridWindow, yPx: number,
  into: { readonly row: ClassRow; readonly total: Float64Array },
): void {
  const offset = yPx - window.y
  if (offset < 0 || offset >= window.height) return
  const weights = weightsAt(offset)
  const { classes, width, height, data } = probabilities
  const vertical = linearTapsAt([(offset * height) / window.height], height)
  const { cells, data: sums } = into.row
  const { total } = into
  const { from, to, fraction } = taps
  const down = vertical.fraction[0]
  for (let x = 0; x < cells; x++) total[x] += weights[x]
  for (let c = 0; c < classes; c++) {
    const upper = (c * height + vertical.from[0]) * width
    const lower = (c * height + vertical.to[0]) * width
    const out = c * cells
    for (let x = 0; x < cells; x++) {
      if (weights[x] === 0) continue
      const left = from[x]
      const right = to[x]
      const across = fraction[x]
      const a = data[upper + left] + across * (data[upper + right] - data[upper + left])
      const b = data[lower + left] + across * (data[lower + right] - data[lower + left])
      sums[out + x] += weights[x] * (a + down * (b - a))
    }
  }
}
