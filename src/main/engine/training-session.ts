/**
 * Runs a compiled training step in onnxruntime. The state goes from step to step without being copied: on the CPU two
 * sets of arrays take turns as inputs and outputs, on WebGPU it stays in the device's buffers. Like every run of
 * onnxruntime a step blocks the thread that calls it.
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Provider } from '../../contract/schemas.ts'
import { GraphBuilder } from '../../core/onnx/graph-builder.ts'
import type { Model } from '../../core/onnx/model.ts'
import type { ElementType, Tensor } from '../../core/onnx/tensor.ts'
import { formatShape, sameShape } from '../../core/onnx/dims.ts'
import { ModelError } from '../../core/onnx/errors.ts'
import { writeModel } from '../../core/onnx/write.ts'
import { compileFiniteCheck, firstNonFinite, type NonFinite } from '../../core/autodiff/finite-check.ts'
import { unpack } from '../../core/autodiff/parameter-layout.ts'
import type { StateRole } from '../../core/autodiff/step-state.ts'
import { initialState, isTaken, type StepInput, type TrainingStep } from '../../core/autodiff/training-step.ts'
import { sessionOptions } from './ort-values.ts'

export interface TrainingSessionOptions {
  readonly provider?: Provider
  /** intra-op threads of the CPU provider; 1 where omitted, with which runs are repeatable bit for bit */
  readonly threads?: number
  /** What the parameters and running statistics begin with; the forward model's where omitted */
  readonly initial?: ReadonlyMap<string, Tensor>
}

export interface StepSettings {
  readonly learningRate: number
  /** Whether this micro-batch is the last of its update; needed only where the step accumulates gradients. True where omitted. */
  readonly apply?: boolean
}

export interface StepResult {
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
  /** Before clipping; of the sum so far where gradients are accumulated */
  readonly gradientNorm: number
  /** Whether loss and gradients were; where not, nothing changed */
  readonly finite: boolean
  /** Loss gradients by the inputs that the step was compiled for */
  readonly gradients: Readonly<Record<string, Tensor>>
}

/** All that is needed to go on: to be kept in a checkpoint. */
export interface TrainingState {
  /** Updates done */
  readonly updates: number
  /** By the state vectors' names */
  readonly vectors: ReadonlyMap<string, Float32Array>
}

export interface TrainingSession {
  /** One step on one batch (every input and target of the step by name). Throws ModelError 'shape' where one is missing or does not fit. */
  step(batch: Readonly<Record<string, Tensor>>, settings: StepSettings): Promise<StepResult>
  /**
   * Computes the step again on the CPU, watching every value, and says where the first NaN or infinity came about; for
   * the batch of a step that was not finite. undefined where all is finite. Changes nothing.
   */
  findNonFinite(batch: Readonly<Record<string, Tensor>>, settings: StepSettings): Promise<NonFinite | undefined>
  /** The trained parameters and the running statistics by name: copies */
  parameters(): Promise<ReadonlyMap<string, Tensor>>
  /** The same with the parameters' moving average. Throws ModelError 'invalid' where the step keeps none. */
  averages(): Promise<ReadonlyMap<string, Tensor>>
  /** Copies of the whole state */
  state(): Promise<TrainingState>
  /** Throws ModelError 'shape' where the state is another step's. */
  restore(state: TrainingState): Promise<void>
  dispose(): Promise<void>
}

