import type { Job } from '../../../../contract/schemas.ts'
import { DEFAULT_TOUR_SETTINGS, type Tour, type TourSettings, type TourStep, type TourStepName, type TourSubject } from '../../../../contract/tour-schemas.ts'
import { formatDuration } from '../../app/format.ts'

/** The tour in words. */

/** What a tour with its default settings takes, as measured (docs/performance.md); others take longer or shorter. */
export function usualDuration(settings: TourSettings): string | null {
  const usual = (Object.keys(DEFAULT_TOUR_SETTINGS) as (keyof TourSettings)[]).every((name) => name === 'seed' || settings[name] === DEFAULT_TOUR_SETTINGS[name])
  return usual ? 'About 8 minutes on two cores; the first labelled panorama is there in under a minute.' : null
}

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

/** "Under way", that another job is before it, or what is left of a step that was skipped. */
export function stepStateText({ name, state }: Pick<TourStep, 'name' | 'state'>, jobs: readonly Pick<Job, 'state' | 'done'>[], { studentId }: Pick<Tour, 'studentId'>): string {
  if (state === 'running' && jobs.length > 0 && jobs.every((job) => job.state === 'queued' || job.state === 'done') && jobs.some((job) => job.state === 'queued')) return 'Waits for its turn'
  if (state === 'skipped' && name === 'distil') return skippedTraining(jobs, studentId)
  if (state === 'skipped' && name === 'score-student' && studentId === null) return 'Skipped: there is no student to score'
  return STEP_STATES[state]
}

function skippedTraining(jobs: readonly Pick<Job, 'state' | 'done'>[], studentId: string | null): string {
  if (jobs.some(({ state }) => state === 'running' || state === 'paused')) return 'Skipped: saves what it has learned'
  if (studentId !== null) return 'Skipped: the student is what it had learned by then'
  const learned = jobs.some(({ done }) => done > 0)
  return `Skipped: ${learned ? 'what it learned was not kept' : 'it had learned nothing yet'}, so there is no student`
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
