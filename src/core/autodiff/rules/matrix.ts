/** Gradients of matrix products. */
import { floatAttribute, intAttribute, stringAttribute } from '../../onnx/model.ts'
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { elementCount } from '../../onnx/tensor.ts'
import { ModelError } from '../../onnx/errors.ts'
import { NO_GRADIENT, type Rule } from '../rule.ts'
import { reshaped, swapLast } from './shapes.ts'

/** Y = A B: dA = dY Bᵀ, dB = Aᵀ dY. Batch axes that were broadcast are the walker's to sum. */
export const matMul: Rule = ({ x: [a, b], dy: [dy], needed, emit }) => {
  const matrices = asMatrices(emit, { a, b, dy })
  const { da, db } = dims(matrices.b).length === 2 ? sharedMatrix(emit, matrices) : batched(emit, matrices)
  const restore = (gradient: Value, operand: Value) => (
    dims(operand).length > 1 ? gradient : reshaped(emit, gradient, [...dims(gradient).slice(0, -2), ...dims(operand)]))
  return [
    needed[0] ? restore(da(), a) : NO_GRADIENT,
    needed[1] ? restore(db(), b) : NO_GRADIENT,
  ]
}

interface Product {
  readonly a: Value
  readonly b: Value
  readonly dy: Value
}
interface ProductGradients {
  readonly da: () => Value
  readonly db: () => Value
}

/** A vector is a matrix of one row (A) or one column (B). */
function asMatrices(emit: Emit, { a, b, dy }: Product): Product {
  const [vectorA, vectorB] = [dims(a).length === 1, dims(b).length === 1]
  const batch = dims(dy).slice(0, dims(dy).length - (vectorA ? 0 : 1) - (vectorB ? 0 : 1))
  const rows = vectorA ? [1, ...dims(a)] : dims(a)
  const columns = vectorB ? [...dims(b), 1] : dims(b)
  return {
    a: reshaped(emit, a, rows),
    b: reshaped(emit, b, columns),
    dy: reshaped(emit, dy, [...batch, ...rows.slice(-2, -1), ...columns.slice(-1)]),
  }
}

/** One matrix B for a whole batch: the batch's rows are the rows of one large product, which sums dB over the batch too. */
function sharedMatrix(emit: Emit, { a, b, dy }: Product): ProductGradients {
  const flat = (value: Value) => reshaped(emit, value, [elementCount(dims(value).slice(0, -1)), ...dims(value).slice(-1)])
  return {
    da: () => reshaped(emit, emit('Gemm', [flat(dy), b], { transB: 1 }), dims(a)),
    db: () => emit('Gemm', [flat(a), flat(dy)], { transA: 1 }),
  }
}

function batched(emit: Emit, { a, b, dy }: Product): ProductGradients {
  return {
    da: () => emit('MatMul', [dy, swapLast(emit, b)]),
    db: () => emit('MatMul', [swapLast(emit, a), dy]),
  }
}

/** Y = alpha A' B' + beta C, where A' is A or Aᵀ and B' is B or Bᵀ; C broadcasts. */
export const gemm: Rule = ({ node, x: [a, b, c], dy: [dy], needed, emit }) => {
  const alpha = floatAttribute(node, 'alpha', 1)
  const beta = floatAttribute(node, 'beta', 1)
  const [transA, transB] = [intAttribute(node, 'transA', 0), intAttribute(node, 'transB', 0)]
  const da = (): Value => (transA ? emit('Gemm', [b, dy], { transA: transB, transB: 1, alpha }) : emit('Gemm', [dy, b], { transB: 1 - transB, alpha }))
  const db = (): Value => (transB ? emit('Gemm', [dy, a], { transA: 1, transB: transA, alpha }) : emit('Gemm', [a, dy], { transA: 1 - transA, alpha }))
  const dc = (): Value => (beta === 1 ? dy : emit('Mul', [dy, beta]))
  return [da, db, dc].slice(0, c === undefined ? 2 : 3).map((gradient, index) => (needed[index] ? gradient() : NO_GRADIENT))
}

/**
 * The gradient of a factor is the Einsum of the output's gradient with the other factors. An index that only this factor has
 * was summed over: its gradient is the same along it.
 */
export const einsum: Rule = ({ node, x, dy: [dy], needed, emit }) => {
  const [left, output] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->')
  const terms = left.split(',')
  for (const term of [...terms, output]) {
    if (new Set(term).size !== term.length) throw new ModelError('unsupported', `Einsum "${left}->${output}" repeats an index in "${term}": such a diagonal has no gradient rule.`)
  }
  return terms.map((term, index) => {
    if (!needed[index]) return NO_GRADIENT
    const others = [output, ...terms.toSpliced(index, 1)]
    const kept = [...term].filter((label) => others.some((other) => other.includes(label)))
    const product = emit('Einsum', [dy, ...x.toSpliced(index, 1)], { equation: `${others.join()}->${kept.join('')}` })
    if (kept.length === term.length) return product
    const spread = [...term].map((label, axis) => (kept.includes(label) ? dims(x[index])[axis] : 1))
    return emit('Expand', [reshaped(emit, product, spread), dims(x[index])])
  })
}
