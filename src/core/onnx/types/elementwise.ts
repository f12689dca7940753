/** Type rules of operators that work element by element, with numpy broadcasting where they take several inputs. */
import { intAttribute, type Dim } from '../model.ts'
import { broadcastShapes, dimArithmetic, type DimOperator } from '../dims.ts'
import { elementTypeOf, type ElementType, isFloat } from '../tensor.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule, type TypeRuleInput, type ValueFacts } from './type-rule.ts'

/** One input, one output of the same type. */
export const unary: TypeRule = (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, 0).shape }]

/** Several inputs that broadcast; the output has the first input's element type. */
export const broadcasting: TypeRule = (rule) => [broadcast(rule, (each) => each)]

/** Pow(base, exponent): the element type is the base's; a whole exponent may be an integer. */
export const power: TypeRule = (rule) => [broadcast(rule, (each) => each.slice(0, 1))]

/** And, Or, Xor. */
export const logical: TypeRule = (rule) => [{ ...broadcast(rule, (each) => each), elementType: 'bool' }]

/** A comparison: as `broadcasting`, but the result is a truth value, known where both sides are. */
export function comparison(holds: (a: number, b: number) => boolean): TypeRule {
  return (rule) => {
    const facts: ValueFacts = { ...broadcast(rule, (each) => each), elementType: 'bool' }
    return [withContents(facts, rule.x, ([a, b]) => {
      if (typeof a === 'number' && typeof b === 'number') return Number(holds(a, b))
      // a symbolic size is at least 0 and may be any other
      if (a === b) return Number(holds(0, 0))
      if (typeof b === 'number' && b < 0) return Number(holds(0, b))
      if (typeof a === 'number' && a < 0) return Number(holds(a, 0))
      return undefined
    })]
  }
}

/** Min, Max: known numbers are computed. */
export function extremum(choose: (...values: number[]) => number): TypeRule {
  return (rule) => [withContents(broadcast(rule, (each) => each), rule.x, (values) => {
    if (values.every((value) => typeof value === 'number')) return choose(...values)
    return values.every((value) => value === values[0]) ? values[0] : undefined
  })]
}

/** Where(condition, x, y): the element type is x's. Where both sides are equal the condition need not be known. */
export const where: TypeRule = (rule) => {
  const facts = { ...broadcast(rule, (each) => each.slice(1)), shape: broadcastShapes([0, 1, 2].map((index) => input(rule, index).shape)) }
  const conditions = input(rule, 0).contents
  return [withContents(facts, rule.x.slice(1), ([a, b], index) => {
    const condition = conditions?.[conditions.length === 1 ? 0 : index]
    return a === b || condition === 1 ? a : condition === 0 ? b : undefined
  })]
}

export const unaryTruth: TypeRule = (rule) => [{ elementType: 'bool', shape: input(rule, 0).shape }]

function broadcast(rule: TypeRuleInput, typed: (inputs: readonly ValueFacts[]) => readonly ValueFacts[]): ValueFacts {
  const inputs = rule.x.map((_, index) => input(rule, index))
  const types = typed(inputs).map((facts) => facts.elementType)
  if (types.some((type) => type !== types[0])) {
    throw new ModelError('shape', `The inputs ${rule.node.inputs.map((name, index) => `"${name}" (${inputs[index].elementType})`).join(' and ')} have different element types.`)
  }
  return { elementType: types[0], shape: broadcastShapes(inputs.map((facts) => facts.shape)) }
}

/** The facts with contents, where those of all inputs are known (vectors and scalars) and `compute` knows every element. */
function withContents(facts: ValueFacts, x: readonly (ValueFacts | undefined)[], compute: (values: readonly Dim[], index: number) => Dim | undefined): ValueFacts {
  const known = x.flatMap((each) => (each?.contents === undefined ? [] : [each.contents]))
  if (known.length !== x.length || facts.shape.length > 1) return facts
  const count = facts.shape[0] ?? 1
  if (typeof count !== 'number') return facts
  const contents: Dim[] = []
  for (let index = 0; index < count; index++) {
    const element = compute(known.map((values) => values[values.length === 1 ? 0 : index]), index)
    if (element === undefined || Number.isNaN(element)) return facts
    contents.push(element)
  }
  return { ...facts, contents }
}

