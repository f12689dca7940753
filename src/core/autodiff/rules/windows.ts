/** Windows that slide over spatial axes: what the gradients of convolutions and pools share. */
import { type Attributes, dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { extent, type SpatialAxis } from '../../onnx/types/convolution.ts'

/** The attributes of a Conv or ConvTranspose over these axes. */
export function windowAttributes(axes: readonly SpatialAxis[], group: number): Attributes {
  return {
    group,
    kernel_shape: axes.map((axis) => axis.kernel),
    strides: axes.map((axis) => axis.stride),
    dilations: axes.map((axis) => axis.dilation),
    pads: [...axes.map((axis) => axis.padBegin), ...axes.map((axis) => axis.padEnd)],
  }
}

/** With ceil_mode the last window may hang over the padding: the axes padded as far as the windows reach. */
export function paddedToReach(axes: readonly SpatialAxis[], sizes: readonly number[], counts: readonly number[]): readonly SpatialAxis[] {
  return axes.map((axis, at) => ({ ...axis, padEnd: Math.max(axis.padEnd, (counts[at] - 1) * axis.stride + extent(axis) - sizes[at] - axis.padBegin) }))
}

export interface Windows {
  readonly axes: readonly SpatialAxis[]
  /** Windows per axis */
  readonly counts: readonly number[]
  /** The value outside the input */
  readonly padding: number
}

/** For each position in the kernel, the last axis fastest: the input elements that lie there, one per window. */
export function inputsByPosition(emit: Emit, x: Value, { axes, counts, padding }: Windows): readonly Value[] {
  const isPadded = axes.some((axis) => axis.padBegin + axis.padEnd > 0)
  const pads = [0, 0, ...axes.map((axis) => axis.padBegin), 0, 0, ...axes.map((axis) => axis.padEnd)]
  const padded = isPadded ? emit('Pad', [x, pads, padding === 0 ? undefined : padding]) : x
  if (axes.every((axis, at) => axis.kernel === 1 && axis.stride === 1 && dims(padded)[at + 2] === counts[at])) return [padded]
  return kernelPositions(axes).map((position) => {
    const starts = axes.map((axis, at) => position[at] * axis.dilation)
    const ends = axes.map((axis, at) => starts[at] + (counts[at] - 1) * axis.stride + 1)
    return emit('Slice', [padded, starts, ends, axes.map((_, at) => at + 2), axes.map((axis) => axis.stride)])
  })
}

/** Every index into a kernel, the last axis fastest. */
export function kernelPositions(axes: readonly SpatialAxis[]): readonly (readonly number[])[] {
  return axes.reduce<readonly (readonly number[])[]>((positions, { kernel }) => positions.flatMap((lead) => Array.from({ length: kernel }, (_, index) => [...lead, index])), [[]])
}
