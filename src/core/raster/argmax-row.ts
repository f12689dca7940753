import type { LinearTaps } from './linear-taps.ts'

/** Class planes of one row: `data[class * cells + x]`. */
export interface ClassRow {
  readonly classes: number
  readonly cells: number
  readonly data: Float32Array
}

/** Mixes rows `taps.from[y]` and `taps.to[y]` of class planes into one row. */
export function mixRows(
  planes: { readonly classes: number; readonly width: number; readonly height: number; readonly data: Float32Array },
  vertical: { readonly taps: LinearTaps; readonly y: number },
  into: ClassRow,
): void {
  const { classes, width, height, data } = planes
  const fraction = vertical.taps.fraction[vertical.y]
  const upper = vertical.taps.from[vertical.y] * width
  const lower = vertical.taps.to[vertical.y] * width
  for (let c = 0; c < classes; c++) {
    const plane = c * width * height
    const out = c * into.cells
    for (let x = 0; x < width; x++) {
      const a = data[plane + upper + x]
      into.data[out + x] = a + fraction * (data[plane + lower + x] - a)
    }
  }
}

/** Where a row of argmaxes is written: from index `at` on. */
export interface ArgmaxOutput {
  readonly label: Uint8Array
  /** the largest value, 0..1, as 0..255; null: nobody asks */
  readonly confidence: Uint8Array | null
  readonly at: number
}

/** Stretches a row of class planes bilinearly and takes the argmax of every sample (ties: the lowest class). */
export function argmaxRow(row: ClassRow, taps: LinearTaps, output: ArgmaxOutput): void {
  const { classes, cells, data } = row
  const { from, to, fraction } = taps
  const { label, confidence, at } = output
  for (let x = 0; x < from.length; x++) {
    const left = from[x]
    const right = to[x]
    const f = fraction[x]
    let best = 0
    let most = data[left] + f * (data[right] - data[left])
    for (let c = 1, plane = cells; c < classes; c++, plane += cells) {
      const a = data[plane + left]
      const value = a + f * (data[plane + right] - a)
      if (value > most) {
        most = value
        best = c
      }
    }
    label[at + x] = best
    if (confidence !== null) confidence[at + x] = Math.round(255 * Math.min(1, Math.max(0, most)))
  }
}
