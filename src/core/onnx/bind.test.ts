import { describe, expect, it } from 'vitest'
import { bindModel, rebuild, symbolicDimensions } from './bind.ts'
import { ModelError } from './errors.ts'
import { GraphBuilder } from './graph-builder.ts'
import type { Model } from './model.ts'
import { float32 } from './tensor.ts'

/** [batch, 3, height, width] -> tokens [batch, height * width, 3] by arithmetic of shapes, times a weight */
function tokens(): Model {
  const builder = new GraphBuilder()
  const image = builder.input('image', 'float32', ['batch', 3, 'height', 'width'])
  const weight = builder.initializer('weight', float32([3, 2], [1, 2, 3, 4, 5, 6]))
  const shape = builder.emit('Shape', [image])
  const [batch, height, width] = [0, 2, 3].map((axis) => builder.emit('Gather', [shape, [axis]], { axis: 0 }))
  const target = builder.emit('Concat', [batch, [3], builder.emit('Mul', [height, width])], { axis: 0 })
  const flat = builder.emit('Transpose', [builder.emit('Reshape', [image, target])], { perm: [0, 2, 1] })
  builder.output(builder.emit('MatMul', [flat, weight]), 'tokens')
  builder.emit('Exp', [image])
  return builder.build()
}

describe('rebuild', () => {
  it('folds the arithmetic of shapes when dimensions become numbers', () => {
    const model = tokens()
    expect(model.graph.nodes.map((node) => node.opType)).toEqual(['Shape', 'Gather', 'Gather', 'Gather', 'Mul', 'Concat', 'Reshape', 'Transpose', 'MatMul', 'Identity'])
    const bound = bindModel(model, { batch: 2, height: 4, width: 5 })
    expect(bound.graph.nodes.map((node) => node.opType)).toEqual(['Reshape', 'Transpose', 'MatMul', 'Identity'])
    expect(bound.graph.inputs[0].type).toEqual({ kind: 'tensor', elementType: 'float32', shape: [2, 3, 4, 5] })
    expect(bound.graph.outputs[0].type).toEqual({ kind: 'tensor', elementType: 'float32', shape: [2, 20, 2] })
  })

  it('binds some dimensions and leaves others', () => {
    const bound = bindModel(tokens(), { height: 4, width: 5 })
    expect(bound.graph.outputs[0].type).toMatchObject({ shape: ['batch', 20, 2] })
    expect(symbolicDimensions(bound)).toEqual(['batch'])
  })

  it('names the dimensions that a model has where a binding is none of them', () => {
    expect(() => bindModel(tokens(), { rows: 4 })).toThrow(new ModelError('shape', 'The model has no symbolic dimension "rows"; it has "batch", "height", "width".'))
    expect(() => bindModel(tokens(), { height: 0 })).toThrow('0 is no size for the dimension "height".')
  })

  it('keeps the names of values, and gives every value by its name', () => {
    const { builder, outputs, values } = rebuild(tokens())
    expect(outputs.tokens.name).toBe('tokens')
    expect(builder.has('MatMul')).toBe(true)
    expect(values.get('weight')).toBe(builder.value('weight'))
  })

  it('takes other values for tensors and inputs', () => {
    const builder = new GraphBuilder()
    const state = builder.input('state', 'float32', [6])
    const pixels = builder.input('pixels', 'float32', [1, 3, 2, 2])
    const { outputs } = rebuild(tokens(), {
      builder, inputs: { image: builder.emit('Sub', [pixels, 0.5]) },
      initializer: (name, tensor) => (name === 'weight' ? builder.emit('Reshape', [state, tensor.dims]) : undefined),
    })
    builder.output(outputs.tokens)
    const { graph } = builder.build()
    expect(graph.inputs.map((input) => input.name)).toEqual(['state', 'pixels'])
    expect(graph.initializers.has('weight')).toBe(false)
    expect(graph.nodes.find((node) => node.opType === 'MatMul')?.inputs[1]).toBe('Reshape_1')
  })

  it('takes other values for nodes, whose names do not clash with those of the model', () => {
    const { builder, outputs } = rebuild(tokens(), {
      replace: (node, { emit }, [left, right]) => (node.opType === 'MatMul' ? [emit('Einsum', [left, right], { equation: 'bij,jk->bik' })] : undefined),
    })
    builder.output(outputs.tokens)
    expect(builder.build().graph.nodes.map((node) => node.opType)).toContain('Einsum')
  })

  it('names every node without a type rule', () => {
    const model = tokens()
    const nodes = model.graph.nodes.map((node) => (node.opType === 'MatMul' ? { ...node, opType: 'Celu' } : node.opType === 'Identity' ? { ...node, opType: 'FusedConv', domain: 'com.microsoft' } : node))
    expect(() => rebuild({ ...model, graph: { ...model.graph, nodes } })).toThrow('No type rule for Celu, com.microsoft.FusedConv: Celu node "MatMul", FusedConv node "tokens".')
  })
})

describe('GraphBuilder', () => {
  it('does not fold what is computed from parameters', () => {
    const builder = new GraphBuilder()
    const scale = builder.initializer('scale', float32([2], [1, 2]))
    builder.output(builder.emit('Add', [scale, 1]), 'y')
    expect(builder.build().graph.nodes.map((node) => node.opType)).toEqual(['Add', 'Identity'])
  })

  it('keeps integers exactly that are larger than a number can hold', () => {
    const builder = new GraphBuilder()
    const end = builder.constant({ elementType: 'int64', dims: [1], data: BigInt64Array.of(2n ** 63n - 1n) })
    const x = builder.input('x', 'float32', ['n', 4])
    const ends = builder.emit('Concat', [end, [2]], { axis: 0 })
    const sliced = builder.emit('Slice', [x, [1, 0], ends])
    expect(sliced.shape).toEqual(['n - 1', 2])
    builder.output(sliced, 'y')
    const { graph } = builder.build()
    expect(graph.nodes.map((node) => node.opType)).toEqual(['Concat', 'Slice', 'Identity'])
    expect([...graph.initializers.values()].some((tensor) => tensor.data[0] === 2n ** 63n - 1n)).toBe(true)
  })
})