/** Opens a training step. On CUDA the state lies in the host's memory and crosses the bus with each step. Throws what onnxruntime throws where the provider cannot run it. */
export async function openTraining(step: TrainingStep, { provider = 'cpu', threads = 1, initial }: TrainingSessionOptions = {}): Promise<TrainingSession> {
  const names = step.state.map(({ name }) => name)
  const begin = step.state.map((vector) => initialState(step, vector, initial))
  const memory = provider === 'webgpu' ? await openDeviceMemory(step, provider, threads) : hostMemory(step)
  const session = await InferenceSession.create(writeModel(step.model), {
    ...sessionOptions({ model: '', provider, threads }),
    preferredOutputLocation: memory.locations,
    // with it onnxruntime takes all that a run needs a second time, as one block, from the second run on
    enableMemPattern: false,
    // a step is thousands of small operators, and nothing else wants the cores meanwhile: 4 % faster than waking threads
    extra: { session: { intra_op: { allow_spinning: '1' } } },
  }).catch(async (error: unknown) => {
    await memory.dispose()
    throw error
  })
  const used = new Set(session.inputNames)
  for (const [index, name] of names.entries()) await memory.write(name, begin[index])
  let updates = 0

  const feedsOf = (batch: Readonly<Record<string, Tensor>>, { learningRate, apply = true }: StepSettings, vector: (name: string) => OrtTensor) => {
    const feeds: Record<string, OrtTensor> = { learning_rate: scalar(learningRate), step: scalar(updates + 1), apply: new OrtTensor('bool', [apply], []) }
    for (const input of step.batch) feeds[input.name] = toOrt(input, batch[input.name])
    for (const name of names) feeds[name] = vector(name)
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name)))
  }

  async function run(batch: Readonly<Record<string, Tensor>>, settings: StepSettings): Promise<StepResult> {
    const feeds = feedsOf(batch, settings, memory.read)
    const fetches: Record<string, OrtTensor | null> = Object.fromEntries(session.outputNames.map((name) => [name, null]))
    for (const name of names) fetches[`next.${name}`] = memory.target(name)
    const results = await session.run(feeds, fetches)
    const [finite, apply] = [Number(results.finite.data[0]) === 1, settings.apply ?? true]
    for (const vector of step.state) memory.settle(vector.name, results[`next.${vector.name}`], isTaken(vector, { finite, apply }))
    if (finite && apply) updates++
    return {
      loss: number(results.loss), gradientNorm: number(results.gradient_norm), finite,
      terms: Object.fromEntries(step.terms.map((name) => [name, number(results[`term.${name}`])])),
      gradients: Object.fromEntries(step.gradientsBy.map((name) => [name, fromOrt(results[`gradient.${name}`])])),
    }
  }

  async function findNonFinite(batch: Readonly<Record<string, Tensor>>, settings: StepSettings): Promise<NonFinite | undefined> {
    const vectors = new Map<string, OrtTensor>()
    for (const name of names) vectors.set(name, vectorTensor(await memory.copy(name)))
    const feeds = feedsOf(batch, settings, (name) => present(vectors, name))
    const check = compileFiniteCheck(step)
    const watching = await InferenceSession.create(writeModel(check.model), sessionOptions({ model: '', provider: 'cpu', threads }))
    try {
      const { finite_values: finite } = await watching.run(feeds)
      return firstNonFinite(check, finite.data, updates + 1)
    } finally {
      await watching.release()
    }
  }

  async function tensorsOf(roles: readonly StateRole[]): Promise<ReadonlyMap<string, Tensor>> {
    const tensors = new Map<string, Tensor>()
    for (const { name, role, vector } of step.state) {
      if (roles.includes(role)) for (const [parameter, tensor] of unpack(vector, await memory.copy(name))) tensors.set(parameter, tensor)
    }
    return tensors
  }

  async function state(): Promise<TrainingState> {
    const vectors = new Map<string, Float32Array>()
    for (const name of names) vectors.set(name, await memory.copy(name))
    return { updates, vectors }
  }

  // one thing after the other: a step that begins before the last one ended would begin with the state before it
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  return {
    step: (batch, settings) => inTurn(() => run(batch, settings)),
    findNonFinite: (batch, settings) => inTurn(() => findNonFinite(batch, settings)),
    parameters: () => inTurn(() => tensorsOf(['parameters', 'statistics'])),
    averages: () => inTurn(async () => {
      if (!step.state.some(({ role }) => role === 'average')) throw new ModelError('invalid', 'This training step was compiled without a moving average of its parameters.')
      return tensorsOf(['average', 'statistics'])
    }),
    state: () => inTurn(state),
    restore: (saved) => inTurn(async () => {
      for (const { name, vector } of step.state) {
        const length = saved.vectors.get(name)?.length
        if (length !== vector.length) throw new ModelError('shape', `The state to restore has ${length === undefined ? 'no' : `${length} numbers in`} "${name}", where this training step has ${vector.length}.`)
      }
      for (const { name } of step.state) await memory.write(name, (saved.vectors.get(name) ?? new Float32Array()).slice())
      updates = saved.updates
    }),
    dispose: () => inTurn(async () => {
      await memory.dispose()
      await session.release()
    }),
  }
}

