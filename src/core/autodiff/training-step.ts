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
import { pack } from './parameter-layout.ts'
import { recomputeBlocks } from './recompute.ts'
import { joined, slicesOf, StepState, type StateVector } from './step-state.ts'
import { type Controls, emitUpdates, type UpdateOptions } from './step-update.ts'
import { type ParameterFilter, type ParameterGroup, planParameters, planStatistics } from './training-parameters.ts'

/** What a step calls its own inputs and outputs: an input or a parameter of the forward model cannot have these names. */
const OWN_NAMES = ['learning_rate', 'step', 'apply', 'loss', 'gradient_norm', 'finite']

/** Goes before the names of the forward model's other values, of which any may be called "loss" or "labels" */
const FORWARD = 'forward.'

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

export interface TrainingStepOptions extends UpdateOptions {
  /** Numbers for the forward model's symbolic dimensions: a step is compiled for one size of batch */
  readonly bindings?: Bindings
  /** Which parameters are trained: a filter, or names; where omitted all that the loss depends on but matrices that resample. The others keep their values. */
  readonly trainable?: ParameterFilter | readonly string[]
  /** Parameters with a learning rate or a weight decay of their own */
  readonly groups?: readonly ParameterGroup[]
  /** Whether batch normalisations use the batch's statistics and follow them (as in PyTorch's train mode) or their running ones; 'train' where omitted */
  readonly batchNormalization?: 'train' | 'frozen'
  /** Blocks of the forward model, by what their nodes' names begin with, that are computed again in the backward pass instead of kept: less memory, more time */
  readonly recompute?: readonly string[]
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
 * scalar, where gradients are accumulated) and `state`. Its outputs, of one element each: `loss`, `term.NAME`,
 * `gradient_norm` (before clipping) and `finite` (bool: loss and gradients are); besides `gradient.NAME`, and `next.NAME`
 * of each state vector. To undo a step inside the model would cost a pass over all of the state. Whoever runs it has the
 * old vectors still, and keeps those of which `isTaken` says no.
 */
export interface TrainingStep {
  readonly model: Model
  readonly batch: readonly StepInput[]
  readonly state: readonly StateVector[]
  readonly terms: readonly string[]
  readonly gradientsBy: readonly string[]
  readonly accumulate: number
  /** The nodes of the forward model and the loss: to say what a node of `model` belongs to */
  readonly forward: readonly Node[]
  /** The forward model's values of all that is trained or followed */
  readonly initial: ReadonlyMap<string, Tensor>
}

/**
 * Compiles a training step for a forward model. Throws ModelError: unsupported (operators without a gradient rule, by
 * name and node), shape (dimensions that are not bound or do not fit), invalid (names that the model does not have or that
 * stand for something else in a step, numbers out of range, parameters that were asked for by name and do not reach the loss).
 */
