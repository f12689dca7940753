import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, Model } from '../../contract/schemas.ts'
import type { DistillationRun } from '../../contract/training-schemas.ts'
import type { TrainRequest } from '../engine/training-protocol.ts'
import type { JobContext, JobPart } from '../jobs/job-handler.ts'
import { stageContext } from '../jobs/job-stage.ts'
import { lastCheckpoint } from '../store/checkpoints.ts'
import type { ReadDb } from '../store/database.ts'
import { listDistillationPanoramas, releaseTrainingData } from '../store/distillation-panoramas.ts'
import { addDistillation, askedLabellingRun, findRefinement, getDistillationNumbers, updateDistillation } from '../store/distillations.ts'
import { addLabellingRun, getLabellingRun, listLabellingRuns } from '../store/labelling-runs.ts'
import { listModels } from '../store/models.ts'
import { getResult, resetFailedResults } from '../store/panorama-results.ts'
import { freeName } from '../store/reference.ts'
import { getSettings } from '../store/settings.ts'
import type { DistilTools } from './distil-tools.ts'
import { labelJobHandler } from './label-job.ts'
import { planRefinement, refinedArchitecture } from './refinement-plan.ts'
import { prepareTrainingData, toTrainingPanorama, type PreparedPanorama } from './training-data.ts'
import { trainToTheEnd } from './training-loop.ts'

interface Stage {
  /** the distillation that it is the first stage of */
  readonly run: DistillationRun
  readonly jobId: string
  readonly context: JobContext
  readonly seconds: StageSeconds
}

/** What the stages are thought to take; labelling again is in neither. */
export interface StageSeconds {
  readonly refinement: number
  readonly distillation: number
}

/** Of the job, what the refinement is. */
export function shareOf({ refinement, distillation }: StageSeconds): number {
  return refinement === 0 ? 0 : refinement / (refinement + distillation)
}

/**
 * The first stage of a distillation: refines the TA that made its labels, adds it to the models as "NAME refined", and
 * labels the same panoramas with it; these labels are distilled then. Each part that is finished is a row and is not done
 * again.
 */
export async function refineFirst(tools: DistilTools, { run, jobId, context, seconds }: Stage, backoffMs: readonly number[]): Promise<void> {
  const { store, changes } = tools
  const asked = askedLabellingRun(store.read, run.id)
  if (run.labellingRunId !== asked) {
    if (run.labellingRunId !== null) return
    throw new StudioError('not-found', `The labelling run "${run.labellingRunName}" was removed: there is nothing to distil.`)
  }
  const source = getLabellingRun(store.read, asked)
  const refining: JobPart = { from: 0, to: shareOf(seconds), secondsAfter: seconds.distillation }
  const ta = await refinedTa(tools, { stage: { run, jobId, seconds, context: stageContext(context, refining, run.config.taRefinement?.steps ?? 0) }, source }, backoffMs)
  const labels = await relabelled(tools, { stage: { run, jobId, seconds, context: stageContext(context, { ...refining, from: refining.to }, 0) }, source, ta })
  store.transaction((db) => updateDistillation(db, run.id, { labellingRunId: labels.id, labellingRunName: labels.name }))
  context.log('info', `Distilling the labels of "${labels.name}", made with "${ta.name}".`)
  changes.emit('distillations', run.id)
}

