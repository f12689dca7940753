import type { FusedPanorama, PanoramaSemantics } from './types.ts'

/** Numbers of one fused panorama, as `LabelStats` and the review queue want them. */
export interface FusionSummary {
  /** share of pixels that a mask decided, 0..1 */
  readonly coverage: number
  /** mean of the fused confidence, 0..1 */
  readonly meanConfidence: number
  /** share of pixels on which the fused label and S_TA^w differ, 0..1 */
  readonly disagreement: number
}

/** Coverage, mean confidence and disagreement with the TA of a fused panorama. */
export function summariseFusion(fused: FusedPanorama, semantics: PanoramaSemantics): FusionSummary {
  const pixels = fused.label.data.length
  let covered = 0
  let confidence = 0
  let differing = 0
  for (let p = 0; p < pixels; p++) {
    if (fused.mask.data[p] !== 0) covered++
    confidence += fused.confidence.data[p]
    if (fused.label.data[p] !== semantics.label.data[p]) differing++
  }
  return { coverage: covered / pixels, meanConfidence: confidence / 255 / pixels, disagreement: differing / pixels }
}