/** Where the state lies between two steps. */
interface StateMemory {
  readonly locations: InferenceSession.SessionOptions['preferredOutputLocation']
  /** Replaces a vector; takes the array over */
  write(name: string, data: Float32Array): Promise<void>
  /** What the next step is fed with */
  read(name: string): OrtTensor
  /** Where it writes; null: onnxruntime allocates */
  target(name: string): OrtTensor | null
  /** Takes over what a step wrote, or drops it */
  settle(name: string, result: OrtTensor, taken: boolean): void
  copy(name: string): Promise<Float32Array>
  dispose(): Promise<void>
}

/**
 * Two arrays per vector: each step reads one and writes the other. (onnxruntime-node 1.30 writes there and then copies what
 * it wrote into an array of its own, which is dropped here: less memory than to go on with that, and a little faster.)
 */
function hostMemory(step: TrainingStep): StateMemory {
  const current = new Map<string, OrtTensor>()
  const other = new Map(step.state.map(({ name, vector }) => [name, vectorTensor(new Float32Array(vector.length))]))
  return {
    locations: 'cpu',
    write: async (name, data) => void current.set(name, vectorTensor(data)),
    read: (name) => present(current, name),
    target: (name) => present(other, name),
    settle(name, _copy, taken) {
      if (!taken) return
      const written = present(other, name)
      other.set(name, present(current, name))
      current.set(name, written)
    },
    copy: async (name) => (present(current, name).data as Float32Array).slice(),
    dispose: async () => current.clear(),
  }
}

/**
 * Buffers of the device. Outputs stay there and are the next step's inputs. Vectors go there and back through sessions
 * that only add zero to them: onnxruntime 1.30 aborts the process where a tensor on the device is read directly.
 */
async function openDeviceMemory(step: TrainingStep, provider: Provider, threads: number): Promise<StateMemory> {
  const current = new Map<string, OrtTensor>()
  const copier = writeModel(copierModel())
  const options = sessionOptions({ model: '', provider, threads })
  const upload = await InferenceSession.create(copier, { ...options, preferredOutputLocation: 'gpu-buffer' })
  const download = await InferenceSession.create(copier, options)
  const put = (name: string, tensor: OrtTensor) => {
    current.get(name)?.dispose()
    current.set(name, tensor)
  }
  return {
    locations: Object.fromEntries(step.model.graph.outputs.map(({ name }) => [name, name.startsWith('next.') ? 'gpu-buffer' : 'cpu'])),
    async write(name, data) {
      const { y } = await upload.run({ x: vectorTensor(data) })
      put(name, y)
    },
    read: (name) => present(current, name),
    target: () => null,
    settle(name, result, taken) {
      if (taken) put(name, result)
      else result.dispose()
    },
    async copy(name) {
      const { y } = await download.run({ x: present(current, name) })
      return y.data as Float32Array
    },
    async dispose() {
      for (const tensor of current.values()) tensor.dispose()
      current.clear()
      await upload.release()
      await download.release()
    },
  }
}

function copierModel(): Model {
  const builder = new GraphBuilder()
  builder.output(builder.emit('Add', [builder.input('x', 'float32', ['length']), 0]), 'y')
  return builder.build('copier')
}

function toOrt({ name, elementType, dims }: StepInput, tensor: Tensor | undefined): OrtTensor {
  const expected = `${elementType} ${formatShape(dims)}`
  if (tensor === undefined) throw new ModelError('shape', `The batch has no "${name}": the training step needs it as ${expected}.`)
  if (tensor.elementType !== elementType || !sameShape(tensor.dims, dims)) {
    throw new ModelError('shape', `"${name}" of the batch is ${tensor.elementType} ${formatShape(tensor.dims)}: the training step was compiled for ${expected}.`)
  }
  return new OrtTensor(elementType as 'float32', tensor.data as Float32Array, dims)
}

function fromOrt(tensor: OrtTensor): Tensor {
  return { elementType: tensor.type as ElementType, dims: tensor.dims, data: tensor.data as Float32Array }
}

function vectorTensor(data: Float32Array): OrtTensor {
  return new OrtTensor('float32', data, [data.length])
}

function scalar(value: number): OrtTensor {
  return new OrtTensor('float32', [value], [])
}

function number(tensor: OrtTensor): number {
  return Number(tensor.data[0])
}

function present(tensors: ReadonlyMap<string, OrtTensor>, name: string): OrtTensor {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new RangeError(`There is no state "${name}": the session was disposed.`)
  return tensor
}
