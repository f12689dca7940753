/**
 * Compiles one optimisation step into one ONNX model of standard operators: forward, loss, backward, optimiser. The
 * parameters and the optimiser's state go in and come out as flat vectors, so that they can stay where they are (on a
 * GPU too) and nothing but the batch has to be handed over.
 */
import type { ElementType, Tensor } from '../onnx/tensor.ts'
import type { Model, Node } from '../onnx/model.ts'
import { dims, GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { type Bindings, rebuild, type Rebuilt } from '../onnx/bind.ts'
import { ModelError } from '../onnx/errors.ts'
import { differentiate } from './differentiate.ts'
import { lowerForRuntime, toTrainingBatchNormalization } from './lower.ts'
import type { Optimizer } from './optimizers.ts'
import { type LayoutVector, pack } from './parameter-layout.ts'
import { joined, slicesOf, StepState, type StateVector } from './step-state.ts'
import { type GroupSettings, type ParameterFilter, type ParameterGroup, planParameters, planStatistics } from './training-parameters.ts'

export interface LossScope {
  readonly builder: GraphBuilder
  /** The forward model's inputs and outputs, by name */
  readonly inputs: Readonly<Record<string, Value>>
  readonly outputs: Readonly<Record<string, Value>>
  /** Declares a further input of the step: labels, weights */
  readonly target: (name: string, elementType: ElementType, shape: readonly number[]) => Value
}

export interface Loss {
  /** Scalar: what is minimised */
  readonly total: Value
  /** Scalars to report beside it */
  readonly terms?: Readonly<Record<string, Value>>
}

export type LossBuilder = (scope: LossScope) => Loss

export interface TrainingStepOptions {
  /** Numbers for the forward model's symbolic dimensions: a step is compiled for one size of batch */
  readonly bindings?: Bindings
  /** Which parameters are trained: a filter, or names; all that the loss depends on where omitted. The others keep their values. */
  readonly trainable?: ParameterFilter | readonly string[]
  /** Parameters with a learning rate or a weight decay of their own */
  readonly groups?: readonly ParameterGroup[]
  /** Largest Euclidean norm of all gradients together, as torch.nn.utils.clip_grad_norm_ */
  readonly clipNorm?: number
  /** Micro-batches per update: their gradients are averaged, and the input `apply` says which is the last. 1 where omitted. */
  readonly accumulate?: number
  /** Keeps an exponential moving average of the parameters: average = decay average + (1 - decay) parameters */
  readonly averageDecay?: number
  /** Whether batch normalisations use the batch's statistics and follow them (as in PyTorch's train mode) or their running ones; 'train' where omitted */
  readonly batchNormalization?: 'train' | 'frozen'
  /** Inputs by which the loss is differentiated too: an output `gradient.NAME` for each */
  readonly gradientsBy?: readonly string[]
}

/** An input that each step is fed with. */
export interface StepInput {
  readonly name: string
  readonly elementType: ElementType
  readonly dims: readonly number[]
}

/**
 * `model`'s inputs: `batch`, `learning_rate` and `step` (float32 scalars; the first update is step 1), `apply` (bool
 * scalar, where gradients are accumulated) and `state`. Its outputs: `loss`, `term.NAME`, `gradient_norm` (before
 * clipping), `finite` (bool: loss and gradients are; where not, the new state is the old one), `gradient.NAME` and
 * `next.NAME` of each state vector.
 */
export interface TrainingStep {
  readonly model: Model
  readonly batch: readonly StepInput[]
  readonly state: readonly StateVector[]
  readonly terms: readonly string[]
  readonly gradientsBy: readonly string[]
  readonly accumulate: number
  /** The forward model's values of all that is trained or followed */
  readonly initial: ReadonlyMap<string, Tensor>
}

/**
 * Compiles a training step for a forward model. Throws ModelError: unsupported (operators without a gradient rule, by
 * name and node), shape (dimensions that are not bound or do not fit), invalid (names that the model does not have,
 * parameters that were asked for by name and do not reach the loss).
 */
export function compileTrainingStep(forward: Model, loss: LossBuilder, optimizer: Optimizer, options: TrainingStepOptions = {}): TrainingStep {
  const { layout, settings } = planParameters(forward, { ...options, weightDecay: optimizer.weightDecay })
  const statistics = options.batchNormalization === 'frozen' ? [] : planStatistics(forward)
  const builder = new GraphBuilder()
  const state = new StepState(builder)
  const controls = declareControls(builder, options)
  const vectors = layout.map((vector) => ({ vector, value: state.input('parameters', vector) }))
  const running = statistics.map((vector) => ({ vector, value: state.input('statistics', vector) }))

  const slices = new Map([...vectors, ...running].flatMap(({ vector, value }) => [...slicesOf(builder, vector, value)]))
  const { net, followed } = emitForward(forward, { builder, slices, options })
  const { batch, total, terms } = emitLoss(builder, net, loss)
  const trained = layout.flatMap((vector) => vector.slices.map(({ name }) => name))
  const gradients = differentiate(builder, total, [...trained, ...(options.gradientsBy ?? [])])
  const idle = trained.filter((name) => !gradients.has(name))
  if (idle.length > 0) return compileTrainingStep(forward, loss, optimizer, { ...options, trainable: without(idle, slices, options) })

  const sums = builder.scope('gradients', () => vectors.map(({ vector }) => {
    const gradient = joined(builder, vector, gradients)
    const accumulated = controls.apply === undefined ? undefined : state.input('accumulated', vector)
    return { vector, accumulated, sum: accumulated === undefined ? gradient : builder.emit('Add', [accumulated, gradient]) }
  }))
  const guard = builder.scope('guard', () => emitGuard(builder, { total, sums: sums.map(({ sum }) => sum), apply: controls.apply, options }))
  for (const [index, { vector, value }] of vectors.entries()) {
    const { sum, accumulated } = sums[index]
    builder.scope(`update.${vector.name}`, () => {
      const gradient = guard.scale === undefined ? sum : builder.emit('Mul', [sum, guard.scale])
      emitUpdate({ builder, state, controls, optimizer, options }, { vector, value, gradient, applied: guard.applied, settings: settings.get(vector.group) })
      if (accumulated !== undefined && controls.apply !== undefined) state.replace(accumulated, builder.emit('Where', [controls.apply, 0, sum]), guard.finite)
    })
  }
  for (const { vector, value } of running) state.replace(value, builder.scope('statistics', () => joined(builder, vector, followed)), guard.finite)

  builder.output(total, 'loss')
  for (const [name, value] of Object.entries(terms)) builder.output(value, `term.${name}`)
  builder.output(guard.norm, 'gradient_norm')
  builder.output(guard.finite, 'finite')
  for (const name of options.gradientsBy ?? []) builder.output(gradientBy(gradients, name), `gradient.${name}`)
  state.declareOutputs()
  return {
    model: lowerForRuntime(builder.build('training_step')),
    batch, state: state.vectors, terms: Object.keys(terms), gradientsBy: options.gradientsBy ?? [], accumulate: options.accumulate ?? 1,
    initial: new Map([...forward.graph.initializers].filter(([name]) => slices.has(name))),
  }
}

interface Controls {
  readonly learningRate: Value
  readonly step: Value
  readonly apply: Value | undefined
}

function declareControls(builder: GraphBuilder, { accumulate = 1 }: TrainingStepOptions): Controls {
  return {
    learningRate: builder.input('learning_rate', 'float32', []),
    step: builder.input('step', 'float32', []),
    apply: accumulate > 1 ? builder.input('apply', 'bool', []) : undefined,
  }
}

interface Forward {
  readonly net: Rebuilt
  /** New running statistics by the names of the old */
  readonly followed: ReadonlyMap<string, Value>
}

/** The forward model on slices of the state; batch normalisations in training mode where their statistics are state. */
function emitForward(forward: Model, { builder, slices, options }: { builder: GraphBuilder; slices: ReadonlyMap<string, Value>; options: TrainingStepOptions }): Forward {
  const followed = new Map<string, Value>()
  const follow = (node: Node) => {
    if (node.opType !== 'BatchNormalization' || options.batchNormalization === 'frozen') return undefined
    const results = builder.append(toTrainingBatchNormalization(node))
    for (const index of [3, 4]) followed.set(node.inputs[index], results[index - 2])
    return results
  }
  const net = rebuild(forward, { builder, bindings: options.bindings, initializer: (name) => slices.get(name), replace: follow })
  return { net, followed }
}

function emitLoss(builder: GraphBuilder, { inputs, outputs }: Rebuilt, loss: LossBuilder): { batch: readonly StepInput[]; total: Value; terms: Readonly<Record<string, Value>> } {
  const batch = Object.values(inputs).map(asStepInput)
  const { total, terms = {} } = builder.scope('loss', () => loss({
    builder, inputs, outputs,
    target(name, elementType, shape) {
      const value = builder.input(name, elementType, shape)
      batch.push(asStepInput(value))
      return value
    },
  }))
  return { batch, total, terms }
}

interface Guard {
  /** Euclidean norm of all gradients, before clipping */
  readonly norm: Value
  readonly finite: Value
  /** Whether this step changes the parameters */
  readonly applied: Value
  /** Factor that averages and clips the summed gradients; undefined: 1 */
  readonly scale: Value | undefined
}

/** The largest finite float32; NaN compares as false with it. */
const LARGEST = 3.4028234663852886e38

function emitGuard({ emit }: GraphBuilder, { total, sums, apply, options }: { total: Value; sums: readonly Value[]; apply: Value | undefined; options: TrainingStepOptions }): Guard {
  const { accumulate = 1, clipNorm } = options
  const squares = sums.map((sum) => emit('ReduceSumSquare', [sum], { keepdims: 0 })).reduce((all, each) => emit('Add', [all, each]))
  const norm = accumulate === 1 ? emit('Sqrt', [squares]) : emit('Div', [emit('Sqrt', [squares]), accumulate])
  const isFinite = (value: Value) => emit('LessOrEqual', [emit('Abs', [value]), LARGEST])
  const finite = emit('And', [isFinite(total), isFinite(norm)])
  const clip = clipNorm === undefined ? undefined : emit('Min', [emit('Div', [clipNorm, emit('Add', [norm, 1e-6])]), 1])
  const scale = clip === undefined ? undefined : emit('Div', [clip, accumulate])
  return { norm, finite, applied: apply === undefined ? finite : emit('And', [finite, apply]), scale: scale ?? (accumulate === 1 ? undefined : emit('Div', [1, accumulate])) }
}

interface UpdateScope {
  readonly builder: GraphBuilder
  readonly state: StepState
  readonly controls: Controls
  readonly optimizer: Optimizer
  readonly options: TrainingStepOptions
}

interface VectorUpdate {
  readonly vector: LayoutVector
  readonly value: Value
  readonly gradient: Value
  readonly applied: Value
  readonly settings: GroupSettings | undefined
}

function emitUpdate({ builder: { emit }, state, controls, optimizer, options }: UpdateScope, { vector, value, gradient, applied, settings }: VectorUpdate): void {
  const { learningRateFactor = 1, weightDecay = 0 } = settings ?? {}
  const learningRate = learningRateFactor === 1 ? controls.learningRate : emit('Mul', [controls.learningRate, learningRateFactor])
  const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, state.input(`optimizer.${slot}`, vector)]))
  const next = optimizer.update({ emit, parameters: value, gradient, slots, learningRate, step: controls.step, weightDecay })
  state.replace(value, next.parameters, applied)
  for (const slot of optimizer.slots) state.replace(slots[slot], next.slots[slot], applied)
  if (options.averageDecay === undefined) return
  const average = state.input('average', vector)
  state.replace(average, emit('Add', [emit('Mul', [average, options.averageDecay]), emit('Mul', [next.parameters, 1 - options.averageDecay])]), applied)
}

