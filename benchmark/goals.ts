import { overCommonSeeds, type Seeded } from './common-seeds.ts'
import type { Row } from './results.ts'

/** What the method must reach on data whose truth is known. */
export interface Goal {
  readonly text: string
  /** null: a row that it needs is missing */
  readonly value: number | null
  /** of the students that are compared; empty: they share none, or a row is missing */
  readonly seeds: readonly number[]
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

type Result = Seeded & Pick<Row, 'name'>

/** Students are compared over the seeds that both have; the TA and the source-only student, of which there is one, as they are. */
export function goalsOf(rows: readonly Result[]): Goal[] {
  const of = (name: string): Result | undefined => rows.find((row) => row.name === name)
  const [selfTraining, taDirect, source, supervised] = ['self-training', 'ta-direct', 'source-only', 'supervised'].map(of)
  // with and without the optional stage, and the later paper's recipe
  return METHODS.filter(({ name, optional }) => !optional || of(name) !== undefined).flatMap(({ name, title }) => [
    atLeast(`${title} above self-training on the TA's labels`, aboveStudent(of(name), selfTraining), { needed: CLAIM, unit: 'points' }),
    above(`${title} above the TA applied directly`, aboveTa(of(name), taDirect), { needed: 0, unit: 'points' }),
    atLeast(`${title} on the way from source-only to supervised`, onTheWay(of(name), source, supervised), { needed: WAY, unit: '%' }),
  ])
}

type Measured = Pick<Goal, 'value' | 'seeds'>

const MISSING: Measured = { value: null, seeds: [] }

function aboveStudent(student: Result | undefined, other: Result | undefined): Measured {
  if (student === undefined || other === undefined) return MISSING
  const { a, b, seeds } = overCommonSeeds(student, other)
  return { value: a - b, seeds }
}

function aboveTa(student: Result | undefined, ta: Result | undefined): Measured {
  if (student === undefined || ta === undefined) return MISSING
  return { value: student.miou - ta.miou, seeds: student.seeds.map(({ seed }) => seed) }
}

function onTheWay(student: Result | undefined, source: Result | undefined, supervised: Result | undefined): Measured {
  if (student === undefined || source === undefined || supervised === undefined) return MISSING
  const { a: at, b: to, seeds } = overCommonSeeds(student, supervised)
  return { value: shareOfWay(at, source.miou, to), seeds }
}

/** Percent of the way from `from` to `to`; null where there is no way up. */
export function shareOfWay(at: number, from: number, to: number): number | null {
  return to <= from ? null : (100 * (at - from)) / (to - from)
}

type Needed = Pick<Goal, 'needed' | 'unit'>

function atLeast(text: string, { value, seeds }: Measured, { needed, unit }: Needed): Goal {
  return { text, value, seeds, needed, unit, met: value === null ? null : value >= needed }
}

function above(text: string, { value, seeds }: Measured, { needed, unit }: Needed): Goal {
  return { text, value, seeds, needed, unit, met: value === null ? null : value > needed }
}
