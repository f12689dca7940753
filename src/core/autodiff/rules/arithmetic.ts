/** Gradients of arithmetic, element by element with broadcasting: each is returned in the output's shape, the walker sums it back. */
import { ELEMENT_TYPES } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/graph-builder.ts'
import { NO_GRADIENT, type Rule, type RuleInput } from '../rule.ts'
import { indicator, signOf } from './indicator.ts'

/** a + b */
export const add: Rule = ({ dy: [dy] }) => [dy, dy]

/** a - b */
export const sub: Rule = ({ dy: [dy], emit, needed }) => [dy, needed[1] ? emit('Neg', [dy]) : NO_GRADIENT]

/** a b */
export const mul: Rule = ({ x: [a, b], dy: [dy], emit, needed }) => [
  needed[0] ? emit('Mul', [dy, b]) : NO_GRADIENT,
  needed[1] ? emit('Mul', [dy, a]) : NO_GRADIENT,
]

/** y = a / b: dy / b and -dy y / b */
export const div: Rule = ({ x: [, b], y: [y], dy: [dy], emit, needed }) => {
  const quotient = emit('Div', [dy, b])
  return [quotient, needed[1] ? emit('Neg', [emit('Mul', [quotient, y])]) : NO_GRADIENT]
}

export const neg: Rule = ({ dy: [dy], emit }) => [emit('Neg', [dy])]

/** 0 at 0, as in PyTorch */
export const abs: Rule = ({ x: [x], dy: [dy], emit }) => [emit('Mul', [dy, signOf(emit, x)])]

/** y = a^p. A gradient by p of a negative base is NaN, as the logarithm is. */
export const pow: Rule = (rule) => {
  const { x: [base, exponent], needed } = rule
  const power = exponent.elementType === base.elementType ? exponent : rule.emit('Cast', [exponent], { to: ELEMENT_TYPES[base.elementType].code })
  return [
    needed[0] ? powByBase(rule, power) : NO_GRADIENT,
    needed[1] ? powByExponent(rule) : NO_GRADIENT,
  ]
}

/** p a^(p-1), with products where p is a small whole number; 0 where p is 0, also at a = 0. */
function powByBase({ x: [base], dy: [dy], emit }: RuleInput, exponent: Value): Value {
  const known = exponent.contents?.length === 1 ? exponent.contents[0] : undefined
  if (known === 1) return dy
  if (known === 2) return emit('Mul', [dy, emit('Add', [base, base])])
  if (known === 3) return emit('Mul', [dy, emit('Mul', [emit('Mul', [base, base]), 3])])
  const power = emit('Mul', [emit('Pow', [base, emit('Sub', [exponent, 1])]), exponent])
  const slope = typeof known === 'number' && known !== 0 ? power : emit('Where', [emit('Equal', [exponent, 0]), exponent, power])
  return emit('Mul', [dy, slope])
}

/** y ln a; 0 where a is 0 and y does not depend on p (p > 0) */
function powByExponent({ x: [base], y: [y], dy: [dy], emit }: RuleInput): Value {
  const slope = emit('Mul', [y, emit('Log', [base])])
  return emit('Mul', [dy, emit('Where', [emit('Equal', [y, 0]), y, slope])])
}

/** 1 / 2y */
export const sqrt: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Div', [emit('Mul', [dy, 0.5]), y])]

/** -y^2 */
export const reciprocal: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, emit('Mul', [y, emit('Neg', [y])])])]

export const exp: Rule = ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, y])]

export const log: Rule = ({ x: [x], dy: [dy], emit }) => [emit('Div', [dy, x])]

export const sin: Rule = ({ x: [x], dy: [dy], emit }) => [emit('Mul', [dy, emit('Cos', [x])])]

export const cos: Rule = ({ x: [x], dy: [dy], emit }) => [emit('Mul', [dy, emit('Neg', [emit('Sin', [x])])])]

/** The smallest (largest) of any number of inputs. Inputs that tie share the gradient evenly, as in PyTorch. */
const extreme: Rule = ({ x, y: [y], dy: [dy], emit, needed }) => {
  if (x.length === 1) return [dy]
  const chosen = x.map((each) => indicator(emit, emit('Equal', [each, y]), y))
  const share = emit('Div', [dy, chosen.reduce((count, each) => emit('Add', [count, each]))])
  return chosen.map((each, index) => (needed[index] ? emit('Mul', [share, each]) : NO_GRADIENT))
}

export const min = extreme
export const max = extreme

/** The chosen side gets the gradient, the other exactly 0, whatever its value and the gradient are. */
export const where: Rule = ({ x: [condition], dy: [dy], emit, needed }) => [
  NO_GRADIENT,
  needed[1] ? emit('Where', [condition, dy, 0]) : NO_GRADIENT,
  needed[2] ? emit('Where', [condition, 0, dy]) : NO_GRADIENT,
]

/** The sum of any number of inputs */
export const sum: Rule = ({ x, dy: [dy] }) => x.map(() => dy)

/** The mean of any number of inputs */
export const mean: Rule = ({ x, dy: [dy], emit }) => {
  const share = emit('Mul', [dy, 1 / x.length])
  return x.map(() => share)
}
