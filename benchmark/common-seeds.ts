import { meanOf, type Row } from './results.ts'

/** Rows of students as far as they are compared. */
export type Seeded = Pick<Row, 'miou' | 'seeds'>

export interface Compared {
  /** mIoU of the one and of the other, 0..100 */
  readonly a: number
  readonly b: number
  /** that both are means over */
  readonly seeds: readonly number[]
}

/**
 * Two students over the seeds that both have: panoramas in another order move both, so that a seed more on one side is a
 * difference that is none of the method's. Where they share no seed: each over all of its own.
 */
export function overCommonSeeds(a: Seeded, b: Seeded): Compared {
  const seeds = a.seeds.map(({ seed }) => seed).filter((seed) => b.seeds.some((one) => one.seed === seed))
  const over = ({ seeds: all, miou }: Seeded): number => meanOf(all.filter(({ seed }) => seeds.includes(seed)).map((one) => one.miou)) ?? miou
  return { a: over(a), b: over(b), seeds }
}
