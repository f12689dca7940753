/** What the product's automatic masks make of nano-sam: how many pass its filters, what they cover and how pure they are. */
import type { SamSettings } from '../../src/core/goodsam/config.ts'
import { type DecodedBatch, filterCandidates, finishWindowMasks, pointGrid } from '../../src/core/goodsam/sam-masks.ts'
import type { MaskTable } from '../../src/core/mask/mask-table.ts'
import { paintMask } from '../../src/core/mask/paint.ts'
import type { RegionImage } from './region-image.ts'
import type { Segmenter } from './segmenter.ts'

/** Means over windows; masks count by their area in `purity`. */
export interface AutomaticScores {
  readonly settings: SamSettings
  readonly windows: number
  /** masks per window: of the decoder, after the predicted IoU, after the stability, in the end */
  readonly candidates: number
  readonly afterPredIou: number
  readonly afterStability: number
  readonly kept: number
  /** share of the window that at least one mask covers */
  readonly coverage: number
  /** share of the masks' pixels that lie in the region that their mask lies in mostly */
  readonly purity: number
}

/** Asks once per window and filters with each of the settings, which share the number of points. */
export async function scoreAutomatic(segmenter: Segmenter, images: readonly RegionImage[], settings: readonly SamSettings[]): Promise<readonly AutomaticScores[]> {
  const sums = settings.map(() => ({ candidates: 0, afterPredIou: 0, afterStability: 0, kept: 0, coverage: 0, pure: 0, area: 0 }))
  for (const { side, rgb, levels: [whole] } of images) {
    const points = pointGrid(settings[0].pointsPerSide, side, side)
    const { logits, scores, low, prompts, masksPerPrompt } = await segmenter.ask(rgb, points)
    const batch: DecodedBatch = { prompts, masksPerPrompt, lowWidth: low, lowHeight: low, validWidth: low, validHeight: low, logits, scores, points }
    for (const [index, each] of settings.entries()) {
      const { masks, funnel } = finishWindowMasks([filterCandidates(batch, each)], { width: side, height: side, settings: each })
      const { covered, pure, area } = measure(masks, whole)
      const sum = sums[index]
      sum.candidates += funnel.candidates
      sum.afterPredIou += funnel.afterPredIou
      sum.afterStability += funnel.afterStability
      sum.kept += masks.count
      sum.coverage += covered / (side * side)
      sum.pure += pure
      sum.area += area
    }
  }
  return sums.map(({ pure, area, ...sum }, index) => {
    const mean = (value: number) => value / images.length
    return {
      settings: settings[index], windows: images.length, candidates: mean(sum.candidates), afterPredIou: mean(sum.afterPredIou),
      afterStability: mean(sum.afterStability), kept: mean(sum.kept), coverage: mean(sum.coverage), purity: pure / Math.max(1, area),
    }
  })
}

function measure(masks: MaskTable, regions: Uint16Array): { readonly covered: number; readonly pure: number; readonly area: number } {
  const union = new Uint8Array(regions.length)
  let [pure, area] = [0, 0]
  for (let mask = 0; mask < masks.count; mask++) {
    paintMask(masks, mask, union, 1)
    const shares = new Map<number, number>()
    for (let run = masks.runOffsets[mask]; run < masks.runOffsets[mask + 1]; run++) {
      const [start, length] = [masks.runs[2 * run], masks.runs[2 * run + 1]]
      for (let at = start; at < start + length; at++) shares.set(regions[at], (shares.get(regions[at]) ?? 0) + 1)
    }
    pure += Math.max(...shares.values())
    area += masks.areas[mask]
  }
  return { covered: union.reduce((sum, each) => sum + each, 0), pure, area }
}

/**
 * Of the settings that were tried: those that cover most with masks of at least `purity`; where none is that pure, those
 * with the largest product of both.
 */
export function chooseSettings(scores: readonly AutomaticScores[], purity: number): AutomaticScores {
  const pure = scores.filter((each) => each.purity >= purity)
  const worth = (each: AutomaticScores) => (pure.length > 0 ? each.coverage : each.coverage * each.purity)
  return (pure.length > 0 ? pure : scores).reduce((best, each) => (worth(each) > worth(best) ? each : best))
}
