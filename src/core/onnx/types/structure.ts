/** Type rules of operators that move, cut, join or describe tensors. Known contents of small vectors are followed through. */
import { type Dim, floatAttribute, intAttribute, intsAttribute, type Shape } from '../model.ts'
import { broadcastShapes, dimArithmetic, dimProduct, formatShape, normalizeAxis } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, MAX_CONTENTS, numbersOf, type TypeRule } from './type-rule.ts'

export const shapeOf: TypeRule = (rule) => {
  const { shape } = input(rule, 0)
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + shape.length : value, 0), shape.length)
  const contents = shape.slice(clamp(intAttribute(rule.node, 'start', 0)), clamp(intAttribute(rule.node, 'end', shape.length)))
  return [{ elementType: 'int64', shape: [contents.length], contents }]
}

export const sizeOf: TypeRule = (rule) => [{ elementType: 'int64', shape: [], contents: [dimProduct(input(rule, 0).shape)] }]

export const reshape: TypeRule = (rule) => {
  const [data, target] = [input(rule, 0), input(rule, 1)]
  const asked = target.contents
  if (asked === undefined) throw new ModelError('unsupported', `Reshape needs its shape "${rule.node.inputs[1]}" as a constant or computed from shapes.`)
  const allowZero = intAttribute(rule.node, 'allowzero', 0) === 1
  const shape: Dim[] = asked.map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim
    if (axis >= data.shape.length) throw new ModelError('shape', `Reshape keeps dimension ${axis}, which "${rule.node.inputs[0]}" ${formatShape(data.shape)} does not have.`)
    return data.shape[axis]
  })
  const open = shape.indexOf(-1)
  const whole = dimProduct(data.shape)
  if (open >= 0) shape[open] = quotient(data.shape, shape.filter((_, axis) => axis !== open))
  const result = dimProduct(shape)
  if (typeof whole === 'number' && typeof result === 'number' && whole !== result) {
    throw new ModelError('shape', `"${rule.node.inputs[0]}" ${formatShape(data.shape)} has ${whole} elements and cannot become ${formatShape(asked)}.`)
  }
  return [{ elementType: data.elementType, shape, contents: shape.length <= 1 ? data.contents : undefined }]
}

/** Product of `all` divided by the product of `known`, cancelling equal dimensions first. */
function quotient(all: Shape, known: Shape): Dim {
  const rest: Dim[] = [...all]
  const divisors: Dim[] = []
  for (const dim of known) {
    const at = typeof dim === 'string' ? rest.indexOf(dim) : -1
    if (at >= 0) rest.splice(at, 1)
    else divisors.push(dim)
  }
  const [dividend, divisor] = [dimProduct(rest), dimProduct(divisors)]
  if (divisor === 0) return 0
  if (typeof dividend === 'number' && typeof divisor === 'number' && dividend % divisor !== 0) {
    throw new ModelError('shape', `${formatShape(all)} cannot be reshaped: ${dividend} elements do not divide by ${divisor}.`)
  }
  return dimArithmetic(dividend, '/', divisor)
}

export const flatten: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axis = intAttribute(rule.node, 'axis', 1)
  const at = axis < 0 ? axis + shape.length : axis
  return [{ elementType, shape: [dimProduct(shape.slice(0, at)), dimProduct(shape.slice(at))] }]
}

export const transpose: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const order = intsAttribute(rule.node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis)
  if (order.length !== shape.length) throw new ModelError('shape', `Transpose by [${order.join(', ')}] does not fit "${rule.node.inputs[0]}" ${formatShape(shape)}.`)
  return [{ elementType, shape: order.map((axis) => shape[axis]), contents }]
}

export const squeeze: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const axes = numbersOf(rule, 1)?.map((axis) => normalizeAxis(axis, shape.length)) ?? shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []))
  const kept = shape.filter((_, axis) => !axes.includes(axis))
  const wrong = axes.find((axis) => typeof shape[axis] === 'number' && shape[axis] !== 1)
  if (wrong !== undefined) throw new ModelError('shape', `Squeeze of axis ${wrong} of "${rule.node.inputs[0]}" ${formatShape(shape)}, which is not 1.`)
  return [{ elementType, shape: kept, contents }]
}

export const unsqueeze: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const asked = numbersOf(rule, 1) ?? []
  const rank = shape.length + asked.length
  const axes = new Set(asked.map((axis) => normalizeAxis(axis, rank)))
  const rest = [...shape]
  const result = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1)))
  return [{ elementType, shape: result, contents: rank <= 1 ? contents : undefined }]
}

