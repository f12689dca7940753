import type { RasterData } from '../raster/raster.ts'
import type { MaskTable } from './mask-table.ts'

/** Sets every pixel of mask `index` to `value` in a window-sized array (in place). */
export function paintMask(table: MaskTable, index: number, target: RasterData, value: number): void {
  const { runs, runOffsets } = table
  for (let k = runOffsets[index]; k < runOffsets[index + 1]; k++) {
    target.fill(value, runs[2 * k], runs[2 * k] + runs[2 * k + 1])
  }
}

/** The bitmap (0 or 1) of mask `index`, window size. */
export function maskBitmap(table: MaskTable, index: number): Uint8Array {
  const bitmap = new Uint8Array(table.width * table.height)
  paintMask(table, index, bitmap, 1)
  return bitmap
}

/** Indices of the masks, largest area first (ties: lower index first): the order in which E_i is painted (METHOD 4). */
export function largestFirst(table: MaskTable): Uint32Array {
  const { areas, count } = table
  return Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => areas[b] - areas[a] || a - b)
}

/** A table without masks. */
export function emptyMaskTable(width: number, height: number): MaskTable {
  return {
    width, height, count: 0,
    runOffsets: new Uint32Array(1), runs: new Uint32Array(0), areas: new Uint32Array(0), boxes: new Uint32Array(0),
    predictedIou: new Float32Array(0), stability: new Float32Array(0), points: new Float32Array(0),
  }
}
