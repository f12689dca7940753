import * as fc from 'fast-check'
import type { GradientCase } from '../gradient-check.ts'

/** Two shapes that broadcast against each other. */
const broadcastPair = fc.constantFrom(
  [[3], [3]], [[2, 3], [3]], [[2, 3], [2, 1]], [[2, 1, 3], [4, 1]], [[], [2, 2]], [[1], [2, 3, 2]],
)

const binary = (op: string): GradientCase => ({
  op,
  instances: broadcastPair.map(([a, b]) => ({
    inputs: { a: { dims: a }, b: { dims: b } },
    build: (builder, x) => builder.emit(op, [x.a, x.b]),
  })),
})

export const arithmeticCases: readonly GradientCase[] = [binary('Add'), binary('Sub'), binary('Mul')]
