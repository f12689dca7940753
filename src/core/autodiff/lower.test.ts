import { describe, expect, it } from 'vitest'
import { runModel } from '../../../test/support/run-model.ts'
import { type Attributes, GraphBuilder } from '../onnx/graph-builder.ts'
import type { Model, Node } from '../onnx/model.ts'
import { elementCount, float32, type Tensor } from '../onnx/tensor.ts'
import { printModel } from '../onnx/print.ts'
import { differentiate } from './differentiate.ts'
import { lowerForRuntime, toTrainingBatchNormalization } from './lower.ts'

const wave = (dims: readonly number[], offset = 0) => float32(dims, Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(1.7 * index + dims.length) + offset))

function operators(model: Model): ReadonlySet<string> {
  return new Set(model.graph.nodes.map((node) => node.opType))
}

function largestDifference(a: Tensor, b: readonly number[] | Tensor): number {
  const expected = 'data' in b ? Array.from(b.data as Float32Array) : b
  return Math.max(...Array.from(a.data as Float32Array, (value, index) => Math.abs(value - expected[index])))
}

describe('BatchNormalization in training', () => {
  const node: Node = { name: 'bn', opType: 'BatchNormalization', domain: '', inputs: ['x', 'scale', 'bias', 'mean', 'variance'], outputs: ['y'], attributes: new Map([['momentum', { kind: 'float', value: 0.9 }]]) }

  it('normalises by the batch and mixes its mean and biased variance into the running ones', async () => {
    const builder = new GraphBuilder()
    builder.input('x', 'float32', [4, 2, 3])
    for (const [name, value] of Object.entries({ scale: 2, bias: 1, mean: 10, variance: 5 })) builder.initializer(name, float32([2], [value, value]))
    for (const [index, output] of builder.append(toTrainingBatchNormalization(node)).entries()) builder.output(output, ['normal', 'mean_after', 'variance_after'][index])
    const lowered = lowerForRuntime(builder.build())
    expect(lowered.graph.outputs.map(({ name }) => name)).toEqual(['normal', 'mean_after', 'variance_after'])

    const x = wave([4, 2, 3], 3)
    const results = await runModel(lowered, { x })
    const channels = [0, 1].map((channel) => Array.from(x.data as Float32Array).filter((_, index) => Math.floor(index / 3) % 2 === channel))
    const means = channels.map((values) => values.reduce((sum, value) => sum + value) / 12)
    const variances = channels.map((values, channel) => values.reduce((sum, value) => sum + (value - means[channel]) ** 2, 0) / 12)
    expect(largestDifference(results['mean_after'], means.map((mean) => 0.9 * 10 + 0.1 * mean))).toBeLessThan(1e-5)
    expect(largestDifference(results['variance_after'], variances.map((variance) => 0.9 * 5 + 0.1 * variance))).toBeLessThan(1e-5)
    const normal = Array.from(x.data as Float32Array, (value, index) => {
      const channel = Math.floor(index / 3) % 2
      return 2 * (value - means[channel]) / Math.sqrt(variances[channel] + 1e-5) + 1
    })
    expect(largestDifference(results['normal'], normal)).toBeLessThan(1e-5)
  })

  it('keeps the digits of a variance that is small beside the mean', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [1, 1, 4])
    const [one, zero] = [1, 0].map((value, index) => builder.initializer(`c${index}`, float32([1], [value])))
    builder.output(builder.emitAll('BatchNormalization', [x, one, zero, zero, one], { training_mode: 1, epsilon: 0 }, 3)[0], 'y')
    const results = await runModel(lowerForRuntime(builder.build()), { x: float32([1, 1, 4], [4000, 4001, 4002, 4003]) })
    expect(largestDifference(results['y'], [-3, -1, 1, 3].map((value) => value / Math.sqrt(5)))).toBeLessThan(2e-3)
  })

  it('has no gradient by its running statistics, nor through those that come out', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [4, 2, 3])
    const [scale, bias, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((name) => builder.input(name, 'float32', [2]))
    const [y, after] = builder.emitAll('BatchNormalization', [x, scale, bias, mean, variance], { training_mode: 1 }, 3)
    const names = ['x', 'scale', 'bias', 'mean', 'variance']
    expect([...differentiate(builder, y, names, builder.input('seed', 'float32', [4, 2, 3])).keys()]).toEqual(['x', 'scale', 'bias'])
    expect([...differentiate(builder, after, names, builder.input('seed2', 'float32', [2])).keys()]).toEqual([])
  })
})

function groupNormalization(attributes: Attributes): Model {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'float32', [2, 6, 5, 4])
  const [scale, bias] = ['scale', 'bias'].map((name, index) => builder.initializer(name, wave([6], index)))
  builder.output(builder.emit('GroupNormalization', [x, scale, bias], attributes), 'y')
  return builder.build()
}

