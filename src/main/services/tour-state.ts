import { StudioError } from '../../contract/errors.ts'
import type { Job, JobState } from '../../contract/schemas.ts'
import { TOUR_STEPS, type Tour, type TourStep, type TourStepName } from '../../contract/tour-schemas.ts'
import { listDatasets } from '../store/datasets.ts'
import { listDistillations } from '../store/distillations.ts'
import { listEvaluations } from '../store/evaluations.ts'
import { listLabellingRuns } from '../store/labelling-runs.ts'
import { findStudentOf } from '../store/students.ts'
import type { TourRecord } from '../store/tours.ts'
import type { ServiceContext } from './context.ts'
import { whyNotSkipped } from './tour-steps.ts'

/** How far a tour is: what its record names, as the jobs and records are now. */

const ACTIVE: readonly JobState[] = ['queued', 'running', 'paused']

/** A job that can still go on by itself or be resumed. */
export function isActive(job: Job | null): job is Job {
  return job !== null && ACTIVE.includes(job.state)
}

/** The jobs of a step; null: removed. */
export function jobsOf({ jobs }: Pick<ServiceContext, 'jobs'>, tour: TourRecord, step: TourStepName): (Job | null)[] {
  return (tour.jobs[step] ?? []).map((id) => {
    try {
      return jobs.get(id)
    } catch (error) {
      if (error instanceof StudioError && error.code === 'not-found') return null
      throw error
    }
  })
}

/** Whether the next step may begin. */
export function isOver(context: Pick<ServiceContext, 'jobs'>, tour: TourRecord, step: TourStepName): boolean {
  const own = jobsOf(context, tour, step)
  if (tour.skipped.includes(step)) return !own.some(isActive)
  return tour.jobs[step] !== undefined && own.every((job) => job?.state === 'done')
}

/** The tour as its jobs and records say it is. */
export function describeTour(context: ServiceContext, tour: TourRecord): Tour {
  const { store: { read } } = context
  const { id, startedAt, settings, firstLabelAt, finishedAt } = tour
  let earlierDone = true
  const steps = TOUR_STEPS.map((name): TourStep => {
    const own = jobsOf(context, tour, name)
    const state = stepState(tour, name, own)
    const isNext = earlierDone && state !== 'done' && state !== 'skipped'
    earlierDone &&= state === 'done' || state === 'skipped'
    const failed = own.find((job) => job?.state === 'failed')?.error ?? (own.includes(null) ? 'What this step made was removed.' : null)
    const error = isNext && tour.error !== null ? tour.error : failed
    return {
      name, jobIds: [...(tour.jobs[name] ?? [])], error,
      state: isNext && tour.error !== null ? 'failed' : state,
      canSkip: isNext && tour.state !== 'done' && whyNotSkipped(context, name, tour) === null,
    }
  })
  const evaluations = listEvaluations(read)
  return {
    id, startedAt, settings, firstLabelAt, finishedAt, steps, state: tourState(tour, steps),
    datasetId: known(listDatasets(read), tour.datasetId),
    runId: known(listLabellingRuns(read), tour.runId),
    distillationId: known(listDistillations(read), tour.distillationId),
    studentId: tour.distillationId === null ? null : (findStudentOf(read, tour.distillationId)?.id ?? null),
    evaluations: Object.entries(tour.evaluations).flatMap(([subject, evaluationId]) => (
      known(evaluations, evaluationId) === null ? [] : [{ subject: subject as keyof TourRecord['evaluations'], evaluationId }]
    )),
  }
}

function known(list: readonly { readonly id: string }[], wanted: string | null): string | null {
  return list.find((one) => one.id === wanted)?.id ?? null
}

function stepState({ skipped, jobs }: TourRecord, name: TourStepName, own: readonly (Job | null)[]): TourStep['state'] {
  if (skipped.includes(name)) return 'skipped'
  if (jobs[name] === undefined) return 'waiting'
  const states = new Set(own.map((job) => job?.state))
  if (states.has(undefined) || states.has('failed')) return 'failed'
  if (states.has('cancelled')) return 'stopped'
  if (states.has('paused')) return 'paused'
  return states.has('queued') || states.has('running') ? 'running' : 'done'
}

function tourState({ state }: TourRecord, steps: readonly TourStep[]): Tour['state'] {
  if (state === 'done') return 'done'
  const states = steps.map((step) => step.state)
  if (states.includes('failed')) return 'failed'
  if (state === 'stopped' || states.includes('stopped')) return 'stopped'
  return states.includes('paused') ? 'paused' : 'running'
}
