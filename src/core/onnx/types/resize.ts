/** Type rule of Resize: sizes, or scales, of all axes or of `axes`. */
import { type Dim, intsAttribute, type Shape, stringAttribute } from '../model.ts'
import { dimArithmetic, formatShape, normalizeAxis } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule, unknownDim } from './type-rule.ts'

/** How the smaller or larger of the two axes' factors rules the others, where `sizes` are only bounds. */
const ASPECT_RATIO: Readonly<Record<string, (...factors: number[]) => number>> = { not_larger: Math.min, not_smaller: Math.max }

export const resize: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axes = (intsAttribute(rule.node, 'axes') ?? shape.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  const [scales, sizes] = [rule.x[2], rule.x[3]].map((facts) => (facts?.shape[0] === 0 ? undefined : facts))
  if ((scales === undefined) === (sizes === undefined)) throw new ModelError('invalid', 'Resize needs either scales or sizes.')
  const wanted = (scales ?? sizes)?.contents
  if (wanted !== undefined && wanted.length !== axes.length) {
    throw new ModelError('shape', `Resize of ${axes.length} axes of "${rule.node.inputs[0]}" ${formatShape(shape)} by ${formatShape(wanted)}.`)
  }
  const kept = ASPECT_RATIO[stringAttribute(rule.node, 'keep_aspect_ratio_policy', 'stretch')]
  const results = sizes === undefined ? axes.map((axis, index) => scaled(shape[axis], wanted?.[index]))
    : kept === undefined ? wanted : bounded(axes.map((axis) => shape[axis]), wanted, kept)
  return [{ elementType, shape: shape.map((dim, axis) => (axes.includes(axis) ? (results?.[axes.indexOf(axis)] ?? unknownDim(rule, axis)) : dim)) }]
}

/** Rounds down in float32, as onnxruntime does. undefined: not known. */
function scaled(dim: Dim, scale: Dim | undefined): Dim | undefined {
  if (typeof scale !== 'number') return undefined
  if (typeof dim === 'number') return Math.floor(Math.fround(dim * scale))
  const denominator = DENOMINATORS.find((each) => Number.isInteger(scale * each))
  return denominator === undefined ? undefined : dimArithmetic(dimArithmetic(dim, '*', scale * denominator), '/', denominator)
}

/** Of scales that a float holds exactly */
const DENOMINATORS = [1, 2, 4, 8, 16, 32, 64]

function bounded(dims: Shape, sizes: readonly Dim[] | undefined, choose: (...factors: number[]) => number): readonly number[] | undefined {
  if (sizes === undefined || ![...dims, ...sizes].every((dim) => typeof dim === 'number')) return undefined
  const factor = choose(...sizes.map((size, index) => Math.fround(Number(size) / Number(dims[index]))))
  return dims.map((dim) => Math.round(Math.fround(factor * Number(dim))))
}
