/**
 * What onnxruntime 1.30's WebGPU provider computes wrongly, in other operators that mean the same.
 * test/integration/webgpu-defects.ts has the smallest model of each defect, and says when a newer provider is right.
 */
import { intAttribute, intsAttribute, type Node } from '../onnx/model.ts'
import { normalizeAxis } from '../onnx/dims.ts'
import { dims, type GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { spatialAxes } from '../onnx/types/convolution.ts'
import { sliceRange } from '../onnx/types/structure.ts'
import { windowAttributes } from './rules/windows.ts'

/** A convolution with a kernel of one place forgets pads of which only one side is set. */
export function hasOneSidedPads(node: Node, [, weight]: readonly Value[]): boolean {
  const pads = intsAttribute(node, 'pads') ?? []
  const half = pads.length / 2
  return pads.slice(0, half).some((pad, axis) => pad !== pads[half + axis]) && dims(weight).slice(2).every((size) => size === 1)
}

/** A kernel of two places, of which the first is zero. (A Pad before the convolution would be fused into it.) */
export function lowerOneSidedPads(node: Node, [x, weight, bias]: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  const axes = spatialAxes(node, x.shape.slice(2), dims(weight).slice(2))
  const last = axes.length - 1
  const widened = axes.with(last, { ...axes[last], kernel: 2, dilation: 1, padBegin: axes[last].padBegin + 1 })
  return [emit('Conv', [x, emit('Pad', [weight, [1, 0], undefined, [last + 2]]), bias], windowAttributes(widened, intAttribute(node, 'group', 1)))]
}

/** A transposed convolution with several inputs and one output per group is computed as a depthwise one. */
export function sumsInputsOfGroups(node: Node, [, weight]: readonly Value[]): boolean {
  const group = intAttribute(node, 'group', 1)
  return group > 1 && dims(weight)[1] === 1 && dims(weight)[0] > group
}

/** A depthwise one after all, whose outputs are summed by groups. */
export function lowerSumOfInputs(node: Node, [x, weight, bias]: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  const [inputs, group] = [dims(weight)[0], intAttribute(node, 'group', 1)]
  const apart = emit('ConvTranspose', [x, weight], { ...Object.fromEntries(node.attributes), group: inputs })
  const [batch, , ...size] = dims(apart)
  const sum = emit('ReduceSum', [emit('Reshape', [apart, [batch, group, inputs / group, ...size]]), [2]], { keepdims: 0 })
  return [bias === undefined ? sum : emit('Add', [sum, emit('Reshape', [bias, [group, ...size.map(() => 1)]])])]
}

interface Range {
  readonly axis: number
  readonly first: number
  readonly count: number
  readonly step: number
}

/** A slice that walks backwards over a part of an axis takes another part. */
export function reversesPart(_: Node, x: readonly Value[]): boolean {
  const ranges = rangesOf(x)
  return ranges.some(({ step }) => step < 0) && ranges.some(({ axis, count }) => count > 0 && count !== dims(x[0])[axis])
}

/** The same elements forwards, then turned round as a whole. */
export function lowerReversedPart(_: Node, x: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  const ranges = rangesOf(x)
  const ends = ranges.map(({ first, count, step }) => [first, first + (count - 1) * step].toSorted((a, b) => a - b))
  const part = emit('Slice', [x[0], ends.map(([low]) => low), ends.map(([, high]) => high + 1), ranges.map(({ axis }) => axis), ranges.map(({ step }) => Math.abs(step))])
  const turned = ranges.filter(({ step }) => step < 0)
  return [emit('Slice', [part, turned.map(() => -1), turned.map(({ count }) => -count - 1), turned.map(({ axis }) => axis), turned.map(() => -1)])]
}

/** What Slice takes of each axis; nothing where its bounds are computed. */
function rangesOf([{ shape }, ...bounds]: readonly Value[]): readonly Range[] {
  const [starts, ends, axes, steps] = bounds.map((value) => value?.contents?.map(Number))
  if (starts === undefined || ends === undefined) return []
  return starts.flatMap((start, index) => {
    const axis = normalizeAxis(axes?.[index] ?? index, shape.length)
    const [size, step] = [shape[axis], steps?.[index] ?? 1]
    return typeof size === 'number' ? [{ axis, step, ...sliceRange(size, { start, end: ends[index], step }) }] : []
  })
}
