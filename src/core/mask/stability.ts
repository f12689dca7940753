/** A rectangle of logits inside a larger array: row y starts at `start + y * stride`. */
export interface LogitPlane {
  readonly logits: Float32Array
  readonly start: number
  readonly stride: number
  readonly width: number
  readonly height: number
}

export interface MaskScan {
  /** IoU of the mask thresholded at +offset and at -offset: one contains the other, so a ratio of pixel counts */
  readonly stability: number
  /** half-open box of the positive logits; empty (x0 = x1) where none is positive */
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

/** Pixels looked at together. */
const BLOCK = 8

/**
 * Stability score (segment-anything's `calculate_stability_score`) and box of a mask in one pass over its logits, which
 * must be numbers (no NaN). Stability is 0 where even the lower threshold leaves nothing. Throws RangeError unless the
 * offset is positive.
 *
 * This pass reads every decoded logit, so it should cost what reading costs. A mask is mostly stretches that are clearly
 * background (<= -offset) or clearly foreground (> offset), and a block of such pixels is recognised at once from the
 * floats' bits: bits without their sign are ordered as magnitudes are, and the AND of several numbers is at most the
 * least of them. So if the AND passes a threshold, all do; if it does not, the block is looked at pixel by pixel.
 */
export function scanMask(plane: LogitPlane, stabilityOffset: number): MaskScan {
  // the logits are float32: so must be the thresholds, or blocks and single pixels would disagree
  const offset = Math.fround(stabilityOffset)
  if (!(offset > 0)) throw new RangeError(`The stability offset must be positive, not ${stabilityOffset}.`)
  const { logits, start, stride, width, height } = plane
  const bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length)
  const [foreground, background] = new Int32Array(new Float32Array([offset, -offset]).buffer)

  let above = 0
  let below = 0
  let x0 = width
  let x1 = 0
  let y0 = height
  let y1 = 0
  for (let y = 0; y < height; y++) {
    const row = start + y * stride
    const end = row + width
    let first = end
    let last = row
    for (let i = row; i < end; ) {
      const stop = i + BLOCK
      if (stop <= end) {
        const all = bits[i] & bits[i + 1] & bits[i + 2] & bits[i + 3] & bits[i + 4] & bits[i + 5] & bits[i + 6] & bits[i + 7]
        // every sign bit set, every magnitude at least the offset
        if (all < 0 && all >= background) {
          i = stop
          continue
        }
        if (all > foreground) {
          const any = bits[i] | bits[i + 1] | bits[i + 2] | bits[i + 3] | bits[i + 4] | bits[i + 5] | bits[i + 6] | bits[i + 7]
          if (any >= 0) {
            above += BLOCK
            below += BLOCK
            if (i < first) first = i
            i = last = stop
            continue
          }
        }
      }
      for (const until = Math.min(stop, end); i < until; i++) {
        const value = logits[i]
        if (value <= -offset) continue
        below++
        if (value > offset) above++
        if (value > 0) {
          if (i < first) first = i
          last = i + 1
        }
      }
    }
    if (last > row) {
      x0 = Math.min(x0, first - row)
      x1 = Math.max(x1, last - row)
      y0 = Math.min(y0, y)
      y1 = y + 1
    }
  }
  const stability = below === 0 ? 0 : above / below
  return y1 === 0 ? { stability, x0: 0, y0: 0, x1: 0, y1: 0 } : { stability, x0, y0, x1, y1 }
}
