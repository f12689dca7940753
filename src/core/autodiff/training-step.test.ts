import { expect, test } from 'vitest'
import { executionOrder } from '../onnx/execution-order.ts'
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import type { Model } from '../onnx/model.ts'
import { elementCount, float32 } from '../onnx/tensor.ts'
import { adamW, sgd } from './optimizers.ts'
import { compileTrainingStep, initialState, type LossScope, type TrainingStepOptions } from './training-step.ts'

const tensor = (dims: readonly number[]) => float32(dims, Float32Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(index)))

/** Dense layers with biases, from x [batch, 4] to y [batch, 4]; a further output beside them. */
function dense(layers: number): Model {
  const builder = new GraphBuilder()
  const { emit } = builder
  let value: Value = builder.input('x', 'float32', ['batch', 4])
  for (let layer = 0; layer < layers; layer++) {
    const product = emit('MatMul', [value, builder.initializer(`${layer}.weight`, tensor([4, 4]))])
    value = emit('Tanh', [emit('Add', [product, builder.initializer(`${layer}.bias`, tensor([4]))])])
  }
  builder.output(value, 'y')
  builder.output(emit('Mul', [value, builder.initializer('aside', tensor([4]))]), 'z')
  return builder.build()
}

const squares = ({ builder, outputs }: LossScope) => ({ total: builder.emit('ReduceSumSquare', [outputs.y], { keepdims: 0 }) })
const bindings = { batch: 3 }

const compile = (options: TrainingStepOptions) => () => compileTrainingStep(dense(1), squares, sgd(), { bindings, ...options })

test('a step says what goes in and out', () => {
  const step = compileTrainingStep(dense(2), ({ builder, outputs, target }) => {
    const difference = builder.emit('Sub', [outputs.y, target('t', 'float32', [3, 4])])
    const distance = builder.emit('ReduceSumSquare', [difference], { keepdims: 0 })
    return { total: builder.emit('Mul', [distance, 2]), terms: { distance } }
  }, adamW(), { bindings, averageDecay: 0.9, accumulate: 2, gradientsBy: ['x'] })
  expect(step.batch).toEqual([{ name: 'x', elementType: 'float32', dims: [3, 4] }, { name: 't', elementType: 'float32', dims: [3, 4] }])
  const roles = ['parameters', 'accumulated', 'optimizer.firstMoment', 'optimizer.secondMoment', 'average']
  expect(step.state.map(({ name }) => name).toSorted()).toEqual(roles.flatMap((role) => [`${role}.main`, `${role}.main.undecayed`]).toSorted())
  const { inputs, outputs } = step.model.graph
  expect(inputs.map(({ name }) => name).toSorted()).toEqual(['apply', 'learning_rate', 'step', 'x', 't', ...step.state.map(({ name }) => name)].toSorted())
  expect(outputs.map(({ name }) => name).toSorted()).toEqual(['loss', 'term.distance', 'gradient_norm', 'finite', 'gradient.x', ...step.state.map(({ name }) => `next.${name}`)].toSorted())
})

test('state begins with the model\'s parameters, their average too, and zeros', () => {
  const step = compileTrainingStep(dense(1), squares, adamW(), { bindings, averageDecay: 0.9 })
  const initial = Object.fromEntries(step.state.map((vector) => [vector.name, initialState(step, vector)]))
  expect(initial['parameters.main']).toEqual(tensor([4, 4]).data)
  expect(initial['average.main']).toEqual(tensor([4, 4]).data)
  expect(initial['parameters.main.undecayed']).toEqual(tensor([4]).data)
  expect(initial['optimizer.firstMoment.main']).toEqual(new Float32Array(16))
})

test('what the loss does not depend on keeps its value; asked for by name it is an error', () => {
  const step = compileTrainingStep(dense(2), squares, sgd(), { bindings })
  expect([...step.initial.keys()]).toEqual(['0.weight', '0.bias', '1.weight', '1.bias'])
  expect(() => compileTrainingStep(dense(1), squares, sgd(), { bindings, trainable: ['0.bias', 'aside'] })).toThrow('The loss does not depend on "aside"')
  expect(() => compileTrainingStep(dense(1), squares, sgd(), { bindings, gradientsBy: ['x', 'nothing'] })).toThrow('"nothing"')
})

