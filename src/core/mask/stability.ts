/**
 * IoU of the mask thresholded `offset` above and below 0 (segment-anything's stability score): since one contains the
 * other, a ratio of pixel counts. 0 where even the lower threshold leaves nothing.
 */
export function stabilityScore(logits: Float32Array, offset: number): number {
  let above = 0
  let below = 0
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] > offset) above++
    if (logits[i] > -offset) below++
  }
  return below === 0 ? 0 : above / below
}
