/** Arithmetic of dimensions that may be symbolic: numbers are computed, anything else becomes the text of the expression. */
import type { Dim, Shape } from './model.ts'
import { asConstant, combineSums, constantSum, evaluateSum, parseSum, printSum, type Sum } from './dim-expression.ts'
import { ModelError } from './errors.ts'

export type DimOperator = '+' | '-' | '*' | '/' | '%'

/** a (operator) b; '/' rounds down. Equal expressions have equal texts (dim-expression.ts). */
export function dimArithmetic(a: Dim, operator: DimOperator, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') {
    switch (operator) {
      case '+': return a + b
      case '-': return a - b
      case '*': return a * b
      case '/': return Math.floor(a / b)
      case '%': return a - b * Math.floor(a / b)
    }
  }
  // unchanged, however it is written
  if (b === 0 && (operator === '+' || operator === '-')) return a
  if (a === 0 && operator === '+') return b
  if (b === 1 && (operator === '*' || operator === '/')) return a
  if (a === 1 && operator === '*') return b
  const result = combineSums(asSum(a), operator, asSum(b))
  return asConstant(result) ?? printSum(result)
}

function asSum(dim: Dim): Sum {
  return typeof dim === 'number' ? constantSum(dim) : parseSum(dim)
}

/** The size of a dimension when its names have sizes. Throws ModelError 'shape' naming one that has none. */
export function evaluateDim(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  if (typeof dim === 'string' && Object.hasOwn(sizes, dim)) return sizes[dim]
  return evaluateSum(asSum(dim), sizes)
}

/** Product of dimensions. */
export function dimProduct(dims: readonly Dim[]): Dim {
  let number = 1
  let symbolic: Dim = 1
  for (const dim of dims) {
    if (typeof dim === 'number') number *= dim
    else symbolic = dimArithmetic(symbolic, '*', dim)
  }
  return dimArithmetic(number, '*', symbolic)
}

/** The shape that two or more shapes broadcast to (multidirectional, as numpy). Throws ModelError 'shape' naming both. */
export function broadcastShapes(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1
    for (const shape of shapes) {
      const at = axis - rank + shape.length
      if (at < 0 || shape[at] === 1) continue
      const dim = shape[at]
      if (result === 1 || result === dim) result = dim
      else if (typeof result === 'number' && typeof dim === 'number') {
        throw new ModelError('shape', `Shapes ${shapes.map(formatShape).join(' and ')} do not broadcast: ${result} against ${dim}.`)
      } else if (typeof dim === 'number') result = dim
    }
    return result
  })
}

export function formatShape(shape: Shape | undefined): string {
  return shape === undefined ? '[?]' : `[${shape.join(', ')}]`
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis])
}

/** An axis that may be counted from the end, as a number from 0. Throws ModelError 'shape'. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (normal < 0 || normal >= Math.max(rank, 1)) throw new ModelError('shape', `Axis ${axis} does not exist in a value of rank ${rank}.`)
  return normal
}
