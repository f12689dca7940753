/** Small draws from a generator that the builders of a street share. */
import type { Random } from '../../goodsam/distillation/random.ts'

export type { Random }

/** True in that share of draws. */
export function chance(random: Random, share: number): boolean {
  return random.next() < share
}

/** One of the values, each equally likely. */
export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.below(values.length)]
}

/** A whole number in [from, to], both included. */
export function whole(random: Random, from: number, to: number): number {
  return from + random.below(to - from + 1)
}

/** Roughly normal with standard deviation 1, never beyond 3: the sum of twelve uniform draws would be the textbook's; four do. */
export function spread(random: Random): number {
  return (random.next() + random.next() + random.next() + random.next() - 2) * Math.sqrt(3)
}
