import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { DistillationRun, TrainingEvent } from '../../contract/training-schemas.ts'
import { labelPalette } from '../../core/labels/palette.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine } from '../engine/protocol.ts'
import type { TrainingPanorama, TrainRequest, TrainResponse } from '../engine/training-protocol.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import { lastCheckpoint } from '../store/checkpoints.ts'
import { releaseTrainingData } from '../store/distillation-panoramas.ts'
import { addDistillationWarning, getDistillation, getDistillationNumbers } from '../store/distillations.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabelSet } from '../store/label-sets.ts'
import type { Store } from '../store/open-store.ts'
import { getSettings } from '../store/settings.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { createTrainingRecorder, type TrainingRecorder } from './training-recorder.ts'
import { prepareTrainingData, type PreparedPanorama } from './training-data.ts'

const payloadSchema = z.object({ distillationId: z.string() })

/** A person set another factor for the learning rate of a run. */
export interface LearningRateFactor {
  readonly distillationId: string
  readonly factor: number
}

export interface DistilTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
  readonly pool: LabelPool
  /** tells windows what is stale */
  readonly changes: { emit(area: 'distillations' | 'students', id: string): void }
  readonly training: { emit(event: TrainingEvent): void }
  readonly learningRates: { listen(listener: (change: LearningRateFactor) => void, signal: AbortSignal): void }
  /** the program's version, for the student's provenance */
  readonly version: string
}

export interface DistilOptions {
  /** waits before the training is taken up again after an engine error, in milliseconds: one per retry without progress */
  readonly backoffMs?: readonly number[]
}

const BACKOFF_MS: readonly number[] = [1000, 5000]
/** Panoramas of the sample panel. */
const PICTURED = 4

/**
 * Multi-level Knowledge Adaptation as a job: brings the labels to the training size, then lets the engine train and
 * writes down what it tells. Whatever ends it (pause, a closed program, a crash of the engine or of the machine), it goes on from the
 * last checkpoint with the curve it would have had; what was behind the checkpoint is dropped and computed again.
 */
export function distilJobHandler(tools: DistilTools, { backoffMs = BACKOFF_MS }: DistilOptions = {}): JobHandler {
  return {
    async run(_job, context) {
      const { distillationId } = payloadSchema.parse(context.payload)
      const run = getDistillation(tools.store.read, distillationId)
      context.checkpoint({ total: run.config.steps, done: lastCheckpoint(tools.store.read, run.id)?.step ?? 0, failed: 0 })
      const panoramas = await prepare(tools, run, context)
      const recorder = createTrainingRecorder(tools, { run, context })
      try {
        const { reason, step } = await trainToTheEnd(tools, { run, panoramas, context, recorder }, backoffMs)
        recorder.flush()
        if (reason === 'early') context.log('info', `Ended early at step ${step}: no better score in ${run.config.patience} scores.`)
        tools.store.transaction((db) => releaseTrainingData(db, run.id))
      } finally {
        await recorder.close()
        tools.changes.emit('distillations', run.id)
      }
    },
    // nothing of a training fails by itself: a job that is tried again goes on from its last checkpoint
    retryFailed: () => 0,
  }
}

/** Training data of every panorama, and what is wrong with them. */
async function prepare(tools: DistilTools, run: DistillationRun, context: JobContext): Promise<PreparedPanorama[]> {
  const both = AbortSignal.any([context.signal, context.stopping])
  const prepared = await prepareTrainingData(tools, run, {
    signal: both,
    onProgress: (done, total) => context.progress({ message: `preparing ${done} of ${total} panoramas` }),
  }).catch(async (error: unknown) => {
    // a pause is taken at once: what was prepared is kept
    if (both.aborted) await context.safePoint()
    throw error
  })
  await context.safePoint()
  const say = (message: string): void => {
    context.log('warn', message)
    tools.store.transaction((db) => addDistillationWarning(db, run.id, message))
  }
  checkLabels(prepared.filter(({ heldOut }) => !heldOut), { classes: classesOf(tools.store, run), say })
  return prepared
}

/** Throws `bad-input` where no label is left to learn from; says which panoramas and classes teach nothing. */
export function checkLabels(
  trained: readonly Pick<PreparedPanorama, 'name' | 'pixels'>[],
  { classes, say }: { /** names by trainId */ readonly classes: readonly string[]; readonly say: (message: string) => void },
): void {
  const empty = trained.filter(({ pixels }) => pixels.every((count) => count === 0))
  if (empty.length === trained.length) {
    throw new StudioError('bad-input', `Every pixel of the ${trained.length} panoramas to learn from is "ignore" (255): there is nothing to learn. Label the dataset again with another TA, a lower theta, or masks below theta kept.`)
  }
  if (empty.length > 0) say(`${empty.length} of ${trained.length} panoramas have no labelled pixel and teach nothing (first: ${empty[0].name}).`)
  const never = classes.filter((_, trainId) => trained.every(({ pixels }) => pixels[trainId] === 0))
  if (never.length > 0) say(`The labels never show ${never.join(', ')}: the student cannot learn ${never.length === 1 ? 'it' : 'them'}.`)
}

