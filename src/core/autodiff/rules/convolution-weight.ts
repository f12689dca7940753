/** The gradient of a convolution by its weight: at every kernel position, the input there times the output's gradient. */
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { elementCount } from '../../onnx/tensor.ts'
import { extent, type SpatialAxis } from '../../onnx/types/convolution.ts'
import { cropped, reshaped, swapLast, transposed } from './shapes.ts'
import { inputsByPosition, kernelPositions, windowAttributes } from './windows.ts'

export interface WeightGradient {
  readonly x: Value
  readonly dy: Value
  /** Dimensions of the weight */
  readonly shape: readonly number[]
  readonly axes: readonly SpatialAxis[]
  readonly group: number
}

/** Kernels of fewer positions leave most of a vector register empty in a convolution that yields one kernel per channel. */
const SMALL_KERNEL = 9

/**
 * Two forms of the same sum. Matrix products, one per kernel position, cost shifted copies, which are slow where strides pick
 * single elements; a convolution with dY as its kernel has outputs as small as the kernel, which is slow for small kernels.
 */
export function weightGradient(emit: Emit, gradient: WeightGradient): Value {
  if (gradient.axes.every((axis) => axis.stride === 1)) return byProducts(emit, gradient, shiftedPairs(emit, gradient))
  const small = elementCount(gradient.axes.map((axis) => axis.kernel)) < SMALL_KERNEL
  return small ? byProducts(emit, gradient, stridedPairs(emit, gradient)) : byConvolution(emit, gradient)
}

/** dY and the input laid so that the elements that meet at a kernel position lie at the same place. */
interface Pair {
  readonly x: Value
  readonly dy: Value
}

/** The rows' shift is made in dY and the other axes' in the input: together a copy per row and per column, not per position. */
function shiftedPairs(emit: Emit, { x, dy, axes }: WeightGradient): readonly Pair[] {
  const [rows, ...columns] = axes
  const [height, ...sizes] = dims(x).slice(2)
  const [count, ...counts] = dims(dy).slice(2)
  const gradients = kernelPositions([rows]).map(([row]) => framed(emit, dy, { first: 2, begins: [row * rows.dilation - rows.padBegin], from: [count], to: [height] }))
  const inputs = kernelPositions(columns).map((position) => (
    framed(emit, x, { first: 3, begins: columns.map((axis, at) => axis.padBegin - position[at] * axis.dilation), from: sizes, to: counts })))
  return gradients.flatMap((shifted) => inputs.map((input) => ({ x: input, dy: shifted })))
}

function stridedPairs(emit: Emit, { x, dy, axes }: WeightGradient): readonly Pair[] {
  return inputsByPosition(emit, x, { axes, counts: dims(dy).slice(2), padding: 0 }).map((met) => ({ x: met, dy }))
}

/** Axes from `first` on, of the sizes `from`, padded or cropped to the sizes `to` so that they start `begins` earlier. */
function framed(emit: Emit, value: Value, { first, begins, from, to }: { first: number; begins: readonly number[]; from: readonly number[]; to: readonly number[] }): Value {
  const ends = begins.map((begin, at) => to[at] - from[at] - begin)
  const isFramed = [...begins, ...ends].every((pad) => pad === 0)
  // of all axes: onnxruntime 1.30, where it turns a GPU's layout, forgets that Pad may name a few
  const ofAll = (sides: readonly number[]) => value.shape.map((_, axis) => sides[axis - first] ?? 0)
  return isFramed ? value : emit('Pad', [value, [...ofAll(begins), ...ofAll(ends)]])
}

/** dW[m, c] at a kernel position = the sum over batch and outputs of dY[m] times the input that meets it there. */
function byProducts(emit: Emit, { shape, group }: WeightGradient, pairs: readonly Pair[]): Value {
  const [outputs, perGroup] = shape
  const gradients = pairs.map(({ x, dy }) => {
    const [batch, , ...size] = dims(x)
    const count = elementCount(size)
    const product = timesTransposed(emit, reshaped(emit, dy, [batch, group, outputs / group, count]), reshaped(emit, x, [batch, group, perGroup, count]))
    return reshaped(emit, batch === 1 ? product : emit('ReduceSum', [product, [0]], { keepdims: 0 }), [outputs, perGroup, 1])
  })
  return reshaped(emit, gradients.length === 1 ? gradients[0] : emit('Concat', gradients, { axis: 2 }), shape)
}

/** A Bᵀ of each pair of matrices in [batch, group, rows, columns]. For a single pair Gemm reads B as it lies. */
function timesTransposed(emit: Emit, a: Value, b: Value): Value {
  const [batch, group] = dims(a)
  if (batch * group > 1) return emit('MatMul', [a, swapLast(emit, b)])
  return emit('Gemm', [reshaped(emit, a, dims(a).slice(2)), reshaped(emit, b, dims(b).slice(2))], { transB: 1 })
}

/** A convolution whose batch is the input's channels and whose kernel is dY; strides and dilations have changed places. */
function byConvolution(emit: Emit, { x, dy, shape, axes, group }: WeightGradient): Value {
  const [outputs, perGroup, ...kernel] = shape
  const [batch, , ...size] = dims(x)
  const counts = dims(dy).slice(2)
  const spatial = (lead: number) => size.map((_, axis) => axis + lead)
  const channels = transposed(emit, reshaped(emit, x, [batch, group, perGroup, ...size]), [2, 1, 0, ...spatial(3)])
  const windows = axes.map((axis, at) => ({
    kernel: counts[at], stride: axis.dilation, dilation: axis.stride, padBegin: axis.padBegin,
    padEnd: Math.max(0, extent(axis) + (counts[at] - 1) * axis.stride - size[at] - axis.padBegin),
  }))
  const product = emit('Conv', [
    reshaped(emit, channels, [perGroup, group * batch, ...size]),
    transposed(emit, dy, [1, 0, ...spatial(2)]),
  ], windowAttributes(windows, group))
  return transposed(emit, cropped(emit, product, [perGroup, outputs, ...kernel]), [1, 0, ...spatial(2)])
}
