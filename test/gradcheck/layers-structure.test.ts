/** Normalisations, interpolation and structure against PyTorch: test/fixtures/layers-structure.golden.json, made by layers-structure.golden.py. */
import { describe, expect, it } from 'vitest'
import golden from '../fixtures/layers-structure.golden.json' with { type: 'json' }
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { lowerForRuntime } from '../../src/core/autodiff/lower.ts'
import { type Attributes, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { float32, int64, type Tensor } from '../../src/core/onnx/tensor.ts'
import { runModel } from '../support/run-model.ts'

interface Numbers {
  readonly type: 'float32' | 'int64'
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

interface Case {
  readonly op: string
  readonly about: string
  readonly attributes: Attributes
  /** null: left out */
  readonly inputs: readonly (Numbers | null)[]
  readonly y: readonly Numbers[]
  /** One for each of the first outputs; the others have no gradient */
  readonly dy: readonly (readonly number[])[]
  /** null: not differentiated by */
  readonly gradients: readonly (readonly number[] | null)[]
}

function tensorOf({ type, dims, values }: Numbers): Tensor {
  return type === 'int64' ? int64(dims, values) : float32(dims, values)
}

async function evaluate({ op, attributes, inputs, y, dy, gradients }: Case): Promise<Record<string, Tensor>> {
  const builder = new GraphBuilder()
  const operands = inputs.map((each, index): Value | undefined => {
    if (each === null) return undefined
    return gradients[index] === null ? builder.constant(tensorOf(each)) : builder.input(`x${index}`, 'float32', each.dims)
  })
  const outputs = builder.emitAll(op, operands, attributes, y.length)
  expect(outputs.map(({ shape }) => shape)).toEqual(y.map(({ dims }) => dims))
  const weighted = dy.map((each, index) => builder.emit('ReduceSum', [builder.emit('Mul', [outputs[index], builder.constant(float32(y[index].dims, each))])], { keepdims: 0 }))
  const names = gradients.flatMap((each, index) => (each === null ? [] : [`x${index}`]))
  for (const [name, gradient] of differentiate(builder, weighted.reduce((sum, each) => builder.emit('Add', [sum, each])), names)) builder.output(gradient, `d${name}`)
  for (const [index, output] of outputs.entries()) builder.output(output, `y${index}`)
  return runModel(lowerForRuntime(builder.build()), Object.fromEntries(inputs.flatMap((each, index) => (each === null || gradients[index] === null ? [] : [[`x${index}`, tensorOf(each)] as const]))))
}

/** Largest difference, relative to the largest expected number. */
function error(actual: Tensor, expected: readonly number[]): number {
  const values = actual.data as Float32Array
  expect(values.length).toBe(expected.length)
  return Math.max(...expected.map((each, index) => Math.abs(values[index] - each))) / Math.max(1, ...expected.map(Math.abs))
}

describe('normalisations, interpolation and structure agree with PyTorch', () => {
  for (const each of golden as unknown as readonly Case[]) {
    const shapes = each.inputs.map((input) => (input === null ? '-' : `[${input.dims.join()}]`)).join(' ')
    it(`${each.op} ${each.about} ${JSON.stringify(each.attributes)} of ${shapes} to [${each.y[0].dims.join()}]`, async () => {
      const results = await evaluate(each)
      for (const [index, expected] of each.y.entries()) expect(error(results[`y${index}`], expected.values), `output ${index}`).toBeLessThan(1e-5)
      for (const [index, gradient] of each.gradients.entries()) {
        if (gradient !== null) expect(error(results[`dx${index}`], gradient), `gradient by input ${index}`).toBeLessThan(1e-5)
      }
    })
  }
})