describe('lowering', () => {
  it('of GroupNormalization gives what the runtime gives', async () => {
    for (const attributes of [{ num_groups: 1 }, { num_groups: 3, epsilon: 0.1 }, { num_groups: 6 }]) {
      const model = groupNormalization(attributes)
      const lowered = lowerForRuntime(model)
      expect(operators(lowered).has('GroupNormalization')).toBe(false)
      const x = wave([2, 6, 5, 4], 2)
      expect(largestDifference((await runModel(lowered, { x }))['y'], (await runModel(model, { x }))['y'])).toBeLessThan(5e-6)
    }
  })

  it('leaves every other model as it is', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', ['batch', 3])
    builder.output(builder.emit('LayerNormalization', [x, builder.initializer('scale', wave([3]))]), 'y')
    const model = builder.build()
    expect(lowerForRuntime(model)).toBe(model)
  })

  it('needs numbers for dimensions, naming the value that has others', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', ['batch', 4, 3])
    const ones = builder.initializer('ones', wave([4]))
    builder.output(builder.emit('GroupNormalization', [x, ones, ones], { num_groups: 2 }), 'y')
    expect(() => lowerForRuntime(builder.build())).toThrow('symbolic shape [batch, 4, 3]')
  })
})

/** Whether the node is replaced; asserts that it computes the same in any case. */
async function isLowered(op: string, shapes: readonly (readonly number[])[], { attributes, constants = [] }: { attributes?: Attributes; constants?: readonly (readonly number[])[] } = {}): Promise<boolean> {
  const builder = new GraphBuilder()
  const x = shapes.map((shape, index) => builder.input(`x${index}`, 'float32', shape))
  builder.output(builder.emit(op, [...x, ...constants], attributes), 'y')
  const model = builder.build()
  const lowered = lowerForRuntime(model)
  const feeds = Object.fromEntries(shapes.map((shape, index) => [`x${index}`, wave(shape, index)]))
  const [expected, actual] = [await runModel(model, feeds), await runModel(lowered, feeds)]
  expect(actual['y'].dims).toEqual(expected['y'].dims)
  expect(largestDifference(actual['y'], expected['y'])).toBeLessThan(1e-5)
  return printModel(lowered) !== printModel(model)
}

describe('what a provider computes wrongly or not at all', () => {
  it('is summed two by two', async () => {
    expect(await isLowered('Sum', [[2, 3], [3], [2, 1]])).toBe(true)
    expect(await isLowered('Mean', [[2, 3], [3], [2, 1]])).toBe(true)
    expect(await isLowered('Mean', [[2, 3]])).toBe(true)
  })

  it('is a 1x1 layer with a place beside it, where the pads of the sides differ', async () => {
    expect(await isLowered('Conv', [[2, 4, 3, 5], [6, 2, 1, 1], [6]], { attributes: { group: 2, pads: [0, 1, 2, 0], strides: [2, 1] } })).toBe(true)
    expect(await isLowered('Conv', [[2, 4, 3], [6, 4, 1]], { attributes: { pads: [1, 0] } })).toBe(true)
    expect(await isLowered('Conv', [[2, 4, 3, 5], [6, 4, 1, 1]], { attributes: { pads: [1, 1, 1, 1] } })).toBe(false)
    expect(await isLowered('Conv', [[2, 4, 3, 5], [6, 4, 2, 1]], { attributes: { pads: [1, 0, 0, 0] } })).toBe(false)
  })

  it('is a depthwise transposed convolution, then summed by groups', async () => {
    expect(await isLowered('ConvTranspose', [[2, 6, 3, 4], [6, 1, 2, 3], [2]], { attributes: { group: 2, strides: [2, 1], pads: [0, 1, 1, 0], output_padding: [1, 0] } })).toBe(true)
    expect(await isLowered('ConvTranspose', [[1, 4, 3], [4, 1, 2]], { attributes: { group: 2, dilations: [2] } })).toBe(true)
    expect(await isLowered('ConvTranspose', [[2, 6, 3, 4], [6, 1, 2, 2]], { attributes: { group: 6 } })).toBe(false)
    expect(await isLowered('ConvTranspose', [[2, 6, 3, 4], [6, 2, 2, 2]], { attributes: { group: 2 } })).toBe(false)
  })

  it('is cut, then turned round as a whole', async () => {
    expect(await isLowered('Slice', [[5, 3]], { constants: [[3], [0], [0], [-1]] })).toBe(true)
    expect(await isLowered('Slice', [[7, 6, 5]], { constants: [[-1, 1, 9], [-100, 6, 0], [0, -1, 1], [-3, 2, -2]] })).toBe(true)
    expect(await isLowered('Slice', [[5, 3]], { constants: [[-1], [-6], [0], [-1]] })).toBe(false)
    expect(await isLowered('Slice', [[5, 3]], { constants: [[1], [4], [0], [2]] })).toBe(false)
  })
})

describe('Dropout in training', () => {
  it('passes the gradient of what was kept, scaled as it was', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [100])
    const training = builder.constant({ elementType: 'bool', dims: [], data: Uint8Array.of(1) })
    const [y, mask] = builder.emitAll('Dropout', [x, 0.25, training], { seed: { kind: 'int', value: 7n } }, 2)
    const gradient = differentiate(builder, y, ['x'], builder.input('seed', 'float32', [100])).get('x')
    builder.output(y, 'y')
    builder.output(builder.emit('Cast', [mask], { to: 1 }), 'mask')
    builder.output(gradient!, 'dx')
    const ones = float32([100], new Float32Array(100).fill(1))
    const results = await runModel(builder.build(), { x: ones, seed: ones })
    expect(results['dx'].data).toEqual(results['y'].data)
    expect(new Set(results['dx'].data as Float32Array)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
  })

  it('needs its mask as an output', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [4])
    const y = builder.emit('Dropout', [x, 0.5, builder.constant({ elementType: 'bool', dims: [], data: Uint8Array.of(1) })])
    expect(() => differentiate(builder, y, ['x'], x)).toThrow('needs its mask as an output')
  })
})
