/**
 * Gradients of activations. They read what the forward pass already computed (y) where that saves a function, and make
 * few passes: on a CPU the cost of an elementwise operator is the memory it moves.
 */
import { floatAttribute, intAttribute, stringAttribute } from '../../onnx/model.ts'
import type { Emit, Value } from '../../onnx/graph-builder.ts'
import { NO_GRADIENT, type Rule, type RuleInput } from '../rule.ts'
import { softmaxBeforeProduct } from './attention.ts'
import { indicator } from './indicator.ts'

/** The gradient where x > 0 and 0 elsewhere: 0 at 0, as in PyTorch. x > 0 exactly where y > 0. */
export const relu: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, positive(emit, y)])]

/** y (1 - y) */
export const sigmoid: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, emit('Mul', [y, emit('Sub', [1, y])])])]

/** 1 - y^2 */
export const tanh: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, emit('Sub', [1, emit('Mul', [y, y])])])]

/** 2 / sqrt(pi) exp(-x^2); the factor is added in the exponent, where it costs no pass */
export const erf: Rule = ({ x: [x], dy: [dy], emit }) => {
  const exponent = emit('Sub', [Math.log(2 / Math.sqrt(Math.PI)), emit('Mul', [x, x])])
  return [emit('Mul', [dy, emit('Exp', [exponent])])]
}

/** 1 / (1 + exp(-x)) */
export const softplus: Rule = ({ x: [x], dy: [dy], emit }) => [emit('Mul', [dy, emit('Sigmoid', [x])])]

/** y = x / (1 + |x|): 1 / (1 + |x|)^2 */
export const softsign: Rule = ({ x: [x], dy: [dy], emit }) => {
  const denominator = emit('Add', [emit('Abs', [x]), 1])
  return [emit('Div', [dy, emit('Mul', [denominator, denominator])])]
}

/** 1 where x > 0, alpha elsewhere */
export const leakyRelu: Rule = ({ node, x: [x], dy: [dy], emit }) => {
  const alpha = floatAttribute(node, 'alpha', 0.01)
  return [emit('Mul', [dy, emit('Add', [emit('Mul', [positive(emit, x), 1 - alpha]), alpha])])]
}

/** y = max(x, 0) + slope min(x, 0); the slope broadcasts to x */
export const pRelu: Rule = ({ x: [x, slope], dy: [dy], emit, needed }) => [
  needed[0] ? emit('Mul', [dy, emit('Add', [emit('Mul', [positive(emit, x), emit('Sub', [1, slope])]), slope])]) : NO_GRADIENT,
  needed[1] ? emit('Mul', [dy, emit('Sub', [x, emit('Relu', [x])])]) : NO_GRADIENT,
]

/** y = x where x > 0, alpha (exp(x) - 1) elsewhere: there the slope is y + alpha */
export const elu: Rule = (rule) => [exponentialUnit(rule, { above: 1, alpha: floatAttribute(rule.node, 'alpha', 1) })]

/** y = gamma x where x > 0, gamma alpha (exp(x) - 1) elsewhere: there the slope is y + gamma alpha */
export const selu: Rule = (rule) => {
  const gamma = floatAttribute(rule.node, 'gamma', 1.0507009873554805)
  return [exponentialUnit(rule, { above: gamma, alpha: gamma * floatAttribute(rule.node, 'alpha', 1.6732632423543772) })]
}

function exponentialUnit({ x: [x], y: [y], dy: [dy], emit }: RuleInput, { above, alpha }: { above: number; alpha: number }): Value {
  return emit('Mul', [dy, emit('Where', [emit('Greater', [x, 0]), above, emit('Add', [y, alpha])])])
}

/** y = x tanh(softplus(x)) = x t: t + x (1 - t^2) sigmoid(x) */
export const mish: Rule = ({ x: [x], dy: [dy], emit }) => {
  const t = emit('Tanh', [emit('Softplus', [x])])
  const inner = emit('Mul', [emit('Sub', [1, emit('Mul', [t, t])]), emit('Mul', [x, emit('Sigmoid', [x])])])
  return [emit('Mul', [dy, emit('Add', [t, inner])])]
}

export const gelu: Rule = (rule) => [stringAttribute(rule.node, 'approximate', 'none') === 'tanh' ? geluByTanh(rule) : geluByErf(rule)]