test('matrices that pool or interpolate are trained only when they are asked for', () => {
  const builder = new GraphBuilder()
  const pooling = builder.initializer('pooling', float32([4, 3], [0.5, 0, 0, 0.5, 0, 0, 0, 1, 0, 0, 0, 1]))
  const interpolation = builder.initializer('interpolation', float32([3, 6], [1, 0.5, 0, 0, 0, 0, 0, 0.5, 1, 0.5, 0, 0, 0, 0, 0, 0.5, 1, 1]))
  const sparse = builder.initializer('sparse', float32([6, 4], Array.from({ length: 24 }, (_, index) => (index === 0 ? 1 : 0))))
  const identity = builder.initializer('identity', float32([4, 4], Array.from({ length: 16 }, (_, index) => (index % 5 === 0 ? 1 : 0))))
  const y = [pooling, interpolation, sparse, identity].reduce((value, matrix) => builder.emit('MatMul', [value, matrix]), builder.input('x', 'float32', [3, 4]))
  builder.output(y, 'y')
  const trained = (options: TrainingStepOptions) => [...compileTrainingStep(builder.build(), squares, sgd(), options).initial.keys()]
  expect(trained({})).toEqual(['sparse', 'identity'])
  expect(trained({ trainable: ['pooling', 'sparse'] })).toEqual(['pooling', 'sparse'])
  expect(trained({ trainable: () => true })).toEqual(['pooling', 'interpolation', 'sparse', 'identity'])
})

test('wrong options are told', () => {
  expect(compile({ trainable: ['0.weight', '0.wieght'] })).toThrow('The model has no float32 parameter "0.wieght" to train.')
  expect(compile({ trainable: () => false })).toThrow('None of the model\'s 3 parameters is to be trained.')
  expect(compile({ bindings: {} })).toThrow('bind')
  expect(compile({ accumulate: 1.5, clipNorm: NaN, averageDecay: 2 })).toThrow('1.5 micro-batches per update (a whole number from 1), NaN as the largest norm of the gradients (a number above 0), 2 as the decay')
  expect(compile({ accumulate: 0 })).toThrow('0 micro-batches')
  expect(compile({ bindings: { width: 3 } })).toThrow('The model has no symbolic dimension "width"; it has "batch".')
})

/** tanh(x w + b) with values of the given names between, of which the last comes out. */
function chain(names: readonly string[], input = 'x', weight = 'w'): Model {
  const builder = new GraphBuilder()
  const [x, w] = [builder.input(input, 'float32', ['batch', 4]), builder.initializer(weight, tensor([4, 4]))]
  let value = builder.emit('MatMul', [x, w])
  for (const name of names) [value] = builder.append({ name: '', opType: 'Tanh', domain: '', inputs: [value.name], outputs: [name], attributes: new Map() })
  builder.output(value)
  return builder.build()
}

test('values of the model may have the names of what a step has itself, and of targets', () => {
  const names = ['loss', 'step', 'finite', 'apply', 'learning_rate', 'batch', 'gradient_norm', 'parameters.main', 'next.parameters.main', 'term.mean', 'optimizer.firstMoment.main', 'gradient.x', 'forward.loss', 'labels', 'y']
  const compiled = compileTrainingStep(chain(names), ({ builder, outputs, target }) => {
    const total = builder.emit('ReduceMean', [builder.emit('Sub', [outputs.y, target('labels', 'float32', [3, 4])])], { keepdims: 0 })
    return { total, terms: { mean: total } }
  }, adamW(), { bindings, accumulate: 2, gradientsBy: ['x'] })
  const defined = compiled.model.graph.nodes.flatMap(({ outputs }) => outputs)
  expect(defined).toEqual(expect.arrayContaining(names.map((name) => `forward.${name}`)))
  expect(new Set(defined).size).toBe(defined.length)
})

/** A step of which the loss has a target of that name. */
const compileWithTarget = (model: Model, name: string) => () => compileTrainingStep(model, ({ builder, outputs, target }) => {
  target(name, 'float32', [3, 4])
  return { total: builder.emit('ReduceMean', [outputs.y], { keepdims: 0 }) }
}, sgd(), { bindings })

test('inputs, parameters and targets whose names are taken are told', () => {
  expect(compileWithTarget(chain(['y'], 'step', 'loss'), 't')).toThrow('The model has inputs or parameters called "step", "loss"')
  expect(compileWithTarget(chain(['y']), 'w')).toThrow('The loss\'s target "w" has the name')
})

test('each layer\'s gradients are computed before the backward pass goes on, and the loss before any', () => {
  const { model: { graph } } = compileTrainingStep(dense(5), squares, adamW(), { bindings, clipNorm: 1 })
  const at = new Map(executionOrder(graph.nodes).flatMap((node, position) => node.outputs.map((name) => [name, position] as const)))
  const position = (name: string) => at.get(name) ?? NaN
  const [concat] = graph.nodes.filter(({ opType, name }) => opType === 'Concat' && name.startsWith('gradients.'))
  const gradients = concat.inputs.map(position)
  const order = [...gradients].toSorted((a, b) => a - b)
  // in the concatenation: the five weights, then the five biases; by layers from the last: its bias, its weight
  const layers = order.map((each) => gradients.indexOf(each) % 5)
  expect(layers).toEqual([4, 4, 3, 3, 2, 2, 1, 1, 0, 0])
  expect(position('loss')).toBeLessThan(Math.min(...order))
})
