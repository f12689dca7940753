import type { Curve, LossPoint, ScorePoint } from '../../../../contract/training-schemas.ts'

/** Training curves as they are kept and drawn. Every function is pure. */

/** Points that the window keeps of a run, however long it is; neighbours become their mean beyond. */
const KEPT = 4000

/**
 * The curve with what came later. A run that goes on from a checkpoint computes the steps behind it again: what was known
 * of them is replaced.
 */
export function appendToCurve(curve: Curve, later: Curve): Curve {
  const points = append(curve.points, later.points)
  return { points: points.length > KEPT ? thinPoints(points, KEPT / 2) : points, scores: append(curve.scores, later.scores) }
}

function append<T extends { readonly step: number }>(before: readonly T[], later: readonly T[]): T[] {
  let kept = [...before]
  for (const point of later) {
    if (kept.length > 0 && kept[kept.length - 1].step >= point.step) kept = kept.filter(({ step }) => step < point.step)
    kept.push(point)
  }
  return kept
}

/**
 * At most `most` points: the means of equal ranges of steps, each at the last step of its range. The ranges begin at
 * multiples of their width, so that they stay where they are while the curve grows.
 */
export function thinPoints(points: readonly LossPoint[], most: number): LossPoint[] {
  if (points.length <= most) return [...points]
  const span = points[points.length - 1].step - points[0].step + 1
  // one range is cut at either end
  const width = roundWidth(span / (most - 1))
  const ranges = Map.groupBy(points, ({ step }) => Math.floor(step / width))
  return [...ranges.values()].map(meanPoint)
}

/** At most about `most` scores: the best of so many neighbours each, since the best is what is kept of a run. */
export function thinScores(scores: readonly ScorePoint[], most: number): ScorePoint[] {
  const width = Math.max(1, Math.ceil(scores.length / most))
  return Array.from({ length: Math.ceil(scores.length / width) }, (_, range) =>
    scores.slice(range * width, (range + 1) * width).reduce((best, point) => (point.score > best.score ? point : best)))
}

/** Round steps for an axis from 0 to `last`, five or so. */
export function stepTicks(last: number): number[] {
  const width = roundWidth(last / 5)
  return Array.from({ length: Math.floor(last / width) + 1 }, (_, index) => index * width)
}

/** The next of 1, 2, 5, 10, 20, 50, ... */
function roundWidth(least: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return [1, 2, 5, 10].map((digit) => digit * magnitude).find((width) => width >= least) ?? 10 * magnitude
}

function meanPoint(points: readonly LossPoint[]): LossPoint {
  const mean = (of: (point: LossPoint) => number): number => average(points.map(of))
  const terms = new Set(points.flatMap((point) => Object.keys(point.terms)))
  return {
    step: points[points.length - 1].step,
    loss: mean(({ loss }) => loss),
    terms: Object.fromEntries([...terms].map((term) => [term, average(points.flatMap((point) => point.terms[term] ?? []))])),
    learningRate: mean(({ learningRate }) => learningRate),
    gradientNorm: mean(({ gradientNorm }) => gradientNorm),
    imagesPerSecond: mean(({ imagesPerSecond }) => imagesPerSecond),
  }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * Exponential moving average, debiased so that it begins at the first value: s_i = w s_(i-1) + (1 - w) v_i, over 1 - w^i.
 * Weight 0 leaves the values as they are. What is missing (null) stays missing and leaves the average alone.
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0
  let bias = 0
  return values.map((value) => {
    if (value === null) return null
    sum = weight * sum + (1 - weight) * value
    bias = weight * bias + (1 - weight)
    return sum / bias
  })
}

/** One point of a chart: the step, and each series by its name. */
export type ChartRow = { readonly step: number } & Readonly<Record<string, number | null>>

/** The name of the unsmoothed line beside a smoothed one. */
export function rawName(term: string): string {
  return `${term}:raw`
}

/**
 * The rows of the loss chart: `loss` and each term, smoothed, with the unsmoothed values beside them where they differ. On a
 * logarithmic axis there is no place for what is not positive.
 */
export function lossRows(
  points: readonly LossPoint[],
  { terms, smoothing, logarithmic }: { readonly terms: readonly string[]; readonly smoothing: number; readonly logarithmic: boolean },
): ChartRow[] {
  const rows: Record<string, number | null>[] = points.map(({ step }) => ({ step }))
  for (const term of terms) {
    const values = points.map((point) => drawable(term === 'loss' ? point.loss : point.terms[term], logarithmic))
    smooth(values, smoothing).forEach((value, index) => {
      rows[index][term] = value
      if (smoothing > 0) rows[index][rawName(term)] = values[index]
    })
  }
  return rows as ChartRow[]
}

function drawable(value: number | undefined, logarithmic: boolean): number | null {
  if (value === undefined || !Number.isFinite(value)) return null
  return logarithmic && value <= 0 ? null : value
}

/** The terms that a curve has, in the order of the method. */
export function termsOf(points: readonly LossPoint[]): readonly string[] {
  const present = new Set(points.flatMap(({ terms }) => Object.keys(terms)))
  return ['image', 'window', 'confident', 'boundary', 'consistency'].filter((term) => present.has(term))
}