/**
 * y = x Phi(x): Phi(x) + x phi(x), Phi and phi the normal distribution's cumulative function and density. With
 * u = x / sqrt(2) that is (1 + erf(u)) / 2 + u exp(-u^2) / sqrt(pi): HardSigmoid is the first term in one pass (its clip
 * never acts), and the second's factor is added in the exponent.
 */
function geluByErf({ x: [x], dy: [dy], emit }: RuleInput): Value {
  const u = emit('Mul', [x, Math.SQRT1_2])
  const distribution = emit('HardSigmoid', [emit('Erf', [u])], { alpha: 0.5, beta: 0.5 })
  const exponent = emit('Sub', [-0.5 * Math.log(Math.PI), emit('Mul', [u, u])])
  return emit('Mul', [dy, emit('Add', [distribution, emit('Mul', [u, emit('Exp', [exponent])])])])
}

/** y = x s(u), s the logistic function and u = x (a + b x^2): s + y (1 - s) (a + 3 b x^2) */
function geluByTanh({ x: [x], y: [y], dy: [dy], emit }: RuleInput): Value {
  const a = 2 * Math.sqrt(2 / Math.PI)
  const b = a * 0.044715
  const square = emit('Mul', [x, x])
  const s = emit('Sigmoid', [emit('Mul', [x, emit('Add', [emit('Mul', [square, b]), a])])])
  const inner = emit('Add', [emit('Mul', [square, 3 * b]), a])
  const slope = emit('Add', [s, emit('Mul', [emit('Mul', [y, emit('Sub', [1, s])]), inner])])
  return emit('Mul', [dy, slope])
}

/** y = clip(alpha x + beta, 0, 1): alpha strictly between, 0 at the bounds and beyond */
export const hardSigmoid: Rule = ({ node, y: [y], dy: [dy], emit }) => {
  const between = emit('And', [emit('Greater', [y, 0]), emit('Less', [y, 1])])
  return [emit('Mul', [dy, emit('Mul', [indicator(emit, between, y), floatAttribute(node, 'alpha', 0.2)])])]
}

/** y = x clip(x / 6 + 1/2, 0, 1): 0 up to -3, 1 from 3, x / 3 + 1/2 between */
export const hardSwish: Rule = ({ x: [x], dy: [dy], emit }) => {
  const inner = emit('Add', [emit('Mul', [x, 1 / 3]), 0.5])
  const between = indicator(emit, emit('Less', [emit('Abs', [x]), 3]), x)
  const above = indicator(emit, emit('GreaterOrEqual', [x, 3]), x)
  return [emit('Mul', [dy, emit('Add', [emit('Mul', [inner, between]), above])])]
}

/** The gradient passes between the bounds and at them (as in PyTorch); beyond, it belongs to the bound. */
export const clip: Rule = ({ x: [x, low, high], y: [y], dy: [dy], emit, needed }) => {
  const where = (comparison: string, bound: Value) => emit('Mul', [dy, indicator(emit, emit(comparison, [x, bound]), x)])
  return [
    needed[0] ? where('Equal', y) : NO_GRADIENT,
    needed[1] ? where('Less', low) : NO_GRADIENT,
    needed[2] ? where('Greater', high) : NO_GRADIENT,
  ]
}

/** y (dy - sum(dy y)) */
export const softmax: Rule = (rule) => {
  const { node, y: [y], dy: [dy], emit } = rule
  const axis = intAttribute(node, 'axis', -1)
  const product = axis === -1 || axis === y.shape.length - 1 ? softmaxBeforeProduct(rule) : undefined
  if (product !== undefined) return [product]
  const total = emit('ReduceSum', [emit('Mul', [dy, y]), [axis]])
  return [emit('Mul', [y, emit('Sub', [dy, total])])]
}

/** dy - softmax(x) sum(dy) */
export const logSoftmax: Rule = ({ node, y: [y], dy: [dy], emit }) => {
  const total = emit('ReduceSum', [dy, [intAttribute(node, 'axis', -1)]])
  return [emit('Sub', [dy, emit('Mul', [emit('Exp', [y]), total])])]
}

function positive(emit: Emit, x: Value): Value {
  return indicator(emit, emit('Greater', [x, 0]), x)
}
