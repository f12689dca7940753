import type { WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame } from './types.ts'

/**
 * Prediction-level consistency L_CC (Eq. 1): over all overlaps O_ij, the mean of KL(p_i || p_j) + KL(p_j || p_i) in nats,
 * and the share of samples on which the two argmaxes differ. Both 0 where nothing overlaps. Sampled at the centres of
 * every `step`-th logit cell of the first window of each pair (default 4), the other window's p bilinearly.
 */
export function overlapConsistency(
  windows: readonly WindowProbabilities[],
  frame: PanoramaFrame,
  options?: { readonly step?: number },
): { consistency: number; disagreement: number } {
  throw new Error(`not built yet ${windows.length} ${frame.widthPx} ${options?.step}`)
}
