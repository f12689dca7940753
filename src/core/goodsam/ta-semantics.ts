import { argmaxRow, mixRows, type ClassRow } from '../raster/argmax-row.ts'
import { linearTapsAt, stretchTaps, type LinearTaps } from '../raster/linear-taps.ts'
import type { ClassPlanes } from '../raster/raster.ts'
import type { PanoramaFrame, PanoramaWindow, WindowSemantics } from './types.ts'
import { hasView, seenPixels, UNSEEN, type ViewWindow } from './view-weights.ts'
import { edgeWeightAt } from './windows.ts'

/** p_i: what the TA thinks of a window. The planes cover the whole window at the TA's own, coarser resolution. */
export interface WindowProbabilities {
  readonly window: PanoramaWindow
  readonly probabilities: ClassPlanes
}

/** Logits to probabilities, in place: softmax over the classes of every pixel (METHOD section 3). Returns its argument. */
export function softmaxPlanes(logits: ClassPlanes): ClassPlanes {
  const { classes, width, height, data } = logits
  const pixels = width * height
  const most = new Float32Array(pixels).fill(-Infinity)
  for (let c = 0, i = 0; c < classes; c++) {
    for (let p = 0; p < pixels; p++, i++) if (data[i] > most[p]) most[p] = data[i]
  }
  const sum = new Float32Array(pixels)
  for (let c = 0, i = 0; c < classes; c++) {
    for (let p = 0; p < pixels; p++, i++) {
      // relative to the largest: exp never overflows
      data[i] = Math.exp(data[i] - most[p])
      sum[p] += data[i]
    }
  }
  for (let c = 0, i = 0; c < classes; c++) {
    for (let p = 0; p < pixels; p++, i++) data[i] /= sum[p]
  }
  return logits
}

export interface ContextBlend {
  /** the TA's probabilities of the whole-height views of `contextWindows` */
  readonly views: readonly WindowProbabilities[]
  readonly frame: PanoramaFrame
  /** 0: the window alone, 1: the context alone */
  readonly weight: number
}

/**
 * Mixes the whole-panorama prediction into a window's, in place: p = (1 - weight) p_window + weight p_context, where
 * p_context is the mean of the views that see the pixel, by their distance to the view's edge (METHOD section 1 [D]).
 * Returns `probabilities`.
 */
export function blendContext(probabilities: ClassPlanes, window: PanoramaWindow, context: ContextBlend): ClassPlanes {
  const { classes, width, height, data } = probabilities
  const { views, frame, weight } = context
  if (weight === 0) return probabilities
  const columns = cellCentres(width, window.width).map((x) => (window.x + x) % frame.widthPx)
  const rows = cellCentres(height, window.height).map((y) => window.y + y)
  const seen = views.map((view) => viewColumns(view.window, columns, frame.widthPx))
  const total = columns.map((_, i) => seen.reduce((sum, { weights }) => sum + weights[i], 0))
  if (total.some((sum) => sum === 0)) throw new RangeError('The context views do not cover the window.')

  for (let i = 0; i < data.length; i++) data[i] *= 1 - weight
  views.forEach((view, v) => {
    const planes = view.probabilities
    if (planes.classes !== classes) throw new RangeError(`A context view has ${planes.classes} classes, the window ${classes}.`)
    const share = Float32Array.from(seen[v].weights, (own, i) => (weight * own) / total[i])
    const horizontal = linearTapsAt(scaled(seen[v].offsets, planes.width / view.window.width), planes.width)
    const vertical = linearTapsAt(scaled(rows, planes.height / view.window.height, -view.window.y), planes.height)
    const { cells, taps } = usedCells(horizontal, share)
    if (cells.length === 0) return
    const row = { classes, cells: cells.length, data: new Float32Array(classes * cells.length) }
    for (let y = 0; y < height; y++) {
      mixCells(planes, { taps: vertical, y }, cells, row)
      addStretched(data, { plane: width * height, at: y * width }, row, { taps, share })
    }
  })
  return probabilities
}

/** The cells that samples with a share draw on, and the taps into a row of these alone: a view is wider than a window. */
function usedCells(taps: LinearTaps, share: Float32Array): { cells: Int32Array; taps: LinearTaps } {
  const used = new Set<number>()
  share.forEach((own, x) => {
    if (own > 0) used.add(taps.from[x]).add(taps.to[x])
  })
  const cells = Int32Array.from(used).sort()
  const place = new Map(Array.from(cells, (cell, i) => [cell, i]))
  const within = (cell: number): number => place.get(cell) ?? 0
  return { cells, taps: { from: taps.from.map(within), to: taps.to.map(within), fraction: taps.fraction } }
}

