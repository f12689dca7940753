/** Type rules of operators that move, cut, join or describe tensors. Known contents of small vectors are followed through. */
import { type Dim, floatAttribute, intAttribute, intsAttribute, type Shape } from '../model.ts'
import { broadcastShapes, dimArithmetic, dimProduct, formatShape, normalizeAxis, sameShape } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, MAX_CONTENTS, numbersOf, sizesOf, type TypeRule, type TypeRuleInput, unknownDim } from './type-rule.ts'

export const shapeOf: TypeRule = (rule) => {
  const { shape } = input(rule, 0)
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + shape.length : value, 0), shape.length)
  const contents = shape.slice(clamp(intAttribute(rule.node, 'start', 0)), clamp(intAttribute(rule.node, 'end', shape.length)))
  return [{ elementType: 'int64', shape: [contents.length], contents }]
}

export const sizeOf: TypeRule = (rule) => [{ elementType: 'int64', shape: [], contents: [dimProduct(input(rule, 0).shape)] }]

export const reshape: TypeRule = (rule) => {
  const data = input(rule, 0)
  const asked = sizesOf(rule, 1)
  const allowZero = intAttribute(rule.node, 'allowzero', 0) === 1
  const shape: Dim[] = asked.map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim
    if (axis >= data.shape.length) throw new ModelError('shape', `Reshape keeps dimension ${axis}, which "${rule.node.inputs[0]}" ${formatShape(data.shape)} does not have.`)
    return data.shape[axis]
  })
  const open = shape.indexOf(-1)
  const [whole, rest] = [dimProduct(data.shape), dimProduct(shape.filter((_, axis) => axis !== open))]
  if (open >= 0) shape[open] = rest === 0 ? 0 : dimArithmetic(whole, '/', rest)
  const result = open >= 0 ? dimArithmetic(rest, '*', shape[open]) : rest
  if (shape.includes(-1) || (typeof whole === 'number' && typeof result === 'number' && whole !== result)) {
    throw new ModelError('shape', `"${rule.node.inputs[0]}" ${formatShape(data.shape)} has ${whole} elements and cannot become ${formatShape(asked)}.`)
  }
  return [{ elementType: data.elementType, shape, contents: shape.length <= 1 ? data.contents : undefined }]
}

export const flatten: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axis = intAttribute(rule.node, 'axis', 1)
  const at = axis === shape.length ? axis : normalizeAxis(axis, shape.length)
  return [{ elementType, shape: [dimProduct(shape.slice(0, at)), dimProduct(shape.slice(at))] }]
}

export const transpose: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const order = intsAttribute(rule.node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis)
  if (order.length !== shape.length || shape.some((_, axis) => !order.includes(axis))) throw new ModelError('shape', `Transpose by [${order.join(', ')}] does not fit "${rule.node.inputs[0]}" ${formatShape(shape)}.`)
  return [{ elementType, shape: order.map((axis) => shape[axis]), contents }]
}

export const squeeze: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const axes = numbersOf(rule, 1)?.map((axis) => normalizeAxis(axis, shape.length)) ?? onesOf(rule, shape)
  const kept = shape.filter((_, axis) => !axes.includes(axis))
  const wrong = axes.find((axis) => typeof shape[axis] === 'number' && shape[axis] !== 1)
  if (wrong !== undefined) throw new ModelError('shape', `Squeeze of axis ${wrong} of "${rule.node.inputs[0]}" ${formatShape(shape)}, which is not 1.`)
  return [{ elementType, shape: kept, contents }]
}

function onesOf({ node }: TypeRuleInput, shape: Shape): readonly number[] {
  const open = shape.find((dim) => typeof dim === 'string')
  if (open !== undefined) throw new ModelError('unsupported', `Squeeze of "${node.inputs[0]}" ${formatShape(shape)} without axes: whether "${open}" is 1 is not known. State the axes, or bind it.`)
  return shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []))
}

export const unsqueeze: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const asked = numbersOf(rule, 1) ?? []
  const rank = shape.length + asked.length
  const axes = new Set(asked.map((axis) => normalizeAxis(axis, rank)))
  if (axes.size !== asked.length) throw new ModelError('shape', `Unsqueeze of "${rule.node.inputs[0]}" ${formatShape(shape)} names an axis of [${asked.join(', ')}] twice.`)
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
    // parts are equal but for the last, which takes what is left
    const part = dimArithmetic(dimArithmetic(whole, '+', count - 1), '/', count)
    return index < count - 1 ? part : dimArithmetic(whole, '-', dimArithmetic(part, '*', count - 1))
  })
  const total = dimProduct([sizes.reduce((sum, size) => dimArithmetic(sum, '+', size), 0)])
  if (sizes.length !== count || sizes.some((size) => typeof size === 'number' && size < 0) || (typeof whole === 'number' && typeof total === 'number' && total !== whole)) {
    throw new ModelError('shape', `Split of "${rule.node.inputs[0]}" ${formatShape(shape)} over axis ${axis} into ${count} parts of [${sizes.join(', ')}] does not fit.`)
  }
  return sizes.map((size) => ({ elementType, shape: shape.with(axis, size) }))
}

