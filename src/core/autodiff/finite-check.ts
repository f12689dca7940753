/** Where a training step turned into NaN or infinity: the same step with an eye on every value. */
import { rebuild } from '../onnx/bind.ts'
import type { Emit, Value } from '../onnx/graph-builder.ts'
import { describeNode, type Model, type Node } from '../onnx/model.ts'
import type { TrainingStep } from './training-step.ts'

export interface FiniteCheck {
  /** Takes what the step takes; its only output `finite_values` (bool) has one element for each of `values` */
  readonly model: Model
  /** Float inputs and what nodes compute, in the order of computation */
  readonly values: readonly WatchedValue[]
}

export interface WatchedValue {
  readonly name: string
  /** The node that computes it; undefined: it is given, in the batch, a parameter or other state */
  readonly node: Node | undefined
  /** The node of the forward model or the loss that it serves: itself, or the one whose gradient or replacement it is part of */
  readonly forwardNode: Node | undefined
}

/** The first value that is not finite. */
export interface NonFinite extends WatchedValue {
  /** The update that was computed, from 1 */
  readonly step: number
  /** In words */
  readonly message: string
}

/** The step as a model that says of each value whether it is finite: slow, for the search after a step that was not. */
export function compileFiniteCheck(step: TrainingStep): FiniteCheck {
  const { builder, values } = rebuild(step.model)
  const watched = watchedValues(step).filter(({ name }) => values.get(name)?.elementType === 'float32')
  // last first: onnxruntime follows the node that was written last, so each value is looked at as soon as it is there
  const checks = builder.scope('finite', () => watched.toReversed().flatMap(({ name }) => zeroIfFinite(builder.emit, values.get(name)))).toReversed()
  builder.output(builder.emit('Equal', [builder.emit('Concat', checks, { axis: 0 }), 0]), 'finite_values')
  return { model: builder.build('finite_check'), values: watched }
}

/** Inputs, then what nodes compute. Parameters are looked at one by one, as if they were inputs, instead of their vectors. */
function watchedValues(step: TrainingStep): readonly WatchedValue[] {
  const { inputs, nodes } = step.model.graph
  const vectors = new Set(step.state.filter(({ role }) => role === 'parameters' || role === 'statistics').map(({ name }) => name))
  const forwardNodeOf = forwardNodes(step)
  const given = [...inputs.map(({ name }) => name).filter((name) => !vectors.has(name)), ...step.initial.keys()]
  const computed = nodes.filter(({ inputs: [first] }) => !vectors.has(first)).flatMap((node) => node.outputs.map((name) => ({ name, node, forwardNode: forwardNodeOf(node) })))
  return [...given.map((name) => ({ name, node: undefined, forwardNode: undefined })), ...computed.filter(({ name }) => !step.initial.has(name))]
}

/** [1]: NaN where any element is NaN or infinite. */
function zeroIfFinite(emit: Emit, value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : [emit('ReduceSum', [emit('Mul', [emit('Reshape', [value, [-1]]), 0])], { keepdims: 1 })]
}

/** What the check's output says of the update `step`; undefined where all values are finite. */
export function firstNonFinite({ values }: FiniteCheck, finite: ArrayLike<number | bigint | string>, step: number): NonFinite | undefined {
  const first = values.find((_, index) => Number(finite[index]) === 0)
  return first === undefined ? undefined : { ...first, step, message: `Step ${step} is not finite. The first NaN or infinity ${describe(first)}.` }
}

function describe({ name, node, forwardNode }: WatchedValue): string {
  if (node === undefined) return `is in "${name}", with which the step began`
  const computed = `comes out of ${describeNode(node)}`
  if (forwardNode === undefined || forwardNode.name === node.name) return computed
  return `${computed}, part of ${node.name.startsWith('gradient.') ? 'the gradient of ' : ''}${describeNode(forwardNode)}`
}

/** The walker and the lowering emit in scopes that end with the name of the node they are about; that name may have points itself. */
function forwardNodes({ forward }: TrainingStep): (node: Node) => Node | undefined {
  const byName = new Map(forward.map((node) => [node.name || node.outputs[0], node]))
  return ({ name }) => {
    const words = name.replace(/^(gradient\.|lowered\.)+/, '').split('.')
    for (let count = words.length; count > 0; count--) {
      const node = byName.get(words.slice(0, count).join('.'))
      if (node !== undefined) return node
    }
    return undefined
  }
}
