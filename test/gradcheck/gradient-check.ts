/**
 * Checks a gradient rule against finite differences. The forward graph runs in onnxruntime in float32; the weighted sum of
 * its outputs is taken in float64; central differences at two widths are extrapolated (Richardson), so that the error
 * left is the float32 rounding of the forward pass.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { lowerForRuntime } from '../../src/core/autodiff/lower.ts'
import { openModel, runModel } from '../support/run-model.ts'
import { checkedNames, drawFeeds, forwardModel, generator, gradientModel, type Instance } from './instance-model.ts'

export type { CheckedInput, Instance } from './instance-model.ts'

/** A row of the case table: the operator and how instances of it are drawn. */
export interface GradientCase {
  readonly op: string
  /** What this case is about where an operator has several: "depthwise", "asymmetric pads" */
  readonly about?: string
  readonly instances: fc.Arbitrary<Instance>
  /** How many instances are drawn; 12 where omitted */
  readonly runs?: number
}

const STEP = 2 ** -5
const CHECKED_ELEMENTS = 12

/** Draws instances of a case and checks each; throws with the shrunk counterexample. */
export async function checkGradientCase(gradientCase: GradientCase): Promise<void> {
  await fc.assert(
    fc.asyncProperty(gradientCase.instances, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (instance, seed) => checkInstance(instance, gradientCase.op, seed)),
    { numRuns: gradientCase.runs ?? 12 },
  )
}

async function checkInstance(instance: Instance, op: string, seed: number): Promise<void> {
  const random = generator(seed)
  const { inputs: feeds, weights } = drawFeeds(instance, random)
  const forward = forwardModel(instance)
  expect(forward.graph.nodes.some((node) => node.opType === op), `the case builds a node of ${op}`).toBe(true)
  const gradients = await runModel(gradientModel(instance), { ...feeds, ...weights })
  const model = await openModel(lowerForRuntime(forward))
  try {
    const at = async (name: string, element: number, offset: number) => {
      const data = Float32Array.from(feeds[name].data as Float32Array)
      data[element] += offset
      const results = await model.run({ ...feeds, [name]: { ...feeds[name], data } })
      let sum = 0
      for (const [index, weight] of Object.values(weights).entries()) {
        const [values, factors] = [results[`y${index}`].data as Float32Array, weight.data as Float32Array]
        for (let i = 0; i < factors.length; i++) sum += factors[i] * values[i]
      }
      return { sum, x: data[element] }
    }
    const slope = async (name: string, element: number, step: number) => {
      const [above, below] = [await at(name, element, step), await at(name, element, -step)]
      return (above.sum - below.sum) / (above.x - below.x)
    }
    for (const name of checkedNames(instance)) {
      const gradient = gradients[`d.${name}`]
      expect(gradient.dims, `shape of the gradient by ${name}`).toEqual(feeds[name].dims)
      const values = gradient.data as Float32Array
      const scale = Math.max(1e-2, ...Array.from(values, Math.abs))
      for (const element of sample(values.length, random)) {
        const [wide, narrow] = [await slope(name, element, STEP), await slope(name, element, STEP / 2)]
        const expected = (4 * narrow - wide) / 3
        const error = Math.abs(values[element] - expected) / scale
        expect(error, `${op}: gradient by ${name}[${element}] is ${values[element]}, finite differences say ${expected}`).toBeLessThanOrEqual(instance.tolerance ?? 5e-3)
      }
    }
  } finally {
    await model.release()
  }
}

function sample(count: number, random: () => number): readonly number[] {
  if (count <= CHECKED_ELEMENTS) return Array.from({ length: count }, (_, index) => index)
  return Array.from({ length: CHECKED_ELEMENTS }, () => Math.floor(random() * count))
}
