/**
 * Checks a gradient rule against finite differences. The forward graph runs in onnxruntime in float32; the weighted sum of
 * its outputs is taken in float64; central differences at two widths are extrapolated (Richardson), so that the error
 * left is the float32 rounding of the forward pass.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { dims, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { elementCount, float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { openModel } from '../support/run-model.ts'

/** One input: its values, and whether it is differentiated by. */
export interface CheckedInput {
  readonly dims: readonly number[]
  /** Values are drawn from [low, high], -1..1 where omitted ... */
  readonly low?: number
  readonly high?: number
  /** ... and kept this far from each of these (kinks of the function) */
  readonly away?: { readonly from: readonly number[]; readonly by: number }
  /** All values differ by at least this much (so that a maximum has one place) */
  readonly spacing?: number
  /** Fed, but not differentiated by */
  readonly constant?: boolean
}

/** One drawn instance of a case: shapes and attributes chosen. */
export interface Instance {
  readonly inputs: Readonly<Record<string, CheckedInput>>
  /** The forward graph on these inputs; every output is weighted and checked */
  readonly build: (builder: GraphBuilder, x: Readonly<Record<string, Value>>) => Value | readonly Value[]
  /** Largest accepted error relative to the largest gradient element; 5e-3 where omitted */
  readonly tolerance?: number
}

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
  const feeds: Record<string, Tensor> = Object.fromEntries(Object.entries(instance.inputs).map(([name, input]) => [name, draw(input, random)]))
  const forward = new GraphBuilder()
  const outputs = build(forward, instance)
  expect(forward.nodes.some((node) => node.opType === op), `the case builds a node of ${op}`).toBe(true)
  for (const [index, value] of outputs.entries()) forward.output(value, `y${index}`)
  const weights = outputs.map((value) => Float32Array.from({ length: elementCount(dims(value)) }, () => random() * 2 - 1))

  const gradients = await gradientsOf(instance, feeds, weights)
  const model = await openModel(forward.build())
  try {
    const at = async (name: string, element: number, offset: number) => {
      const data = Float32Array.from(feeds[name].data as Float32Array)
      data[element] += offset
      const results = await model.run({ ...feeds, [name]: { ...feeds[name], data } })
      let sum = 0
      for (const [index, weight] of weights.entries()) {
        const values = results[`y${index}`].data as Float32Array
        for (let i = 0; i < weight.length; i++) sum += weight[i] * values[i]
      }
      return { sum, x: data[element] }
    }
    const slope = async (name: string, element: number, step: number) => {
      const [above, below] = [await at(name, element, step), await at(name, element, -step)]
      return (above.sum - below.sum) / (above.x - below.x)
    }
    for (const name of checkedNames(instance)) {
      const gradient = gradients[name]
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

async function gradientsOf(instance: Instance, feeds: Record<string, Tensor>, weights: readonly Float32Array[]): Promise<Record<string, Tensor>> {
  const builder = new GraphBuilder()
  const outputs = build(builder, instance)
  const terms = outputs.map((value, index) => builder.emit('ReduceSum', [builder.emit('Mul', [value, builder.input(`weight${index}`, 'float32', dims(value))])], { keepdims: 0 }))
  const sum = terms.reduce((total, term) => builder.emit('Add', [total, term]))
  const names = checkedNames(instance)
  const gradients = differentiate(builder, sum, names)
  for (const name of names) {
    const gradient = gradients.get(name)
    if (gradient === undefined) throw new Error(`No gradient by ${name} came out.`)
    builder.output(gradient, `d.${name}`)
  }
  const model = await openModel(builder.build())
  try {
    const weightFeeds = Object.fromEntries(outputs.map((value, index) => [`weight${index}`, float32(dims(value), weights[index])]))
    const used = new Set(model.session.inputNames)
    const all = Object.entries({ ...feeds, ...weightFeeds }).filter(([name]) => used.has(name))
    const results = await model.run(Object.fromEntries(all))
    return Object.fromEntries(names.map((name) => [name, results[`d.${name}`]]))
  } finally {
    await model.release()
  }
}

function checkedNames({ inputs }: Instance): readonly string[] {
  return Object.keys(inputs).filter((name) => inputs[name].constant !== true)
}

function build(builder: GraphBuilder, instance: Instance): readonly Value[] {
  const x = Object.fromEntries(Object.entries(instance.inputs).map(([name, input]) => [name, builder.input(name, 'float32', input.dims)]))
  const result = instance.build(builder, x)
  return 'name' in result ? [result] : result
}

/** A small linear congruential generator: numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function draw(input: CheckedInput, random: () => number): Tensor {
  const [low, high] = [input.low ?? -1, input.high ?? 1]
  const count = elementCount(input.dims)
  if (input.spacing !== undefined) {
    const { spacing } = input
    const order = Array.from({ length: count }, (_, index) => ({ index, key: random() })).sort((a, b) => a.key - b.key)
    return float32(input.dims, order.map(({ index }) => low + index * spacing))
  }
  return float32(input.dims, Array.from({ length: count }, () => {
    let value: number
    do value = low + random() * (high - low)
    while (input.away?.from.some((kink) => Math.abs(value - kink) < (input.away?.by ?? 0)) ?? false)
    return value
  }))
}

function sample(count: number, random: () => number): readonly number[] {
  if (count <= CHECKED_ELEMENTS) return Array.from({ length: count }, (_, index) => index)
  return Array.from({ length: CHECKED_ELEMENTS }, () => Math.floor(random() * count))
}
