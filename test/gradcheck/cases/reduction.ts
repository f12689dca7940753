import * as fc from 'fast-check'
import type { CheckedInput, GradientCase } from '../gradient-check.ts'

/** A shape with axes to reduce: some, from either end; all; none given; none given and nothing reduced. */
const reductions = fc.tuple(fc.constantFrom([4], [2, 3], [2, 3, 2], [2, 1, 3, 2]), fc.constantFrom(0, 1)).chain(([dims, keepdims]) => {
  const axes = fc.subarray(dims.map((_, axis) => axis), { minLength: 1 }).chain((chosen) => fc.tuple(...chosen.map((axis) => fc.constantFrom(axis, axis - dims.length))))
  return fc.record({ dims: fc.constant(dims), keepdims: fc.constant(keepdims), axes: fc.option(axes, { nil: undefined }), noop: fc.constantFrom(0, 1) })
})

function reduction(op: string, range: Omit<CheckedInput, 'dims'> = {}): GradientCase {
  return {
    op, runs: 20,
    instances: reductions.map(({ dims, keepdims, axes, noop }) => ({
      inputs: { x: { dims, ...range } },
      build: (builder, { x }) => builder.emit(op, [x, axes], { keepdims, noop_with_empty_axes: noop }),
    })),
  }
}

function globalPool(op: string, range: Omit<CheckedInput, 'dims'> = {}): GradientCase {
  return {
    op,
    instances: fc.constantFrom([1, 2, 3], [2, 3, 2, 3], [2, 1, 2, 2, 2], [1, 1, 1, 1]).map((dims) => ({
      inputs: { x: { dims, ...range } },
      build: (builder, { x }) => builder.emit(op, [x]),
    })),
  }
}

/** No two values nearer than the finite difference's step: the largest stays the largest */
const distinct = { spacing: 0.2 }

export const reductionCases: readonly GradientCase[] = [
  reduction('ReduceSum'), reduction('ReduceMean'), reduction('ReduceMax', distinct), reduction('ReduceMin', distinct),
  reduction('ReduceLogSumExp', { low: -2, high: 2 }), reduction('ReduceSumSquare'),
  reduction('ReduceL1', { away: { from: [0], by: 0.2 } }), reduction('ReduceL2', { low: 0.3, high: 1.5 }),
  globalPool('GlobalAveragePool'), globalPool('GlobalMaxPool', distinct),
]
