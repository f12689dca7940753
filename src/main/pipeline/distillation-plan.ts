import { stat } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { basename, extname, resolve } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { Input } from '../../contract/procedures.ts'
import type { LabellingRun, ProviderSetting } from '../../contract/schemas.ts'
import type { Estimate, InitialWeights, StudentArchitecture } from '../../contract/training-schemas.ts'
import { type DistillationConfig, TA_REFINEMENT } from '../../core/goodsam/distillation-config.ts'
import { activeTerms, lossesWithoutMasks } from '../../core/goodsam/distillation/loss.ts'
import type { Model } from '../../core/onnx/model.ts'
import { writeModel } from '../../core/onnx/write.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine } from '../engine/protocol.ts'
import type { TrainingEstimate } from '../engine/training-protocol.ts'
import { builtinWeights } from '../models/builtin-weights.ts'
import { readModelFile } from '../models/onnx-file.ts'
import type { ReadDb } from '../store/database.ts'
import { getDataset } from '../store/datasets.ts'
import { measuredSecondsPerImage } from '../store/distillations.ts'
import { getLabelSet } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'
import { listResults } from '../store/panorama-results.ts'
import { getSettings } from '../store/settings.ts'
import { getStudent } from '../store/students.ts'
import { completeConfig, type FixedInput, MULTIPLE, refinementSteps } from './distillation-defaults.ts'
import { planRefinement, refinedArchitecture } from './refinement-plan.ts'
import { thisMachine } from './this-machine.ts'
import { choosePanoramas, type DistillationSet } from './distillation-panoramas.ts'

export interface PlanTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
}

export type DistillationRequest = Input<'distillations.start'>

/** A request that was understood and can be trained: what the run's row says, and what it will cost. */
export interface DistillationPlan {
  readonly run: LabellingRun
  readonly classes: number
  readonly architecture: StudentArchitecture
  readonly init: InitialWeights
  readonly config: DistillationConfig
  readonly provider: ProviderSetting
  readonly set: DistillationSet
  readonly estimate: Estimate
}

/** A batch that fills more of the memory than this is worth a warning. */
const MEMORY_SHARE = 0.8
/**
 * Floating-point operations a second in a training step, for machines that have trained nothing yet: of one core (Mini at
 * 512x1024, docs/performance.md), and of a small GPU. [D]
 */
const CORE_RATE = 3e10
const GPU_RATE = 2e12
/**
 * How much longer a TA's step takes than its arithmetic at these rates: light networks are made of depthwise convolutions,
 * which move memory rather than multiply (ESPNetv2 2.0: 4 times at best, on a busy machine more). [D]
 */
const TA_OVERHEAD = 6

/** The configuration of a run of which nothing but its labelling run is known; null: not even that. */
export function defaultConfig(db: ReadDb, labellingRun: string | null): DistillationConfig {
  const run = labellingRun === null ? null : getLabellingRun(db, labellingRun)
  return withPossibleLosses(completeConfig({}, { panorama: run && firstPanorama(db, run), init: 'random' }), run)
}

/**
 * Understands a request and asks the engine whether it can be trained. The student's file and its weights become
 * artifacts. Throws StudioError: not-found, bad-input (nothing to learn from, all terms off, sizes), bad-file, bad-model (operators
 * without gradient rules, another number of classes, weights that do not fit), engine, storage.
 */
export async function planDistillation(tools: PlanTools, request: DistillationRequest): Promise<DistillationPlan> {
  const { store, artifacts } = tools
  const run = getLabellingRun(store.read, request.run)
  const labelSet = getLabelSet(store.read, getDataset(store.read, run.datasetId).labelSetId)
  const classes = 1 + Math.max(...labelSet.classes.map(({ trainId }) => trainId))
  const student = await resolveStudent(artifacts, request.student)
  const start = await resolveInit(tools, request, classes)
  const asked = withPossibleLosses(
    completeConfig(settled(request.config), { panorama: firstPanorama(store.read, run), init: start.init.kind, fixed: student.fixed }), run,
  )
  checkConfig(asked)
  const set = await choosePanoramas(store, run, asked)
  const provider = request.provider ?? getSettings(store.read).provider
  const { architecture } = student
  const refinement = await refinementCost(tools, { run, classes, config: asked, set, provider })
  const config = withRefinementSteps(asked, request.config.taRefinement?.steps === null ? refinement : null)
  const { batch, accumulate } = config
  const cost = await tools.engine.estimateTraining({
    architecture, classes, network: student.path, weights: start.path, config, batch, accumulate,
  })
  const plan = { run, classes, architecture, init: start.init, config, provider, set }
  return { ...plan, estimate: estimateOf(store.read, plan, { ...cost, refinement }) }
}

/** Without choices that are left to this machine, which come later. */
function settled({ taRefinement, ...config }: DistillationRequest['config']): Partial<DistillationConfig> {
  const refined = taRefinement && { ...taRefinement, steps: taRefinement.steps ?? TA_REFINEMENT.steps }
  return { ...(config as Partial<DistillationConfig>), ...(refined === undefined ? {} : { taRefinement: refined }) }
}

