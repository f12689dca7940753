/** Matrix products, convolutions and pools against PyTorch: test/fixtures/layers-linear.golden.json, made by layers-linear.golden.py. */
import { describe, expect, it } from 'vitest'
import golden from '../fixtures/layers-linear.golden.json' with { type: 'json' }
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { type Attributes, GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { runModel } from '../support/run-model.ts'

interface Case {
  readonly about: string
  readonly op: string
  readonly attributes: Attributes
  readonly inputs: readonly { readonly dims: readonly number[]; readonly values: readonly number[] }[]
  readonly y: readonly number[]
  readonly dims: readonly number[]
  readonly dy: readonly number[]
  readonly gradients: readonly (readonly number[])[]
}

async function evaluate({ op, attributes, inputs, dims, dy }: Case): Promise<Record<string, Tensor>> {
  const builder = new GraphBuilder()
  const x = inputs.map((each, index) => builder.input(`x${index}`, 'float32', each.dims))
  const y = builder.emit(op, x, attributes)
  expect(y.shape).toEqual(dims)
  builder.output(y, 'y')
  const gradients = differentiate(builder, y, x.map(({ name }) => name), builder.input('dy', 'float32', dims))
  for (const [name, gradient] of gradients) builder.output(gradient, `d${name}`)
  const feeds = inputs.map((each, index) => [`x${index}`, float32(each.dims, each.values)] as const)
  return runModel(builder.build(), { ...Object.fromEntries(feeds), dy: float32(dims, dy) })
}

/** Largest difference, relative to the largest expected number. */
function error(actual: Tensor, expected: readonly number[]): number {
  const values = actual.data as Float32Array
  expect(values.length).toBe(expected.length)
  return Math.max(...expected.map((each, index) => Math.abs(values[index] - each))) / Math.max(1, ...expected.map(Math.abs))
}

describe('linear layers and pools agree with PyTorch', () => {
  for (const each of golden as unknown as readonly Case[]) {
    it(`${each.op}: ${each.about} ${each.inputs.map(({ dims }) => `[${dims.join()}]`).join(' ')}`, async () => {
      const results = await evaluate(each)
      expect(error(results['y'], each.y)).toBeLessThan(2e-6)
      for (const [index, gradient] of each.gradients.entries()) {
        expect(error(results[`dx${index}`], gradient), `gradient by input ${index}`).toBeLessThan(2e-6)
      }
    })
  }
})

it('Einsum with an index repeated in one term is refused by name', () => {
  const builder = new GraphBuilder()
  const y = builder.emit('Einsum', [builder.input('a', 'float32', [3, 3]), builder.input('b', 'float32', [3])], { equation: 'ii,i->i' })
  expect(() => differentiate(builder, y, ['a'], builder.input('dy', 'float32', [3]))).toThrow(/"ii,i->i" repeats an index in "ii"/)
})
