import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import golden from '../../../test/fixtures/onnx-types.golden.json' with { type: 'json' }
import { modelErrorOf, modelOf, node, vector } from '../../../test/support/small-models.ts'
import { ModelError } from './errors.ts'
import type { Attribute } from './model.ts'
import { readModel } from './read.ts'
import { ELEMENT_TYPES, elementCount, float32, int64, type Tensor } from './tensor.ts'
import { writeModel } from './write.ts'

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

function hex({ data }: Tensor): string {
  if (!ArrayBuffer.isView(data)) throw new Error('strings')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

/** A protobuf message from field number and bytes (length-delimited), or a number (varint). */
function message(...fields: readonly (readonly [number, Uint8Array | number | string])[]): Uint8Array {
  return Buffer.concat(fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)])
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
  }))
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

/** A model whose only initializer is the given TensorProto. */
function withTensor(tensor: Uint8Array): Uint8Array {
  return message([1, 8], [8, message([2, 17])], [7, message([5, tensor])])
}

describe('what the onnx package writes', () => {
  test('tensors of every element type, raw and one by one', () => {
    const { graph, metadata } = readModel(bytesOf(golden.types.model))
    expect(metadata).toEqual(new Map([['labels', 'größer']]))
    expect(golden.types.tensors.length).toBe(2 * (Object.keys(ELEMENT_TYPES).length - 1) + 4)
    for (const { name, elementType, dims, ...expected } of golden.types.tensors) {
      const tensor = graph.initializers.get(name)!
      expect([tensor.elementType, tensor.dims], name).toEqual([elementType, dims])
      if (expected.strings === undefined) expect(hex(tensor), name).toBe(expected.hex)
      else expect(tensor.data).toEqual(expected.strings)
    }
  })

  test('arrays are of the element type and know their file no more', () => {
    const file = bytesOf(golden.types.model)
    const { graph } = readModel(file)
    for (const [name, { elementType, dims, data }] of graph.initializers) {
      const { array, packed } = ELEMENT_TYPES[elementType]
      if (array === undefined || !ArrayBuffer.isView(data)) continue
      expect(data, name).toBeInstanceOf(array)
      expect(data.buffer).not.toBe(file.buffer)
      if (!packed) expect(data.length).toBe(elementCount(dims))
    }
  })

  test('data in another file: asked for by place, once for each tensor', () => {
    const data = bytesOf(golden.external.data)
    const asked: unknown[] = []
    const { graph } = readModel(bytesOf(golden.external.model), {
      externalData: (location, offset, length) => {
        asked.push([location, offset, length])
        return data.subarray(offset, offset + length)
      },
    })
    expect(asked).toEqual([['weights.bin', 5, 24], ['weights.bin', 32, 12]])
    expect([...graph.initializers.get('weight')!.data]).toEqual(golden.external.weight)
    expect([...graph.initializers.get('bias')!.data]).toEqual(golden.external.bias)
  })

  test('data in another file are refused where there is none, and where it gives too little', () => {
    const model = bytesOf(golden.external.model)
    expect(modelErrorOf(() => readModel(model))).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/"weight".*"weights.bin"/) })
    expect(modelErrorOf(() => readModel(model, { externalData: () => new Uint8Array(3) }))).toMatchObject({ code: 'damaged', message: expect.stringMatching(/3 bytes from/) })
  })

  test('branches and loop bodies', () => {
    const { graph } = readModel(bytesOf(golden.control.model))
    const branch = graph.nodes.find((each) => each.opType === 'If')!.attributes.get('then_branch')
    expect(branch).toMatchObject({ kind: 'graph', value: { name: 'then', nodes: [{ opType: 'Mul', inputs: ['x', 'two'] }] } })
    expect(graph.outputs[1].type).toEqual({ kind: 'tensor', elementType: 'float32', shape: ['n', 3] })
  })

  test('functions, their attributes and what refers to these', () => {
    const { functions, opsets } = readModel(bytesOf(golden.functions.model))
    expect(functions.map(({ name, domain, attributes }) => [name, domain, attributes])).toEqual([['Leaky', 'ours', ['slope']], ['Twice', 'ours', ['slope']]])
    expect(functions[0].nodes[0].attributes.get('alpha')).toEqual({ kind: 'reference', value: 'slope', type: 1 })
    expect(opsets).toEqual(new Map([['', 16], ['ours', 1]]))
  })

  test('a file of IR version 3: initializers are no inputs, an unknown dimension has a name, nodes are in order', () => {
    const { irVersion, graph } = readModel(bytesOf(golden.old.model))
    expect(irVersion).toBe(4)
    expect(graph.inputs).toEqual([{ name: 'x', type: { kind: 'tensor', elementType: 'float32', shape: ['x.0', 2] } }])
    expect(graph.outputs[0].type).toMatchObject({ shape: ['y.0', 2] })
    expect(graph.nodes.map((each) => each.opType)).toEqual(['Add', 'Relu'])
  })
})

