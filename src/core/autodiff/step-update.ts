/** The second half of a training step: from gradients to new parameters. Sum over micro-batches, guard, clipping, optimiser, moving average. */
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts'
import type { Optimizer } from './optimizers.ts'
import type { LayoutVector } from './parameter-layout.ts'
import type { StepState } from './step-state.ts'
import type { GroupSettings } from './training-parameters.ts'

/** Scalars that each step is fed with. */
export interface Controls {
  readonly learningRate: Value
  /** 1 in the first update */
  readonly step: Value
  /** Whether this micro-batch is the last of its update; undefined: each is */
  readonly apply: Value | undefined
}

export interface UpdateOptions {
  /** Largest Euclidean norm of all gradients together, as torch.nn.utils.clip_grad_norm_ */
  readonly clipNorm?: number
  /** Micro-batches per update: their gradients are averaged, and the input `apply` says which is the last. 1 where omitted. */
  readonly accumulate?: number
  /** Keeps an exponential moving average of the parameters: average = decay average + (1 - decay) parameters */
  readonly averageDecay?: number
}

export interface UpdateScope {
  readonly builder: GraphBuilder
  readonly state: StepState
  readonly controls: Controls
  readonly optimizer: Optimizer
  readonly options: UpdateOptions
}

export interface VectorUpdate {
  readonly vector: LayoutVector
  readonly parameters: Value
  readonly gradient: Value
  readonly settings: GroupSettings
}

interface Guard {
  /** Euclidean norm of all gradients, before clipping */
  readonly norm: Value
  /** Whether loss and gradients are finite */
  readonly finite: Value
  /** Factor that averages and clips the summed gradients; undefined: 1 */
  readonly scale: Value | undefined
}

/** The largest finite float32; NaN compares as false with it. */
const LARGEST = 3.4028234663852886e38

/** Emits the update of every vector and says what came of it. */
export function emitUpdates(scope: UpdateScope, total: Value, updates: readonly VectorUpdate[]): Pick<Guard, 'norm' | 'finite'> {
  const { builder, state, controls: { apply } } = scope
  const { emit } = builder
  const summed = updates.map((each) => {
    if (apply === undefined) return { ...each, accumulated: undefined }
    const accumulated = state.input('accumulated', each.vector)
    return { ...each, accumulated, gradient: emit('Add', [accumulated, each.gradient]) }
  })
  const guard = builder.scope('guard', () => emitGuard(scope, total, summed.map(({ gradient }) => gradient)))
  for (const { accumulated, ...each } of summed) {
    builder.scope(`update.${each.vector.name}`, () => {
      emitUpdate(scope, each, guard)
      if (accumulated !== undefined) state.replace(accumulated, emit('Where', [apply, 0, each.gradient]))
    })
  }
  return guard
}

function emitGuard({ builder: { emit }, options: { accumulate = 1, clipNorm } }: UpdateScope, total: Value, gradients: readonly Value[]): Guard {
  const root = emit('Sqrt', [gradients.map((gradient) => emit('ReduceSumSquare', [gradient], { keepdims: 0 })).reduce((sum, each) => emit('Add', [sum, each]))])
  const norm = accumulate === 1 ? root : emit('Div', [root, accumulate])
  const isFinite = (value: Value) => emit('LessOrEqual', [emit('Abs', [value]), LARGEST])
  const finite = emit('And', [isFinite(total), isFinite(norm)])
  const clip = clipNorm === undefined ? undefined : emit('Min', [emit('Div', [clipNorm, emit('Add', [norm, 1e-6])]), 1])
  const scale = accumulate === 1 ? clip : emit('Div', [clip ?? 1, accumulate])
  return { norm, finite, scale }
}

function emitUpdate({ builder: { emit }, state, controls, optimizer, options: { averageDecay } }: UpdateScope, { vector, parameters, gradient, settings }: VectorUpdate, { scale }: Guard): void {
  const { learningRateFactor, weightDecay } = settings
  const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, state.input(`optimizer.${slot}`, vector)]))
  const next = optimizer.update({
    emit, parameters, slots, weightDecay, step: controls.step,
    gradient: scale === undefined ? gradient : emit('Mul', [gradient, scale]),
    learningRate: learningRateFactor === 1 ? controls.learningRate : emit('Mul', [controls.learningRate, learningRateFactor]),
  })
  state.replace(parameters, next.parameters)
  for (const slot of optimizer.slots) state.replace(slots[slot], next.slots[slot])
  if (averageDecay === undefined) return
  const average = state.input('average', vector)
  state.replace(average, emit('Add', [emit('Mul', [average, averageDecay]), emit('Mul', [next.parameters, 1 - averageDecay])]))
}