/** The filter that leaves out parameters which the loss does not depend on. Throws where they were asked for by name. */
function without(idle: readonly string[], slices: ReadonlyMap<string, Value>, { trainable }: TrainingStepOptions): ParameterFilter {
  if (typeof trainable === 'object') throw new ModelError('invalid', `The loss does not depend on ${idle.map((name) => `"${name}"`).join(', ')}: leave out what is not to be trained.`)
  const left = new Set(idle)
  return (name) => slices.has(name) && !left.has(name)
}

function gradientBy(gradients: ReadonlyMap<string, Value>, name: string): Value {
  const gradient = gradients.get(name)
  if (gradient === undefined) throw new ModelError('invalid', `The loss does not depend on the input "${name}".`)
  return gradient
}

function asStepInput(value: Value): StepInput {
  return { name: value.name, elementType: value.elementType, dims: dims(value) }
}

/** A state vector before the first step, from tensors by name (the forward model's where omitted). Throws ModelError 'shape'. */
export function initialState({ initial }: TrainingStep, { role, vector }: StateVector, tensors: ReadonlyMap<string, Tensor> = initial): Float32Array {
  const begins = role === 'parameters' || role === 'average' || role === 'statistics'
  return begins ? pack(vector, tensors) : new Float32Array(vector.length)
}
