/** Random numbers that are the same on every machine and can be gone on with: a run that is resumed draws what it would have drawn. */

/** Where a generator stands: four unsigned 32-bit numbers, not all 0. */
export type RandomState = readonly [number, number, number, number]

export interface Random {
  /** In [0, 1), a multiple of 2^-32 */
  next(): number
  /** A whole number in [0, count) */
  below(count: number): number
  /** In [from, to) */
  between(from: number, to: number): number
  /** To go on from here: `randomFrom(state)` */
  state(): RandomState
}

/** A generator for a seed and, where given, a stream of it (an epoch, a sample): different streams are unrelated. */
export function seededRandom(seed: number, ...stream: readonly number[]): Random {
  let mixed = 0
  const words = [seed, ...stream].flatMap((number) => [number >>> 0, Math.floor(number / 2 ** 32) >>> 0])
  for (const word of words) mixed = scramble((mixed ^ word) + GOLDEN)
  const four = Array.from({ length: 4 }, () => (mixed = scramble(mixed + GOLDEN)))
  // all zeros is the one state that the generator cannot leave
  return randomFrom([four[0] | 1, four[1], four[2], four[3]].map((word) => word >>> 0) as [number, number, number, number])
}

/** xoshiro128++ (Blackman and Vigna 2019). */
export function randomFrom(state: RandomState): Random {
  let [a, b, c, d] = state
  const nextWord = (): number => {
    const result = (rotated((a + d) | 0, 7) + a) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotated(d, 11)
    return result
  }
  const next = (): number => nextWord() / 2 ** 32
  return {
    next,
    below: (count) => Math.floor(next() * count),
    between: (from, to) => from + next() * (to - from),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  }
}

/** Reorders the values in place, each order equally likely. */
export function shuffle<Value>(values: { readonly length: number; [index: number]: Value }, random: Random): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const value = values[last]
    values[last] = values[other]
    values[other] = value
  }
}

/** One draw of a training run. */
export interface PlannedSample {
  /** Which of the panoramas, 0 .. count - 1 */
  readonly item: number
  /** How often all of them were seen before */
  readonly epoch: number
  /** What augments it: of this sample alone */
  readonly random: Random
}

/**
 * Which panorama the n-th sample of a run shows: all of them once per epoch, each epoch in an order of its own. A pure
 * function of (seed, count, index), so that workers need not agree on anything and a resumed run goes on exactly.
 * Throws RangeError where there is nothing to draw from.
 */
export function samplePlan(seed: number, count: number): (index: number) => PlannedSample {
  if (!(count >= 1)) throw new RangeError('There are no panoramas to draw samples from.')
  const order = new Uint32Array(count)
  let epochOfOrder = -1
  return (index) => {
    const epoch = Math.floor(index / count)
    if (epoch !== epochOfOrder) {
      for (let item = 0; item < count; item++) order[item] = item
      shuffle(order, seededRandom(seed, ORDERS, epoch))
      epochOfOrder = epoch
    }
    return { item: order[index % count], epoch, random: seededRandom(seed, SAMPLES, index) }
  }
}

/** Streams of a run's seed. */
const ORDERS = 1
const SAMPLES = 2

const GOLDEN = 0x9e3779b9

/** Each bit of the result depends on every bit of the word (the finaliser of MurmurHash3). */
function scramble(word: number): number {
  let mixed = word | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
