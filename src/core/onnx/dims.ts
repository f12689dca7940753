/** Arithmetic of dimensions that may be symbolic: numbers are computed, anything else becomes the text of the expression. */
import type { Dim, Shape } from './model.ts'
import { ModelError } from './errors.ts'

export type DimOperator = '+' | '-' | '*' | '/' | '%'

/** a (operator) b; '/' rounds down. x + 0, x * 1, x / 1, x - x and x / x are simplified, so that equal sizes have equal texts. */
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
  if (b === 0 && (operator === '+' || operator === '-')) return a
  if (a === 0 && operator === '+') return b
  if (b === 1 && (operator === '*' || operator === '/')) return a
  if (a === 1 && operator === '*') return b
  if ((a === 0 || b === 0) && operator === '*') return 0
  if (a === b && operator === '-') return 0
  if (a === b && operator === '/') return 1
  return `${atom(a)} ${operator} ${atom(b)}`
}

function atom(dim: Dim): string {
  return typeof dim === 'string' && dim.includes(' ') ? `(${dim})` : String(dim)
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
