import type { MaskTable } from './mask-table.ts'

/**
 * Sets the outline of mask `index` to `value` in a window-sized array (in place): its pixels with a neighbour (4) outside
 * the mask. Where the window cuts the mask there is no outline. `scratch` is window-sized and all zeros before and after.
 */
export function paintOutline(table: MaskTable, index: number, target: Uint8Array, { value = 1, scratch }: { value?: number; scratch: Uint8Array }): void {
  const { runs, runOffsets, width } = table
  const firstRun = runOffsets[index]
  const endRun = runOffsets[index + 1]
  const lastRow = scratch.length - width
  for (let k = firstRun; k < endRun; k++) scratch.fill(1, runs[2 * k], runs[2 * k] + runs[2 * k + 1])
  for (let k = firstRun; k < endRun; k++) {
    const start = runs[2 * k]
    const end = start + runs[2 * k + 1]
    // left and right ends, but not at the window's sides
    if (start % width !== 0) target[start] = value
    if (end % width !== 0) target[end - 1] = value
    for (let i = start; i < end; i++) {
      if ((i >= width && scratch[i - width] === 0) || (i < lastRow && scratch[i + width] === 0)) target[i] = value
    }
  }
  for (let k = firstRun; k < endRun; k++) scratch.fill(0, runs[2 * k], runs[2 * k] + runs[2 * k + 1])
}
