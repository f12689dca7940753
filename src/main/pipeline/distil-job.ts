import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { DistillationRun } from '../../contract/training-schemas.ts'
import { labelPalette } from '../../core/labels/palette.ts'
import type { TrainingPanorama, TrainRequest } from '../engine/training-protocol.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import { lastCheckpoint } from '../store/checkpoints.ts'
import { releaseTrainingData } from '../store/distillation-panoramas.ts'
import { addDistillationWarning, getDistillation, getDistillationNumbers } from '../store/distillations.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabelSet } from '../store/label-sets.ts'
import type { Store } from '../store/open-store.ts'
import { getSettings } from '../store/settings.ts'
import type { DistilTools } from './distil-tools.ts'
import { refineFirst, shareOf } from './refine-ta.ts'
import { trainToTheEnd } from './training-loop.ts'
import { prepareTrainingData, toTrainingPanorama, type PreparedPanorama } from './training-data.ts'

const payloadSchema = z.object({
  distillationId: z.string(),
  /** what the stages are thought to take, as estimated before the start */
  seconds: z.object({ refinement: z.number(), distillation: z.number() }).default({ refinement: 0, distillation: 0 }),
})

export interface DistilOptions {
  /** waits before the training is taken up again after an engine error, in milliseconds: one per retry without progress */
  readonly backoffMs?: readonly number[]
}

const BACKOFF_MS: readonly number[] = [1000, 5000]
/** Panoramas of the sample panel. */
const PICTURED = 4

/**
 * Multi-level Knowledge Adaptation as a job: where it is asked for, refines the TA and labels anew with it; brings the
 * labels to the training size; lets the engine train and writes down what it tells. Whatever ends it (pause, a closed
 * program, a crash of the engine or of the machine), it goes on from the last checkpoint with the curve it would have
 * had; what was behind the checkpoint is dropped and computed again.
 */
export function distilJobHandler(tools: DistilTools, { backoffMs = BACKOFF_MS }: DistilOptions = {}): JobHandler {
  const { store, changes } = tools
  return {
    async run(job, context) {
      const { distillationId: id, seconds } = payloadSchema.parse(context.payload)
      const asked = getDistillation(store.read, id)
      context.checkpoint({ total: asked.config.steps, done: lastCheckpoint(store.read, id)?.step ?? 0, failed: 0 })
      try {
        if (asked.config.taRefinement !== null) await refineFirst(tools, { run: asked, jobId: job.id, context, seconds }, backoffMs)
        context.progress({ part: { from: shareOf(seconds), to: 1, secondsAfter: 0 } })
        const run = getDistillation(store.read, id)
        const panoramas = await prepare(tools, run, context)
        const { reason, step } = await trainToTheEnd(tools, { run, context, requestOf: (now) => requestOf(tools, now, panoramas) }, backoffMs)
        if (reason === 'early') context.log('info', `Ended early at step ${step}: no better score in ${run.config.patience} scores.`)
        store.transaction((db) => releaseTrainingData(db, id))
      } finally {
        changes.emit('distillations', id)
      }
    },
    // nothing of a training fails by itself: a job that is tried again goes on from its last checkpoint
    retryFailed: () => 0,
  }
}

/** Training data of every panorama, and what is wrong with them. */
async function prepare(tools: DistilTools, run: DistillationRun, context: JobContext): Promise<PreparedPanorama[]> {
  const prepared = await prepareTrainingData(tools, { run, size: run.config, context })
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

function requestOf({ store, artifacts }: DistilTools, run: DistillationRun, panoramas: readonly PreparedPanorama[]): Omit<TrainRequest, 'resume'> {
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
    threads: getSettings(store.read).cpuThreads,
  }
}

/** Half of them held out, where there are so many; the same in every part of a run. */
function picturedOf(trained: readonly TrainingPanorama[], held: readonly TrainingPanorama[]): TrainingPanorama[] {
  const heldOut = held.slice(0, PICTURED / 2)
  return [...heldOut, ...trained.slice(0, PICTURED - heldOut.length)]
}
