/**
 * Reverse-mode differentiation of a graph under construction: walks its nodes backwards, asks the registry's rule of each
 * for the gradients of its inputs, undoes broadcasting, and adds up what several uses of a value contribute.
 */
import { describeNode, type Node } from '../onnx/model.ts'
import { elementCount, isFloat, tensorOf } from '../onnx/tensor.ts'
import { dims, type Emit, type GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { formatShape } from '../onnx/dims.ts'
import { ModelError } from '../onnx/errors.ts'
import { leanEmit } from './lean-emit.ts'
import { GRADIENTS } from './registry.ts'
import { NO_GRADIENT, STOP, type Rule } from './rule.ts'

/** What the names of the nodes begin with that `differentiate` emits: "gradient." and the name of the forward node. */
export const GRADIENT_SCOPE = 'gradient'

/**
 * Emits the gradients of the scalar `of` by the named values (parameters or any other values, inputs too) and returns them
 * by name. A value that `of` does not depend on has no entry. With `seed` (in the shape of `of`) `of` may be any value and
 * the result is the product of the seed with the Jacobian.
 * Throws ModelError 'unsupported' naming every node between them that has no rule, 'shape' where dimensions are symbolic.
 */
export function differentiate(builder: GraphBuilder, of: Value, by: readonly string[], seed?: Value): ReadonlyMap<string, Value> {
  const { path, dependent } = between(builder, { by, of: of.name })
  const rules = rulesOf(path)
  const gradients = new Map<string, Value>([[of.name, seed ?? ones(builder, of)]])
  const emit = leanEmit(builder)
  for (const node of path.toReversed()) {
    const rule = rules.get(node)
    if (rule === undefined || !node.outputs.some((name) => gradients.has(name))) continue
    builder.scope(`${GRADIENT_SCOPE}.${node.name || node.outputs[0]}`, () => backThrough(builder, { node, rule, gradients, dependent, emit }))
  }
  return new Map(by.flatMap((name) => {
    const gradient = gradients.get(name)
    return gradient === undefined ? [] : [[name, gradient] as const]
  }))
}

/** The operators of a graph between `by` and `of` that have no gradient rule, with the nodes' names: what a person must know before training. */
export function unsupportedOperators(builder: GraphBuilder, of: Value, by: readonly string[]): readonly Node[] {
  return between(builder, { by, of: of.name }).path.filter((node) => !Object.hasOwn(GRADIENTS, node.opType))
}

interface Step {
  readonly node: Node
  readonly rule: Rule
  readonly gradients: Map<string, Value>
  readonly dependent: ReadonlySet<string>
  readonly emit: Emit
}

function backThrough(builder: GraphBuilder, { node, rule, gradients, dependent, emit }: Step): void {
  const values = (names: readonly string[]) => names.map((name) => (name === '' ? undefined : builder.value(name))) as readonly Value[]
  const results = rule({
    node, x: values(node.inputs), y: values(node.outputs),
    dy: node.outputs.map((name) => gradients.get(name)) as readonly Value[],
    needed: node.inputs.map((name) => dependent.has(name)),
    emit, builder,
  })
  for (const [index, gradient] of results.entries()) {
    const name = node.inputs[index]
    if (gradient === NO_GRADIENT || !dependent.has(name)) continue
    const fitting = unbroadcast(builder, gradient, builder.value(name))
    const earlier = gradients.get(name)
    gradients.set(name, earlier === undefined ? fitting : emit('Add', [earlier, fitting]))
  }
}

/**
 * The gradient of an operand that was broadcast: the sum over the axes along which it was repeated.
 * Throws ModelError 'shape' where the gradient's shape is no broadcast of the operand's: the rule is wrong.
 */
export function unbroadcast(builder: GraphBuilder, gradient: Value, operand: Value): Value {
  const [from, to] = [dims(gradient), dims(operand)]
  const lead = from.length - to.length
  const axes = from.flatMap((dim, axis) => (axis < lead || (to[axis - lead] === 1 && dim !== 1) ? [axis] : []))
  if (lead < 0 || from.some((dim, axis) => !axes.includes(axis) && dim !== to[axis - lead])) {
    throw new ModelError('shape', `The gradient of "${operand.name}" ${formatShape(to)} came out as ${formatShape(from)}.`)
  }
  const summed = axes.length === 0 ? gradient : builder.emit('ReduceSum', [gradient, axes], { keepdims: 1 })
  return lead === 0 ? summed : builder.emit('Reshape', [summed, to])
}

/** Nodes whose outputs depend on `by` and that `of` depends on, in order; and every value that depends on `by`. */
function between(builder: GraphBuilder, { by, of }: { by: readonly string[]; of: string }): { path: readonly Node[]; dependent: ReadonlySet<string> } {
  const dependent = new Set(by)
  const forward = builder.nodes.filter((node) => {
    if (GRADIENTS[node.opType] === STOP || !node.inputs.some((name) => dependent.has(name))) return false
    const outputs = node.outputs.filter((name) => name !== '' && isFloat(builder.value(name).elementType))
    for (const name of outputs) dependent.add(name)
    return outputs.length > 0
  })
  const wanted = new Set([of])
  const path = forward.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false
    for (const name of node.inputs) if (dependent.has(name)) wanted.add(name)
    return true
  })
  return { path: path.toReversed(), dependent }
}

function rulesOf(path: readonly Node[]): ReadonlyMap<Node, Rule> {
  const missing = path.filter((node) => !Object.hasOwn(GRADIENTS, node.opType))
  if (missing.length > 0) {
    const operators = [...new Set(missing.map((node) => node.opType))]
    throw new ModelError('unsupported', `No gradient rule for ${operators.join(', ')}: ${missing.map(describeNode).join(', ')}. See docs/adding-an-operator.md, or freeze what lies before.`)
  }
  return new Map(path.flatMap((node) => {
    const rule = GRADIENTS[node.opType]
    return rule === STOP ? [] : [[node, rule] as const]
  }))
}

function ones(builder: GraphBuilder, of: Value): Value {
  const shape = dims(of)
  if (elementCount(shape) !== 1) throw new ModelError('shape', `"${of.name}" ${formatShape(shape)} is no scalar: reduce it to a loss, or give the gradient to start from.`)
  return builder.constant(tensorOf(of.elementType, shape, [1]))
}
