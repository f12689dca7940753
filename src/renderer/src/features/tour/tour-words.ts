import type { Job } from '../../../../contract/schemas.ts'
import type { Tour, TourStep, TourStepName, TourSubject } from '../../../../contract/tour-schemas.ts'
import { formatDuration } from '../../app/format.ts'

/** The tour in words. */

interface StepWords {
  readonly title: string
  /** what happens, and why: two sentences */
  readonly what: string
  /** the page where it is done by hand */
  readonly byHand: { readonly href: string; readonly label: string }
}

export const STEP_WORDS: Readonly<Record<TourStepName, StepWords>> = {
  draw: {
    title: 'Draw streets',
    what: 'Streets are built as geometry and drawn as full turns, in a world whose textures, weather and cameras the teacher assistant has never seen. Their exact truth is put aside, hidden: nothing but the scores looks at it.',
    byHand: { href: '/datasets', label: 'Datasets, “Generate streets” or “Import folder”' },
  },
  label: {
    title: 'Label them',
    what: 'A teacher assistant, which learned classes from ordinary street images, reads each panorama in windows, and a SAM finds where things end. Fusion gives every mask the class that most of its pixels vote for, so that borders are the SAM’s and classes the TA’s.',
    byHand: { href: '/labelling', label: 'Labelling' },
  },
  'score-teachers': {
    title: 'Score what there is so far',
    what: 'Now the hidden truth is opened, for scores alone. What a student knows without the method, what the TA sees by itself, and the fused labels are each held against it.',
    byHand: { href: '/evaluations', label: 'Evaluations' },
  },
  distil: {
    title: 'Distil a student',
    what: 'A Mini (SegFormer-B0, 3.7 million parameters) that knows nothing but ordinary street images learns from the fused labels, never from the truth. Afterwards it sees a whole panorama at once, many times faster than its teachers.',
    byHand: { href: '/distil', label: 'Distil' },
  },
  'score-student': {
    title: 'Score the student',
    what: 'The same hidden truth, the same measure as before. The difference to where it started is what the labels have taught it.',
    byHand: { href: '/evaluations', label: 'Evaluations' },
  },
}

export const SUBJECT_WORDS: Readonly<Record<TourSubject, { readonly title: string; readonly picture: string; readonly what: string }>> = {
  source: { title: 'Student before', picture: 'Student before', what: 'the weights it starts from, trained on street-camera images alone' },
  ta: { title: 'TA', picture: 'TA', what: 'the teacher assistant by itself, its windows stitched' },
  labels: { title: 'Fused labels', picture: 'Fused labels', what: 'TA and SAM together' },
  student: { title: 'Student after', picture: 'Student after', what: 'distilled from the fused labels' },
}

/** In the order of the comparison; differences are to the first. */
export const SUBJECT_ORDER: readonly TourSubject[] = ['source', 'ta', 'labels', 'student']

export const STEP_STATES: Readonly<Record<TourStep['state'], string>> = {
  waiting: 'To come', running: 'Under way', paused: 'Paused', stopped: 'Stopped', failed: 'Failed', done: 'Done', skipped: 'Skipped',
}

/** "Under way", or that another job is before it. */
export function stepStateText({ state }: Pick<TourStep, 'state'>, jobs: readonly Pick<Job, 'state'>[]): string {
  if (state === 'running' && jobs.length > 0 && jobs.every((job) => job.state === 'queued' || job.state === 'done') && jobs.some((job) => job.state === 'queued')) return 'Waits for its turn'
  return STEP_STATES[state]
}

/** 0..1 of all its jobs together. */
export function stepProgress(jobs: readonly Pick<Job, 'progress' | 'state'>[], count: number): number {
  if (count === 0) return 0
  return jobs.reduce((sum, job) => sum + (job.state === 'done' ? 1 : job.progress), 0) / count
}

/** Time from start to end, or until now. */
export function tourDuration({ startedAt, finishedAt }: Pick<Tour, 'startedAt' | 'finishedAt'>, now: Date): string {
  return formatDuration(Math.max(0, (finishedAt === null ? now.getTime() : Date.parse(finishedAt)) - Date.parse(startedAt)) / 1000)
}

/** The step that runs, or failed, or comes next; null: all are over. */
export function currentStep({ steps }: Pick<Tour, 'steps'>): TourStep | null {
  return steps.find(({ state }) => state !== 'done' && state !== 'skipped') ?? null
}
