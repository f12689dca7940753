/** Which form of a convolution's gradients is chosen by its shape; that each is right is test/gradcheck's part. */
import { describe, expect, it } from 'vitest'
import { type Attributes, dims, GraphBuilder } from '../../onnx/graph-builder.ts'
import { differentiate } from '../differentiate.ts'

/** Operators, and how many of each, in the gradients of a convolution by the named inputs. */
function operators(x: readonly number[], weight: readonly number[], { by, ...attributes }: Attributes & { by: 'x' | 'w' }): Record<string, number> {
  const builder = new GraphBuilder()
  const y = builder.emit('Conv', [builder.input('x', 'float32', x), builder.input('w', 'float32', weight)], attributes)
  const gradient = differentiate(builder, y, [by], builder.input('dy', 'float32', dims(y))).get(by)
  expect(gradient?.shape).toEqual(by === 'x' ? x : weight)
  const counts: Record<string, number> = {}
  for (const { opType } of builder.nodes.slice(1)) if (opType !== 'Reshape') counts[opType] = (counts[opType] ?? 0) + 1
  return counts
}

describe('the form of a convolution\'s gradients', () => {
  it('is a matrix product for the weight of a 1x1 layer, and a 1x1 layer for its input', () => {
    expect(operators([1, 8, 4, 6], [3, 8, 1, 1], { by: 'w' })).toEqual({ Gemm: 1 })
    expect(operators([2, 8, 4, 6], [6, 4, 1, 1], { by: 'w', group: 2 })).toEqual({ Transpose: 1, MatMul: 1, ReduceSum: 1 })
    expect(operators([1, 8, 4, 6], [3, 8, 1, 1], { by: 'x' })).toEqual({ Transpose: 1, Conv: 1 })
  })

  it('is a depthwise layer with the flipped kernel for a depthwise layer, and a product per position over two shifted rows and two shifted columns', () => {
    const depthwise = { group: 8, pads: [1, 1, 1, 1] }
    expect(operators([1, 8, 4, 6], [8, 1, 3, 3], { by: 'x', ...depthwise })).toEqual({ Slice: 1, Conv: 1 })
    expect(operators([1, 8, 4, 6], [8, 1, 3, 3], { by: 'w', ...depthwise })).toEqual({ Pad: 4, Transpose: 9, MatMul: 9, Concat: 1 })
  })

  it('is a transposed convolution and a convolution by dY for a patch embedding', () => {
    const embedding = { strides: [4, 4], pads: [3, 3, 3, 3] }
    expect(operators([1, 3, 16, 16], [8, 3, 7, 7], { by: 'x', ...embedding })).toEqual({ ConvTranspose: 1 })
    expect(operators([1, 3, 16, 16], [8, 3, 7, 7], { by: 'w', ...embedding })).toMatchObject({ Conv: 1 })
  })

  it('is a product per position for small windows side by side', () => {
    expect(operators([1, 8, 4, 6], [8, 8, 2, 2], { by: 'w', strides: [2, 2] })).toEqual({ Slice: 4, Gemm: 4, Concat: 1 })
  })
})
