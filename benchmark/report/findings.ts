import { overCommonSeeds } from '../common-seeds.ts'
import type { Row } from '../results.ts'

/** What the rows say about the method, as sentences that name their numbers: nothing that was not measured. */

/** Smaller differences are not told. */
const WORTH_TELLING = 0.1

type RowFinder = (name: string) => Row | undefined

export function findingsOf(rows: readonly Row[]): string[] {
  const of: RowFinder = (name) => rows.find((row) => row.name === name)
  const noise = seedNoise(rows)
  return [...noiseFinding(noise), ...termFindings(of, noise), ...labelFindings(of), ...differences(of), ...labelAblations(rows), ...lossAblations(rows, noise)]
}

/** Points by which two trainings differ that differ in their seed alone: sqrt(2) times the pooled standard deviation; null: no row has several seeds. */
export function seedNoise(rows: readonly Pick<Row, 'spread'>[]): number | null {
  const spreads = rows.flatMap(({ spread }) => spread ?? [])
  if (spreads.length === 0) return null
  return Math.sqrt((2 * spreads.reduce((sum, spread) => sum + spread ** 2, 0)) / spreads.length)
}

function noiseFinding(noise: number | null): string[] {
  return noise === null ? [] : [`Two students that differ in their seed alone differ by ${noise.toFixed(2)} points of mIoU on average (root mean square).`]
}

/** Points of mIoU from one student to another, over the seeds that both have. */
function changeOf(before: Row, after: Row): number {
  const { a, b } = overCommonSeeds(before, after)
  return b - a
}

/** What is said of a change between two students: less than twice what seeds do is nothing. */
function verdict(change: number, noise: number | null): 'helps' | 'hurts' | 'changes little' {
  if (Math.abs(change) < Math.max(WORTH_TELLING, 2 * (noise ?? 0))) return 'changes little'
  return change > 0 ? 'helps' : 'hurts'
}

/** What each term of the adaptation adds to the one before. */
function termFindings(of: RowFinder, noise: number | null): string[] {
  const chain = [['mka-image', 'the image term'], ['mka-window', 'the window term'], ['mka-confident', 'the confident term'], ['goodsam', 'the boundary term']] as const
  // a term is judged by the row before it alone: where that was not measured, nothing is said of it
  return chain.slice(1).flatMap(([name, term], index) => {
    const [before, after] = [of(chain[index][0]), of(name)]
    if (before === undefined || after === undefined) return []
    const change = changeOf(before, after)
    return [`${capital(term)} ${verdict(change, noise)}: ${signed(change)} points of mIoU over ${chain[index][1]}${index === 0 ? ' alone' : ''}.`]
  })
}

function labelFindings(of: RowFinder): string[] {
  const ta = of('ta-windows')
  if (ta === undefined) return []
  return ['labels-goodsam', 'labels-goodsam++', 'labels-gnomonic'].flatMap((name) => {
    const row = of(name)
    if (row === undefined) return []
    const edges = row.boundaryF === null || ta.boundaryF === null ? '' : `, boundary F ${signed(row.boundaryF - ta.boundaryF)}`
    return [`Masks change the labels: ${name} is ${signed(row.miou - ta.miou)} points of mIoU against the TA's stitched map${edges}.`]
  })
}

const MOST_CLASSES = 4

/** Where the full method gains and loses most against self-training. */
function differences(of: RowFinder): string[] {
  const [goodsam, baseline] = [of('goodsam'), of('self-training')]
  if (goodsam === undefined || baseline === undefined) return []
  const classes = goodsam.perClass.flatMap(({ name, iou }, index) => {
    const before = baseline.perClass[index]?.iou ?? null
    return iou === null || before === null ? [] : [{ name, change: iou - before }]
  }).toSorted((a, b) => b.change - a.change)
  const told = (some: typeof classes): string => some.map(({ name, change }) => `${name} ${signed(change)}`).join(', ')
  const gains = classes.filter(({ change }) => change >= WORTH_TELLING).slice(0, MOST_CLASSES)
  const losses = classes.filter(({ change }) => change <= -WORTH_TELLING).toReversed().slice(0, MOST_CLASSES)
  const bands = goodsam.latitude.flatMap(({ fromDeg, toDeg, miou }, index) => {
    const before = baseline.latitude[index]?.miou ?? null
    return miou === null || before === null ? [] : [`${fromDeg}..${toDeg} ${signed(miou - before)}`]
  })
  return [
    ...(gains.length > 0 ? [`Against self-training GoodSAM gains most in ${told(gains)}.`] : []),
    ...(losses.length > 0 ? [`It loses most in ${told(losses)}.`] : []),
    ...(bands.length > 0 ? [`By latitude, in points: ${bands.join('; ')}.`] : []),
  ]
}

/** The best value of each parameter of the labels, beside the default. */
function labelAblations(rows: readonly Row[]): string[] {
  const ablations = rows.filter(({ group }) => group === 'label-ablations')
  const usual = ablations.find(({ name }) => name === 'labels=goodsam')
  if (usual === undefined) return []
  return parametersOf(ablations).filter((parameter) => parameter !== 'labels').map((parameter) => {
    const best = ablations.filter(({ name }) => name.startsWith(`${parameter}=`)).reduce((a, b) => (b.miou > a.miou ? b : a))
    const change = best.miou - usual.miou
    return change >= WORTH_TELLING
      ? `Labels: ${best.title} is ${signed(change)} points of mIoU against the default.`
      : `Labels: no value of ${parameter} that was tried is better than the default by ${WORTH_TELLING} points; the best other one is ${best.title} (${signed(change)}).`
  })
}

/** Each value of what students are taught, beside the default. */
function lossAblations(rows: readonly Row[], noise: number | null): string[] {
  const ablations = rows.filter(({ group }) => group === 'loss-ablations')
  const usual = rows.find(({ name }) => name === 'goodsam')
  if (usual === undefined) return []
  return parametersOf(ablations).map((parameter) => {
    const values = ablations.filter(({ name }) => name.startsWith(`${parameter}=`)).map((row) => {
      const change = changeOf(usual, row)
      return `${row.name.slice(parameter.length + 1)} ${verdict(change, noise)} (${signed(change)})`
    })
    return `Students: of ${parameter}, beside the default, ${values.join('; ')}.`
  })
}

function parametersOf(ablations: readonly Row[]): string[] {
  return [...new Set(ablations.map(({ name }) => name.split('=')[0]))]
}

export function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2)}`
}

function capital(words: string): string {
  return words[0].toUpperCase() + words.slice(1)
}
