/** Gradients of reductions. */
import { dims, type Value } from '../../onnx/graph-builder.ts'
import { NO_GRADIENT, type Rule } from '../rule.ts'

/** Every element of the input counts once: the gradient spread back over the reduced axes. */
export const reduceSum: Rule = ({ x: [x, axes], y: [y], dy: [dy], emit }) => {
  const kept = dims(x).map((dim, axis) => (reducedAxes(dims(x), dims(y), axes).has(axis) ? 1 : dim))
  return [emit('Expand', [emit('Reshape', [dy, kept]), dims(x)]), NO_GRADIENT]
}

/** The axes that a reduction from `from` sums over: as its axes input says, or all. */
function reducedAxes(from: readonly number[], to: readonly number[], axes: Value | undefined): ReadonlySet<number> {
  const asked = axes?.contents?.map(Number) ?? []
  if (asked.length === 0) return new Set(to.length === from.length && to.every((dim, axis) => dim === from[axis]) ? [] : from.keys())
  return new Set(asked.map((axis) => (axis < 0 ? axis + from.length : axis)))
}

export const reduceMean: Rule = () => { throw new Error('reduceMean: to be written') }

export const reduceMax: Rule = () => { throw new Error('reduceMax: to be written') }

export const reduceLogSumExp: Rule = () => { throw new Error('reduceLogSumExp: to be written') }

export const globalAveragePool: Rule = () => { throw new Error('globalAveragePool: to be written') }
