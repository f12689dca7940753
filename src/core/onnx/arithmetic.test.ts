import { describe, expect, it } from 'vitest'
import { countArithmetic } from './arithmetic.ts'
import { GraphBuilder, type Value } from './graph-builder.ts'

/** Cost of the one node that `build` emits. */
function costOf(build: (builder: GraphBuilder) => Value) {
  const builder = new GraphBuilder()
  builder.output(build(builder), 'result')
  return countArithmetic(builder.build()).nodes[0]
}

describe('what a node costs', () => {
  it('a product of [2, 3, 4] and [4, 5]: 2 * 3 * 5 sums of 4 products', () => {
    const cost = costOf((builder) => builder.emit('MatMul', [builder.input('a', 'float32', [2, 3, 4]), builder.input('b', 'float32', [4, 5])]))
    expect(cost).toMatchObject({ flops: 2 * 2 * 3 * 5 * 4, bytes: 4 * (24 + 20 + 30) })
  })

  it('Gemm counts the summed axis where its operand is transposed', () => {
    const cost = costOf((builder) => builder.emit('Gemm', [builder.input('a', 'float32', [4, 3]), builder.input('b', 'float32', [5, 4])], { transA: 1, transB: 1 }))
    expect(cost.flops).toBe(2 * 3 * 5 * 4)
  })

  it('a grouped convolution sums over its own group only', () => {
    const cost = costOf((builder) => builder.emit('Conv', [builder.input('x', 'float32', [1, 8, 6, 6]), builder.input('w', 'float32', [8, 2, 3, 3])], { group: 4 }))
    expect(cost.flops).toBe(2 * 8 * 4 * 4 * 2 * 9)
  })

  it('a transposed convolution costs what the convolution costs whose gradient it is', () => {
    const cost = costOf((builder) => builder.emit('ConvTranspose', [builder.input('x', 'float32', [1, 8, 4, 4]), builder.input('w', 'float32', [8, 2, 3, 3])], { group: 4 }))
    expect(cost.flops).toBe(2 * 8 * 4 * 4 * 2 * 9)
  })

  it('Einsum: the product of all its indices', () => {
    const cost = costOf((builder) => builder.emit('Einsum', [builder.input('a', 'float32', [2, 3, 4]), builder.input('b', 'float32', [2, 4, 5])], { equation: 'bij,bjk->bik' }))
    expect(cost.flops).toBe(2 * 2 * 3 * 4 * 5)
  })

  it('views cost nothing; a slice reads what it writes', () => {
    expect(costOf((builder) => builder.emit('Reshape', [builder.input('x', 'float32', [2, 3]), [6]]))).toMatchObject({ flops: 0, bytes: 0 })
    expect(costOf((builder) => builder.emit('Slice', [builder.input('x', 'float32', [100]), [0], [10]]))).toMatchObject({ flops: 0, bytes: 2 * 40 })
  })

  it('elementwise operators: one operation per element, operands and result through memory once', () => {
    const cost = costOf((builder) => builder.emit('Add', [builder.input('x', 'float32', [2, 3]), builder.input('y', 'float32', [3])]))
    expect(cost).toMatchObject({ flops: 6, bytes: 4 * (6 + 3 + 6) })
  })

  it('dimensions must be numbers', () => {
    const builder = new GraphBuilder()
    builder.output(builder.emit('Relu', [builder.input('x', 'float32', ['batch', 3])]), 'y')
    expect(() => countArithmetic(builder.build())).toThrow(/symbolic/)
  })
})
