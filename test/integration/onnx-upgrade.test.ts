/** Nodes of other opsets than the working one give the same bits after they were upgraded, in onnxruntime. */
import { describe, expect, it } from 'vitest'
import { bindModel } from '../../src/core/onnx/bind.ts'
import { WORKING_OPSET } from '../../src/core/onnx/graph-builder.ts'
import type { Attribute, Model, Shape } from '../../src/core/onnx/model.ts'
import { elementCount, float32, int64, type Tensor } from '../../src/core/onnx/tensor.ts'
import { runModel } from '../support/run-model.ts'

interface Case {
  readonly opset: number
  readonly op: string
  /** first input; its elements are made up */
  readonly x: readonly number[]
  /** further inputs; undefined: left out */
  readonly more?: readonly (Tensor | undefined)[]
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly outputs?: number
}

const int = (value: number): Attribute => ({ kind: 'int', value: BigInt(value) })
const float = (value: number): Attribute => ({ kind: 'float', value })
const text = (value: string): Attribute => ({ kind: 'string', value: new TextEncoder().encode(value) })
const ints = (...values: number[]): Attribute => ({ kind: 'ints', value: values.map(BigInt) })
/** Numbers without a pattern in -2 .. 2, away from each other. */
const numbers = (dims: readonly number[], from = 0) => float32(dims, Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(1 + from + index * 1.7) * 2))
const positive = (dims: readonly number[]) => float32(dims, Array.from({ length: elementCount(dims) }, (_, index) => 1 + 0.3 * Math.cos(index)))
const empty = float32([0], [])

const REDUCTIONS = ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2', 'ReduceLogSumExp', 'ReduceSum']
const POOLS: readonly Pick<Case, 'op' | 'attributes'>[] = [
  { op: 'AveragePool', attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) } },
  { op: 'AveragePool', attributes: { kernel_shape: ints(3, 2), strides: ints(2, 1), pads: ints(1, 0, 1, 0), count_include_pad: int(1) } },
  { op: 'AveragePool', attributes: { kernel_shape: ints(2, 2), auto_pad: text('SAME_UPPER') } },
  { op: 'MaxPool', attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(0, 1, 1, 0), ceil_mode: int(1) } },
  { op: 'GlobalAveragePool' }, { op: 'GlobalMaxPool' },
]

const CHANGED: readonly Case[] = [
  ...REDUCTIONS.flatMap((op): readonly Case[] => [
    { opset: 11, op, x: [2, 3, 4], attributes: { axes: ints(1), keepdims: int(0) } },
    { opset: op === 'ReduceSum' ? 12 : 17, op, x: [2, 3, 4], attributes: { axes: ints(-1, 0) } },
    { opset: 11, op, x: [2, 3, 4] },
  ]),
  { opset: 11, op: 'Squeeze', x: [1, 3, 1], attributes: { axes: ints(-1) } },
  { opset: 12, op: 'Squeeze', x: [1, 3, 1] },
  { opset: 11, op: 'Unsqueeze', x: [2, 3], attributes: { axes: ints(0, -1) } },
  { opset: 11, op: 'Split', x: [7, 2], attributes: { split: ints(2, 5) }, outputs: 2 },
  { opset: 11, op: 'Split', x: [2, 6], attributes: { axis: int(-1) }, outputs: 3 },
  { opset: 13, op: 'Split', x: [6, 2], outputs: 2 },
  { opset: 17, op: 'Split', x: [6, 2], more: [int64([2], [1, 5])], outputs: 2 },
  ...['Softmax', 'LogSoftmax'].flatMap((op): readonly Case[] => [
    { opset: 11, op, x: [2, 3, 4] },
    { opset: 12, op, x: [2, 3, 4], attributes: { axis: int(0) } },
    { opset: 11, op, x: [2, 3, 2, 2], attributes: { axis: int(-2) } },
    { opset: 11, op, x: [3, 5] },
    { opset: 13, op, x: [2, 3, 4], attributes: { axis: int(1) } },
  ]),
  { opset: 11, op: 'Dropout', x: [2, 3], attributes: { ratio: float(0.25) } },
  { opset: 11, op: 'BatchNormalization', x: [2, 3, 2, 2], more: [numbers([3]), numbers([3], 9), numbers([3], 20), positive([3])], attributes: { epsilon: float(1e-3) } },
  { opset: 18, op: 'GroupNormalization', x: [2, 6, 3], more: [numbers([2]), numbers([2], 5)], attributes: { num_groups: int(2), epsilon: float(1e-3) } },
  { opset: 11, op: 'Resize', x: [1, 2, 3, 4], more: [empty, float32([4], [1, 1, 2, 1.5])], attributes: { mode: text('linear'), coordinate_transformation_mode: text('asymmetric') } },
  { opset: 11, op: 'Resize', x: [1, 2, 3, 4], more: [empty, empty, int64([4], [1, 2, 5, 7])], attributes: { mode: text('nearest'), coordinate_transformation_mode: text('align_corners') } },
  { opset: 13, op: 'Resize', x: [1, 2, 3, 4], more: [undefined, empty, int64([4], [1, 2, 6, 7])], attributes: { mode: text('linear'), coordinate_transformation_mode: text('pytorch_half_pixel') } },
  { opset: 17, op: 'Resize', x: [1, 2, 3, 4], more: [undefined, float32([4], [1, 1, 0.5, 3])], attributes: { mode: text('nearest'), nearest_mode: text('floor') } },
]

