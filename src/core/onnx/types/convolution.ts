/** Type rules of convolutions and pooling windows: attributes are read once here, for the gradient rules too. */
import { type Dim, intAttribute, intsAttribute, type Node, type Shape, stringAttribute } from '../model.ts'
import { dimArithmetic, formatShape } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule } from './type-rule.ts'

/** One spatial axis of a convolution or pooling window. */
export interface SpatialAxis {
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly padBegin: number
  readonly padEnd: number
}

/** Kernel positions an axis spans. */
export function extent({ kernel, dilation }: SpatialAxis): number {
  return (kernel - 1) * dilation + 1
}

/** The spatial axes of a Conv or pooling node with auto_pad resolved (SAME_* needs known sizes when the stride is not 1). */
export function spatialAxes(node: Node, spatial: Shape, kernel: readonly number[]): readonly SpatialAxis[] {
  const rank = kernel.length
  const strides = intsAttribute(node, 'strides') ?? kernel.map(() => 1)
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1)
  const pads = intsAttribute(node, 'pads') ?? Array.from({ length: 2 * rank }, () => 0)
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET')
  return kernel.map((size, axis) => {
    const base = { kernel: size, stride: strides[axis], dilation: dilations[axis] }
    if (mode === 'NOTSET') return { ...base, padBegin: pads[axis], padEnd: pads[axis + rank] }
    if (mode === 'VALID') return { ...base, padBegin: 0, padEnd: 0 }
    const dim = base.stride === 1 ? 1 : spatial[axis]
    if (typeof dim !== 'number') throw new ModelError('unsupported', `auto_pad=${mode} with stride ${base.stride} needs a known size; bind "${dim}" first.`)
    const total = Math.max(0, (Math.ceil(dim / base.stride) - 1) * base.stride + extent({ ...base, padBegin: 0, padEnd: 0 }) - dim)
    const small = Math.floor(total / 2)
    return mode === 'SAME_UPPER' ? { ...base, padBegin: small, padEnd: total - small } : { ...base, padBegin: total - small, padEnd: small }
  })
}

/**
 * The spatial axes of a ConvTranspose node: an output_shape, or an auto_pad that asks for `size * stride`, says what is
 * padded away of the whole, and auto_pad=SAME_UPPER that an odd element goes at the end.
 */
export function transposedSpatialAxes(node: Node, spatial: Shape, kernel: readonly number[]): readonly SpatialAxis[] {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET')
  const asked = intsAttribute(node, 'output_shape')
  const explicit = spatialAxes(mode.startsWith('SAME') ? { ...node, attributes: new Map([...node.attributes].filter(([name]) => name !== 'auto_pad')) } : node, spatial, kernel)
  if (asked === undefined && !mode.startsWith('SAME')) return explicit
  return explicit.map((axis, at) => {
    const extra = intsAttribute(node, 'output_padding')?.[at] ?? 0
    const total = asked === undefined ? extent(axis) - axis.stride + extra : dimArithmetic(transposedSize(spatial[at], { ...axis, padBegin: 0, padEnd: 0 }, extra), '-', asked.at(at - kernel.length) ?? 0)
    if (typeof total !== 'number' || total < 0) throw new ModelError('unsupported', `ConvTranspose to ${asked?.[at] ?? 'the same size'} from ${spatial[at]}: ${typeof total === 'number' ? 'the windows do not reach that far' : `bind "${spatial[at]}" first`}.`)
    const small = Math.floor(total / 2)
    return mode === 'SAME_UPPER' ? { ...axis, padBegin: small, padEnd: total - small } : { ...axis, padBegin: total - small, padEnd: small }
  })
}

function transposedSize(dim: Dim, axis: SpatialAxis, extra: number): Dim {
  return dimArithmetic(dimArithmetic(dimArithmetic(dim, '-', 1), '*', axis.stride), '+', extent(axis) + extra - axis.padBegin - axis.padEnd)
}

function outputSize(dim: Dim, axis: SpatialAxis): Dim {
  return dimArithmetic(dimArithmetic(dimArithmetic(dim, '+', axis.padBegin + axis.padEnd - extent(axis)), '/', axis.stride), '+', 1)
}

/** With ceil_mode a last window may hang over the end, but none starts in the padding behind it. */
function ceilOutputSize(dim: Dim, axis: SpatialAxis): Dim {
  const count = outputSize(dim, { ...axis, padEnd: axis.padEnd + axis.stride - 1 })
  return typeof dim === 'number' && typeof count === 'number' && (count - 1) * axis.stride >= dim + axis.padBegin ? count - 1 : count
}

/** Sizes of a weight's kernel as numbers. */
function kernelOf(shape: Shape): readonly number[] {
  const kernel = shape.slice(2)
  if (!kernel.every((dim): dim is number => typeof dim === 'number')) throw new ModelError('unsupported', `A convolution weight of the symbolic shape ${formatShape(shape)}.`)
  return kernel
}

export const conv: TypeRule = (rule) => {
  const [x, weight] = [input(rule, 0), input(rule, 1)]
  const group = intAttribute(rule.node, 'group', 1)
  const [channels, perGroup] = [x.shape[1], weight.shape[1]]
  if (x.shape.length !== weight.shape.length || (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group)) {
    throw new ModelError('shape', `Conv of "${rule.node.inputs[0]}" ${formatShape(x.shape)} with "${rule.node.inputs[1]}" ${formatShape(weight.shape)} in ${group} group(s): channels do not fit.`)
  }
  const axes = spatialAxes(rule.node, x.shape.slice(2), kernelOf(weight.shape))
  return [{ elementType: x.elementType, shape: [x.shape[0], weight.shape[0], ...axes.map((axis, at) => outputSize(x.shape[at + 2], axis))] }]
}

export const convTranspose: TypeRule = (rule) => {
  const [x, weight] = [input(rule, 0), input(rule, 1)]
  const extra = intsAttribute(rule.node, 'output_padding')
  const axes = transposedSpatialAxes(rule.node, x.shape.slice(2), kernelOf(weight.shape))
  const spatial = axes.map((axis, at) => transposedSize(x.shape[at + 2], axis, extra?.[at] ?? 0))
  return [{ elementType: x.elementType, shape: [x.shape[0], dimArithmetic(weight.shape[1], '*', intAttribute(rule.node, 'group', 1)), ...spatial] }]
}

export const pool: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axes = spatialAxes(rule.node, shape.slice(2), intsAttribute(rule.node, 'kernel_shape') ?? [])
  const sizeOf = intAttribute(rule.node, 'ceil_mode', 0) === 1 ? ceilOutputSize : outputSize
  const facts = { elementType, shape: [...shape.slice(0, 2), ...axes.map((axis, at) => sizeOf(shape[at + 2], axis))] }
  return rule.node.opType === 'MaxPool' ? [facts, { ...facts, elementType: 'int64' }] : [facts]
}
