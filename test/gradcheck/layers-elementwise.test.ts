/** Elementwise layers and reductions against PyTorch: test/fixtures/layers-elementwise.golden.json, made by layers-elementwise.golden.py. */
import { describe, expect, it } from 'vitest'
import golden from '../fixtures/layers-elementwise.golden.json' with { type: 'json' }
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { type Attributes, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { runModel } from '../support/run-model.ts'

interface Case {
  readonly op: string
  readonly attributes: Attributes
  readonly axes?: readonly number[]
  readonly inputs: readonly { readonly dims: readonly number[]; readonly values: readonly number[] }[]
  readonly y: readonly number[]
  readonly dims: readonly number[]
  readonly dy: readonly number[]
  /** null: a constant */
  readonly gradients: readonly (readonly number[] | null)[]
}

async function evaluate({ op, attributes, axes, inputs, dims, dy, gradients }: Case): Promise<Record<string, Tensor>> {
  const builder = new GraphBuilder()
  const x: readonly Value[] = inputs.map((each, index) => (gradients[index] === null ? builder.constant(float32(each.dims, each.values)) : builder.input(`x${index}`, 'float32', each.dims)))
  const operands = op === 'Where' ? [builder.emit('Greater', [x[0], 0]), ...x.slice(1)] : x
  const y = builder.emit(op, [...operands, axes], attributes)
  expect(y.shape).toEqual(dims)
  const names = inputs.map((_, index) => `x${index}`).filter((_, index) => gradients[index] !== null)
  builder.output(y, 'y')
  for (const [name, gradient] of differentiate(builder, y, names, builder.constant(float32(dims, dy)))) builder.output(gradient, `d${name}`)
  return runModel(builder.build(), Object.fromEntries(names.map((name) => [name, float32(inputs[Number(name.slice(1))].dims, inputs[Number(name.slice(1))].values)])))
}

/** Largest difference, relative to the largest expected number. */
function error(actual: Tensor, expected: readonly number[]): number {
  const values = actual.data as Float32Array
  expect(values.length).toBe(expected.length)
  return Math.max(...expected.map((each, index) => Math.abs(values[index] - each))) / Math.max(1, ...expected.map(Math.abs))
}

describe('elementwise layers and reductions agree with PyTorch', () => {
  for (const each of golden as unknown as readonly Case[]) {
    it(`${each.op} ${JSON.stringify({ ...each.attributes, axes: each.axes })} of ${each.inputs.map(({ dims }) => `[${dims.join()}]`).join(' and ')}`, async () => {
      const results = await evaluate(each)
      expect(error(results['y'], each.y)).toBeLessThan(2e-6)
      for (const [index, gradient] of each.gradients.entries()) {
        if (gradient !== null) expect(error(results[`dx${index}`], gradient), `gradient by input ${index}`).toBeLessThan(5e-6)
      }
    })
  }
})

it('Where gives the side that is not chosen a gradient of exactly 0, though its value is NaN and the gradient infinite', async () => {
  const builder = new GraphBuilder()
  const [a, b] = ['a', 'b'].map((name) => builder.input(name, 'float32', [3]))
  const chosen = builder.emit('Where', [builder.emit('Greater', [a, 0]), a, b])
  const gradients = differentiate(builder, chosen, ['a', 'b'], builder.constant(float32([3], [Infinity, 2, Infinity])))
  for (const [name, gradient] of gradients) builder.output(gradient, `d.${name}`)
  const results = await runModel(builder.build(), { a: float32([3], [1, NaN, -1]), b: float32([3], [NaN, 5, 6]) })
  expect(Array.from(results['d.a'].data as Float32Array)).toEqual([Infinity, 0, 0])
  expect(Array.from(results['d.b'].data as Float32Array)).toEqual([0, 2, Infinity])
})
