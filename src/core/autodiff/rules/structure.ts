/** Gradients of operators that move, cut, join or repeat elements: each element's gradient goes back to where it came from. */
import { intAttribute, intsAttribute, stringAttribute } from '../../onnx/model.ts'
import { ELEMENT_TYPES, elementCount, isFloat, tensorOf } from '../../onnx/tensor.ts'
import { normalizeAxis } from '../../onnx/dims.ts'
import { ModelError } from '../../onnx/errors.ts'
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { sliceRange } from '../../onnx/types/structure.ts'
import { type Gradient, NO_GRADIENT, type Rule } from '../rule.ts'

/** The same elements in the same order: Reshape, Flatten, Squeeze, Unsqueeze. */
export const reshape: Rule = ({ x, dy: [dy], emit }) => [emit('Reshape', [dy, dims(x[0])]), ...noGradients(x)]
export const flatten = reshape
export const squeeze = reshape
export const unsqueeze = reshape

export const identity: Rule = ({ dy: [dy] }) => [dy]

/** The gradient takes the input's element type. */
export const cast: Rule = ({ x: [x], dy: [dy], emit }) => [isFloat(x.elementType) ? emit('Cast', [dy], { to: ELEMENT_TYPES[x.elementType].code }) : NO_GRADIENT]

/** The inverse permutation. */
export const transpose: Rule = ({ node, x: [x], dy: [dy], emit }) => {
  const rank = x.shape.length
  const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
  return [emit('Transpose', [dy], { perm: order.map((_, axis) => order.indexOf(axis)) })]
}

/** Each input's part of the gradient. */
export const concat: Rule = ({ node, x, dy: [dy], needed, emit, builder }) => {
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), dy.shape.length)
  const sizes = x.map((each) => dims(each)[axis])
  if (needed.every(Boolean)) return builder.emitAll('Split', [dy, sizes], { axis }, x.length)
  let at = 0
  return sizes.map((size, index) => {
    at += size
    return needed[index] ? cut(emit, dy, { axis, start: at - size, size }) : NO_GRADIENT
  })
}

/** The parts' gradients joined; where a part has none, its neighbour is padded with zeros. */
export const split: Rule = ({ node, x: [x], y, dy, emit }) => {
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), x.shape.length)
  const sizes = y.map((each) => dims(each)[axis])
  const parts: Value[] = []
  let [before, after] = [0, 0]
  for (let index = y.length - 1; index >= 0; index--) {
    const part = dy[index]
    const isFirst = dy.findIndex((each) => each !== undefined) === index
    if (part === undefined) {
      after += sizes[index]
      continue
    }
    if (isFirst) before = sizes.slice(0, index).reduce((sum, size) => sum + size, 0)
    parts.unshift(padded(emit, part, [{ axis, before, after }]))
    if (isFirst) break
    after = 0
  }
  return [parts.length === 1 ? parts[0] : emit('Concat', parts, { axis }), NO_GRADIENT]
}

/** Zeros around what was taken; between its elements where the step is not 1. */
export const slice: Rule = ({ x, dy: [dy], emit }) => {
  const shape = dims(x[0])
  const [starts, ends] = [numbers(x[1]), numbers(x[2])]
  const axes = x[3] === undefined ? starts.map((_, index) => index) : numbers(x[3]).map((axis) => normalizeAxis(axis, shape.length))
  const steps = x[4] === undefined ? starts.map(() => 1) : numbers(x[4])
  const rest = noGradients(x)
  if (elementCount(dims(dy)) === 0) return [zeros(emit, x[0]), ...rest]
  let gradient = dy
  const borders = axes.map((axis, index) => {
    const step = steps[index]
    const { first, count } = sliceRange(shape[axis], { start: starts[index], end: ends[index], step })
    if (step < 0) gradient = reversed(emit, gradient, axis)
    gradient = spread(emit, gradient, { axis, step: Math.abs(step) })
    const before = step < 0 ? first + (count - 1) * step : first
    return { axis, before, after: shape[axis] - before - dims(gradient)[axis] }
  })
  return [padded(emit, gradient, borders), ...rest]
}

/**
 * Rows of a table (an embedding): what was read several times is added up. A product with the indices' one-hot matrix
 * where the table is short, else scattered. Scattered by elements, because runtimes add repeated elements there reliably
 * and rows (ScatterND) from several threads at once.
 */
