/** Type rules of reductions (opset 18 form: axes are an input) and of softmax. */
import { intAttribute } from '../model.ts'
import { normalizeAxis } from '../dims.ts'
import { input, numbersOf, type TypeRule } from './type-rule.ts'

export const reduce: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const asked = numbersOf(rule, 1) ?? []
  if (asked.length === 0 && intAttribute(rule.node, 'noop_with_empty_axes', 0) === 1) return [{ elementType, shape }]
  const axes = new Set(asked.length === 0 ? shape.keys() : asked.map((axis) => normalizeAxis(axis, shape.length)))
  const keep = intAttribute(rule.node, 'keepdims', 1) === 1
  return [{ elementType, shape: shape.flatMap((dim, axis) => (axes.has(axis) ? (keep ? [1] : []) : [dim])) }]
}

export const globalPool: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  return [{ elementType, shape: shape.map((dim, axis) => (axis < 2 ? dim : 1)) }]
}
