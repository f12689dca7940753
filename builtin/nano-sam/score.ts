/**
 * How well the segmenter finds regions from one click each: the oracle IoU, which is that of the best of the three masks, at
 * the image's own resolution. The click lies at the region's innermost pixel.
 */
import { innermostPixels, type RegionImage, regionsOf } from './region-image.ts'
import type { Segmenter } from './segmenter.ts'

/** Regions with fewer pixels (at 256x256) are not asked for. */
export const LEAST_SCORED_AREA = 100
/** Upper bounds of "small" and "medium" regions, pixels */
const [SMALL, MEDIUM] = [400, 4000]

export interface RegionScores {
  readonly regions: number
  /** mean IoU of the best of three masks */
  readonly oracle: number
  /** of the mask that the network itself holds for the best */
  readonly chosen: number
  /** oracle IoU of the regions of 100 to 399, of 400 to 3999, and of more pixels */
  readonly small: number
  readonly medium: number
  readonly large: number
  /** mean distance of the predicted IoU of the chosen mask from the real one */
  readonly iouError: number
}

/** Scores over all regions of `levels` (numbers of the images' levels; 0 where omitted) of the images. */
export async function scoreRegions(segmenter: Segmenter, images: Iterable<RegionImage>, levels: readonly number[] = [0]): Promise<RegionScores> {
  const found: { readonly area: number; readonly best: number; readonly chosen: number; readonly error: number }[] = []
  for (const image of images) {
    const wanted = levels.flatMap((level) => {
      const inner = innermostPixels(image.levels[level], image.side)
      return regionsOf(image.levels[level], image.side)
        .filter(({ area, id }) => area >= LEAST_SCORED_AREA && isNew(image, { level, id, area }))
        .map(({ id, area }) => ({ level, id, area, at: inner.get(id) ?? 0 }))
    })
    if (wanted.length === 0) continue
    const points = Float32Array.from(wanted.flatMap(({ at }) => [at % image.side, Math.floor(at / image.side)]))
    const { logits, scores, low, masksPerPrompt } = await segmenter.ask(image.rgb, points)
    for (const [prompt, { level, id, area }] of wanted.entries()) {
      const ious = Array.from({ length: masksPerPrompt }, (_, mask) => {
        const start = (prompt * masksPerPrompt + mask) * low * low
        return overlap(enlarged(logits.subarray(start, start + low * low), low, image.side), image.levels[level], { id, area })
      })
      const predicted = scores.subarray(prompt * masksPerPrompt, (prompt + 1) * masksPerPrompt)
      const chosen = predicted.indexOf(Math.max(...predicted))
      found.push({ area, best: Math.max(...ious), chosen: ious[chosen], error: Math.abs(ious[chosen] - predicted[chosen]) })
    }
  }
  const oracle = (from: number, to: number) => mean(found.filter(({ area }) => area >= from && area < to).map(({ best }) => best))
  return {
    regions: found.length, oracle: oracle(0, Infinity), chosen: mean(found.map(({ chosen }) => chosen)),
    small: oracle(0, SMALL), medium: oracle(SMALL, MEDIUM), large: oracle(MEDIUM, Infinity), iouError: mean(found.map(({ error }) => error)),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

function isNew({ levels }: RegionImage, { level, id, area }: { readonly level: number; readonly id: number; readonly area: number }): boolean {
  if (level === 0) return true
  const above = levels[level - 1][levels[level].indexOf(id)]
  let size = 0
  for (const each of levels[level - 1]) if (each === above) size++
  return size !== area
}

/** Logits at the image's size: linear between pixel centres. */
function enlarged(logits: Float32Array, low: number, side: number): Float32Array {
  const result = new Float32Array(side * side)
  const taps = Array.from({ length: side }, (_, at) => {
    const position = Math.max(0, Math.min(low - 1, ((at + 0.5) * low) / side - 0.5))
    const first = Math.min(low - 2, Math.floor(position))
    return { first, share: position - first }
  })
  for (const [y, { first: row, share: down }] of taps.entries()) {
    for (const [x, { first: column, share: right }] of taps.entries()) {
      const at = row * low + column
      const above = logits[at] + (logits[at + 1] - logits[at]) * right
      const below = logits[at + low] + (logits[at + low + 1] - logits[at + low]) * right
      result[y * side + x] = above + (below - above) * down
    }
  }
  return result
}

function overlap(mask: Float32Array, ids: Uint16Array, { id, area }: { readonly id: number; readonly area: number }): number {
  let [both, size] = [0, 0]
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] <= 0) continue
    size++
    if (ids[at] === id) both++
  }
  return both / (size + area - both)
}
