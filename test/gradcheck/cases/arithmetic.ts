import * as fc from 'fast-check'
import { float32, int64 } from '../../../src/core/onnx/tensor.ts'
import type { CheckedInput, GradientCase } from '../gradient-check.ts'

type Range = Omit<CheckedInput, 'dims'>

/** Two shapes that broadcast against each other. */
const broadcastPair = fc.constantFrom(
  [[3], [3]], [[2, 3], [3]], [[2, 3], [2, 1]], [[2, 1, 3], [4, 1]], [[], [2, 2]], [[1], [2, 3, 2]], [[2, 2], []],
)

const anyShape = fc.constantFrom([], [1], [5], [2, 3], [2, 1, 3, 2])

/** Far enough from zero on both sides that a step of the finite difference stays on its side */
const awayFromZero: Range = { away: { from: [0], by: 0.3 } }
const positive: Range = { low: 0.3, high: 2 }

function binary(op: string, a: Range = {}, b: Range = a): GradientCase {
  return {
    op,
    instances: broadcastPair.map(([left, right]) => ({
      inputs: { a: { dims: left, ...a }, b: { dims: right, ...b } },
      build: (builder, x) => builder.emit(op, [x.a, x.b]),
    })),
  }
}

function unary(op: string, range: Range = {}): GradientCase {
  return {
    op,
    instances: anyShape.map((dims) => ({ inputs: { x: { dims, ...range } }, build: (builder, x) => builder.emit(op, [x.x]) })),
  }
}

/** One to four inputs of shapes that broadcast against each other; they never come nearer than a difference's step. */
function variadic(op: string): GradientCase {
  const shapes = fc.array(fc.constantFrom([2, 3], [3], [2, 1], [1], [2, 2, 3]), { minLength: 1, maxLength: 4 })
  return {
    op, about: 'any number of inputs',
    instances: shapes.map((all) => ({
      inputs: Object.fromEntries(all.map((dims, index) => [`x${index}`, { dims, low: index * 0.09 - 1, spacing: 0.36 }])),
      build: (builder, x) => builder.emit(op, Object.values(x)),
    })),
  }
}

export const arithmeticCases: readonly GradientCase[] = [
  binary('Add'), binary('Sub'), binary('Mul'), binary('Div', {}, { low: -2, high: 2, away: { from: [0], by: 0.5 } }),
  unary('Neg'), unary('Abs', awayFromZero), unary('Sqrt', positive), unary('Reciprocal', { low: -2, high: 2, away: { from: [0], by: 0.5 } }),
  unary('Exp'), unary('Log', positive), unary('Sin'), unary('Cos'),
  binary('Pow', positive, { low: -2, high: 3 }),
  {
    op: 'Pow', about: 'constant exponents, bases of either sign',
    instances: fc.tuple(anyShape, fc.constantFrom(-2, -1, 0, 1, 2, 3, 4), fc.constantFrom([], [1])).map(([dims, exponent, exponentDims]) => ({
      inputs: { x: { dims, low: -1.5, high: 1.5, away: { from: [0], by: 0.5 } } },
      build: (builder, { x }) => builder.emit('Pow', [x, builder.constant(float32(exponentDims, [exponent]))]),
    })),
  },
  {
    op: 'Pow', about: 'broken and several exponents, whole numbers as integers',
    instances: fc.constantFrom(float32([], [0.5]), float32([3], [0.5, -1.5, 2.5]), float32([3], [0, 1, 2]), int64([], [2]), int64([3], [0, 3, -1])).map((exponent) => ({
      inputs: { x: { dims: [2, 3], low: 0.5, high: 1.5 } },
      build: (builder, { x }) => builder.emit('Pow', [x, builder.initializer('exponent', exponent)]),
    })),
  },
  variadic('Min'), variadic('Max'), variadic('Sum'), variadic('Mean'),
  {
    op: 'Where',
    instances: fc.constantFrom([[2, 3], [2, 3], [2, 3]], [[3], [2, 3], []], [[2, 1], [3], [2, 3]], [[1], [2], [2]], [[2, 2, 1], [2], [1]]).map(([condition, a, b]) => ({
      inputs: { c: { dims: condition, ...awayFromZero, constant: true }, a: { dims: a }, b: { dims: b } },
      build: (builder, x) => builder.emit('Where', [builder.emit('Greater', [x.c, 0]), x.a, x.b]),
    })),
  },
]
