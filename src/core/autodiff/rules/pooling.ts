/** Gradients of pooling. */
import { intAttribute, intsAttribute } from '../../onnx/model.ts'
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { elementCount, type ElementType, tensorOf } from '../../onnx/tensor.ts'
import { extent, type SpatialAxis, spatialAxes } from '../../onnx/types/convolution.ts'
import type { Rule } from '../rule.ts'
import { inputGradient } from './convolution-input.ts'
import { reshaped } from './shapes.ts'

/** Each element of a window gets the gradient of its mean divided by the number of elements that the window counts. */
export const averagePool: Rule = ({ node, x: [x], dy: [dy], emit, builder }) => {
  const [size, count] = [dims(x).slice(2), dims(dy).slice(2)]
  const axes = spatialAxes(node, size, intsAttribute(node, 'kernel_shape') ?? [])
  const padded = intAttribute(node, 'count_include_pad', 0) === 1
  const shares = axes.map((axis, at) => Array.from({ length: count[at] }, (_, index) => 1 / counted(axis, index * axis.stride, size[at], padded)))
  return [spread(builder, emit('Mul', [dy, product(builder, shares, x.elementType)]), { shape: dims(x), axes })]
}

/** How many of a window's positions along an axis count, the window starting at `start` in the padded input. */
function counted(axis: SpatialAxis, start: number, size: number, padded: boolean): number {
  const [from, to] = padded ? [0, size + axis.padBegin + axis.padEnd] : [axis.padBegin, axis.padBegin + size]
  return Array.from({ length: axis.kernel }, (_, index) => start + index * axis.dilation).filter((at) => at >= from && at < to).length
}

/** The outer product of a vector per axis as a constant that broadcasts over batch and channels; a scalar where all are equal. */
function product(builder: GraphBuilder, vectors: readonly (readonly number[])[], elementType: ElementType): Value {
  const uniform = vectors.every((vector) => vector.every((value) => value === vector[0]))
  const used = uniform ? vectors.map((vector) => vector.slice(0, 1)) : vectors
  const values = used.reduce<readonly number[]>((outer, vector) => outer.flatMap((a) => vector.map((b) => a * b)), [1])
  return builder.constant(tensorOf(elementType, uniform ? [] : used.map((vector) => vector.length), values))
}

/** Adds each output's value to every element of its window: the transposed convolution of each channel with ones. */
function spread(builder: GraphBuilder, value: Value, { shape, axes }: { shape: readonly number[]; axes: readonly SpatialAxis[] }): Value {
  const [, channels, ...size] = shape
  const ones = [channels, 1, ...axes.map((axis) => axis.kernel)]
  const weight = builder.constant(tensorOf(value.elementType, ones, Array.from({ length: elementCount(ones) }, () => 1)))
  // With ceil_mode the last window may reach further than the padding
  const reaching = axes.map((axis, at) => ({ ...axis, padEnd: Math.max(axis.padEnd, (dims(value)[at + 2] - 1) * axis.stride + extent(axis) - size[at] - axis.padBegin) }))
  return inputGradient(builder.emit, { dy: value, weight, shape, axes: reaching, group: channels })
}

/** The first largest element of each window, which MaxPool's second output names, gets the gradient; overlapping windows add up. */
export const maxPool: Rule = ({ node, x: [x], y: [, given], dy: [dy], emit, builder }) => {
  const indices = given?.name && intAttribute(node, 'storage_order', 0) === 0 ? given : builder.emitAll('MaxPool', [x], { ...Object.fromEntries(node.attributes), storage_order: 0 }, 2)[1]
  const flat = (value: Value) => reshaped(emit, value, [elementCount(dims(value))])
  const zeros = emit('ConstantOfShape', [[elementCount(dims(x))]], { value: tensorOf(dy.elementType, [1], [0]) })
  return [reshaped(emit, emit('ScatterElements', [zeros, flat(indices), flat(dy)], { axis: 0, reduction: 'add' }), dims(x))]
}
