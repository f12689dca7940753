import { isInPicture, pictureRows } from '../geometry/tangent-view.ts'
import { linearTapsAt, type LinearTaps } from '../raster/linear-taps.ts'
import type { ClassPlanes } from '../raster/raster.ts'
import { cellCentres, type WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'

/** Probabilities below this are taken as this: a class that one window rules out must not make the mean infinite. */
const LEAST_PROBABILITY = 1e-7

/**
 * Prediction-level consistency L_CC (Eq. 1): over all overlaps O_ij, the mean of KL(p_i || p_j) + KL(p_j || p_i) in nats,
 * and the share of samples on which the two argmaxes differ. Both 0 where nothing overlaps. Sampled at the centres of
 * every `step`-th logit cell of the first window of each pair (default 4), the other window's p bilinearly.
 */
export function overlapConsistency(
  windows: readonly WindowProbabilities[],
  frame: PanoramaFrame,
  options: { readonly step?: number } = {},
): { consistency: number; disagreement: number } {
  const step = options.step ?? 4
  const sum = { divergence: 0, differing: 0, samples: 0 }
  windows.forEach((first, i) => {
    for (const second of windows.slice(i + 1)) addOverlap(first, second, { frame, step, sum })
  })
  if (sum.samples === 0) return { consistency: 0, disagreement: 0 }
  return { consistency: sum.divergence / sum.samples, disagreement: sum.differing / sum.samples }
}

interface Overlap {
  readonly frame: PanoramaFrame
  readonly step: number
  readonly sum: { divergence: number; differing: number; samples: number }
}

function addOverlap(first: WindowProbabilities, second: WindowProbabilities, { frame, step, sum }: Overlap): void {
  const p = first.probabilities
  const q = second.probabilities
  // the middle one of every `step` cells
  const every = (cells: number): number[] =>
    Array.from({ length: Math.ceil(cells / step) }, (_, k) => Math.min(cells - 1, k * step + Math.floor(step / 2)))
  const centresX = cellCentres(p.width, first.window.width)
  const centresY = cellCentres(p.height, first.window.height)
  // cells of the first window that the second sees too, and where it sees them
  const turn = frame.widthPx
  const columns = every(p.width)
    .map((cell) => ({ cell, own: centresX[cell], offset: (((first.window.x + centresX[cell] - second.window.x) % turn) + turn) % turn }))
    .filter(({ offset }) => offset < second.window.width)
  const rows = every(p.height)
    .map((cell) => ({ cell, own: centresY[cell], offset: first.window.y + centresY[cell] - second.window.y }))
    .filter(({ offset }) => offset >= 0 && offset < second.window.height)
  if (columns.length === 0 || rows.length === 0) return
  const across = linearTapsAt(columns.map(({ offset }) => (offset * q.width) / second.window.width), q.width)
  const down = linearTapsAt(rows.map(({ offset }) => (offset * q.height) / second.window.height), q.height)
  const firstSees = seesAt(first.window, columns.map(({ own }) => own))
  const secondSees = seesAt(second.window, columns.map(({ offset }) => offset))

  rows.forEach((row, y) => {
    const seen = { first: firstSees(row.own), second: secondSees(row.offset) }
    columns.forEach((column, x) => {
      if (!seen.first(x) || !seen.second(x)) return
      const at = row.cell * p.width + column.cell
      let divergence = 0
      let most = -1
      let mostOther = -1
      let best = 0
      let bestOther = 0
      for (let c = 0; c < p.classes; c++) {
        const own = Math.max(LEAST_PROBABILITY, p.data[c * p.width * p.height + at])
        const other = Math.max(LEAST_PROBABILITY, sample(q, c, { across, x, down, y }))
        // KL(p || q) + KL(q || p), summed by class
        divergence += (own - other) * (Math.log(own) - Math.log(other))
        if (own > most) {
          most = own
          best = c
        }
        if (other > mostOther) {
          mostOther = other
          bestOther = c
        }
      }
      sum.divergence += divergence
      sum.samples++
      if (best !== bestOther) sum.differing++
    })
  })
}

/** Whether a window shows the positions `columns` of a row of its rectangle: all, but for gnomonic windows. */
function seesAt({ view }: PanoramaWindow, columns: readonly number[]): (y: number) => (column: number) => boolean {
  if (view === undefined) return () => () => true
  const rowOf = pictureRows(view, columns)
  return (y) => {
    const { u, v } = rowOf(y)
    return (column) => isInPicture(view, u[column], v[column])
  }
}

interface Place {
  readonly across: LinearTaps
  readonly x: number
  readonly down: LinearTaps
  readonly y: number
}

function sample({ width, height, data }: ClassPlanes, trainId: number, { across, x, down, y }: Place): number {
  const upper = (trainId * height + down.from[y]) * width
  const lower = (trainId * height + down.to[y]) * width
  const f = across.fraction[x]
  const a = data[upper + across.from[x]] + f * (data[upper + across.to[x]] - data[upper + across.from[x]])
  const b = data[lower + across.from[x]] + f * (data[lower + across.to[x]] - data[lower + across.from[x]])
  return a + down.fraction[y] * (b - a)
}