/** `mixRows` of some cells only. */
function mixCells(
  { classes, width, height, data }: ClassPlanes,
  vertical: { readonly taps: LinearTaps; readonly y: number },
  cells: Int32Array,
  into: ClassRow,
): void {
  const fraction = vertical.taps.fraction[vertical.y]
  const upper = vertical.taps.from[vertical.y] * width
  const lower = vertical.taps.to[vertical.y] * width
  const mixed = into.data
  for (let c = 0; c < classes; c++) {
    const plane = c * width * height
    const out = c * cells.length
    for (let i = 0; i < cells.length; i++) {
      const a = data[plane + upper + cells[i]]
      mixed[out + i] = a + fraction * (data[plane + lower + cells[i]] - a)
    }
  }
}

/** Adds a row of class planes, stretched and weighted sample by sample, to row `at` of planes of `plane` values each. */
function addStretched(
  data: Float32Array,
  into: { readonly plane: number; readonly at: number },
  row: ClassRow,
  stretch: { readonly taps: LinearTaps; readonly share: Float32Array },
): void {
  const { share } = stretch
  const { from, to, fraction } = stretch.taps
  const { data: cells } = row
  for (let c = 0; c < row.classes; c++) {
    const source = c * row.cells
    const target = c * into.plane + into.at
    for (let x = 0; x < share.length; x++) {
      const a = cells[source + from[x]]
      data[target + x] += share[x] * (a + fraction[x] * (cells[source + to[x]] - a))
    }
  }
}

/**
 * S_i and max p_i (0..255) at window resolution: probabilities upsampled bilinearly, then argmax (ties: lowest trainId).
 * Where a gnomonic window sees nothing, 255 and 0.
 */
export function windowSemantics(probabilities: ClassPlanes, window: PanoramaWindow): WindowSemantics {
  const { classes, width, height } = probabilities
  if (hasView(window)) return viewSemantics(probabilities, window)
  const label = new Uint8Array(window.width * window.height)
  const confidence = new Uint8Array(window.width * window.height)
  const horizontal = stretchTaps(window.width, width)
  const vertical = stretchTaps(window.height, height)
  const row = { classes, cells: width, data: new Float32Array(classes * width) }
  for (let y = 0; y < window.height; y++) {
    mixRows(probabilities, { taps: vertical, y }, row)
    argmaxRow(row, horizontal, { label, confidence, at: y * window.width })
  }
  return { window, label, confidence }
}

function viewSemantics(probabilities: ClassPlanes, window: ViewWindow): WindowSemantics {
  const { classes, width, height } = probabilities
  const label = new Uint8Array(window.width * window.height).fill(UNSEEN)
  const confidence = new Uint8Array(label.length)
  const seen = seenPixels(window)
  const across = stretchTaps(window.width, width)
  const vertical = stretchTaps(window.height, height)
  const row = { classes, cells: width, data: new Float32Array(classes * width) }
  for (let y = 0; y < window.height; y++) {
    const start = y * window.width
    const line = seen.subarray(start, start + window.width)
    const from = line.indexOf(1)
    if (from < 0) continue
    const to = line.lastIndexOf(1) + 1
    mixRows(probabilities, { taps: vertical, y }, row)
    const taps = { from: across.from.subarray(from, to), to: across.to.subarray(from, to), fraction: across.fraction.subarray(from, to) }
    argmaxRow(row, taps, { label, confidence, at: start + from })
    for (let x = from; x < to; x++) {
      if (line[x] === 1) continue
      label[start + x] = UNSEEN
      confidence[start + x] = 0
    }
  }
  return { window, label, confidence }
}

/** Centres, in pixels from the window's edge, of `cells` cells over `sizePx` pixels. */
export function cellCentres(cells: number, sizePx: number): number[] {
  return Array.from({ length: cells }, (_, i) => ((i + 0.5) * sizePx) / cells)
}

/** Where a window sees panorama columns: offset from its left edge and edge weight; weight 0 where it does not see them. */
export function viewColumns(
  window: PanoramaWindow, columns: readonly number[], panoramaWidthPx: number,
): { readonly offsets: Float64Array; readonly weights: Float64Array } {
  const offsets = new Float64Array(columns.length)
  const weights = new Float64Array(columns.length)
  columns.forEach((x, i) => {
    const offset = (((x - window.x) % panoramaWidthPx) + panoramaWidthPx) % panoramaWidthPx
    if (offset >= window.width) return
    offsets[i] = offset
    weights[i] = edgeWeightAt(offset, window.width)
  })
  return { offsets, weights }
}

/** `(position + shift) * factor` of every position. */
export function scaled(positions: ArrayLike<number>, factor: number, shift = 0): Float64Array {
  return Float64Array.from(positions, (position) => (position + shift) * factor)
}
