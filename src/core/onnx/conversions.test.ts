/** Networks in other precisions against themselves, through onnxruntime. */
import { describe, expect, test } from 'vitest'
import { CLASSES, smallConvolutions, smoothImage } from '../../../test/support/small-convolutions.ts'
import { openModel, runModel } from '../../../test/support/run-model.ts'
import { activationRange } from './activation-range.ts'
import { calibrationModel, gatherObservations, OBSERVATIONS, type Observed } from './calibration.ts'
import { constantPart, withConstants } from './constant-part.ts'
import { foldBatchNorm } from './fold-batch-norm.ts'
import { float16ToFloat32 } from './half.ts'
import type { Model } from './model.ts'
import { activationRanges, quantizableLayers, quantize, valuesToObserve } from './quantize.ts'
import { float32, type Tensor } from './tensor.ts'
import { toFloat16 } from './to-float16.ts'

const SIZE = { height: 32, width: 48 }
const image = (seed: number): Tensor => smoothImage(seed, SIZE.height, SIZE.width)

async function logits(model: Model, seed = 9): Promise<Float32Array> {
  const { logits: { data } } = await runModel(model, { pixel_values: image(seed) })
  return data as Float32Array
}

async function prepared(model: Model): Promise<Model> {
  const constants = await runModel(constantPart(model) as Model, {})
  return foldBatchNorm(withConstants(model, new Map(Object.entries(constants))))
}

async function observe(model: Model, seeds: readonly number[] = [1, 2, 3]): Promise<ReadonlyMap<string, Observed>> {
  const { model: calibrating, parts } = calibrationModel(model, SIZE, valuesToObserve(quantizableLayers(model)))
  const session = await openModel(calibrating)
  const seen: Float32Array[] = []
  for (const seed of seeds) seen.push((await session.run({ pixel_values: image(seed) }))[OBSERVATIONS].data as Float32Array)
  await session.release()
  return gatherObservations(parts, seen)
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), 0)
}

/** Share of the places with the same largest class. */
function agreement(a: Float32Array, b: Float32Array): number {
  const area = a.length / CLASSES
  const best = (values: Float32Array, at: number): number => Array.from({ length: CLASSES }, (_, label) => label).reduce((most, label) => (values[label * area + at] > values[most * area + at] ? label : most), 0)
  return Array.from({ length: area }, (_, at) => at).filter((at) => best(a, at) === best(b, at)).length / area
}

const operators = ({ graph }: Model): readonly string[] => graph.nodes.map((node) => node.opType)

describe('constant part and batch normalisation', () => {
  test('what depends on weights alone is computed once; the network is the same', async () => {
    const model = smallConvolutions()
    const part = constantPart(model) as Model
    expect(operators(part)).toEqual(['MatMul', 'Unsqueeze'])
    const folded = await prepared(model)
    expect(operators(folded).filter((operator) => ['MatMul', 'Unsqueeze', 'BatchNormalization'].includes(operator))).toEqual([])
    expect(constantPart(folded)).toBeNull()
    expect(largestDifference(await logits(folded), await logits(model))).toBeLessThan(1e-5)
    expect(folded.graph.inputs).toEqual(model.graph.inputs)
    expect(folded.graph.outputs).toEqual(model.graph.outputs)
  })
})

describe('calibration', () => {
  test('extremes are those of the whole value, samples come from it', async () => {
    const model = await prepared(smallConvolutions())
    const pixels = (await observe(model, [5])).get('pixel_values') as Observed
    const { data } = image(5)
    expect(pixels.least).toBe(Math.min(...(data as Float32Array)))
    expect(pixels.largest).toBe(Math.max(...(data as Float32Array)))
    const sampled = valuesToObserve(quantizableLayers(model)).values().next().value as string
    const observed = await observe(model, [1, 2])
    expect(observed.get(sampled)?.sample.length).toBeGreaterThan(750)
    expect(Math.min(...(observed.get(sampled)?.sample ?? []))).toBeGreaterThanOrEqual(observed.get(sampled)?.least as number)
  })

  test('ranges: the whole of a uniform value, less where hardly any number lies far out', () => {
    const uniform = Float32Array.from({ length: 4096 }, (_, index) => (index / 4095) * 510 - 255)
    const range = activationRange({ least: -255, largest: 255, sample: uniform })
    expect(range).toMatchObject({ step: 2, zero: 128 })
    // the error of rounding is step / sqrt(12); the deviation of the value is 510 / sqrt(12)
    expect(range.signal).toBeCloseTo(20 * Math.log10(510 / 2), 0)
    // one number among millions: the sample does not know it
    const most = Float32Array.from({ length: 4096 }, (_, index) => Math.sin(index))
    expect(activationRange({ least: -1, largest: 40, sample: most }).step * 255).toBeCloseTo(1 + 40 * 0.1, 4)
    expect(activationRange({ least: 3, largest: 4, sample: Float32Array.of(3, 4) }).zero).toBe(0)
    expect(activationRange({ least: 0, largest: 0, sample: new Float32Array(8) }).signal).toBeNaN()
  })
})

