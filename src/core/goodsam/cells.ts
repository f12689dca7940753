import type { PanoramaWindow } from './types.ts'
import type { RowSpans } from './view-weights.ts'
import { panoramaColumnToWindow } from './windows.ts'

/**
 * A rectangle of the panorama whose pixels are all seen by the same windows (some of them, where windows show only a part of
 * their rectangle). Half open, never across the seam.
 */
export interface Cell {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
  /** indices into the windows, ascending */
  readonly seenBy: readonly number[]
}

/** A window; `spans` where it shows only a part of its rectangle: columns from .. to of every row. */
export type CellWindow = Pick<PanoramaWindow, 'x' | 'y' | 'width' | 'height'> & { readonly spans?: RowSpans | null }

/** Rows that share their cuts where windows show only a part of their rectangles: a part's edge is slanted. */
const BAND = 4

/**
 * Cuts the panorama along the windows' edges. Throws RangeError where a pixel is seen by no window: such a layout is no
 * layout of this panorama.
 */
export function cutCells(windows: readonly CellWindow[], widthPx: number, heightPx: number): Cell[] {
  const bands = windows.flatMap(({ y, height, spans }) => (spans ? Array.from({ length: Math.floor(height / BAND) }, (_, k) => y + k * BAND) : []))
  const rows = cuts(heightPx, [...windows.flatMap((window) => [window.y, window.y + window.height]), ...bands])
  const cells: Cell[] = []
  for (let r = 0; r + 1 < rows.length; r++) {
    const [y0, y1] = [rows[r], rows[r + 1]]
    const shown = windows.flatMap((window, index) => partIn(window, { index, y0, y1 }, widthPx))
    const columns = cuts(widthPx, shown.flatMap((part) => [part.x, (part.x + part.width) % widthPx]))
    for (let c = 0; c + 1 < columns.length; c++) {
      const x0 = columns[c]
      const seenBy = shown.flatMap((part) => (panoramaColumnToWindow(part, x0, widthPx) >= 0 ? [part.index] : []))
      if (seenBy.length === 0) throw new RangeError(`No window sees pixel (${x0}, ${y0}) of the panorama.`)
      cells.push({ x0, y0, x1: columns[c + 1], y1, seenBy })
    }
  }
  return cells
}

/** The columns that a window shows in rows y0 .. y1, all of them in its rectangle or none; empty where it shows nothing. */
function partIn(
  window: CellWindow, band: { readonly index: number; readonly y0: number; readonly y1: number }, widthPx: number,
): { index: number; x: number; width: number }[] {
  const { index, y0, y1 } = band
  if (y0 < window.y || y0 >= window.y + window.height) return []
  if (!window.spans) return [{ index, x: window.x, width: window.width }]
  let [from, to] = [window.width, 0]
  for (let y = y0 - window.y; y < y1 - window.y; y++) {
    if (window.spans[2 * y] === window.spans[2 * y + 1]) continue
    from = Math.min(from, window.spans[2 * y])
    to = Math.max(to, window.spans[2 * y + 1])
  }
  return from < to ? [{ index, x: (window.x + from) % widthPx, width: to - from }] : []
}

function cuts(length: number, edges: readonly number[]): number[] {
  return [...new Set([0, length, ...edges])].filter((edge) => edge >= 0 && edge <= length).sort((a, b) => a - b)
}