async function refinedTa(tools: DistilTools, { stage: { run, context, jobId }, source }: { readonly stage: Stage; readonly source: LabellingRun }, backoffMs: readonly number[]): Promise<Model> {
  const { store, artifacts, changes } = tools
  const panoramas = listDistillationPanoramas(store.read, run.id)
  const { ta, network, config } = planRefinement(store, source, { config: run.config, panoramaId: panoramas[0].panoramaId })
  const known = findRefinement(store.read, run.id)
  const model = known?.refinedTaId === null || known === null ? null : findModel(store.read, known.refinedTaId)
  if (model !== null) return model

  const refinement = known ?? store.transaction((db) => addDistillation(db, {
    name: freeName(db, 'distillations', `${run.name}, TA refined`),
    task: 'refine-ta', parentId: run.id, jobId, config,
    labellingRunId: source.id, labellingRunName: source.name, datasetId: run.datasetId, provider: run.provider,
    architecture: refinedArchitecture(ta), init: { kind: 'network' },
    ...getDistillationNumbers(db, run.id), scoreKind: null, estimatedPeakBytes: null, warnings: [],
    panoramas: panoramas.filter(({ heldOut }) => !heldOut),
  }))
  changes.emit('distillations', refinement.id)
  // windows are cut from the panorama as the TA saw it
  const prepared = await prepareTrainingData(tools, { run: refinement, size: null, context })
  const requestOf = (now: DistillationRun): Omit<TrainRequest, 'resume'> => requestFor(tools, now, { network, prepared })
  await trainToTheEnd(tools, { run: refinement, context, requestOf }, backoffMs)
  const last = lastCheckpoint(store.read, refinement.id)
  if (last === null) throw new StudioError('engine', `The refinement of "${ta.name}" left no checkpoint. Try again.`)
  const refined = await addRefined(tools, ta, artifacts.path(last.network))
  store.transaction((db) => {
    updateDistillation(db, refinement.id, { refinedTaId: refined.id })
    releaseTrainingData(db, refinement.id)
  })
  context.log('info', `The TA "${ta.name}" was refined in ${refinement.config.steps} steps: "${refined.name}".`)
  changes.emit('distillations', refinement.id)
  return refined
}

function requestFor({ store, artifacts }: DistilTools, run: DistillationRun, { network, prepared }: { readonly network: string; readonly prepared: readonly PreparedPanorama[] }): Omit<TrainRequest, 'resume'> {
  const { name, architecture, config, batch, accumulate, learningRateFactor, provider } = run
  return {
    task: 'refine-ta', name, architecture, config, batch, accumulate, learningRateFactor, provider, network,
    artifactsRoot: artifacts.root, classes: getDistillationNumbers(store.read, run.id).classes, palette: [], weights: null,
    panoramas: prepared.map(toTrainingPanorama), heldOut: [], scoreKind: null, pictured: [],
    threads: getSettings(store.read).cpuThreads,
  }
}

/** Adds the network under a name of its own. The same numbers again are the model that is there already. */
async function addRefined({ store, addTa }: DistilTools, ta: Model, artifact: string): Promise<Model> {
  const name = freeName(store.read, 'models', `${ta.name} refined`)
  const folder = await mkdtemp(join(tmpdir(), 'refined-ta-'))
  try {
    const file = join(folder, 'model.onnx')
    await copyFile(artifact, file)
    return await addTa(file, name)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The labels of the same panoramas with another TA, made by this job. */
async function relabelled(tools: DistilTools, { stage: { run, context, jobId }, source, ta }: { readonly stage: Stage; readonly source: LabellingRun; readonly ta: Model }): Promise<LabellingRun> {
  const { store, artifacts, engine, changes } = tools
  const { datasetId, samId, config, samSettings, provider } = source
  const labels = listLabellingRuns(store.read).find((each) => each.jobId === jobId && each.taId === ta.id) ?? store.transaction((db) =>
    addLabellingRun(db, {
      name: freeName(db, 'labelling_runs', `${source.name}, TA refined`), datasetId, samId, taId: ta.id, config, samSettings, provider, jobId, panoramasOfRun: source.id,
    }))
  changes.emit('runs', labels.id)
  // what failed in an earlier attempt
  store.transaction((db) => resetFailedResults(db, labels.id))
  const labelling = labelJobHandler({ store, artifacts, engine }, ({ id }) => changes.emit('results', id))
  await labelling.run({} as never, withPayload(context, { runId: labels.id }))
  const missing = listDistillationPanoramas(store.read, run.id).filter(({ panoramaId }) => getResult(store.read, labels.id, panoramaId).status !== 'done')
  if (missing.length > 0) {
    throw new StudioError('engine', `${missing.length} panoramas could not be labelled with the refined TA (first: ${missing[0].name}). The log says why; try again to label them.`)
  }
  return labels
}

function findModel(db: ReadDb, id: string): Model | null {
  return listModels(db).find((model) => model.id === id) ?? null
}

function withPayload(context: JobContext, payload: unknown): JobContext {
  return Object.create(context, { payload: { value: payload } }) as JobContext
}