test('what is written is read again: every kind of attribute, type and tensor', () => {
  const inner = modelOf({}).graph
  const strings: Tensor = { elementType: 'string', dims: [2], data: ['', 'größer'] }
  const attributes: Record<string, Attribute> = {
    a: { kind: 'int', value: -(2n ** 63n) }, b: { kind: 'float', value: Math.fround(0.1) }, c: { kind: 'string', value: Uint8Array.of(255, 0) },
    d: { kind: 'tensor', value: float32([2, 1], [1, -0]) }, f: { kind: 'ints', value: [1n, -1n] }, g: { kind: 'floats', value: [] },
    h: { kind: 'strings', value: [new Uint8Array(), Uint8Array.of(65)] }, i: { kind: 'tensors', value: [int64([], [7]), strings] },
    j: { kind: 'int', value: 0n }, k: { kind: 'float', value: 0 }, l: { kind: 'string', value: new Uint8Array() }, m: { kind: 'graphs', value: [] },
    // AttributeProto of a TypeProto: tensor of strings
    n: { kind: 'other', value: new Uint8Array(message([1, 'n'], [14, message([1, message([1, 8])])], [20, 13])) },
  }
  const body: Attribute = { kind: 'graph', value: { ...inner, inputs: [], outputs: [vector('inner')], nodes: [node('Relu', ['x'], ['inner'])] } }
  const sequence = { kind: 'other' as const, bytes: new Uint8Array(message([4, message([1, message([1, message([1, 1])])])])) }
  const model = modelOf({
    initializers: new Map([['w', float32([2], [1, 2])], ['s', strings]]),
    nodes: [
      node('Relu', ['x'], ['y'], attributes),
      { ...node('If', ['w', '', 's'], ['z', ''], { body }), name: 'branch', domain: 'com.microsoft', overload: 'second' },
    ],
    values: [{ name: 'z', type: undefined }, { name: 'q', type: { kind: 'tensor', elementType: 'int4', shape: undefined } }, { name: 'r', type: sequence }],
  }, {
    metadata: new Map([['key', 'value']]),
    opsets: new Map([['', 17], ['com.microsoft', 1]]),
    functions: [{
      name: 'F', domain: 'ours', overload: 'o', inputs: ['a'], outputs: ['b'], attributes: ['k'], opsets: new Map([['', 17]]),
      attributeDefaults: new Map([['l', { kind: 'int', value: 1n }]]), nodes: [node('Elu', ['a'], ['b'], { alpha: { kind: 'reference', value: 'k', type: 1 } })],
    }],
  })
  expect(readModel(writeModel(model))).toEqual(model)
})

test('tensors of float32 and int64 survive, whatever they hold', () => {
  const tensor = fc.oneof(
    fc.float32Array().map((data): Tensor => ({ elementType: 'float32', dims: [data.length], data })),
    fc.bigInt64Array().map((data): Tensor => ({ elementType: 'int64', dims: [1, data.length], data })),
    fc.array(fc.string({ unit: 'grapheme' })).map((data): Tensor => ({ elementType: 'string', dims: [data.length], data })),
  )
  fc.assert(fc.property(fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== 'x' && name !== 'y'), tensor), (tensors) => {
    const initializers = new Map(Object.entries(tensors))
    expect(readModel(writeModel(modelOf({ initializers }))).graph.initializers).toEqual(initializers)
  }))
})

test('Node buffers at odd places are read like any bytes', () => {
  const bytes = writeModel(modelOf({ initializers: new Map([['w', float32([2], [1, 2])]]) }))
  for (const shift of [0, 1, 2, 3]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift)
    expect(readModel(shifted).graph.initializers.get('w')).toEqual(float32([2], [1, 2]))
  }
})

