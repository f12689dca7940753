/**
 * The gradient of a softmax whose result is multiplied by a matrix, as in attention: y = softmax(s), o = y v. What is
 * subtracted from dy is the row sums of dy y, and since dy = do vᵀ they are the row sums of do o (Dao et al.,
 * FlashAttention, 2022, appendix B): sums over a head's few channels instead of all keys. They are subtracted inside the
 * product, as one more column of do against ones below vᵀ, so that only one pass over the large matrix is left.
 */
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import type { Node } from '../../onnx/model.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import type { RuleInput } from '../rule.ts'
import { swapLast } from './shapes.ts'

interface ReadByProduct {
  readonly o: Value
  readonly dO: Value
  readonly v: Value
}

/** ds = y (do vᵀ - rowsum(do o)), or undefined where dy is no such product or it would not be cheaper. */
export function softmaxBeforeProduct({ y: [y], dy: [dy], builder }: RuleInput): Value | undefined {
  const product = readByProduct(builder, y, dy)
  if (product === undefined) return undefined
  const { emit } = builder
  const { o, dO, v } = product
  const sums = emit('ReduceSum', [emit('Mul', [dO, o]), [-1]])
  const shape = [...dims(v).slice(0, -1), 1]
  const ones = builder.constant(tensorOf(v.elementType, shape, Array.from({ length: elementCount(shape) }, () => 1)))
  const rows = emit('Concat', [dO, emit('Neg', [sums])], { axis: -1 })
  const columns = swapLast(emit, emit('Concat', [v, ones], { axis: -1 }))
  return emit('Mul', [y, emit('MatMul', [rows, columns])])
}

/** o = y v and do, where dy is exactly do vᵀ and v is narrower than y. */
function readByProduct(builder: GraphBuilder, y: Value, dy: Value): ReadByProduct | undefined {
  const product = producerOf(builder, dy)
  const transpose = product?.opType === 'MatMul' ? producerOf(builder, builder.value(product.inputs[1])) : undefined
  if (product === undefined || transpose?.opType !== 'Transpose') return undefined
  const forward = builder.nodes.find((node) => node.opType === 'MatMul' && node.inputs[0] === y.name && node.inputs[1] === transpose.inputs[0])
  if (forward === undefined) return undefined
  const [v, o, dO] = [transpose.inputs[0], forward.outputs[0], product.inputs[0]].map((name) => builder.value(name))
  const sameBatch = dims(v).length === dims(y).length && dims(v).slice(0, -2).every((dim, axis) => dim === dims(y)[axis])
  return sameBatch && (dims(v).at(-1) ?? 0) < (dims(y).at(-1) ?? 0) ? { o, dO, v } : undefined
}

function producerOf(builder: GraphBuilder, value: Value): Node | undefined {
  return builder.nodes.findLast((node) => node.outputs.includes(value.name))
}
