import { describe, expect, it } from 'vitest'
import { runModel } from '../../../test/support/run-model.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { float32, int64 } from '../onnx/tensor.ts'
import { differentiate, unbroadcast, unsupportedOperators } from './differentiate.ts'

describe('differentiate', () => {
  it('adds up what several uses of a value contribute: d(x^2 + 3x) = 2x + 3', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [3])
    const y = builder.emit('Add', [builder.emit('Mul', [x, x]), builder.emit('Mul', [x, 3])])
    const sum = builder.emit('ReduceSum', [y], { keepdims: 0 })
    const gradient = differentiate(builder, sum, ['x']).get('x')!
    builder.output(gradient, 'dx')
    const { dx } = await runModel(builder.build(), { x: float32([3], [-1, 0, 2.5]) })
    expect([...(dx.data as Float32Array)]).toEqual([1, 3, 8])
  })

  it('differentiates by any value: a parameter, an input, something in between', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [2])
    const w = builder.initializer('w', float32([2], [3, 5]))
    const inner = builder.emit('Mul', [x, w])
    const sum = builder.emit('ReduceSum', [builder.emit('Mul', [inner, inner])], { keepdims: 0 })
    const gradients = differentiate(builder, sum, ['x', 'w', inner.name])
    for (const [name, gradient] of gradients) builder.output(gradient, `d ${name}`)
    const results = await runModel(builder.build(), { x: float32([2], [1, 2]) })
    expect(results['d x'].data).toEqual(Float32Array.of(18, 100))
    expect(results['d w'].data).toEqual(Float32Array.of(6, 40))
    expect(results[`d ${inner.name}`].data).toEqual(Float32Array.of(6, 20))
  })

  it('starts from a given gradient of a value that is no scalar', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [2])
    const y = builder.emit('Mul', [x, 2])
    const seed = builder.constant(float32([2], [10, 100]))
    builder.output(differentiate(builder, y, ['x'], seed).get('x')!, 'dx')
    const { dx } = await runModel(builder.build(), { x: float32([2], [1, 1]) })
    expect(dx.data).toEqual(Float32Array.of(20, 200))
  })

  it('gives no entry for what the loss does not depend on, and stops at comparisons and integers', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [2])
    const z = builder.input('z', 'float32', [2])
    const mask = builder.emit('Cast', [builder.emit('Greater', [z, 0])], { to: 1 })
    const whole = builder.emit('Cast', [builder.emit('Cast', [z], { to: 7 })], { to: 1 })
    const sum = builder.emit('ReduceSum', [builder.emit('Mul', [builder.emit('Add', [mask, whole]), x])], { keepdims: 0 })
    expect([...differentiate(builder, sum, ['x', 'z']).keys()]).toEqual(['x'])
  })

  it('names every operator and node without a rule at once, and only those between', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [2])
    const other = builder.emit('ReduceProd', [x], { keepdims: 0 })
    builder.output(other, 'other')
    const scattered = builder.append({ name: 'first', opType: 'ScatterND', domain: '', inputs: [x.name, builder.constant(int64([1, 1], [0])).name, builder.constant(float32([1], [4])).name], outputs: ['s'], attributes: new Map() })[0]
    const product = builder.append({ name: 'second', opType: 'ReduceProd', domain: '', inputs: [scattered.name], outputs: ['p'], attributes: new Map([['keepdims', { kind: 'int', value: 0n }]]) })[0]
    expect(() => differentiate(builder, product, ['x'])).toThrow(/ScatterND, ReduceProd: ScatterND node "first", ReduceProd node "second"/)
    expect(unsupportedOperators(builder, product, ['x']).map((node) => node.name)).toEqual(['first', 'second'])
  })

  it('wants a scalar loss and known dimensions, and says which', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', ['batch', 2])
    const y = builder.emit('Neg', [x])
    expect(() => differentiate(builder, y, ['x'])).toThrow(/symbolic shape \[batch, 2\]/)
    const z = builder.input('z', 'float32', [2])
    expect(() => differentiate(builder, builder.emit('Neg', [z]), ['z'])).toThrow(/\[2\] is no scalar/)
  })

  it('undoes broadcasting by summing over the repeated axes', async () => {
    const builder = new GraphBuilder()
    const gradient = builder.input('g', 'float32', [2, 3, 2])
    const operand = builder.input('o', 'float32', [3, 1])
    builder.output(unbroadcast(builder, gradient, operand), 'u')
    builder.output(builder.emit('Identity', [operand]), 'kept')
    const { u } = await runModel(builder.build(), { g: float32([2, 3, 2], Array.from({ length: 12 }, (_, index) => index)), o: float32([3, 1], [0, 0, 0]) })
    expect(u.dims).toEqual([3, 1])
    expect(u.data).toEqual(Float32Array.of(0 + 1 + 6 + 7, 2 + 3 + 8 + 9, 4 + 5 + 10 + 11))
    const wrong = builder.input('wrong', 'float32', [5])
    expect(() => unbroadcast(builder, gradient, wrong)).toThrow(/gradient of "wrong" \[5\] came out as \[2, 3, 2\]/)
  })
})
