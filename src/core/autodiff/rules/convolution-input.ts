/** The gradient of a convolution by its input. */
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { extent, type SpatialAxis } from '../../onnx/types/convolution.ts'
import { reshaped, transposed } from './shapes.ts'
import { windowAttributes } from './windows.ts'

export interface InputGradient {
  readonly dy: Value
  readonly weight: Value
  /** Dimensions of the input */
  readonly shape: readonly number[]
  readonly axes: readonly SpatialAxis[]
  readonly group: number
}

/** The transposed convolution; for stride 1 that is a convolution with the flipped kernel, which runs faster. */
export function inputGradient(emit: Emit, gradient: InputGradient): Value {
  const flippable = gradient.axes.every((axis) => axis.stride === 1 && axis.padBegin < extent(axis) && axis.padEnd < extent(axis))
  return flippable ? byFlippedKernel(emit, gradient) : byTransposedConvolution(emit, gradient)
}

function byTransposedConvolution(emit: Emit, { dy, weight, shape, axes, group }: InputGradient): Value {
  // Input elements behind the last window belong to no output
  const unused = axes.map((axis, at) => shape[at + 2] + axis.padBegin + axis.padEnd - extent(axis) - (dims(dy)[at + 2] - 1) * axis.stride)
  return emit('ConvTranspose', [dy, weight], { ...windowAttributes(axes, group), output_padding: unused })
}

function byFlippedKernel(emit: Emit, { dy, weight, axes, group }: InputGradient): Value {
  const [outputs, perGroup, ...kernel] = dims(weight)
  const flipped = axes.some((axis) => axis.kernel > 1)
    ? emit('Slice', [weight, kernel.map(() => -1), kernel.map(() => -(2 ** 31)), kernel.map((_, axis) => axis + 2), kernel.map(() => -1)])
    : weight
  const grouped = transposed(emit, reshaped(emit, flipped, [group, outputs / group, perGroup, ...kernel]), [0, 2, 1, ...kernel.map((_, axis) => axis + 3)])
  const mirrored = axes.map((axis) => ({ ...axis, padBegin: extent(axis) - 1 - axis.padBegin, padEnd: extent(axis) - 1 - axis.padEnd }))
  return emit('Conv', [dy, reshaped(emit, grouped, [group * perGroup, outputs / group, ...kernel])], windowAttributes(mirrored, group))
}
