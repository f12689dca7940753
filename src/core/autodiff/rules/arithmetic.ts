/** Gradients of arithmetic, element by element with broadcasting: each is returned in the output's shape, the walker sums it back. */
import { NO_GRADIENT, type Rule } from '../rule.ts'

/** a + b */
export const add: Rule = ({ dy: [dy] }) => [dy, dy]

/** a - b */
export const sub: Rule = ({ dy: [dy], emit, needed }) => [dy, needed[1] ? emit('Neg', [dy]) : NO_GRADIENT]

/** a b */
export const mul: Rule = ({ x: [a, b], dy: [dy], emit, needed }) => [
  needed[0] ? emit('Mul', [dy, b]) : NO_GRADIENT,
  needed[1] ? emit('Mul', [dy, a]) : NO_GRADIENT,
]

export const div: Rule = () => { throw new Error('div: to be written') }

export const neg: Rule = () => { throw new Error('neg: to be written') }

export const abs: Rule = () => { throw new Error('abs: to be written') }

export const pow: Rule = () => { throw new Error('pow: to be written') }

export const sqrt: Rule = () => { throw new Error('sqrt: to be written') }

export const reciprocal: Rule = () => { throw new Error('reciprocal: to be written') }

export const exp: Rule = () => { throw new Error('exp: to be written') }

export const log: Rule = () => { throw new Error('log: to be written') }

export const min: Rule = () => { throw new Error('min: to be written') }

export const max: Rule = () => { throw new Error('max: to be written') }

export const where: Rule = () => { throw new Error('where: to be written') }

export const sum: Rule = () => { throw new Error('sum: to be written') }
