/** How common classes are, and what follows from it. */

const CLASSES = 19
/** A class is taken to have at least this share of the pixels. */
const LEAST_SHARE = 3e-4
/** A class counts at most so many times as much as the mean pixel. */
const MOST_WEIGHT = 12

/** Shares of the pixels by trainId, from counts per image. */
export function classShares(counts: readonly Int32Array[]): readonly number[] {
  const sums = Array.from({ length: CLASSES }, (_, id) => counts.reduce((sum, each) => sum + each[id], 0))
  const all = sums.reduce((sum, each) => sum + each, 0)
  return sums.map((sum) => sum / Math.max(1, all))
}

/** What each class counts in a loss: its share to the power of -`power`, so that the mean pixel counts 1. */
export function lossWeights(shares: readonly number[], power: number): readonly number[] {
  const raw = shares.map((share) => Math.max(share, LEAST_SHARE) ** -power)
  const mean = shares.reduce((sum, share, id) => sum + share * raw[id], 0)
  return raw.map((weight) => Math.min(MOST_WEIGHT, weight / Math.max(mean, Number.EPSILON)))
}

/** How much it is wanted that a sample shows each class: the root of how rare it is. */
export function rarities(shares: readonly number[]): readonly number[] {
  return shares.map((share) => 1 / Math.sqrt(Math.max(share, LEAST_SHARE)))
}
