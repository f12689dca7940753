/** Gradients of reductions: the gradient is brought to the kept shape (reduced dimensions 1) and spread over the input. */
import { intAttribute } from '../../onnx/model.ts'
import { elementCount } from '../../onnx/tensor.ts'
import { dims, type Value } from '../../onnx/graph-builder.ts'
import { normalizeAxis } from '../../onnx/dims.ts'
import { NO_GRADIENT, type Rule, type RuleInput } from '../rule.ts'
import { indicator, signOf } from './indicator.ts'

/** Every element counts once. */
export const reduceSum: Rule = (rule) => [spread(rule, kept(rule, rule.dy[0])), NO_GRADIENT]

/** Every element counts 1 / n. */
export const reduceMean: Rule = (rule) => {
  const share = elementCount(dims(rule.y[0])) / elementCount(dims(rule.x[0]))
  return [spread(rule, rule.emit('Mul', [kept(rule, rule.dy[0]), share])), NO_GRADIENT]
}

/** The largest (smallest) element gets the gradient; elements that tie share it evenly, as in PyTorch's amax. */
export const reduceMax: Rule = (rule) => {
  const { x: [x], y: [y], dy: [dy], emit } = rule
  const chosen = indicator(emit, emit('Equal', [x, kept(rule, y)]), x)
  const count = emit('ReduceSum', [chosen, axesOf(rule)], { noop_with_empty_axes: 1 })
  return [emit('Mul', [chosen, emit('Div', [kept(rule, dy), count])]), NO_GRADIENT]
}
export const reduceMin = reduceMax
export const globalMaxPool = reduceMax

/** y = log(sum(exp(x))): exp(x - y) */
export const reduceLogSumExp: Rule = (rule) => {
  const { x: [x], y: [y], dy: [dy], emit } = rule
  return [emit('Mul', [emit('Exp', [emit('Sub', [x, kept(rule, y)])]), kept(rule, dy)]), NO_GRADIENT]
}

/** 2 x */
export const reduceSumSquare: Rule = (rule) => {
  const { x: [x], dy: [dy], emit } = rule
  return [emit('Mul', [x, emit('Mul', [kept(rule, dy), 2])]), NO_GRADIENT]
}

/** sign(x) */
export const reduceL1: Rule = (rule) => {
  const { x: [x], dy: [dy], emit } = rule
  return [emit('Mul', [signOf(emit, x), kept(rule, dy)]), NO_GRADIENT]
}

/** x / y; 0 where the norm is 0, as in PyTorch */
export const reduceL2: Rule = (rule) => {
  const { x: [x], y: [y], dy: [dy], emit } = rule
  const factor = emit('Where', [emit('Equal', [y, 0]), 0, emit('Div', [dy, y])])
  return [emit('Mul', [x, kept(rule, factor)]), NO_GRADIENT]
}

export const globalAveragePool = reduceMean

/** The kept-dimensions form of the output or of its gradient, which broadcasts against the input. */
function kept(rule: RuleInput, value: Value): Value {
  const from = dims(rule.x[0])
  if (dims(value).length === from.length) return value
  const axes = axesOf(rule)
  return rule.emit('Reshape', [value, from.map((dim, axis) => (axes.includes(axis) ? 1 : dim))])
}

/** Returns a value of the kept shape at every element of the input. */
function spread({ x: [x], emit }: RuleInput, value: Value): Value {
  return emit('Expand', [value, dims(x)])
}

/** The axes that a node reduces: the spatial ones of a global pooling; those of its axes input; all where it has none. */
function axesOf({ node, x: [x, axes] }: RuleInput): readonly number[] {
  const rank = dims(x).length
  const all = Array.from({ length: rank }, (_, axis) => axis)
  if (node.opType.startsWith('Global')) return all.slice(2)
  const asked = axes?.contents?.map((axis) => normalizeAxis(Number(axis), rank)) ?? []
  return asked.length > 0 || intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? asked : all
}