export const concat: TypeRule = (rule) => {
  const inputs = rule.x.map((_, index) => input(rule, index))
  const [first] = inputs
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', 0), first.shape.length)
  const shape = first.shape.map((dim, at) => {
    if (at === axis) return inputs.map((each) => each.shape[axis]).reduce((sum, each) => dimArithmetic(sum, '+', each))
    for (const [index, each] of inputs.entries()) {
      const other = each.shape[at]
      if (each.shape.length !== first.shape.length || (typeof other === 'number' && typeof dim === 'number' && other !== dim)) {
        throw new ModelError('shape', `Concat over axis ${axis} of "${rule.node.inputs[0]}" ${formatShape(first.shape)} and "${rule.node.inputs[index]}" ${formatShape(each.shape)}: dimension ${at} differs.`)
      }
    }
    return inputs.map((each) => each.shape[at]).find((each) => typeof each === 'number') ?? dim
  })
  const contents = inputs.every((each) => each.contents !== undefined) && shape.length === 1 ? inputs.flatMap((each) => each.contents ?? []) : undefined
  return [{ elementType: first.elementType, shape, contents: contents !== undefined && contents.length <= MAX_CONTENTS ? contents : undefined }]
}

export const split: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', 0), shape.length)
  const count = rule.node.outputs.length
  const whole = shape[axis]
  const sizes: readonly Dim[] = numbersOf(rule, 1) ?? Array.from({ length: count }, (_, index) => {
    const part = typeof whole === 'number' ? Math.ceil(whole / count) : dimArithmetic(whole, '/', count)
    return typeof whole === 'number' && typeof part === 'number' ? Math.max(0, Math.min(part, whole - index * part)) : part
  })
  const total = dimProduct([sizes.reduce((sum, size) => dimArithmetic(sum, '+', size), 0)])
  if (sizes.length !== count || (typeof whole === 'number' && typeof total === 'number' && total !== whole)) {
    throw new ModelError('shape', `Split of "${rule.node.inputs[0]}" ${formatShape(shape)} over axis ${axis} into ${count} parts of [${sizes.join(', ')}] does not fit.`)
  }
  return sizes.map((size) => ({ elementType, shape: shape.with(axis, size) }))
}

export const slice: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const [starts, ends] = [input(rule, 1).contents, input(rule, 2).contents]
  if (starts === undefined || ends === undefined) throw new ModelError('unsupported', 'Slice needs its starts and ends as constants or computed from shapes.')
  const axes = (numbersOf(rule, 3) ?? starts.map((_, index) => index)).map((axis) => normalizeAxis(axis, shape.length))
  const steps = numbersOf(rule, 4) ?? starts.map(() => 1)
  const result: Dim[] = [...shape]
  let cut = contents
  for (const [index, axis] of axes.entries()) {
    const [dim, start, end, step] = [shape[axis], starts[index], ends[index], steps[index]]
    if (typeof dim === 'number' && typeof start === 'number' && typeof end === 'number') {
      const range = sliceRange(dim, { start, end, step })
      result[axis] = range.count
      cut = cut === undefined || shape.length !== 1 ? undefined : Array.from({ length: range.count }, (_, at) => contents?.[range.first + at * step] ?? 0)
    } else {
      result[axis] = symbolicSlice(dim, { start, end, step })
      cut = undefined
    }
  }
  return [{ elementType, shape: result, contents: cut }]
}

/** First index and number of the elements that Slice takes of an axis, by the standard's clamping. */
export function sliceRange(dim: number, { start, end, step }: { start: number; end: number; step: number }): { first: number; count: number } {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value < 0 ? value + dim : value, low), high)
  const first = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1)
  const last = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1)
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) }
}

function symbolicSlice(dim: Dim, { start, end, step }: { start: Dim; end: Dim; step: number }): Dim {
  const from = typeof start === 'number' && start < 0 ? dimArithmetic(dim, '+', start) : start
  const endless = typeof end === 'number' && end >= 2 ** 31 - 1
  const to = endless ? dim : typeof end === 'number' && end < 0 ? dimArithmetic(dim, '+', end) : end
  const length = dimArithmetic(to, '-', from)
  return step === 1 ? length : dimArithmetic(dimArithmetic(length, '+', Math.abs(step) - 1), '/', Math.abs(step))
}

export const gather: TypeRule = (rule) => {
  const [data, indices] = [input(rule, 0), input(rule, 1)]
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', 0), data.shape.length)
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]
  const { contents } = data
  const chosen = contents === undefined || shape.length > 1 ? undefined : indices.contents?.map((index) => contents[Number(index) < 0 ? Number(index) + contents.length : Number(index)])
  return [{ elementType: data.elementType, shape, contents: chosen }]
}

