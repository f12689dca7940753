import type { CallContext, Implementation } from '../../contract/procedures.ts'
import { StudioError } from '../../contract/errors.ts'
import type { TourStepName, TourSubject } from '../../contract/tour-schemas.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { findStudentOf } from '../store/students.ts'
import { getDataset } from '../store/datasets.ts'
import { getTour, updateTour, type TourRecord } from '../store/tours.ts'
import type { ServiceContext } from './context.ts'

/** What the tour asks of the other services: what a person's window would ask. */
export type TourCalls = Pick<
  Implementation,
  'datasets.generate' | 'models.addBuiltin' | 'runs.start' | 'evaluations.start' | 'distillations.estimate' | 'distillations.start'
>

export interface StepTools {
  readonly context: ServiceContext
  readonly calls: TourCalls
}

/** Prompts per side of a window: a pixel lies in four windows, so that four times as many are asked of it. [D] */
const MOST_POINTS = 8

/** What the whole tour may take, and what is left of it for the last scores. [D] */
const TOUR_SECONDS = 460
const SCORING_SECONDS = 25
/** A student learns at most so long, and at least, however slow everything before was. [D] */
const MOST_TRAINING_SECONDS = 170
const LEAST_TRAINING_SECONDS = 60
/** What is estimated by arithmetic alone takes longer: samples are drawn, colours changed and a window painted on the same cores. [D] */
const UNMEASURED = 2
/** A step that teaches less than this is none. */
const LEAST_STEPS = 20
const BATCH = 2
/** Few steps from weights that know streets already. [D] */
const LEARNING_RATE = 2e-4

const CALL: CallContext = { signal: new AbortController().signal }

/** Starts the jobs of a step and returns their ids; an empty list: there is nothing to do. What they made is written into the record. */
export const BEGIN: Readonly<Record<TourStepName, (tools: StepTools, tour: TourRecord) => Promise<readonly string[]>>> = {
  draw: async ({ context, calls }, { id, settings }) => {
    const { panoramas, width, height, seed } = settings
    const { datasetId, jobId } = await calls['datasets.generate']({ name: null, panoramas, width, height, seed, vfovDeg: null, style: 'target' }, CALL)
    write(context, id, { datasetId })
    return [jobId]
  },

  label: async ({ context, calls }, { id, datasetId }) => {
    const sam = await calls['models.addBuiltin']({ name: 'nano-sam' }, CALL)
    const ta = await calls['models.addBuiltin']({ name: 'street-ta' }, CALL)
    const pointsPerSide = Math.min(MOST_POINTS, sam.samSettings?.pointsPerSide ?? MOST_POINTS)
    const { runId, jobId } = await calls['runs.start']({
      dataset: present(datasetId, 'dataset'), sam: sam.id, ta: ta.id, recipe: 'goodsam', name: null, theta: null, samSettings: { pointsPerSide }, provider: null,
    }, CALL)
    write(context, id, { runId })
    return [jobId]
  },

  'score-teachers': async (tools, tour) => {
    const { context, calls } = tools
    const source = await calls['models.addBuiltin']({ name: 'mit-b0' }, CALL)
    const labels = present(tour.runId, 'labelling run')
    const { taId } = getLabellingRun(context.store.read, labels)
    // what the TA saw is known from labelling: a run without SAM reads it again
    const ta = await calls['runs.start']({
      dataset: present(tour.datasetId, 'dataset'), sam: null, ta: taId, recipe: 'goodsam', name: null, theta: null, samSettings: null, provider: null,
    }, CALL)
    return [
      ta.jobId,
      // as the student will see it
      await score(tools, tour, { role: 'source', subject: { ta: source.id }, size: { height: tour.settings.trainHeight, width: tour.settings.trainWidth } }),
      await score(tools, tour, { role: 'ta', subject: { run: ta.runId } }),
      await score(tools, tour, { role: 'labels', subject: { run: labels } }),
    ]
  },

  distil: async ({ context, calls }, tour) => {
    const { settings, runId, startedAt } = tour
    const { trainHeight: height, trainWidth: width } = settings
    const config = { height, width, batch: BATCH, heldOut: 0, learningRate: LEARNING_RATE }
    const request = { run: present(runId, 'labelling run'), student: 'mini', init: 'builtin', config, name: null, provider: null } as const
    const { secondsPerStep, measured } = await calls['distillations.estimate'](request, CALL)
    const elapsed = (Date.now() - Date.parse(startedAt)) / 1000
    const steps = settings.steps ?? stepsFor(elapsed, measured ? secondsPerStep : secondsPerStep * UNMEASURED)
    const { distillationId, jobId } = await calls['distillations.start']({ ...request, config: { ...config, steps } }, CALL)
    write(context, tour.id, { distillationId })
    return [jobId]
  },

  'score-student': async (tools, tour) => {
    const student = tour.distillationId === null ? null : findStudentOf(tools.context.store.read, tour.distillationId)
    return student === null ? [] : [await score(tools, tour, { role: 'student', subject: { student: student.id } })]
  },
}

/** Why a step that runs cannot be left yet, in words for people; null: it can. */
export function whyNotSkipped({ store }: ServiceContext, step: TourStepName, { datasetId, runId }: TourRecord): string | null {
  if (step === 'draw') {
    return datasetId !== null && getDataset(store.read, datasetId).panoramas > 0 ? null : 'No street is drawn yet: the rest needs at least one.'
  }
  if (step === 'label') {
    return runId !== null && getLabellingRun(store.read, runId).done > 0 ? null : 'No panorama is labelled yet: the rest needs at least one.'
  }
  return null
}

/** Updates that fit into what is left of the tour. */
export function stepsFor(elapsedSeconds: number, secondsPerStep: number): number {
  const left = TOUR_SECONDS - SCORING_SECONDS - elapsedSeconds
  const seconds = Math.min(MOST_TRAINING_SECONDS, Math.max(LEAST_TRAINING_SECONDS, left))
  return Math.max(LEAST_STEPS, Math.round(seconds / secondsPerStep))
}

async function score(
  { context, calls }: StepTools, { id, datasetId }: TourRecord,
  { role, subject, size = null }: { readonly role: TourSubject } & Pick<Parameters<TourCalls['evaluations.start']>[0], 'subject' | 'size'>,
): Promise<string> {
  const { evaluationId, jobId } = await calls['evaluations.start']({ subject, dataset: present(datasetId, 'dataset'), truth: null, mode: 'whole', size, provider: null }, CALL)
  context.store.transaction((db) => {
    const { evaluations } = getTour(db, id)
    updateTour(db, id, { evaluations: { ...evaluations, [role]: evaluationId } })
  })
  return jobId
}

function write({ store }: ServiceContext, id: string, patch: Partial<TourRecord>): void {
  store.transaction((db) => updateTour(db, id, patch))
}

function present(id: string | null, what: string): string {
  if (id === null) throw new StudioError('not-found', `The ${what} of this tour is gone. Start the tour anew.`)
  return id
}