/** Add, Sub, Mul, Div (and Mod): known numbers are computed, symbolic ones become expressions. */
export function arithmetic(operator: DimOperator): TypeRule {
  return (rule) => {
    const facts = broadcast(rule, (each) => each)
    const compute = isFloat(facts.elementType) ? floatArithmetic : integerArithmetic
    const remainder = operator === '%' && intAttribute(rule.node, 'fmod', 0) === 1
    return [withContents(facts, rule.x, ([a, b]) => {
      if (remainder) return typeof a === 'number' && typeof b === 'number' ? rounded(a % b, facts.elementType) : undefined
      return compute(operator, [a, b], facts.elementType)
    })]
  }
}

type Arithmetic = (operator: DimOperator, operands: readonly [Dim, Dim], elementType: ElementType) => Dim | undefined

/** Division of integers goes towards zero; symbolic sizes are taken to be positive. */
const integerArithmetic: Arithmetic = (operator, [a, b]) => {
  if ((operator === '/' || operator === '%') && b === 0) return undefined
  return operator === '/' && typeof a === 'number' && typeof b === 'number' ? Math.trunc(a / b) : dimArithmetic(a, operator, b)
}

/** Each result is rounded to its type as the runtime does; a symbolic size stays known while it is a whole number for sure. */
const floatArithmetic: Arithmetic = (operator, [a, b], elementType) => {
  if (typeof a !== 'number' || typeof b !== 'number') {
    if (![a, b].every((each) => typeof each === 'string' || Number.isInteger(each))) return undefined
    return operator === '/' && dimArithmetic(a, '%', b) !== 0 ? undefined : dimArithmetic(a, operator, b)
  }
  switch (operator) {
    case '+': return rounded(a + b, elementType)
    case '-': return rounded(a - b, elementType)
    case '*': return rounded(a * b, elementType)
    case '/': return rounded(a / b, elementType)
    case '%': return undefined
  }
}

function rounded(value: number, elementType: ElementType): number {
  return elementType === 'float32' ? Math.fround(value) : value
}

/** Neg of known numbers. */
export const negation: TypeRule = (rule) => unary(rule).map((facts) => withContents(facts, rule.x, ([value]) => dimArithmetic(0, '-', value)))

/** Cast: the attribute `to` names the type. Known integers stay known. */
export const cast: TypeRule = (rule) => {
  const elementType = elementTypeOf(intAttribute(rule.node, 'to', 0))
  if (elementType === undefined) throw new ModelError('unsupported', `Cast to the unknown element type ${intAttribute(rule.node, 'to', 0)}.`)
  const facts = { elementType, shape: input(rule, 0).shape }
  return [withContents(facts, rule.x, ([value]) => castContent(value, elementType))]
}

function castContent(value: Dim, to: ElementType): Dim | undefined {
  const number = typeof value === 'number'
  switch (to) {
    case 'int64': return number ? Math.trunc(value) : value
    case 'int32': return number && Math.abs(Math.trunc(value)) >= 2 ** 31 ? undefined : number ? Math.trunc(value) : value
    case 'float32': case 'float64': return number ? rounded(value, to) : value
    case 'bool': return number ? Number(value !== 0) : undefined
    default: return undefined
  }
}

/** Floor, Ceil of known numbers; a symbolic size is whole. */
export function rounding(round: (value: number) => number): TypeRule {
  return (rule) => unary(rule).map((facts) => withContents(facts, rule.x, ([value]) => (typeof value === 'number' ? round(value) : value)))
}

/** Identity: everything stays known. */
export const identity: TypeRule = (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, 0).shape, contents: input(rule, 0).contents }]

/** Dropout: the mask is a truth value of the same shape. */
export const dropout: TypeRule = (rule) => [...unary(rule), { elementType: 'bool', shape: input(rule, 0).shape }]