/** Output as the indices (GatherElements) or as the data (ScatterElements, ScatterND). */
export const likeInput = (index: number): TypeRule => (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, index).shape }]

export const expand: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const target = input(rule, 1).contents
  if (target === undefined) throw new ModelError('unsupported', 'Expand needs its shape as a constant or computed from shapes.')
  return [{ elementType, shape: broadcastShapes([shape, target]) }]
}

export const tile: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const repeats = input(rule, 1).contents
  if (repeats === undefined) throw new ModelError('unsupported', 'Tile needs its repeats as a constant or computed from shapes.')
  return [{ elementType, shape: shape.map((dim, axis) => dimArithmetic(dim, '*', repeats[axis])) }]
}

export const pad: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const pads = input(rule, 1).contents
  if (pads === undefined) throw new ModelError('unsupported', 'Pad needs its pads as a constant or computed from shapes.')
  const axes = (numbersOf(rule, 3) ?? shape.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  const result: Dim[] = [...shape]
  for (const [index, axis] of axes.entries()) {
    result[axis] = dimArithmetic(dimArithmetic(result[axis], '+', pads[index]), '+', pads[index + axes.length])
  }
  return [{ elementType, shape: result }]
}

export const constantOfShape: TypeRule = (rule) => {
  const target = input(rule, 0).contents
  if (target === undefined) throw new ModelError('unsupported', 'ConstantOfShape needs its shape as a constant or computed from shapes.')
  const value = rule.node.attributes.get('value')
  const tensor = value?.kind === 'tensor' ? value.value : undefined
  const fill = tensor === undefined ? 0 : Number(tensor.data[0])
  const contents = target.length === 1 && typeof target[0] === 'number' && target[0] <= MAX_CONTENTS ? Array.from({ length: target[0] }, () => fill) : undefined
  return [{ elementType: tensor?.elementType ?? 'float32', shape: target, contents: target.length === 0 ? [fill] : contents }]
}

export const range: TypeRule = (rule) => {
  const [start, limit, delta] = [0, 1, 2].map((index) => input(rule, index))
  const [from, to, by] = [start.contents?.[0], limit.contents?.[0], delta.contents?.[0]]
  if (typeof from === 'number' && typeof to === 'number' && typeof by === 'number') {
    const count = Math.max(0, Math.ceil((to - from) / by))
    return [{ elementType: start.elementType, shape: [count], contents: count <= MAX_CONTENTS ? Array.from({ length: count }, (_, index) => from + index * by) : undefined }]
  }
  if (from === undefined || to === undefined || by === undefined) throw new ModelError('unsupported', 'Range needs its bounds as constants or computed from shapes.')
  return [{ elementType: start.elementType, shape: [dimArithmetic(dimArithmetic(to, '-', from), '/', by)] }]
}

/** Constant: its contents are read by the builder from the attribute. */
export const constant: TypeRule = ({ node }) => {
  const value = node.attributes.get('value')
  if (value?.kind === 'tensor') {
    const { elementType, dims: shape, data } = value.value
    return [{ elementType, shape, contents: shape.length <= 1 && data.length <= MAX_CONTENTS && ArrayBuffer.isView(data) ? Array.from(data, Number) : undefined }]
  }
  if (node.attributes.has('value_int')) return [{ elementType: 'int64', shape: [], contents: [intAttribute(node, 'value_int', 0)] }]
  if (node.attributes.has('value_float')) return [{ elementType: 'float32', shape: [], contents: [floatAttribute(node, 'value_float', 0)] }]
  const ints = intsAttribute(node, 'value_ints')
  if (ints !== undefined) return [{ elementType: 'int64', shape: [ints.length], contents: ints }]
  const floats = node.attributes.get('value_floats')
  if (floats?.kind === 'floats') return [{ elementType: 'float32', shape: [floats.value.length], contents: floats.value }]
  throw new ModelError('unsupported', 'A Constant without a tensor, integer or float value.')
}

export const argReduce: TypeRule = (rule) => {
  const { shape } = input(rule, 0)
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', 0), shape.length)
  return [{ elementType: 'int64', shape: intAttribute(rule.node, 'keepdims', 1) === 1 ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }]
}

export const oneHot: TypeRule = (rule) => {
  const [indices, depth, values] = [0, 1, 2].map((index) => input(rule, index))
  const rank = indices.shape.length + 1
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', -1), rank)
  return [{ elementType: values.elementType, shape: indices.shape.toSpliced(axis, 0, depth.contents?.[0] ?? 'depth') }]
}