export const slice: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const [starts, ends] = [input(rule, 1).contents, input(rule, 2).contents]
  const axes = (numbersOf(rule, 3) ?? shape.slice(0, Number(input(rule, 1).shape[0])).map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  const steps = numbersOf(rule, 4) ?? axes.map(() => 1)
  if (![starts, ends, steps].every((each) => each === undefined || each.length === axes.length)) {
    throw new ModelError('shape', `Slice of "${rule.node.inputs[0]}" ${formatShape(shape)} over ${axes.length} axes has ${starts?.length} starts, ${ends?.length} ends and ${steps.length} steps.`)
  }
  const result: Dim[] = [...shape]
  let cut = contents
  for (const [index, axis] of axes.entries()) {
    const [dim, start, end, step] = [shape[axis], starts?.[index], ends?.[index], steps[index]]
    if (typeof dim === 'number' && typeof start === 'number' && typeof end === 'number') {
      const range = sliceRange(dim, { start, end, step })
      result[axis] = range.count
      cut = cut === undefined || shape.length !== 1 ? undefined : Array.from({ length: range.count }, (_, at) => contents?.[range.first + at * step] ?? 0)
    } else {
      result[axis] = start === undefined || end === undefined ? unknownDim(rule, axis) : (symbolicSlice(dim, { start, end, step }) ?? unknownDim(rule, axis))
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

/** The size of a slice where sizes are symbolic: bounds are taken to lie within the axis, as in every crop to another's size. */
function symbolicSlice(dim: Dim, { start, end, step }: { start: Dim; end: Dim; step: number }): Dim | undefined {
  if (step < 0) return start === -1 && typeof end === 'number' && end <= -(2 ** 31) ? ceilQuotient(dim, -step) : undefined
  const from = typeof start === 'number' && start < 0 ? dimArithmetic(dim, '+', start) : start
  const endless = typeof end === 'number' && end >= 2 ** 31 - 1
  const to = endless ? dim : typeof end === 'number' && end < 0 ? dimArithmetic(dim, '+', end) : end
  return ceilQuotient(dimArithmetic(to, '-', from), step)
}

function ceilQuotient(dim: Dim, divisor: number): Dim {
  return dimArithmetic(dimArithmetic(dim, '+', divisor - 1), '/', divisor)
}

export const gather: TypeRule = (rule) => {
  const [data, indices] = [input(rule, 0), input(rule, 1)]
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', 0), data.shape.length)
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]
  const size = data.shape[axis]
  const wrong = indices.contents?.find((index) => typeof index === 'number' && typeof size === 'number' && (index < -size || index >= size))
  if (wrong !== undefined) throw new ModelError('shape', `Gather of index ${wrong} from axis ${axis} of "${rule.node.inputs[0]}" ${formatShape(data.shape)}.`)
  const chosen = shape.length > 1 || !indices.contents?.every((index) => typeof index === 'number') ? undefined : indices.contents.map((index) => data.contents?.at(index))
  return [{ elementType: data.elementType, shape, contents: chosen?.every((value) => value !== undefined) === true ? chosen : undefined }]
}

/** Output as the indices (GatherElements) or as the data (ScatterElements, ScatterND). */
export const likeInput = (index: number): TypeRule => (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, index).shape }]

export const expand: TypeRule = (rule) => {
  const { elementType, shape, contents } = input(rule, 0)
  const result = broadcastShapes([shape, sizesOf(rule, 1)])
  const [count] = result
  const repeated = contents?.length === 1 && result.length === 1 && typeof count === 'number' && count <= MAX_CONTENTS
  return [{ elementType, shape: result, contents: repeated ? Array.from({ length: count }, () => contents[0]) : sameShape(shape, result) ? contents : undefined }]
}

export const tile: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const repeats = input(rule, 1).contents
  if (repeats === undefined) return [{ elementType, shape: shape.map((_, axis) => unknownDim(rule, axis)) }]
  if (repeats.length !== shape.length) throw new ModelError('shape', `Tile of "${rule.node.inputs[0]}" ${formatShape(shape)} by ${formatShape(repeats)}.`)
  return [{ elementType, shape: shape.map((dim, axis) => dimArithmetic(dim, '*', repeats[axis])) }]
}

export const pad: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const pads = input(rule, 1).contents
  const axes = (numbersOf(rule, 3) ?? shape.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  if (pads !== undefined && pads.length !== 2 * axes.length) throw new ModelError('shape', `Pad of "${rule.node.inputs[0]}" ${formatShape(shape)} over ${axes.length} axes by ${formatShape(pads)}.`)
  const result: Dim[] = [...shape]
  for (const [index, axis] of axes.entries()) {
    result[axis] = pads === undefined ? unknownDim(rule, axis) : dimArithmetic(dimArithmetic(result[axis], '+', pads[index]), '+', pads[index + axes.length])
  }
  return [{ elementType, shape: result }]
}

export const constantOfShape: TypeRule = (rule) => {
  const target = sizesOf(rule, 0)
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
  const known = from !== undefined && to !== undefined && typeof by === 'number' && Number.isInteger(by) && by > 0
  return [{ elementType: start.elementType, shape: [known ? ceilQuotient(dimArithmetic(to, '-', from), by) : unknownDim(rule, 0)] }]
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
  return [{ elementType: values.elementType, shape: indices.shape.toSpliced(axis, 0, depth.contents?.[0] ?? unknownDim(rule, axis)) }]
}