function classesOf({ read }: Store, run: DistillationRun): string[] {
  const names: string[] = []
  for (const { trainId, name } of getLabelSet(read, getDataset(read, run.datasetId).labelSetId).classes) names[trainId] = name
  return Array.from(names, (name, trainId) => name ?? `class ${trainId}`)
}

interface Work {
  readonly run: DistillationRun
  readonly panoramas: readonly PreparedPanorama[]
  readonly context: JobContext
  readonly recorder: TrainingRecorder
}

/**
 * Trains until the steps are done, through crashes of the engine: each takes up the last checkpoint again, and only those
 * without a checkpoint in between count.
 */
async function trainToTheEnd(tools: DistilTools, work: Work, backoffMs: readonly number[]): Promise<TrainResponse> {
  const { run, context } = work
  let crashes = 0
  let reached = -1
  for (;;) {
    await context.safePoint()
    const from = lastCheckpoint(tools.store.read, run.id)?.step ?? 0
    if (from > reached) crashes = 0
    reached = from
    if (from >= run.config.steps) return { reason: 'finished', step: from }
    try {
      const response = await train(tools, work)
      if (response.reason !== 'paused') return response
      // throws the pause; where it was taken back meanwhile, the training goes on
      work.recorder.flush()
    } catch (error) {
      if (context.signal.aborted) throw error
      const now = lastCheckpoint(tools.store.read, run.id)?.step ?? 0
      const wait = backoffMs[now > from ? 0 : crashes]
      if (wait === undefined || !(error instanceof StudioError) || error.code !== 'engine') throw error
      crashes = now > from ? 1 : crashes + 1
      reached = now
      context.log('warn', `${error.message} Going on from step ${now} in ${wait / 1000} s.`)
      context.progress({ message: 'waiting for the engine' })
      await context.clock.sleep(wait, AbortSignal.any([context.signal, context.stopping])).catch(() => context.safePoint())
    }
  }
}

async function train({ engine, store, artifacts, learningRates }: DistilTools, { run: { id }, panoramas, context, recorder }: Work): Promise<TrainResponse> {
  const ended = new AbortController()
  // the row as it is now: batch and learning-rate factor may have changed since the job began
  const run = getDistillation(store.read, id)
  try {
    return await engine.train(requestOf({ store, artifacts }, run, panoramas), {
      signal: context.signal,
      onEvent: (event) => recorder.record(event),
      control: {
        pause: context.stopping,
        onLearningRateFactor(listener) {
          const stop = new AbortController()
          learningRates.listen((change) => change.distillationId === id && listener(change.factor), AbortSignal.any([stop.signal, ended.signal]))
          return () => stop.abort()
        },
      },
    })
  } finally {
    ended.abort()
  }
}

function requestOf({ store, artifacts }: Pick<DistilTools, 'store' | 'artifacts'>, run: DistillationRun, panoramas: readonly PreparedPanorama[]): TrainRequest {
  const { name, architecture, init, config, batch, accumulate, scoreKind, learningRateFactor, provider } = run
  const trained = panoramas.filter(({ heldOut }) => !heldOut).map(toTrainingPanorama)
  const held = panoramas.filter(({ heldOut }) => heldOut).map(toTrainingPanorama)
  return {
    name, architecture, config, batch, accumulate, scoreKind, learningRateFactor, provider,
    artifactsRoot: artifacts.root,
    classes: getDistillationNumbers(store.read, run.id).classes,
    palette: labelPalette(getLabelSet(store.read, getDataset(store.read, run.datasetId).labelSetId)),
    network: architecture.kind === 'onnx' ? artifacts.path(architecture.model) : null,
    weights: 'weights' in init ? artifacts.path(init.weights) : null,
    panoramas: trained,
    heldOut: held,
    pictured: picturedOf(trained, held),
    resume: lastCheckpoint(store.read, run.id)?.state ?? null,
    threads: getSettings(store.read).cpuThreads,
  }
}

function toTrainingPanorama({ panoramaId, name, cyclic, data, weight }: PreparedPanorama): TrainingPanorama {
  return { panoramaId, name, cyclic, data, weight }
}

/** Half of them held out, where there are so many; the same in every part of a run. */
function picturedOf(trained: readonly TrainingPanorama[], held: readonly TrainingPanorama[]): TrainingPanorama[] {
  const heldOut = held.slice(0, PICTURED / 2)
  return [...heldOut, ...trained.slice(0, PICTURED - heldOut.length)]
}
