/** Which 8-bit integers stand for a value's numbers, and how much of the value that keeps. */
import type { Observed } from './calibration.ts'

const STEPS = 255
/** Shares of an end of the observed range at which it is tried to be cut. [D] */
const CUTS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1]

export interface ActivationRange {
  /** between two neighbours; a float32 */
  readonly step: number
  /** the integer that stands for 0 */
  readonly zero: number
  /** power of the numbers over that of the rounding errors, in decibels */
  readonly signal: number
}

/**
 * The observed range, cut so far that the sample's squared error is least: first at its upper end, then at its lower one.
 * It always holds 0, which padding adds.
 */
export function activationRange({ least, largest, sample }: Observed): ActivationRange {
  const [low, high] = [Math.min(0, least), Math.max(0, largest)]
  const power = sample.reduce((sum, value) => sum + value * value, 0)
  const rangeOf = (from: number, to: number): ActivationRange => {
    const step = Math.fround(Math.max((to - from) / STEPS, 1e-20))
    const zero = Math.min(STEPS, Math.max(0, Math.round(-from / step)))
    return { step, zero, signal: 10 * Math.log10(power / squaredError(sample, step, zero)) }
  }
  const top = best(CUTS.map((cut) => ({ cut, range: rangeOf(low, high * cut) }))).cut
  return best(CUTS.map((cut) => ({ cut, range: rangeOf(low * cut, high * top) }))).range
}

function best<Tried extends { readonly range: ActivationRange }>(tried: readonly Tried[]): Tried {
  return tried.reduce((most, each) => (each.range.signal > most.range.signal ? each : most))
}

function squaredError(sample: Float32Array, step: number, zero: number): number {
  let sum = 0
  for (const value of sample) {
    const integer = Math.min(STEPS, Math.max(0, Math.round(value / step) + zero))
    sum += (value - (integer - zero) * step) ** 2
  }
  return sum
}
