/** The gradient of a convolution by its weight. */
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { extent, type SpatialAxis } from '../../onnx/types/convolution.ts'
import { cropped, reshaped, transposed, windowAttributes } from './shapes.ts'

export interface WeightGradient {
  readonly x: Value
  readonly dy: Value
  /** Dimensions of the weight */
  readonly shape: readonly number[]
  readonly axes: readonly SpatialAxis[]
  readonly group: number
}

/**
 * The input correlated with the output's gradient: a convolution whose batch is the input's channels, whose kernel is dY, and
 * in which strides and dilations have changed places.
 */
export function weightGradient(emit: Emit, { x, dy, shape, axes, group }: WeightGradient): Value {
  const [outputs, perGroup] = shape
  const [batch, , ...size] = dims(x)
  const count = dims(dy).slice(2)
  const spatial = (lead: number) => size.map((_, axis) => axis + lead)
  const channels = transposed(emit, reshaped(emit, x, [batch, group, perGroup, ...size]), [2, 1, 0, ...spatial(3)])
  const windows = axes.map((axis, at) => ({
    kernel: count[at], stride: axis.dilation, dilation: axis.stride, padBegin: axis.padBegin,
    padEnd: Math.max(0, extent(axis) + (count[at] - 1) * axis.stride - size[at] - axis.padBegin),
  }))
  const product = emit('Conv', [
    reshaped(emit, channels, [perGroup, group * batch, ...size]),
    transposed(emit, dy, [1, 0, ...spatial(2)]),
  ], windowAttributes(windows, group))
  return transposed(emit, cropped(emit, product, [perGroup, outputs, ...shape.slice(2)]), [1, 0, ...spatial(2)])
}