const SAME: readonly Case[] = [11, 13, 18, 22, 24].flatMap((opset): readonly Case[] => [
  ...POOLS.map((pool) => ({ opset, x: [1, 2, 6, 7], ...pool })),
  { opset, op: 'Clip', x: [2, 3], more: [float32([], [-0.5]), float32([], [1])] },
  { opset, op: 'Pad', x: [2, 3], more: [int64([4], [1, 0, 0, 2])], attributes: { mode: text('edge') } },
  { opset, op: 'Pow', x: [2, 3], more: [float32([], [2])] },
  { opset, op: 'Cast', x: [2, 3], attributes: { to: int(6) } },
  { opset, op: 'Conv', x: [1, 2, 5, 5], more: [numbers([3, 2, 3, 3])], attributes: { pads: ints(1, 1, 1, 1) } },
  { opset, op: 'ConvTranspose', x: [1, 2, 5, 5], more: [numbers([2, 3, 3, 3])], attributes: { strides: ints(2, 2), output_padding: ints(1, 0) } },
  { opset, op: 'Flatten', x: [2, 3, 2], attributes: { axis: int(-1) } },
  { opset, op: 'ArgMax', x: [2, 5], attributes: { axis: int(1) } },
  { opset, op: 'HardSigmoid', x: [2, 3], attributes: { alpha: float(0.3) } },
  { opset, op: 'InstanceNormalization', x: [2, 3, 4], more: [numbers([3]), numbers([3], 4)] },
  ...(opset < 14 ? [] : [{ opset, op: 'HardSwish', x: [2, 3] }]),
  ...(opset < 24 ? [] : [{ opset, op: 'Cast', x: [2, 3], attributes: { to: int(10), round_mode: text('up') } }]),
])

function modelOf({ opset, op, x, more = [], attributes = {}, outputs = 1 }: Case, shape: Shape = x): Model {
  const names = more.map((tensor, index) => (tensor === undefined ? '' : `input ${index + 1}`))
  const results = Array.from({ length: outputs }, (_, index) => `y${index}`)
  return {
    irVersion: 8, opsets: new Map([['', opset]]), producer: 'test', producerVersion: '', metadata: new Map(), functions: [],
    graph: {
      name: 'graph',
      inputs: [{ name: 'x', type: { kind: 'tensor', elementType: 'float32', shape } }],
      outputs: results.map((name) => ({ name, type: undefined })),
      initializers: new Map(more.flatMap((tensor, index) => (tensor === undefined ? [] : [[`input ${index + 1}`, tensor]]))),
      nodes: [{ name: 'node', opType: op, domain: '', inputs: ['x', ...names], outputs: results, attributes: new Map(Object.entries(attributes)) }],
      values: [],
    },
  }
}

function title({ opset, op, x, attributes = {} }: Case): string {
  return `${op} of opset ${opset}: [${x.join(', ')}] ${Object.entries(attributes).map(([name, value]) => `${name}=${value.kind === 'string' ? new TextDecoder().decode(value.value as Uint8Array) : String(value.value)}`).join(' ')}`
}

async function expectSameBits(model: Model, x: readonly number[]): Promise<void> {
  const upgraded = bindModel(model, {})
  expect(upgraded.opsets).toEqual(new Map([['', WORKING_OPSET]]))
  const feeds = { x: numbers(x) }
  const [before, after] = [await runModel(model, feeds), await runModel(upgraded, feeds)]
  if (!model.graph.nodes.some(({ opType }) => opType === 'AveragePool')) {
    expect(after).toEqual(before)
    return
  }
  // onnxruntime has another kernel for AveragePool from opset 19 on, which rounds otherwise
  const largest = Math.max(...[...before.y0.data].map((value, index) => Math.abs(Number(value) - Number(after.y0.data[index]))))
  expect(largest).toBeLessThan(2e-7)
}

describe('upgraded nodes run bit for bit as before', () => {
  it.each([...CHANGED, ...SAME].map((each) => [title(each), each] as const))('%s', async (_title, each) => {
    await expectSameBits(modelOf(each), each.x)
  })

  it('keeps symbolic dimensions', async () => {
    const each: Case = { opset: 11, op: 'Softmax', x: [2, 3, 4] }
    const model = modelOf(each, ['batch', 3, 'width'])
    await expectSameBits(model, each.x)
    expect(bindModel(model, {}).graph.outputs[0].type).toMatchObject({ shape: ['batch', 3, 'width'] })
  })
})

describe('forms that are gone', () => {
  it.each<[Case, string]>([
    [{ opset: 11, op: 'Resize', x: [1, 1, 2, 2], more: [empty, float32([4], [1, 1, 2, 2])], attributes: { coordinate_transformation_mode: text('tf_half_pixel_for_nn') } }, 'Resize node "node" uses tf_half_pixel_for_nn'],
    [{ opset: 11, op: 'BatchNormalization', x: [2, 3], more: [numbers([3]), numbers([3]), numbers([3]), positive([3])], outputs: 5 }, 'BatchNormalization node "node" gives batch statistics in the form before opset 14'],
    [{ opset: 13, op: 'Split', x: [7], outputs: 2 }, 'Split of "x" into 2 equal parts: 7 does not divide.'],
    [{ opset: 10, op: 'Relu', x: [7] }, 'The model has opset 10; opsets 11 to '],
  ])('%o: %s', (each, message) => {
    expect(() => bindModel(modelOf(each), {})).toThrow(message)
  })
})