/** By arithmetic, not by what was measured meanwhile: the same request must come to the same run again. */
function withRefinementSteps(config: DistillationConfig, cost: StageCost | null): DistillationConfig {
  if (cost === null || config.taRefinement === null) return config
  return { ...config, taRefinement: { ...config.taRefinement, steps: refinementSteps(cost.byArithmetic) } }
}

/** What a step of the first stage needs. */
interface StageCost {
  readonly peakBytes: number
  readonly secondsPerStep: number
  readonly measured: boolean
  readonly byArithmetic: number
}

/** null where the TA is not refined. Throws where its TA cannot be trained. */
async function refinementCost({ store, engine }: PlanTools, { run, classes, config, set, provider }: Pick<DistillationPlan, 'run' | 'classes' | 'config' | 'set' | 'provider'>): Promise<StageCost | null> {
  if (config.taRefinement === null) return null
  const { ta, network, config: refined } = planRefinement(store, run, { config, panoramaId: set.panoramas[0].panoramaId })
  const { batch, accumulate } = refined
  const architecture = refinedArchitecture(ta)
  const bare = await engine.estimateTraining({ task: 'refine-ta', architecture, classes, network, weights: null, config: refined, batch, accumulate })
  const cost = { ...bare, arithmetic: TA_OVERHEAD * bare.arithmetic }
  const { seconds, measured } = secondsPerStep(store.read, { architecture, config: refined, provider }, cost)
  return { peakBytes: cost.peakBytes, secondsPerStep: seconds, measured, byArithmetic: cost.arithmetic / speed(provider, getSettings(store.read).cpuThreads) }
}

/** What an update costs, here and in the first stage. */
type Cost = TrainingEstimate & { readonly refinement: StageCost | null }

async function resolveStudent(
  artifacts: ArtifactStore, student: DistillationRequest['student'],
): Promise<{ architecture: StudentArchitecture; path: string | null; fixed: FixedInput }> {
  if (typeof student === 'string') return { architecture: { kind: 'segformer', size: student }, path: null, fixed: {} }
  const path = await requireFile(student.onnx, 'an .onnx file')
  // one file, also where the network keeps its numbers in files beside it
  const model = await readModelFile(path)
  const name = basename(path, extname(path))
  const fixed = fixedInput(model, name)
  const { hash } = await artifacts.put(writeModel(model))
  return { architecture: { kind: 'onnx', model: hash, name }, path, fixed }
}

/** What the file says of its input [batch, 3, height, width]; nothing where it is no such network, which the engine says. */
function fixedInput({ graph }: Model, name: string): FixedInput {
  const input = graph.inputs.find((each) => !graph.initializers.has(each.name))
  const shape = input?.type?.kind === 'tensor' && input.type.shape?.length === 4 ? input.type.shape : []
  const [batch, , height, width] = shape.map((side) => (typeof side === 'number' ? side : undefined))
  if ((height ?? 0) % MULTIPLE !== 0 || (width ?? 0) % MULTIPLE !== 0) {
    throw new StudioError('bad-model', `${name} takes images of ${shape[2]}x${shape[3]} only, and training sizes divide by ${MULTIPLE}: export it with dynamic height and width.`)
  }
  return { ...(batch === undefined ? {} : { batch }), ...(height === undefined ? {} : { height }), ...(width === undefined ? {} : { width }) }
}

async function resolveInit(
  { store, artifacts }: PlanTools, { init, student }: DistillationRequest, classes: number,
): Promise<{ init: InitialWeights; path: string | null }> {
  if (init === 'random') return { init: { kind: typeof student === 'string' ? 'random' : 'network' }, path: null }
  if (init === 'builtin') {
    if (student !== 'mini') throw new StudioError('bad-input', 'The built-in weights are those of a Mini: choose that student, or begin with other weights.')
    const path = await requireFile(builtinWeights('mit-b0'), 'a .safetensors file')
    const { hash } = await artifacts.putFile(path)
    return { init: { kind: 'file', weights: hash, name: 'mit-b0 (built in)' }, path }
  }
  if ('file' in init) {
    const path = await requireFile(init.file, 'a .safetensors file')
    const { hash } = await artifacts.putFile(path)
    return { init: { kind: 'file', weights: hash, name: basename(path) }, path }
  }
  const earlier = getStudent(store.read, init.student)
  if (earlier.classes !== classes) {
    throw new StudioError('bad-model', `The student "${earlier.name}" knows ${earlier.classes} classes, these labels have ${classes}. Begin with other weights, or random ones.`)
  }
  const { id: studentId, name, weights } = earlier
  return { init: { kind: 'student', studentId, weights, name }, path: artifacts.path(weights) }
}