describe('damage', () => {
  test.each([
    ['nothing', new Uint8Array(), 'damaged', /no graph/],
    ['text', Buffer.from('{"a": 1}'), 'damaged', /no ONNX model/],
    ['a tensor of 2^40 elements', withTensor(message([1, 2 ** 40], [2, 1], [8, 'w'], [9, new Uint8Array(8)])), 'damaged', /"w": \[1099511627776\] of float32 does not fit its 8 bytes/],
    ['the same, one by one', withTensor(message([1, 2 ** 40], [2, 1], [4, new Uint8Array(8)])), 'damaged', /does not fit its 2 numbers/],
    ['dimensions whose product is no number', withTensor(message([1, 2 ** 40], [1, 2 ** 40], [1, 2 ** 40], [2, 1])), 'damaged', /no dimensions/],
    ['a negative dimension', withTensor(message([1, Buffer.from('ffffffffffffffffff01', 'hex')], [2, 1])), 'damaged', /\[-1\] are no dimensions/],
    ['too few strings', withTensor(message([1, 2], [2, 8], [6, 'a'])), 'damaged', /1 strings/],
    ['half a float', withTensor(message([1, 1], [2, 1], [4, new Uint8Array(3)])), 'damaged', /3 bytes cannot hold numbers of 4/],
    ['an unknown element type', withTensor(message([2, 99])), 'unsupported', /number 99/],
    ['segments', withTensor(message([3, new Uint8Array()])), 'unsupported', /segments/],
    ['a sparse initializer', message([1, 8], [7, message([15, new Uint8Array()])]), 'unsupported', /sparse/],
    ['a name that is no UTF-8', message([1, 8], [7, message([2, Uint8Array.of(0xff)])]), 'damaged', /no ONNX model/],
    ['a number where text belongs', message([1, 8], [7, message([2, 7])]), 'damaged', /wire type/],
    ['a length beyond the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f), 'damaged', /no ONNX model/],
    ['two initializers of one name', message([1, 8], [7, message([5, message([1, 0], [2, 1], [8, 'w'])], [5, message([1, 0], [2, 1], [8, 'w'])])]), 'invalid', /Two initializers.*"w"/],
    ['a node without operator', message([1, 8], [7, message([1, message([3, 'n'])])]), 'damaged', /"n" has no operator/],
    ['a function without a name', message([1, 8], [25, new Uint8Array()], [7, new Uint8Array()]), 'damaged', /function has no name/],
    ['a tensor of an attribute that does not fit', message([1, 8], [7, message([1, message([4, 'Relu'], [5, message([1, 'a'], [5, message([1, 3], [2, 1])], [20, 4])])])]), 'damaged', /^A tensor: \[3\] does not fit/],
    ['an external tensor without a file', withTensor(message([1, 1], [2, 1], [8, 'w'], [14, 1])), 'damaged', /place .* is not stated/],
    ['an offset that is no number', withTensor(message([1, 1], [2, 1], [8, 'w'], [13, message([1, 'location'], [2, 'f'])], [13, message([1, 'offset'], [2, '-1'])], [14, 1])), 'damaged', /place .* is not stated/],
    ['a length that is another', withTensor(message([1, 1], [2, 1], [8, 'w'], [13, message([1, 'location'], [2, 'f'])], [13, message([1, 'length'], [2, '5'])], [14, 1])), 'damaged', /5 bytes in "f"/],
    ['an attribute without its value', message([1, 8], [7, message([1, message([4, 'Relu'], [5, message([1, 'a'], [20, 4])])])]), 'damaged', /"a" holds no tensor/],
  ])('%s', (_, bytes, code, text) => {
    const error = modelErrorOf(() => readModel(bytes))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(text)])
  })

  test('graphs nested a thousand deep', () => {
    let graph = message([2, 'innermost'])
    for (let depth = 0; depth < 1000; depth++) graph = message([1, message([4, 'If'], [5, message([1, 'a'], [6, graph], [20, 5])])])
    expect(modelErrorOf(() => readModel(message([1, 8], [7, graph])))).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/nested/) })
  })

  test('groups nested a thousand deep, which no ONNX file has', () => {
    expect(modelErrorOf(() => readModel(new Uint8Array(2000).fill(0x0b + 8 * 40, 0, 1000)))).toMatchObject({ code: 'damaged' })
  })

  test('a file is refused at every length', () => {
    const bytes = bytesOf(golden.control.model)
    for (let length = 0; length < bytes.length; length++) {
      // without what comes after the graph it may still be a model
      try {
        readModel(bytes.subarray(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError)
      }
    }
  })
})
