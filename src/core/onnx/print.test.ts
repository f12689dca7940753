import { expect, test } from 'vitest'
import { modelOf, node, vector } from '../../../test/support/small-models.ts'
import { graphSize, printModel } from './print.ts'
import { float32, int64 } from './tensor.ts'

const BRANCH = { ...modelOf().graph, inputs: [], outputs: [vector('inner')], nodes: [node('Mul', ['x', 'w'], ['inner'])], initializers: new Map([['deep', float32([2], [1, 2])]]) }

const MODEL = modelOf({
  inputs: [{ name: 'x', type: { kind: 'tensor', elementType: 'float32', shape: ['batch', 3, 'height / 2'] } }, { name: 'untyped', type: undefined }],
  initializers: new Map([
    ['w', float32([64, 3], new Float32Array(192))], ['axes', int64([2], [1, -1])], ['scalar', float32([], [0.1])],
    ['words', { elementType: 'string', dims: [1], data: ['größer'] }],
  ]),
  values: [{ name: 'a', type: { kind: 'tensor', elementType: 'float32', shape: undefined } }],
  nodes: [
    node('Conv', ['x', 'w', ''], ['a', ''], {
      strides: { kind: 'ints', value: [2n, 2n] }, auto_pad: { kind: 'string', value: Buffer.from('SAME_UPPER') }, alpha: { kind: 'float', value: Math.fround(0.1) },
      many: { kind: 'ints', value: Array.from({ length: 40 }, () => 1n) }, value: { kind: 'tensor', value: float32([1], [0.5]) },
    }),
    { ...node('Gelu', ['a'], ['b']), domain: 'com.microsoft' },
    node('If', ['b'], ['y'], { then_branch: { kind: 'graph', value: BRANCH }, axis: { kind: 'int', value: 1n } }),
  ],
}, { opsets: new Map([['', 17], ['com.microsoft', 1]]), metadata: new Map([['note', 'n'.repeat(200)]]) })

test('prints what a person wants to know, one node per line', () => {
  expect(printModel(MODEL, { types: new Map([['b', 'float32[1, 2]']]) }).split('\n')).toEqual([
    'opset ai.onnx 17, com.microsoft 1; IR version 8; written by test 1',
    '4 nodes, 195 parameters, 802 bytes',
    `note: ${'n'.repeat(80)}...`,
    'inputs',
    '  x: float32[batch, 3, height / 2]',
    '  untyped',
    'outputs',
    '  y: float32[2]',
    'initializers',
    '  w: float32[64, 3]',
    '  axes: int64[2] = [1, -1]',
    '  scalar: float32[] = 0.1',
    '  words: string[1] = ["größer"]',
    'nodes',
    '  a: float32[?], - = Conv(x, w, -) {strides=[2, 2], auto_pad="SAME_UPPER", alpha=0.1, many=[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ... 40 in all], value=float32[1] = [0.5]}',
    '  b: float32[1, 2] = com.microsoft.Gelu(a)',
    '  y: float32[2] = If(b) {axis=1}',
    '    then_branch:',
    '      outputs',
    '        inner: float32[2]',
    '      initializers',
    '        deep: float32[2] = [1, 2]',
    '      nodes',
    '        inner: float32[2] = Mul(x, w)',
  ])
})

test('totals count inner graphs, and only floats are parameters', () => {
  // 192 + 1 + 2 floats of 4 bytes, 2 integers of 8, six characters
  expect(graphSize(MODEL.graph)).toEqual({ nodes: 4, parameters: 195, bytes: 4 * 195 + 16 + 6 })
})

test('functions come last', () => {
  const functions = [{
    name: 'F', domain: 'ours', overload: '', inputs: ['a'], outputs: ['b'], attributes: ['k'], attributeDefaults: new Map(), opsets: new Map(),
    nodes: [node('LeakyRelu', ['a'], ['b'], { alpha: { kind: 'reference', value: 'k', type: 1 } })],
  }]
  expect(printModel(modelOf({}, { functions }))).toMatch(/\nfunction ours\.F\(a\) -> \(b\)\n {2}b = LeakyRelu\(a\) \{alpha=@k\}$/)
})
