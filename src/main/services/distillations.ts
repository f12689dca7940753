import { isDeepStrictEqual } from 'node:util'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation, Input } from '../../contract/procedures.ts'
import type { DistillationRun, Student } from '../../contract/training-schemas.ts'
import { defaultConfig, planDistillation, type DistillationPlan } from '../pipeline/distillation-plan.ts'
import { giveWeights } from '../pipeline/distilled-student.ts'
import { getCheckpoint, listCheckpoints, removeCheckpointsOf } from '../store/checkpoints.ts'
import {
  addDistillation, askedLabellingRun, findRefinement, getDistillation, listDistillations, removeDistillation, renameDistillation, updateDistillation,
} from '../store/distillations.ts'
import { newId } from '../store/ids.ts'
import { addJob } from '../store/jobs.ts'
import { lossCurve } from '../store/loss-points.ts'
import { freeName } from '../store/reference.ts'
import { listScorePoints } from '../store/score-points.ts'
import { listTrainingSamples } from '../store/training-samples.ts'
import type { Store } from '../store/open-store.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type DistillationProcedures =
  | 'distillations.list' | 'distillations.get' | 'distillations.defaults' | 'distillations.estimate' | 'distillations.start'
  | 'distillations.setLearningRateFactor' | 'distillations.rename' | 'distillations.remove' | 'distillations.curve'
  | 'distillations.samples' | 'distillations.checkpoints' | 'distillations.useCheckpoint' | 'on.training'

export function distillationServices(context: ServiceContext): Pick<Implementation, DistillationProcedures> {
  const { store, changes, training, learningRates } = context
  const idOf = (reference: string): string => getDistillation(store.read, reference).id
  return {
    'distillations.list': () => listDistillations(store.read),
    'distillations.get': ({ distillation }) => getDistillation(store.read, distillation),
    'distillations.defaults': ({ run }) => defaultConfig(store.read, run),
    'distillations.estimate': async (request) => (await planDistillation(context, request)).estimate,
    'distillations.start': async (request) => start(context, request, await planDistillation(context, request)),
    'distillations.setLearningRateFactor': ({ distillation, factor }) => {
      const run = getDistillation(store.read, distillation)
      requireUnfinished(context, run)
      store.transaction((db) => updateDistillation(db, run.id, { learningRateFactor: factor }))
      learningRates.emit({ distillationId: run.id, factor })
      changes.emit('distillations', run.id)
      return getDistillation(store.read, run.id)
    },
    'distillations.rename': ({ distillation, name }) => {
      const renamed = store.transaction((db) => renameDistillation(db, distillation, name))
      changes.emit('distillations', renamed.id)
      return renamed
    },
    'distillations.remove': async ({ distillation }) => {
      await remove(context, idOf(distillation))
      changes.emit('distillations')
      return {}
    },
    'distillations.curve': ({ distillation, afterStep, maxPoints }) => {
      const id = idOf(distillation)
      return { points: lossCurve(store.read, id, { afterStep, most: maxPoints }), scores: listScorePoints(store.read, id, afterStep) }
    },
    'distillations.samples': ({ distillation }) => listTrainingSamples(store.read, idOf(distillation)),
    'distillations.checkpoints': ({ distillation }) => listCheckpoints(store.read, idOf(distillation)),
    'distillations.useCheckpoint': ({ distillation, checkpointId }) => useCheckpoint(context, distillation, checkpointId),
    'on.training': (_input, emit, signal) => training.listen(emit, signal),
  }
}

/**
 * Writes run, panoramas and job in one transaction. A run that was interrupted and asks for exactly the same is continued
 * from its last checkpoint instead.
 */
function start(
  { store, jobs, changes, enqueue }: ServiceContext, { name: wanted }: Input<'distillations.start'>, plan: DistillationPlan,
): { distillationId: string; jobId: string } {
  const unfinished = listDistillations(store.read).find((earlier) =>
    jobs.get(earlier.jobId).state !== 'done' && asksForTheSame(store, earlier, plan) && (wanted === null || earlier.name === wanted))
  if (unfinished !== undefined) {
    goOn(jobs, jobs.get(unfinished.jobId))
    enqueue(unfinished.jobId)
    return { distillationId: unfinished.id, jobId: unfinished.jobId }
  }
  const { run, architecture, classes, init, config, provider, set, estimate } = plan
  const id = newId('distil')
  const { id: jobId } = jobs.submit((db) => {
    const student = architecture.kind === 'segformer' ? architecture.size : architecture.name
    const name = wanted ?? freeName(db, 'distillations', `${run.name} ${student}`)
    const job = addJob(db, { kind: 'distil', title: `Distil ${name}`, subjectId: id, payload: { distillationId: id, seconds: secondsOf(estimate) }, total: config.steps })
    addDistillation(db, {
      id, name, architecture, classes, init, config, provider,
      labellingRunId: run.id, labellingRunName: run.name, datasetId: run.datasetId, jobId: job.id,
      parameters: estimate.parameters, estimatedPeakBytes: estimate.peakBytes, warnings: estimate.warnings,
      scoreKind: set.scoreKind, panoramas: set.panoramas,
    })
    return job
  })
  changes.emit('distillations', id)
  enqueue(jobId)
  return { distillationId: id, jobId }
}

/** What its stages are thought to take: by it their progress is shared out. */
function secondsOf({ refinement, totalSeconds }: DistillationPlan['estimate']): { readonly refinement: number; readonly distillation: number } {
  const first = refinement?.seconds ?? 0
  return { refinement: first, distillation: totalSeconds - first }
}

function asksForTheSame({ read }: Store, earlier: DistillationRun, { run, architecture, init, config, provider }: DistillationPlan): boolean {
  return earlier.task === 'distil' && askedLabellingRun(read, earlier.id) === run.id && earlier.provider === provider && isDeepStrictEqual(earlier.architecture, architecture) &&
    isDeepStrictEqual(earlier.init, init) && isDeepStrictEqual(earlier.config, JSON.parse(JSON.stringify(config)))
}

async function remove({ store, artifacts }: ServiceContext, id: string): Promise<void> {
  const orphans = store.transaction((db) => {
    const refinement = findRefinement(db, id)
    const unnamed = [...removeCheckpointsOf(db, id), ...(refinement === null ? [] : removeCheckpointsOf(db, refinement.id))]
    removeDistillation(db, id)
    return unnamed
  })
  for (const hash of orphans) await artifacts.remove(hash)
}

function useCheckpoint({ store, changes, version }: ServiceContext, distillation: string, checkpointId: string): Student {
  const run = getDistillation(store.read, distillation)
  if (run.task !== 'distil') throw new StudioError('conflict', `"${run.name}" refined a TA: it has no student.`)
  const student = store.transaction((db) => giveWeights(db, run, getCheckpoint(db, run.id, checkpointId), version))
  changes.emit('students', student.id)
  changes.emit('distillations', run.id)
  return student
}

function requireUnfinished({ jobs }: ServiceContext, { jobId, name }: DistillationRun): void {
  const { state } = jobs.get(jobId)
  if (state !== 'done' && state !== 'cancelled') return
  throw new StudioError('conflict', `The distillation run "${name}" has ended: its learning rate cannot be changed. Start another from its student.`)
}
