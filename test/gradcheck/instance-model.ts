/** A drawn instance of a gradient case as models with inputs to feed: used by the numeric check and by the comparison of providers. */
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { dims, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { lowerForRuntime } from '../../src/core/autodiff/lower.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, float32, type Tensor } from '../../src/core/onnx/tensor.ts'

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

/** The forward graph as it is built, not lowered: outputs y0, y1, ... */
export function forwardModel(instance: Instance): Model {
  const builder = new GraphBuilder()
  for (const [index, value] of build(builder, instance).entries()) builder.output(value, `y${index}`)
  return builder.build()
}

/** Forward and backward in one graph: outputs y0, ... and d.NAME, the gradients of the outputs' sum weighted by inputs weight0, ... */
export function gradientModel(instance: Instance): Model {
  const builder = new GraphBuilder()
  const outputs = build(builder, instance)
  const terms = outputs.map((value, index) => builder.emit('ReduceSum', [builder.emit('Mul', [value, builder.input(`weight${index}`, 'float32', dims(value))])], { keepdims: 0 }))
  const gradients = differentiate(builder, terms.reduce((total, term) => builder.emit('Add', [total, term])), checkedNames(instance))
  for (const name of checkedNames(instance)) {
    const gradient = gradients.get(name)
    if (gradient === undefined) throw new Error(`No gradient by ${name} came out.`)
    builder.output(gradient, `d.${name}`)
  }
  for (const [index, value] of outputs.entries()) builder.output(value, `y${index}`)
  return lowerForRuntime(builder.build())
}

/** Values for the instance's inputs, and weights in -1..1 for its outputs. The same seed draws the same. */
export function drawFeeds(instance: Instance, random: () => number): { readonly inputs: Record<string, Tensor>; readonly weights: Record<string, Tensor> } {
  const inputs = Object.fromEntries(Object.entries(instance.inputs).map(([name, input]) => [name, draw(input, random)]))
  const weights = Object.fromEntries(build(new GraphBuilder(), instance).map((value, index) =>
    [`weight${index}`, float32(dims(value), Array.from({ length: elementCount(dims(value)) }, () => random() * 2 - 1))]))
  return { inputs, weights }
}

/** The inputs that are differentiated by. */
export function checkedNames({ inputs }: Instance): readonly string[] {
  return Object.keys(inputs).filter((name) => inputs[name].constant !== true)
}

function build(builder: GraphBuilder, instance: Instance): readonly Value[] {
  const x = Object.fromEntries(Object.entries(instance.inputs).map(([name, input]) => [name, builder.input(name, 'float32', input.dims)]))
  const result = instance.build(builder, x)
  return 'name' in result ? [result] : result
}

/** A small linear congruential generator: numbers in [0, 1). */
export function generator(seed: number): () => number {
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
