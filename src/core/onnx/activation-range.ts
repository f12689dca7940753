/** Which 8-bit integers stand for a value's numbers, and how much of the value that keeps. */
import type { Observed } from './calibration.ts'

const STEPS = 255
/** Ranges that are tried: the observed one, cut at both ends to these shares. [D] */
const CUTS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3]

export interface ActivationRange {
  /** between two neighbours; a float32 */
  readonly step: number
  /** the integer that stands for 0 */
  readonly zero: number
  /** power of the numbers over that of the rounding errors, in decibels */
  readonly signal: number
}

/** The observed range, cut so far that the sample's squared error is least. It always holds 0, which padding adds. */
export function activationRange({ least, largest, sample }: Observed): ActivationRange {
  const power = sample.reduce((sum, value) => sum + value * value, 0)
  let best: ActivationRange | undefined
  for (const cut of CUTS) {
    const step = Math.fround(Math.max((Math.max(0, largest) - Math.min(0, least)) * (cut / STEPS), 1e-20))
    const zero = Math.min(STEPS, Math.max(0, Math.round((-Math.min(0, least) * cut) / step)))
    const signal = 10 * Math.log10(power / squaredError(sample, step, zero))
    if (best === undefined || signal > best.signal) best = { step, zero, signal }
  }
  return best as ActivationRange
}

function squaredError(sample: Float32Array, step: number, zero: number): number {
  let sum = 0
  for (const value of sample) {
    const integer = Math.min(STEPS, Math.max(0, Math.round(value / step) + zero))
    sum += (value - (integer - zero) * step) ** 2
  }
  return sum
}