async function requireFile(path: string, what: string): Promise<string> {
  const file = await stat(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `Cannot read ${path}. Check that it exists and that you may read it.`, { cause })
  })
  if (!file.isFile()) throw new StudioError('bad-file', `${path} is a folder: name ${what} in it.`)
  return resolve(path)
}

function firstPanorama(db: ReadDb, run: LabellingRun): { readonly height: number; readonly width: number } | null {
  const first = listResults(db, run.id, { sort: 'name', offset: 0, limit: 1 }).results.at(0)
  return first === undefined ? null : getPanorama(db, first.panoramaId)
}

/** Labels that were made without SAM have neither trusted masks nor boundaries. */
function withPossibleLosses(config: DistillationConfig, run: LabellingRun | null): DistillationConfig {
  return run?.samId === null ? { ...config, losses: lossesWithoutMasks(config.losses) } : config
}

function checkConfig({ height, width, losses, augmentation: { scale } }: DistillationConfig): void {
  if (height % MULTIPLE !== 0 || width % MULTIPLE !== 0) {
    throw new StudioError('bad-input', `The training size ${height}x${width} does not divide by ${MULTIPLE}. Try ${nearest(height)}x${nearest(width)}.`)
  }
  if (activeTerms(losses).length === 0) {
    throw new StudioError('bad-input', 'All terms of the loss are off, or weigh nothing: the student would learn nothing. Switch on at least one; labels made without SAM have the image and the window term alone.')
  }
  if (scale[0] > scale[1]) throw new StudioError('bad-input', `The random zoom goes from ${scale[0]} to ${scale[1]}: the first must not be larger.`)
}

function nearest(side: number): number {
  return Math.max(MULTIPLE, MULTIPLE * Math.round(side / MULTIPLE))
}

function estimateOf(db: ReadDb, plan: Omit<DistillationPlan, 'estimate'>, cost: Cost): Estimate {
  const { config, set } = plan
  const { seconds, measured } = secondsPerStep(db, plan, cost)
  const refinement = cost.refinement && config.taRefinement && {
    secondsPerStep: cost.refinement.secondsPerStep, measured: cost.refinement.measured, seconds: config.taRefinement.steps * cost.refinement.secondsPerStep,
  }
  return {
    config, refinement,
    parameters: cost.parameters,
    panoramas: set.panoramas.length - set.heldOut,
    heldOut: set.heldOut,
    leftOut: set.leftOut,
    peakBytes: Math.max(cost.peakBytes, cost.refinement?.peakBytes ?? 0),
    memoryBytes: totalmem(),
    secondsPerStep: seconds,
    measured,
    totalSeconds: seconds * config.steps + (refinement?.seconds ?? 0),
    warnings: warningsOf(plan, cost),
  }
}

/** As measured on this machine with this network and size, or by its arithmetic. */
function secondsPerStep(
  db: ReadDb, { architecture, config, provider }: Pick<DistillationPlan, 'architecture' | 'config' | 'provider'>, { arithmetic }: TrainingEstimate,
): { readonly seconds: number; readonly measured: boolean } {
  const { batch, accumulate, height, width } = config
  const perImage = measuredSecondsPerImage(db, { machine: thisMachine(), architecture, height, width, provider })
  if (perImage !== null) return { seconds: perImage * batch * accumulate, measured: true }
  return { seconds: arithmetic / speed(provider, getSettings(db).cpuThreads), measured: false }
}

function speed(provider: ProviderSetting, threads: number): number {
  return provider === 'webgpu' || provider === 'cuda' ? GPU_RATE : CORE_RATE * (threads === 0 ? availableParallelism() : threads)
}

function warningsOf({ config, set, run }: Omit<DistillationPlan, 'estimate'>, { peakBytes, refinement }: Cost): string[] {
  const warnings: string[] = []
  if (peakBytes > MEMORY_SHARE * totalmem()) {
    warnings.push(`A step needs about ${gigabytes(peakBytes)}, this machine has ${gigabytes(totalmem())}. Choose a smaller size or batch; where memory runs short, the batch is halved.`)
  }
  if (set.heldOut === 0) warnings.push(nothingHeldOut(config, set.panoramas.length))
  if (run.samId === null) warnings.push(`"${run.name}" was labelled without SAM: the confident and the boundary term are off.`)
  if (refinement !== null && config.taRefinement !== null) {
    warnings.push(`First the TA is refined in ${config.taRefinement.steps} steps and the panoramas are labelled again with it; labelling is not in the estimate.`)
  }
  if (config.warmupSteps >= config.steps) warnings.push(`The warm-up takes ${config.warmupSteps} of ${config.steps} steps: the learning rate never reaches its full value.`)
  return warnings
}

function nothingHeldOut({ heldOut, patience }: DistillationConfig, panoramas: number): string {
  const why = heldOut === 0 ? '' : ` (${Math.round(100 * heldOut)} % of ${panoramas} is none: a larger share would hold one out)`
  return `No panorama is held out${why}: the student is not scored while it learns${patience === null ? '' : ', does not end early'}, and its last weights are kept rather than its best.`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
