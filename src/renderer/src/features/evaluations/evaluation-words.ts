import type { Output } from '../../../../contract/procedures.ts'
import type { Evaluation } from '../../../../contract/schemas.ts'
import type { EvaluationSubject, InferenceMode } from '../../../../contract/training-schemas.ts'
import { baseName, formatDuration, formatShare } from '../../app/format.ts'

/** What lists know of an evaluation. */
export type EvaluationSummary = Output<'evaluations.list'>[number]

export const SUBJECT_NAMES: Readonly<Record<EvaluationSubject['kind'], string>> = { student: 'Student', ta: 'TA', run: 'Labelling run' }

export const MODES: Readonly<Record<InferenceMode, { readonly name: string; readonly what: string }>> = {
  whole: { name: 'Whole panorama', what: 'The network sees each panorama once, scaled to its training size. Quick; what an application would do.' },
  sliding: { name: 'Sliding windows', what: 'The network sees overlapping windows that cross the seam, and their answers are blended. Slower, finer.' },
}

/** The page of what was scored. */
export function subjectHref({ kind, id }: Pick<EvaluationSubject, 'kind' | 'id'>): string {
  switch (kind) {
    case 'student': return `/students/${id}`
    case 'ta': return `/models/${id}`
    case 'run': return `/labelling/${id}`
  }
}

/** Where the program keeps the truth of generated streets. */
const HIDDEN_TRUTH = /[/\\]truth[/\\]ds_[a-z0-9]{12}$/

/** Whether the truth can be shown: it was imported with the dataset, or drawn with it. */
export function isKept(truth: string | null): boolean {
  return truth === null || HIDDEN_TRUTH.test(truth)
}

/** "imported", "drawn", or the folder's name. */
export function truthName(truth: string | null): string {
  if (truth !== null && HIDDEN_TRUTH.test(truth)) return 'drawn with the streets'
  return truth === null ? 'imported' : baseName(truth)
}

/** "nano on street, whole panorama" */
export function evaluationTitle({ subject, datasetName, mode }: Pick<EvaluationSummary, 'subject' | 'datasetName' | 'mode'>): string {
  return `${subject.name} on ${datasetName}${mode === null ? '' : `, ${MODES[mode].name.toLowerCase()}`}`
}

/** A share, or that there is none. */
export function shareOr(share: number | null | undefined, none = 'n/a'): string {
  return share === null || share === undefined ? none : formatShare(share)
}

/** 23.4 -> "23 ms", 4120 -> "4.1 s" */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) return formatDuration(milliseconds / 1000)
  return `${milliseconds.toFixed(milliseconds < 9.95 ? 1 : 0)} ms`
}

interface Metric {
  readonly key: 'miou' | 'pixelAccuracy' | 'solidAngleMiou' | 'boundaryF' | 'seamConsistency'
  readonly name: string
  readonly definition: string
}

/** The numbers of an evaluation, each with what it is, in one line. */
export const METRICS: readonly Metric[] = [
  { key: 'miou', name: 'mIoU', definition: 'Mean over the classes of right pixels / (pixels of the class in truth or prediction), from one confusion matrix over all panoramas.' },
  { key: 'pixelAccuracy', name: 'Pixel accuracy', definition: 'Share of the labelled pixels that are right.' },
  { key: 'solidAngleMiou', name: 'mIoU by solid angle', definition: 'mIoU with every pixel weighted by the piece of the sphere it covers, so that the stretched poles count for what they are.' },
  { key: 'boundaryF', name: 'Boundary F', definition: 'How well class boundaries lie where the truth has them, within 0.75 % of the diagonal: harmonic mean of precision and recall, mean over classes.' },
  { key: 'seamConsistency', name: 'Seam consistency', definition: 'Agreement around the seam with what is predicted for the panorama turned by half a turn; for labels that are there already, their continuity across it.' },
]

export type ClassScore = Evaluation['perClass'][number]
export type ClassSort = 'class' | 'iou' | 'pixels'

/** Rows of the class table; classes without a score come last, however it is sorted. */
export function sortClasses(rows: readonly ClassScore[], by: ClassSort, descending: boolean): readonly ClassScore[] {
  const way = descending ? -1 : 1
  return rows.toSorted((a, b) => {
    if (by === 'class') return way * (a.trainId - b.trainId)
    if (by === 'pixels') return way * (a.pixels - b.pixels) || a.trainId - b.trainId
    if (a.iou === null || b.iou === null) return Number(a.iou === null) - Number(b.iou === null) || a.trainId - b.trainId
    return way * (a.iou - b.iou) || a.trainId - b.trainId
  })
}

/** "+1.2", "-0.4" percentage points; null where one of them has no number. */
export function formatPoints(value: number | null, base: number | null): string {
  if (value === null || base === null) return ''
  const points = Math.round((value - base) * 1000) / 10
  return points === 0 ? '±0.0' : `${points > 0 ? '+' : '\u2212'}${Math.abs(points).toFixed(1)}`
}

/** Whether two evaluations were scored against the same thing. */
export function comparable(a: EvaluationSummary, b: EvaluationSummary): boolean {
  return a.datasetId === b.datasetId && a.truth === b.truth
}

/** Why the chosen evaluations cannot be compared as they are; null: they can. */
export function whyNotComparable(chosen: readonly EvaluationSummary[]): string | null {
  const [first, ...others] = chosen
  if (first === undefined || others.length === 0) return 'Choose two or more to compare.'
  if (chosen.length > MOST_COMPARED) return `At most ${MOST_COMPARED} can be compared at once.`
  const unfinished = chosen.find(({ status }) => status !== 'done')
  if (unfinished !== undefined) return `${evaluationTitle(unfinished)} has no result.`
  if (others.some((other) => !comparable(first, other))) return 'They were scored on different datasets or against different truth.'
  return null
}

export const MOST_COMPARED = 8

export interface SubjectComparison {
  /** one evaluation for each subject, in their order */
  readonly evaluationIds: readonly string[]
  /** ids of subjects that have none on the dataset of the others; `evaluationIds` is empty then */
  readonly missing: readonly string[]
}

/**
 * The evaluations that compare these subjects: on the dataset and truth that most of them were scored on, the newest of
 * each. `evaluations` newest first.
 */
export function evaluationsOf(subjectIds: readonly string[], evaluations: readonly EvaluationSummary[]): SubjectComparison {
  const done = evaluations.filter(({ status, subject }) => status === 'done' && subjectIds.includes(subject.id))
  const best = done.reduce<ReadonlyMap<string, string>>((most, candidate) => {
    const newest = new Map(done.filter((one) => comparable(one, candidate)).toReversed().map(({ id, subject }) => [subject.id, id]))
    return newest.size > most.size ? newest : most
  }, new Map())
  const missing = subjectIds.filter((id) => !best.has(id))
  return { evaluationIds: missing.length > 0 ? [] : subjectIds.flatMap((id) => best.get(id) ?? []), missing }
}

export function compareHref(evaluationIds: readonly string[]): string {
  return `/compare/${evaluationIds.join(',')}`
}
