/** Type rule of Resize: sizes, or scales, of all axes or of `axes`. */
import { type Dim, intsAttribute } from '../model.ts'
import { dimArithmetic, normalizeAxis } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule } from './type-rule.ts'

export const resize: TypeRule = (rule) => {
  const { elementType, shape } = input(rule, 0)
  const axes = (intsAttribute(rule.node, 'axes') ?? shape.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, shape.length))
  const [scales, sizes] = [rule.x[2]?.contents, rule.x[3]?.contents]
  const result: Dim[] = [...shape]
  if (sizes !== undefined && sizes.length > 0) for (const [index, axis] of axes.entries()) result[axis] = sizes[index]
  else if (scales !== undefined && scales.length > 0) {
    for (const [index, axis] of axes.entries()) {
      const [dim, scale] = [shape[axis], scales[index]]
      if (typeof dim === 'number' && typeof scale === 'number') result[axis] = Math.floor(dim * scale)
      else result[axis] = Number.isInteger(Number(scale)) ? dimArithmetic(dim, '*', scale) : dimArithmetic(dim, '/', 1 / Number(scale))
    }
  } else throw new ModelError('unsupported', 'Resize needs its sizes or scales as constants or computed from shapes.')
  return [{ elementType, shape: result }]
}
