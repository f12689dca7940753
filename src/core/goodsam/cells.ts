import type { PanoramaWindow } from './types.ts'
import { panoramaColumnToWindow } from './windows.ts'

/** A rectangle of the panorama whose pixels are all seen by the same windows. Half open, never across the seam. */
export interface Cell {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
  /** indices into the windows, ascending */
  readonly seenBy: readonly number[]
}

/**
 * Cuts the panorama along the windows' edges. Throws RangeError where a pixel is seen by no window: such a layout is no
 * layout of this panorama.
 */
export function cutCells(windows: readonly PanoramaWindow[], widthPx: number, heightPx: number): Cell[] {
  const columns = cuts(widthPx, windows.flatMap((window) => [window.x, (window.x + window.width) % widthPx]))
  const rows = cuts(heightPx, windows.flatMap((window) => [window.y, window.y + window.height]))
  const cells: Cell[] = []
  for (let r = 0; r + 1 < rows.length; r++) {
    const y0 = rows[r]
    for (let c = 0; c + 1 < columns.length; c++) {
      const x0 = columns[c]
      const seenBy = windows.flatMap((window, index) => (seesPixel(window, { x: x0, y: y0 }, widthPx) ? [index] : []))
      if (seenBy.length === 0) throw new RangeError(`No window sees pixel (${x0}, ${y0}) of the panorama.`)
      cells.push({ x0, y0, x1: columns[c + 1], y1: rows[r + 1], seenBy })
    }
  }
  return cells
}

function seesPixel(window: PanoramaWindow, { x, y }: { x: number; y: number }, widthPx: number): boolean {
  return y >= window.y && y < window.y + window.height && panoramaColumnToWindow(window, x, widthPx) >= 0
}

function cuts(length: number, edges: readonly number[]): number[] {
  return [...new Set([0, length, ...edges])].filter((edge) => edge >= 0 && edge <= length).sort((a, b) => a - b)
}
