/** Type rules of operators that work element by element, with numpy broadcasting where they take several inputs. */
import { intAttribute, type Dim } from '../model.ts'
import { broadcastShapes, dimArithmetic, type DimOperator } from '../dims.ts'
import { ELEMENT_TYPES, elementTypeOf, type ElementType } from '../tensor.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule, type TypeRuleInput, type ValueFacts } from './type-rule.ts'

/** One input, one output of the same type. */
export const unary: TypeRule = (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, 0).shape }]

/** Several inputs that broadcast; the output has the first input's element type. */
export const broadcasting: TypeRule = (rule) => [broadcast(rule, (each) => each)]

/** Pow(base, exponent): the element type is the base's; a whole exponent may be an integer. */
export const power: TypeRule = (rule) => [broadcast(rule, (each) => each.slice(0, 1))]

/** As `broadcasting`, but the result is a truth value. */
export const comparison: TypeRule = (rule) => [{ ...broadcast(rule, (each) => each), elementType: 'bool' }]

/** Where(condition, x, y): the element type is x's. */
export const where: TypeRule = (rule) => [{ ...broadcast(rule, (each) => each.slice(1)), shape: broadcastShapes([0, 1, 2].map((index) => input(rule, index).shape)) }]

export const unaryTruth: TypeRule = (rule) => [{ elementType: 'bool', shape: input(rule, 0).shape }]

function broadcast(rule: TypeRuleInput, typed: (inputs: readonly ValueFacts[]) => readonly ValueFacts[]): ValueFacts {
  const inputs = rule.x.map((_, index) => input(rule, index))
  const types = typed(inputs).map((facts) => facts.elementType)
  if (types.some((type) => type !== types[0])) {
    throw new ModelError('shape', `The inputs ${rule.node.inputs.map((name, index) => `"${name}" (${inputs[index].elementType})`).join(' and ')} have different element types.`)
  }
  return { elementType: types[0], shape: broadcastShapes(inputs.map((facts) => facts.shape)) }
}

/** Add, Sub, Mul, Div (and Mod): known integers are computed, symbolic ones become expressions. */
export function arithmetic(operator: DimOperator): TypeRule {
  return (rule) => {
    const result = broadcast(rule, (each) => each)
    const [a, b] = [input(rule, 0), input(rule, 1)]
    return [{ ...result, contents: result.shape.length > 1 ? undefined : combine(a, b, operator) }]
  }
}

function combine(a: ValueFacts, b: ValueFacts, operator: DimOperator): readonly Dim[] | undefined {
  const [left, right] = [a.contents, b.contents]
  if (left === undefined || right === undefined) return undefined
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) return undefined
  const float = ELEMENT_TYPES[a.elementType].array === Float32Array || ELEMENT_TYPES[a.elementType].array === Float64Array
  return Array.from({ length: left.length === 0 || right.length === 0 ? 0 : Math.max(left.length, right.length) }, (_, index) => {
    const [p, q] = [left[left.length === 1 ? 0 : index], right[right.length === 1 ? 0 : index]]
    if (operator === '/' && typeof p === 'number' && typeof q === 'number') {
      // ONNX integer division truncates towards zero; dimensions are not negative
      return float ? p / q : Math.trunc(p / q)
    }
    return dimArithmetic(p, operator, q)
  })
}

/** Cast: the attribute `to` names the type. Known integers stay known. */
export const cast: TypeRule = (rule) => {
  const elementType = elementTypeOf(intAttribute(rule.node, 'to', 0))
  if (elementType === undefined) throw new ModelError('unsupported', `Cast to the unknown element type ${intAttribute(rule.node, 'to', 0)}.`)
  const { shape, contents } = input(rule, 0)
  return [{ elementType, shape, contents: contents === undefined ? undefined : castContents(contents, elementType) }]
}

function castContents(contents: readonly Dim[], to: ElementType): readonly Dim[] | undefined {
  switch (to) {
    case 'int64': case 'int32': return contents.map((value) => (typeof value === 'number' ? Math.trunc(value) : value))
    case 'float32': return contents.map((value) => (typeof value === 'number' ? Math.fround(value) : value))
    case 'float64': return contents
    default: return undefined
  }
}

/** Floor, Ceil, Round on known numbers. */
export function rounding(round: (value: number) => number): TypeRule {
  return (rule) => {
    const { elementType, shape, contents } = input(rule, 0)
    return [{ elementType, shape, contents: contents?.every((value) => typeof value === 'number') ? contents.map((value) => round(Number(value))) : undefined }]
  }
}

/** Identity: everything stays known. */
export const identity: TypeRule = (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, 0).shape, contents: input(rule, 0).contents }]

/** Dropout: the mask is a truth value of the same shape. */
export const dropout: TypeRule = (rule) => [...unary(rule), { elementType: 'bool', shape: input(rule, 0).shape }]
