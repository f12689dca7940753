/** Gradients of pooling. */
import { intAttribute, intsAttribute } from '../../onnx/model.ts'
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { elementCount, type ElementType, tensorOf } from '../../onnx/tensor.ts'
import { type SpatialAxis, spatialAxes } from '../../onnx/types/convolution.ts'
import type { Rule, RuleInput } from '../rule.ts'
import { inputGradient } from './convolution-input.ts'
import { reshaped } from './shapes.ts'
import { inputsByPosition, paddedToReach } from './windows.ts'

/** Each element of a window gets the gradient of its mean divided by the number of elements that the window counts. */
export const averagePool: Rule = (rule) => {
  const { node, x: [x], dy: [dy], emit, builder } = rule
  const [size, count] = [dims(x).slice(2), dims(dy).slice(2)]
  const axes = spatialAxes(node, size, intsAttribute(node, 'kernel_shape') ?? [])
  const padded = intAttribute(node, 'count_include_pad', 0) === 1
  const shares = axes.map((axis, at) => Array.from({ length: count[at] }, (_, index) => 1 / counted(axis, index * axis.stride, size[at], padded)))
  return [spread(rule, emit('Mul', [dy, product(builder, shares, x.elementType)]), { shape: dims(x), axes })]
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
function spread({ emit, builder }: RuleInput, value: Value, { shape, axes }: { shape: readonly number[]; axes: readonly SpatialAxis[] }): Value {
  const ones = [shape[1], 1, ...axes.map((axis) => axis.kernel)]
  const weight = builder.constant(tensorOf(value.elementType, ones, Array.from({ length: elementCount(ones) }, () => 1)))
  return inputGradient(emit, { dy: value, weight, shape, axes: paddedToReach(axes, shape.slice(2), dims(value).slice(2)), group: shape[1] })
}

/**
 * The gradient goes to the first largest element of each window; where windows overlap it adds up. The place is found again
 * from the output, since MaxPool's second output has no kernel on every device.
 */
export const maxPool: Rule = ({ node, x: [x], y: [y], dy: [dy], emit, builder }) => {
  const [batch, channels, ...size] = dims(x)
  const counts = dims(dy).slice(2)
  const axes = paddedToReach(spatialAxes(node, size, intsAttribute(node, 'kernel_shape') ?? []), size, counts)
  const kernel = axes.map((axis) => axis.kernel)
  const numbers = (shape: readonly number[], values: readonly number[]) => builder.constant(tensorOf(x.elementType, shape, values))
  // Shape inference in the runtime may count a window that ceil_mode leaves out: the shape is stated
  const largest = emit('Reshape', [y, dims(y)])
  const places = inputsByPosition(emit, x, { axes, counts, padding: -Infinity })
  const first = places.reduceRight((place, met, index) => emit('Where', [emit('Equal', [met, largest]), numbers([], [index]), place]), numbers([], [-1]))

  const shares = places.map((_, index) => reshaped(emit, emit('Where', [emit('Equal', [first, index]), dy, numbers([], [0])]), [batch * channels, 1, ...counts]))
  const identity = Array.from({ length: places.length ** 2 }, (_, index) => (index % (places.length + 1) === 0 ? 1 : 0))
  return [reshaped(emit, inputGradient(emit, {
    dy: emit('Concat', shares, { axis: 1 }), weight: numbers([places.length, 1, ...kernel], identity), shape: [batch * channels, 1, ...size], axes, group: 1,
  }), dims(x))]
}
