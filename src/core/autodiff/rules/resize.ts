/**
 * Gradient of Resize: interpolation is linear and separable, so its gradient is the transposed interpolation of one axis
 * after the other.
 */
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { NO_GRADIENT, type Rule } from '../rule.ts'
import { type Interpolation, interpolationsOf, type Tap } from './interpolation.ts'
import { reshaped } from './shapes.ts'
import { withoutEdges } from './structure.ts'

export const resize: Rule = ({ node, x, y: [y], dy: [dy], builder }) => {
  const axes = interpolationsOf(node, x, y).map((each) => ({ ...each, stencil: each.inputSize < SHORTEST_FOR_STENCIL ? undefined : stencilOf(each) }))
  const resized = axes.reduce((value, { stencil, ...each }) => (stencil === undefined ? byMatrix(builder, value, each) : byStencil(builder, value, { ...each, stencil })), dy)
  // Edges last, when every axis is short
  const gradient = axes.reduce((value, { axis, stencil }) => (stencil === undefined ? value : withoutEdges(builder.emit, value, { axis, ...stencil })), resized)
  return [gradient, ...x.slice(1).map((): typeof NO_GRADIENT => NO_GRADIENT)]
}

/** A matrix product costs as many products per element as the axis is long, a convolution two, but slow ones: measured on two cores. */
const SHORTEST_FOR_STENCIL = 128

/** The product with the transposed interpolation matrix. */
function byMatrix(builder: GraphBuilder, value: Value, { axis, inputSize, taps }: Interpolation): Value {
  const { emit } = builder
  const shape = dims(value)
  const [outer, inner] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis + 1))]
  const isLast = inner === 1
  const matrix: number[] = Array.from({ length: inputSize * taps.length }, () => 0)
  for (const [at, each] of taps.entries()) {
    for (const { index, weight } of each) matrix[isLast ? at * inputSize + index : index * taps.length + at] += weight
  }
  const constant = builder.constant(tensorOf(value.elementType, isLast ? [taps.length, inputSize] : [inputSize, taps.length], matrix))
  const product = isLast
    ? emit('MatMul', [reshaped(emit, value, [outer, taps.length]), constant])
    : emit('MatMul', [constant, reshaped(emit, value, [outer, taps.length, inner])])
  return reshaped(emit, product, shape.with(axis, inputSize))
}

/** The same few weights for every input element, `factor` output elements apart. */
interface Stencil {
  readonly factor: number
  readonly weights: readonly number[]
  /** The output element of the first weight, from `factor` times the input element */
  readonly start: number
  /** How many elements before the first and after the last the stencil reads; the first and last stand for them */
  readonly before: number
  readonly after: number
}

/** The stencil of an interpolation by a whole factor; undefined where the weights are not the same everywhere. */
function stencilOf({ inputSize, taps }: Interpolation): Stencil | undefined {
  const factor = taps.length / inputSize
  if (!Number.isInteger(factor)) return undefined
  const middle = Math.floor(inputSize / 2)
  const phases = Array.from({ length: factor }, (_, phase) => taps[middle * factor + phase].flatMap(({ index, weight }) => (weight > NOTHING ? [{ index: index - middle, weight }] : [])))
  const isEverywhere = taps.every((each, at) => {
    const block = Math.floor(at / factor)
    const shifted = phases[at % factor].map(({ index, weight }) => ({ index: Math.min(Math.max(block + index, 0), inputSize - 1), weight }))
    return [...each, ...shifted].every(({ index }) => Math.abs(weightAt(each, index) - weightAt(shifted, index)) <= NOTHING)
  })
  if (!isEverywhere) return undefined
  const indices = phases.flat().map(({ index }) => index)
  const offsets = phases.flatMap((each, phase) => each.map(({ index, weight }) => ({ at: phase - factor * index, weight })))
  const start = Math.min(...offsets.map(({ at }) => at))
  const weights = Array.from({ length: Math.max(...offsets.map(({ at }) => at)) - start + 1 }, (_, at) => offsets.find((each) => each.at === start + at)?.weight ?? 0)
  return { factor, weights, start, before: Math.max(0, -Math.min(...indices)), after: Math.max(0, ...indices) }
}

/** Coordinates are float32: weights of equal places differ by their rounding. */
const NOTHING = 1e-4

function weightAt(taps: readonly Tap[], index: number): number {
  return taps.reduce((sum, tap) => (tap.index === index ? sum + tap.weight : sum), 0)
}

/** A convolution with the stencil, which leaves the elements outside that it reads: they belong to the first and last. */
function byStencil(builder: GraphBuilder, value: Value, { axis, inputSize, stencil }: Interpolation & { stencil: Stencil }): Value {
  const { emit } = builder
  const shape = dims(value)
  const { factor, weights, start, before, after } = stencil
  const padBegin = factor * before - start
  const padEnd = factor * (inputSize - 1 + after) + start + weights.length - shape[axis]
  const isLast = axis === shape.length - 1
  const [outer, rows, inner] = isLast ? [elementCount(shape.slice(0, -2)), shape.at(-2) ?? 1, 1] : [elementCount(shape.slice(0, axis)), 1, elementCount(shape.slice(axis + 1))]
  /** The resized axis beside its neighbour */
  const plane = (along: number, across: number) => (isLast ? [across, along] : [along, across])
  const kernel = builder.constant(tensorOf(value.elementType, [1, 1, ...plane(weights.length, 1)], weights))
  const convolved = emit('Conv', [reshaped(emit, value, [outer, 1, ...plane(shape[axis], rows * inner)]), kernel], {
    kernel_shape: plane(weights.length, 1), strides: plane(factor, 1), pads: [...plane(padBegin, 0), ...plane(padEnd, 0)],
  })
  return reshaped(emit, convolved, shape.with(axis, inputSize + before + after))
}