describe('float16', () => {
  test('weights and arithmetic are float16, inputs and outputs float32, half the bytes', async () => {
    const model = await prepared(smallConvolutions())
    const half = toFloat16(model)
    expect(half.kept).toEqual([])
    expect(half.model.graph.inputs).toEqual(model.graph.inputs)
    expect(half.model.graph.outputs).toEqual(model.graph.outputs)
    const weight = [...half.model.graph.initializers.values()].filter(({ elementType }) => elementType === 'float16')
    expect(weight.length).toBeGreaterThanOrEqual(5)
    expect([...half.model.graph.initializers.values()].filter(({ elementType, dims }) => elementType === 'float32' && dims.length > 0)).toEqual([])
    const difference = largestDifference(await logits(half.model), await logits(model))
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(0.02)
    expect(agreement(await logits(half.model), await logits(model))).toBeGreaterThan(0.995)
  })

  test('weights are rounded to the nearest', () => {
    const model = smallConvolutions()
    const { data } = [...toFloat16(model).model.graph.initializers].find(([name]) => name.startsWith('dense.weight'))![1]
    const values = float16ToFloat32(data as Uint16Array)
    const original = model.graph.initializers.get('dense.weight')?.data as Float32Array
    expect(values.every((value, index) => Math.abs(value - original[index]) <= Math.abs(original[index]) * 2 ** -11 + 2 ** -25)).toBe(true)
  })

  test('what would overflow stays float32: by its weights, or by what was observed', async () => {
    const large = smallConvolutions((name, tensor) => (name === 'dense.weight' ? float32(tensor.dims, (tensor.data as Float32Array).map((value, index) => (index === 0 ? 1e5 : value))) : tensor))
    expect(toFloat16(await prepared(large)).kept).toHaveLength(1)
    const model = await prepared(smallConvolutions())
    const dense = model.graph.nodes.find((node) => node.opType === 'Gemm')?.outputs[0] as string
    expect(toFloat16(model, { largest: new Map([[dense, 60_000]]) }).kept).toEqual([`Gemm node "${dense}"`])
    expect(await logits(toFloat16(await prepared(large)).model)).toSatisfy((values: Float32Array) => values.every(Number.isFinite))
  })
})

describe('int8', () => {
  test('layers between the first and the last have 8-bit weights; activations where they survive; the answer stays', async () => {
    const model = await prepared(smallConvolutions())
    const layers = quantizableLayers(model)
    // depthwise, wide and dense; not the first convolution and not the classifier
    expect([...layers.values()].map(({ needs }) => needs === null)).toEqual([true, false, false])
    const ranges = activationRanges(layers, await observe(model))
    const bold = quantize(model, { layers, ranges, leastSignal: 25 })
    expect(bold).toMatchObject({ layers: 3, withActivations: 2 })
    const careful = quantize(model, { layers, ranges, leastSignal: Infinity })
    expect(careful).toMatchObject({ layers: 3, withActivations: 0 })
    const [whole, bolder, safer] = [await logits(model), await logits(bold.model), await logits(careful.model)]
    expect(agreement(bolder, whole)).toBeGreaterThan(0.97)
    expect(agreement(safer, whole)).toBeGreaterThan(0.98)
    expect(largestDifference(safer, whole)).toBeLessThan(largestDifference(bolder, whole) + 0.05)
    expect(bold.model.graph.inputs).toEqual(model.graph.inputs)
    expect(bold.model.graph.outputs).toEqual(model.graph.outputs)
  })

  test('weights: per channel, symmetric, 7 bits beside 8-bit activations, each at most half a step off', async () => {
    const model = await prepared(smallConvolutions())
    const { model: { graph } } = quantize(model, { layers: quantizableLayers(model), ranges: activationRanges(quantizableLayers(model), await observe(model)), leastSignal: 0 })
    const integers = graph.initializers.get('dense.weight.int8')?.data as Int8Array
    const steps = graph.initializers.get('dense.weight.scale')?.data as Float32Array
    const original = model.graph.initializers.get('dense.weight')?.data as Float32Array
    expect(steps).toHaveLength(32)
    for (const [channel, step] of steps.entries()) {
      const row = integers.subarray(32 * channel, 32 * (channel + 1))
      expect(Math.max(...row.map(Math.abs))).toBe(63)
      for (const [index, value] of row.entries()) expect(Math.abs(value * step - original[32 * channel + index])).toBeLessThanOrEqual(step * 0.5001)
    }
    const depthwise = graph.initializers.get('deep.weight.int8')?.data as Int8Array
    expect(Math.max(...depthwise.map(Math.abs))).toBe(127)
  })

  test('a channel of zeros with a large bias overflows nothing', async () => {
    const model = await prepared(smallConvolutions((name, tensor) => {
      if (name === 'dense.weight') return float32(tensor.dims, (tensor.data as Float32Array).map((value, index) => (index < 32 ? 1e-12 * value : value)))
      return name === 'dense.bias' ? float32(tensor.dims, (tensor.data as Float32Array).map((value, index) => (index === 0 ? 3 : value))) : tensor
    }))
    const { model: quantized } = quantize(model, { layers: quantizableLayers(model), ranges: activationRanges(quantizableLayers(model), await observe(model)), leastSignal: 0 })
    expect(agreement(await logits(quantized), await logits(model))).toBeGreaterThan(0.97)
  })

  test('weights take a quarter of the bytes', () => {
    const model = smallConvolutions()
    const { model: { graph } } = quantize(model, { layers: quantizableLayers(model), ranges: new Map(), leastSignal: Infinity })
    const bytes = (name: string): number => (graph.initializers.get(name)!.data as Int8Array).byteLength
    expect(bytes('dense.weight.int8')).toBe((model.graph.initializers.get('dense.weight')!.data as Float32Array).byteLength / 4)
    expect(graph.initializers.has('dense.weight')).toBe(false)
  })
})