export const gather: Rule = ({ node, x: [x, indices], dy: [dy], emit, builder }) => {
  const shape = dims(x)
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), shape.length)
  const [outer, rows, inner] = [elementCount(shape.slice(0, axis)), shape[axis], elementCount(shape.slice(axis + 1))]
  const count = elementCount(dims(indices))
  const [only] = count === 1 && indices.contents !== undefined ? numbers(indices) : []
  if (only !== undefined) {
    const before = only < 0 ? only + rows : only
    return [padded(emit, emit('Reshape', [dy, shape.with(axis, 1)]), [{ axis, before, after: rows - 1 - before }]), NO_GRADIENT]
  }
  const [flat, updates] = [emit('Reshape', [indices, [count]]), emit('Reshape', [dy, [outer, count, inner]])]
  const table = rows <= MOST_ONE_HOT_ROWS
    ? emit('MatMul', [emit('OneHot', [flat, rows, builder.constant(tensorOf(dy.elementType, [2], [0, 1]))], { axis: 0 }), updates])
    : emit('ScatterElements', [zerosOf(emit, dy, [outer, rows, inner]), emit('Expand', [emit('Reshape', [flat, [1, count, 1]]), [outer, count, inner]]), updates], { axis: 1, reduction: 'add' })
  return [emit('Reshape', [table, shape]), NO_GRADIENT]
}

const MOST_ONE_HOT_ROWS = 64

export const gatherElements: Rule = ({ node, x: [x, indices], dy: [dy], emit }) =>
  [emit('ScatterElements', [zeros(emit, x), indices, dy], { axis: intAttribute(node, 'axis', 0), reduction: 'add' }), NO_GRADIENT]

/** A broadcast: the walker sums over the repeated axes. */
export const expand: Rule = ({ dy: [dy] }) => [dy, NO_GRADIENT]

/** The sum over the repetitions. */
export const tile: Rule = ({ x: [x, repeats], dy: [dy], emit }) => {
  const [shape, times] = [dims(x), numbers(repeats)]
  const apart = emit('Reshape', [dy, shape.flatMap((dim, axis) => [times[axis], dim])])
  return [emit('ReduceSum', [apart, shape.map((_, axis) => 2 * axis)], { keepdims: 0 }), NO_GRADIENT]
}

/** The inside of the gradient; with a border made of the input's own elements also what the border holds, at the element it repeats. */
export const pad: Rule = ({ node, x, dy: [dy], needed, emit }) => {
  const shape = dims(x[0])
  const mode = stringAttribute(node, 'mode', 'constant')
  const pads = numbers(x[1])
  const axes = x[3] === undefined ? shape.map((_, axis) => axis) : numbers(x[3]).map((axis) => normalizeAxis(axis, shape.length))
  const gradient = axes.reduce((inside, axis, index) => {
    const [before, after] = [pads[index], pads[index + axes.length]]
    if (before === 0 && after === 0) return inside
    if (mode === 'constant') return unpadded(emit, inside, { axis, before, after })
    return withoutBorder(emit, inside, { axis, before, after, mode })
  }, dy)
  const value = needed[2] ? emit('Reshape', [emit('Sub', [emit('ReduceSum', [dy], { keepdims: 0 }), emit('ReduceSum', [gradient], { keepdims: 0 })]), dims(x[2])]) : NO_GRADIENT
  const all: readonly Gradient[] = [gradient, NO_GRADIENT, value, NO_GRADIENT]
  return all.slice(0, x.length)
}

/** Outside training the identity; in training the kept elements, scaled as they were. */
export const dropout: Rule = ({ x, y: [, mask], dy: [dy], emit }) => {
  const rest = noGradients(x)
  const isTraining = x[2] !== undefined && numbers(x[2])[0] !== 0
  if (!isTraining) return [dy, ...rest]
  if (mask === undefined) throw new ModelError('unsupported', 'Dropout in training needs its mask as an output.')
  const kept = 1 - (x[1] === undefined ? 0.5 : numbers(x[1])[0])
  if (kept === 0) return [zeros(emit, x[0]), ...rest]
  return [emit('Mul', [emit('Mul', [dy, emit('Cast', [mask], { to: ELEMENT_TYPES[dy.elementType].code })]), 1 / kept]), ...rest]
}

/** For the inputs after the first: shapes, indices, sizes. */
function noGradients(x: readonly Value[]): readonly Gradient[] {
  return x.slice(1).map(() => NO_GRADIENT)
}

interface Border {
  readonly axis: number
  readonly before: number
  readonly after: number
}

