/** A training session with its student: everything of a run that blocks the thread it runs in. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { StudioError } from '../../contract/errors.ts'
import { estimatePeakBytes } from '../../core/autodiff/memory.ts'
import { withParameters } from '../../core/autodiff/parameter-layout.ts'
import type { TrainingStep } from '../../core/autodiff/training-step.ts'
import { readSafetensors, writeSafetensors } from '../../core/formats/safetensors.ts'
import type { Tensor } from '../../core/onnx/tensor.ts'
import { writeModel } from '../../core/onnx/write.ts'
import { openArtifactStore } from '../artifacts/artifact-store.ts'
import { sessionOptions } from './ort-values.ts'
import { compilePrediction, compileStudent, keptVectors, parameterCount } from './training-compile.ts'
import { LESSONS } from './training-lesson.ts'
import type { OpenTraining, StepRequest, TrainingCall, TrainingCalls, TrainingProgress } from './training-messages.ts'
import { openTraining, type TrainingSession, type TrainingState } from './training-session.ts'
import { openStudent, type Student } from './training-student.ts'

export type Trainer = { readonly [C in TrainingCall]: (request: TrainingCalls[C]['request']) => Promise<TrainingCalls[C]['response']> }

interface Opened {
  readonly options: OpenTraining
  readonly student: Student
  readonly step: TrainingStep
  readonly session: TrainingSession
}

interface Carried {
  readonly from: 'live' | 'checkpoint'
  readonly state: TrainingState
  readonly progress: TrainingProgress | null
}

interface Prediction {
  readonly session: InferenceSession
  /** the weights of the updates done so far; null: a step was made since */
  weights: Readonly<Record<string, OrtTensor>> | null
}

export function createTrainer(openSession: typeof openTraining = openTraining): Trainer {
  let opened: Opened | null = null
  /** what the next session goes on with; kept until one has it */
  let carried: Carried | null = null
  let student: Student | null = null
  let prediction: Prediction | null = null

  function current(): Opened {
    if (opened === null) throw new RangeError('No training session is open.')
    return opened
  }

  /** Closes what is open and returns its state; null where there is none, or it can no longer be read. */
  async function close(): Promise<TrainingState | null> {
    const closing = opened
    const predicting = prediction
    opened = null
    prediction = null
    await predicting?.session.release()
    if (closing === null) return null
    const state = await closing.session.state().catch(() => null)
    // a device that is lost may refuse: its memory is gone anyway
    await closing.session.dispose().catch(() => {})
    return state
  }

  async function open(options: OpenTraining): Promise<TrainingCalls['open']['response']> {
    const live = await close()
    if (live !== null) carried = { from: 'live', state: live, progress: null }
    carried ??= await savedState(options)
    student ??= await openStudent(options.source)
    const step = compileStudent(student, options)
    const { provider, threads } = options
    const session = await openSession(step, { provider, threads })
    try {
      if (carried !== null) await session.restore(withEmptySums(step, carried.state))
    } catch (error) {
      await session.dispose().catch(() => {})
      throw error
    }
    const { from, progress } = carried ?? { from: 'start' as const, progress: null }
    carried = null
    opened = { options, student, step, session }
    return { parameters: parameterCount(step), peakBytes: estimatePeakBytes(step.model).peakBytes, from, progress }
  }

  function feeds({ batch: buffer }: StepRequest): Readonly<Record<string, Tensor>> {
    const { options: { task, config, batch }, student: { input } } = current()
    const tensors = LESSONS[task].tensors(config, batch, buffer)
    return { ...tensors, [input]: tensors.pixel_values }
  }

  async function makeStep(request: StepRequest): Promise<TrainingCalls['step']['response']> {
    if (prediction !== null) prediction.weights = null
    const { loss, terms, gradientNorm, finite } = await current().session.step(feeds(request), request)
    return { loss, terms, gradientNorm, finite }
  }

  async function predict({ pixels }: { readonly pixels: Float32Array }): Promise<TrainingCalls['predict']['response']> {
    const { options: { config, provider, threads }, student: { input }, session } = current()
    prediction ??= { session: await openPrediction(current(), { provider, threads }), weights: null }
    prediction.weights ??= await keptWeights(session, current().step)
    const image = new OrtTensor('float32', pixels, [1, 3, config.height, config.width])
    const { logits } = await prediction.session.run({ ...prediction.weights, [input]: image })
    const [, classes, height, width] = logits.dims
    return { classes, height, width, data: logits.data as Float32Array }
  }

  /** The weights, the state and the network as artifacts: the state last, so that a state is never without its weights. */
  async function save({ artifactsRoot, progress }: TrainingCalls['save']['request']): Promise<TrainingCalls['save']['response']> {
    const { options: { config }, student: { model, weightsFile }, session } = current()
    const store = openArtifactStore(artifactsRoot)
    const tensors = await (config.emaDecay === null ? session.parameters() : session.averages())
    requireFinite(tensors, progress)
    const weights = await store.put(weightsFile(tensors))
    const network = await store.put(writeModel(withParameters(model, tensors)))
    const state = await store.put(writeState(await session.state(), progress))
    return { weights: weights.hash, state: state.hash, network: network.hash, bytes: weights.bytes + state.bytes + network.bytes }
  }

  return {
    open,
    step: makeStep,
    explain: async (request) => (await current().session.findNonFinite(feeds(request), request))?.message ?? null,
    predict,
    save,
    async close() {
      await close()
      return null
    },
  }
}

