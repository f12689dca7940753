/**
 * The masks of one window, as parallel columns (a table, not objects with pixels in them).
 * Pixels are run-length encoded in row-major order: mask m covers the runs
 * `runs[2k] .. runs[2k] + runs[2k + 1]` (start, length; linear index y * width + x, runs may cross rows)
 * for k in `runOffsets[m] .. runOffsets[m + 1]`.
 */
export interface MaskTable {
  readonly width: number
  readonly height: number
  readonly count: number
  /** length count + 1 */
  readonly runOffsets: Uint32Array
  /** (start, length) pairs */
  readonly runs: Uint32Array
  /** pixels, length count */
  readonly areas: Uint32Array
  /** x0, y0, x1, y1 (half open, window px), length 4 * count */
  readonly boxes: Uint32Array
  /** SAM's own estimate of the mask's IoU, length count */
  readonly predictedIou: Float32Array
  /** IoU of the mask thresholded at +offset and -offset, length count */
  readonly stability: Float32Array
  /** the prompt that made it: x, y in window px, length 2 * count */
  readonly points: Float32Array
}