/** `size` elements of an axis from `start`. */
function cut(emit: Emit, value: Value, { axis, start, size }: { axis: number; start: number; size: number }): Value {
  return start === 0 && size === dims(value)[axis] ? value : emit('Slice', [value, [start], [start + size], [axis]])
}

function padded(emit: Emit, value: Value, borders: readonly Border[]): Value {
  if (borders.every(({ before, after }) => before === 0 && after === 0)) return value
  const pads = Array.from({ length: 2 * value.shape.length }, () => 0)
  for (const { axis, before, after } of borders) [pads[axis], pads[axis + value.shape.length]] = [before, after]
  return emit('Pad', [value, pads])
}

/** Undoes a constant border; a negative one, which cut elements off, brings them back as zeros. */
function unpadded(emit: Emit, value: Value, { axis, before, after }: Border): Value {
  const start = Math.max(before, 0)
  const inside = cut(emit, value, { axis, start, size: dims(value)[axis] - start - Math.max(after, 0) })
  return padded(emit, inside, [{ axis, before: Math.max(-before, 0), after: Math.max(-after, 0) }])
}

/** Undoes a border that repeats the input's own elements: the inside, plus each side's gradient where its elements came from. */
function withoutBorder(emit: Emit, value: Value, { axis, before, after, mode }: Border & { mode: string }): Value {
  const size = dims(value)[axis] - before - after
  const most = { reflect: size - 1, wrap: size, edge: Infinity }[mode]
  if (most === undefined || Math.min(before, after) < 0 || Math.max(before, after) > most) {
    throw new ModelError('unsupported', `No gradient of Pad in mode "${mode}" by ${before} and ${after} around ${size} elements.`)
  }
  if (mode === 'edge') return withoutEdges(emit, value, { axis, before, after })
  const side = (start: number, width: number): readonly Value[] => {
    if (width === 0) return []
    const border = cut(emit, value, { axis, start, size: width })
    const room = mode === 'wrap' ? [size - width, 0] : [1, size - width - 1]
    const [left, right] = start === 0 ? room : room.toReversed()
    return [padded(emit, mode === 'wrap' ? border : reversed(emit, border, axis), [{ axis, before: left, after: right }])]
  }
  const inside = cut(emit, value, { axis, start: before, size })
  return [...side(0, before), ...side(before + size, after)].reduce((sum, each) => emit('Add', [sum, each]), inside)
}

/** Undoes a border that repeats the first and the last element of an axis. */
export function withoutEdges(emit: Emit, value: Value, { axis, before, after }: Border): Value {
  const size = dims(value)[axis] - before - after
  const sum = (start: number, width: number) => emit('ReduceSum', [cut(emit, value, { axis, start, size: width }), [axis]])
  if (size === 1) return sum(0, before + 1 + after)
  const [first, last] = [before === 0 ? 0 : 1, after === 0 ? 0 : 1]
  const parts = [
    ...(before === 0 ? [] : [sum(0, before + 1)]),
    ...(size === first + last ? [] : [cut(emit, value, { axis, start: before + first, size: size - first - last })]),
    ...(after === 0 ? [] : [sum(before + size - 1, 1 + after)]),
  ]
  return parts.length === 1 ? parts[0] : emit('Concat', parts, { axis })
}

function reversed(emit: Emit, value: Value, axis: number): Value {
  return emit('Slice', [value, [-1], [-dims(value)[axis] - 1], [axis], [-1]])
}

/** The elements of an axis `step` apart, zeros between them. */
function spread(emit: Emit, value: Value, { axis, step }: { axis: number; step: number }): Value {
  const shape = dims(value)
  const count = shape[axis]
  if (step === 1 || count === 1) return value
  const apart = padded(emit, emit('Unsqueeze', [value, [axis + 1]]), [{ axis: axis + 1, before: 0, after: step - 1 }])
  return cut(emit, emit('Reshape', [apart, shape.with(axis, count * step)]), { axis, start: 0, size: (count - 1) * step + 1 })
}

function zeros(emit: Emit, like: Value): Value {
  return zerosOf(emit, like, dims(like))
}

function zerosOf(emit: Emit, { elementType }: Value, shape: readonly number[]): Value {
  return emit('ConstantOfShape', [shape], { value: tensorOf(elementType, [1], [0]) })
}

/** The contents of a small constant, which the type rules require to be known. */
function numbers(value: Value): readonly number[] {
  if (value.contents === undefined) throw new ModelError('unsupported', `"${value.name}" must be a constant.`)
  return value.contents.map(Number)
}