export function compileTrainingStep(forward: Model, loss: LossBuilder, optimizer: Optimizer, options: TrainingStepOptions = {}): TrainingStep {
  const { layout, settingsOf } = planParameters(forward, { ...options, weightDecay: optimizer.weightDecay })
  const statistics = options.batchNormalization === 'frozen' ? [] : planStatistics(forward)
  refuseWrongNumbers(options)
  refuseOwnNames([...forward.graph.inputs.map(({ name }) => name), ...[...layout, ...statistics].flatMap(({ slices }) => slices.map(({ name }) => name))])
  const builder = new GraphBuilder()
  const controls = declareControls(builder, options)
  const state = new StepState(builder)
  const parameters = layout.map((vector) => ({ vector, value: state.input('parameters', vector) }))
  const running = statistics.map((vector) => ({ vector, value: state.input('statistics', vector) }))

  const slices = new Map([...parameters, ...running].flatMap(({ vector, value }) => [...slicesOf(builder, vector, value)]))
  const { net, followed } = emitForward(forward, { builder, slices, options })
  const { batch, total, terms } = emitLoss(builder, net, loss)
  const forwardNodes = [...builder.nodes]

  const trained = layout.flatMap((vector) => vector.slices.map(({ name }) => name))
  const gradients = differentiate(builder, total, [...trained, ...(options.gradientsBy ?? [])])
  const idle = trained.filter((name) => !gradients.has(name))
  if (idle.length > 0) return compileTrainingStep(forward, loss, optimizer, { ...options, trainable: without(idle, slices, options) })
  // before what comes of the parameters' gradients: `joined` says how the order matters
  for (const name of options.gradientsBy ?? []) builder.output(gradientBy(gradients, name), `gradient.${name}`)

  const joint = builder.scope('gradients', () => joined(builder, layout, gradients))
  const updates = parameters.map(({ vector, value }, index) => ({ vector, parameters: value, gradient: joint[index], settings: settingsOf(vector) }))
  const { norm, finite } = emitUpdates({ builder, state, controls, optimizer, options }, total, updates)
  const measured = builder.scope('statistics', () => joined(builder, statistics, followed))
  for (const [index, { value }] of running.entries()) state.replace(value, measured[index])

  builder.output(norm, 'gradient_norm')
  builder.output(finite, 'finite')
  state.declareOutputs()
  // reshaped and written last, so that onnxruntime computes them first: else what the loss is made of would be kept throughout
  for (const [name, value] of Object.entries(terms)) builder.output(builder.emit('Reshape', [value, [1]]), `term.${name}`)
  builder.output(builder.emit('Reshape', [total, [1]]), 'loss')
  const built = builder.build('training_step')
  const { recompute = [] } = options
  return {
    model: lowerForRuntime(recompute.length === 0 ? built : recomputeBlocks(built, { blocks: recompute, batch: batch.map(({ name }) => name) })),
    batch, state: state.vectors, terms: Object.keys(terms), gradientsBy: options.gradientsBy ?? [], accumulate: options.accumulate ?? 1,
    forward: forwardNodes,
    initial: new Map([...forward.graph.initializers].filter(([name]) => slices.has(name))),
  }
}

function refuseWrongNumbers({ accumulate = 1, clipNorm = 1, averageDecay = 0 }: UpdateOptions): void {
  const wrong = [
    ...(Number.isSafeInteger(accumulate) && accumulate >= 1 ? [] : [`${accumulate} micro-batches per update (a whole number from 1)`]),
    ...(clipNorm > 0 ? [] : [`${clipNorm} as the largest norm of the gradients (a number above 0)`]),
    ...(averageDecay >= 0 && averageDecay <= 1 ? [] : [`${averageDecay} as the decay of the moving average (0 to 1)`]),
  ]
  if (wrong.length > 0) throw new ModelError('invalid', `A training step cannot have ${wrong.join(', ')}.`)
}

function refuseOwnNames(names: readonly string[]): void {
  const taken = names.filter((name) => OWN_NAMES.includes(name))
  if (taken.length > 0) throw new ModelError('invalid', `The model has inputs or parameters called ${taken.map((name) => `"${name}"`).join(', ')}, as the training step's own are: rename them first.`)
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
  const net = rebuild(forward, { builder, prefix: FORWARD, bindings: options.bindings, initializer: (name) => slices.get(name), replace: follow })
  return { net, followed }
}

function emitLoss(builder: GraphBuilder, { inputs, outputs }: Rebuilt, loss: LossBuilder): { batch: readonly StepInput[]; total: Value; terms: Readonly<Record<string, Value>> } {
  const batch = Object.values(inputs).map(asStepInput)
  const { total, terms = {} } = builder.scope('loss', () => loss({
    builder, inputs, outputs,
    target(name, elementType, shape) {
      if (builder.has(name)) throw new ModelError('invalid', `The loss's target "${name}" has the name of an input or a parameter of the model, or of another target: call it otherwise.`)
      const value = builder.input(name, elementType, shape)
      batch.push(asStepInput(value))
      return value
    },
  }))
  return { batch, total, terms }
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

/** Whether a state vector changes in a step: none where something was not finite, parameters only in the last micro-batch of an update. */
export function isTaken({ role }: StateVector, { finite, apply }: { readonly finite: boolean; readonly apply: boolean }): boolean {
  return finite && (apply || role === 'accumulated' || role === 'statistics')
}

/** A state vector before the first step, from tensors by name (the forward model's where omitted). Throws ModelError 'shape'. */
export function initialState({ initial }: TrainingStep, { role, vector }: StateVector, tensors: ReadonlyMap<string, Tensor> = initial): Float32Array {
  const begins = role === 'parameters' || role === 'average' || role === 'statistics'
  return begins ? pack(vector, tensors) : new Float32Array(vector.length)
}
