import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { float32, int64 } from '../onnx/tensor.ts'
import { layOut, pack, unpack, withParameters } from './parameter-layout.ts'

const entry = (name: string, dims: readonly number[], group = 'main') => ({ name, group, tensor: float32(dims, new Float32Array(dims.reduce((a, b) => a * b, 1))) })

test('parameters lie end to end in the vector of their group, in the model\'s order', () => {
  expect(layOut([entry('a', [2, 3]), entry('b', [4], 'plain'), entry('c', [5])])).toEqual([
    { name: 'main', group: 'main', part: 0, length: 11, slices: [{ name: 'a', dims: [2, 3], offset: 0 }, { name: 'c', dims: [5], offset: 6 }] },
    { name: 'plain', group: 'plain', part: 0, length: 4, slices: [{ name: 'b', dims: [4], offset: 0 }] },
  ])
})

test('a part holds no more than it may, unless one parameter alone is larger; each part has vectors of its own', () => {
  const layout = layOut([entry('a', [6]), entry('b', [4], 'plain'), entry('c', [1]), entry('d', [30]), entry('e', [2], 'plain')], 10)
  expect(layout.map(({ name, part, length }) => [name, part, length])).toEqual([['main', 0, 6], ['plain', 0, 4], ['main.1', 1, 1], ['main.2', 2, 30], ['plain.3', 3, 2]])
})

test('unpack is the inverse of pack', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.constantFrom('main', 'plain')), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (shapes, largest) => {
    const entries = shapes.map(([dims, group], index) => entry(`p${index}`, dims, group))
    for (const { tensor } of entries) (tensor.data as Float32Array).forEach((_, at, data) => { data[at] = Math.sin(at + data.length) })
    const tensors = new Map(entries.map(({ name, tensor }) => [name, tensor]))
    const back = new Map(layOut(entries, largest).flatMap((vector) => [...unpack(vector, pack(vector, tensors))]))
    expect(new Map([...back].toSorted())).toEqual(new Map([...tensors].toSorted()))
  }))
})

test('missing and unfitting tensors are named with both shapes', () => {
  const [vector] = layOut([entry('weight', [2, 3])])
  expect(() => pack(vector, new Map())).toThrow('The parameter "weight" [2, 3] is missing.')
  expect(() => pack(vector, new Map([['weight', float32([3, 2], [1, 2, 3, 4, 5, 6])]]))).toThrow('The parameter "weight" is float32 [2, 3] in the model, not float32 [3, 2].')
  expect(() => pack(vector, new Map([['weight', int64([2, 3], [1, 2, 3, 4, 5, 6])]]))).toThrow('not int64 [2, 3]')
})

test('an exported model has the trained tensors and nothing else changed', () => {
  const builder = new GraphBuilder()
  const weight = builder.initializer('weight', float32([2], [1, 2]))
  builder.output(builder.emit('Add', [builder.emit('Mul', [builder.input('x', 'float32', ['n', 2]), weight]), builder.initializer('bias', float32([2], [3, 4]))]), 'y')
  const model = builder.build()
  const trained = withParameters(model, new Map([['bias', float32([2], [5, 6])]]))
  expect([...trained.graph.initializers]).toEqual([['weight', float32([2], [1, 2])], ['bias', float32([2], [5, 6])]])
  expect({ ...trained, graph: { ...trained.graph, initializers: model.graph.initializers } }).toEqual(model)
  expect(() => withParameters(model, new Map([['other', float32([2], [5, 6])]]))).toThrow('The model has no parameter "other".')
  expect(() => withParameters(model, new Map([['bias', float32([1], [5])]]))).toThrow('The parameter "bias" is float32 [2] in the model, not float32 [1].')
})