async function savedState({ resume, artifactsRoot }: OpenTraining): Promise<Carried | null> {
  if (resume === null) return null
  return { from: 'checkpoint', ...readState(await openArtifactStore(artifactsRoot).read(resume), resume) }
}

function openPrediction({ student, step, options: { config } }: Opened, key: { readonly provider: OpenTraining['provider']; readonly threads: number }): Promise<InferenceSession> {
  return InferenceSession.create(writeModel(compilePrediction(student, step, config)), sessionOptions({ model: '', ...key }))
}

async function keptWeights(session: TrainingSession, step: TrainingStep): Promise<Readonly<Record<string, OrtTensor>>> {
  const { vectors } = await session.state()
  return Object.fromEntries(keptVectors(step).flatMap(({ name }) => {
    const vector = vectors.get(name)
    return vector === undefined ? [] : [[name, new OrtTensor('float32', vector, [vector.length])]]
  }))
}

/** A state lies between two updates: sums of gradients are empty, and need not be kept. */
function withEmptySums(step: TrainingStep, { updates, vectors }: TrainingState): TrainingState {
  const sums = step.state.filter(({ role }) => role === 'accumulated').map(({ name, vector }) => [name, new Float32Array(vector.length)] as const)
  return { updates, vectors: new Map([...vectors, ...sums]) }
}

/**
 * A step is watched through its loss and gradients; running statistics, which training itself never reads, can overflow
 * unseen. Such numbers must not take the place of a good checkpoint.
 */
function requireFinite(tensors: ReadonlyMap<string, Tensor>, { step }: TrainingProgress): void {
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float32Array) || data.every((value) => Number.isFinite(value))) continue
    throw new StudioError('bad-model', `Training stopped at step ${step}: "${name}" has grown beyond all numbers. Nothing of it was kept: the last checkpoint is an earlier one. Lower the learning rate or the largest gradient norm.`)
  }
}

const STATE_KIND = 'training state'
const STATE_VERSION = '1'

function writeState({ updates, vectors }: TrainingState, progress: TrainingProgress): Uint8Array<ArrayBuffer> {
  const kept = [...vectors].filter(([name]) => !name.startsWith('accumulated.'))
  return writeSafetensors(
    Object.fromEntries(kept.map(([name, data]) => [name, { dtype: 'F32' as const, shape: [data.length], data }])),
    { kind: STATE_KIND, version: STATE_VERSION, updates: String(updates), progress: JSON.stringify(progress) },
  )
}

function readState(bytes: Uint8Array, hash: string): { readonly state: TrainingState; readonly progress: TrainingProgress } {
  try {
    const { tensors, metadata } = readSafetensors(bytes)
    if (metadata.kind !== STATE_KIND || metadata.version !== STATE_VERSION) throw new Error(`it is no ${STATE_KIND} of version ${STATE_VERSION}`)
    const vectors = new Map(Object.entries(tensors).map(([name, { data }]) => {
      if (!(data instanceof Float32Array)) throw new Error(`"${name}" is not float32`)
      return [name, data]
    }))
    return { state: { updates: Number(metadata.updates), vectors }, progress: JSON.parse(metadata.progress ?? '') as TrainingProgress }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('workspace-damaged', `The checkpoint ${hash} cannot be gone on from (${reason}). Let the student use an earlier checkpoint, and start another run from it.`, { cause })
  }
}
