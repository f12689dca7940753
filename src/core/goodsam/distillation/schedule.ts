import { type DistillationConfig, POLYNOMIAL_POWER } from '../distillation-config.ts'

/**
 * The learning rate of update `step` (the first is 1): from almost 0 in a straight line to the full rate, which the first
 * update after the warm-up has, then down (`polynomial`: (1 - t)^0.9, `cosine`: half a wave, `constant`: not at all).
 * t is the share of the updates after the warm-up that are done, so the last update still moves. Pure: a resumed run goes
 * on with the same rates.
 */
export function learningRateAt(
  step: number, { learningRate, warmupSteps, steps, schedule }: Pick<DistillationConfig, 'learningRate' | 'warmupSteps' | 'steps' | 'schedule'>,
): number {
  if (step <= warmupSteps) return (learningRate * step) / (warmupSteps + 1)
  const done = Math.min(1, (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps))
  if (schedule === 'polynomial') return learningRate * (1 - done) ** POLYNOMIAL_POWER
  if (schedule === 'cosine') return (learningRate * (1 + Math.cos(Math.PI * done))) / 2
  return learningRate
}
