import * as fc from 'fast-check'
import type { GradientCase } from '../gradient-check.ts'

const size = fc.integer({ min: 1, max: 4 })

/** Two batch shapes that broadcast. */
const batches = fc.constantFrom(
  [[], []], [[2], [2]], [[3], []], [[], [3]], [[2, 3], []], [[2, 1], [3]], [[1], [2]], [[2, 3], [2, 3]],
)

const matMul: GradientCase = {
  op: 'MatMul',
  runs: 24,
  instances: fc.tuple(batches, size, size, size).map(([[left, right], rows, inner, columns]) => ({
    inputs: { a: { dims: [...left, rows, inner] }, b: { dims: [...right, inner, columns] } },
    build: (builder, x) => builder.emit('MatMul', [x.a, x.b]),
  })),
}

const vectors: GradientCase = {
  op: 'MatMul',
  about: 'vectors',
  runs: 20,
  instances: fc.constantFrom(
    [[3], [3]], [[3], [3, 2]], [[2, 3], [3]], [[3], [2, 3, 4]], [[2, 4, 3], [3]], [[3], [2, 1, 3, 2]], [[1], [1, 1]],
  ).map(([a, b]) => ({
    inputs: { a: { dims: a }, b: { dims: b } },
    build: (builder, x) => builder.emit('MatMul', [x.a, x.b]),
  })),
}

const gemm: GradientCase = {
  op: 'Gemm',
  runs: 24,
  instances: fc.record({
    rows: size, inner: size, columns: size, transA: fc.nat({ max: 1 }), transB: fc.nat({ max: 1 }),
    alpha: fc.constantFrom(undefined, 0.5, -2), beta: fc.constantFrom(undefined, 0.25),
    offset: fc.constantFrom('none', 'scalar', 'row', 'column', 'full'),
  }).map(({ rows, inner, columns, transA, transB, alpha, beta, offset }) => ({
    inputs: {
      a: { dims: transA ? [inner, rows] : [rows, inner] },
      b: { dims: transB ? [columns, inner] : [inner, columns] },
      ...(offset === 'none' ? {} : { c: { dims: { scalar: [], row: [columns], column: [rows, 1], full: [rows, columns] }[offset] } }),
    },
    build: (builder, x) => builder.emit('Gemm', [x.a, x.b, x.c], { transA, transB, alpha, beta }),
  })),
}

const einsum: GradientCase = {
  op: 'Einsum',
  runs: 30,
  instances: fc.constantFrom(
    'ij,jk->ik', 'ij,kj->ki', 'bij,bjk->bik', 'bhwc,hkc->bhwk', 'bhwc,wkc->bhwk', 'i,j->ij', 'i,i->', 'ij,ij->ij', 'ij,jk->k', 'ij,kl->il',
    'bnqd,bnkd->bqnk', 'ijk->kij', 'ij->j', 'ij,jk,kl->il',
  ).chain((equation) => {
    const terms = equation.split('->')[0].split(',')
    const labels = [...new Set(terms.join(''))]
    return fc.array(fc.integer({ min: 1, max: 3 }), { minLength: labels.length, maxLength: labels.length }).map((sizes) => ({
      inputs: Object.fromEntries(terms.map((term, index) => [`x${index}`, { dims: [...term].map((label) => sizes[labels.indexOf(label)]) }])),
      build: (builder, x) => builder.emit('Einsum', terms.map((_, index) => x[`x${index}`]), { equation }),
    }))
  }),
}

export const matrixCases: readonly GradientCase[] = [matMul, vectors, gemm, einsum]
