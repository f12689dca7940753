import type { Row } from './results.ts'

/** What the method must reach on data whose truth is known. */
export interface Goal {
  readonly text: string
  /** null: a row that it needs is missing */
  readonly value: number | null
  readonly needed: number
  /** points, or percent of the way */
  readonly unit: 'points' | '%'
  readonly met: boolean | null
}

/** Points of mIoU that the papers claim over the best domain adaptation. */
const CLAIM = 3.75
/** Rows that are held against the goals. */
const METHODS = [
  { name: 'goodsam', title: 'GoodSAM', optional: false },
  { name: 'goodsam-refined', title: 'GoodSAM with a refined TA', optional: true },
  { name: 'goodsam++', title: 'GoodSAM++', optional: true },
] as const
/** Share of the way from the source-only student to one that is taught the truth. */
const WAY = 60

export function goalsOf(rows: readonly Pick<Row, 'name' | 'miou'>[]): Goal[] {
  const of = (name: string): number | null => rows.find((row) => row.name === name)?.miou ?? null
  const [selfTraining, taDirect, source, supervised] = ['self-training', 'ta-direct', 'source-only', 'supervised'].map(of)
  // with and without the optional stage, and the later paper's recipe
  return METHODS.filter(({ name, optional }) => !optional || of(name) !== null).flatMap(({ name, title }) => [
    atLeast(`${title} above self-training on the TA's labels`, difference(of(name), selfTraining), { needed: CLAIM, unit: 'points' }),
    above(`${title} above the TA applied directly`, difference(of(name), taDirect), { needed: 0, unit: 'points' }),
    atLeast(`${title} on the way from source-only to supervised`, shareOfWay(of(name), source, supervised), { needed: WAY, unit: '%' }),
  ])
}

/** Percent of the way from `from` to `to`; null where something is missing or there is no way up. */
export function shareOfWay(at: number | null, from: number | null, to: number | null): number | null {
  if (at === null || from === null || to === null || to <= from) return null
  return (100 * (at - from)) / (to - from)
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b
}

type Needed = Pick<Goal, 'needed' | 'unit'>

function atLeast(text: string, value: number | null, { needed, unit }: Needed): Goal {
  return { text, value, needed, unit, met: value === null ? null : value >= needed }
}

function above(text: string, value: number | null, { needed, unit }: Needed): Goal {
  return { text, value, needed, unit, met: value === null ? null : value > needed }
}
