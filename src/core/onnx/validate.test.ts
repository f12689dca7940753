import { describe, expect, test } from 'vitest'
import { modelErrorOf, modelOf, node, vector } from '../../../test/support/small-models.ts'
import { ModelError } from './errors.ts'
import type { Graph, Model, ModelFunction } from './model.ts'
import { readModel } from './read.ts'
import { float32 } from './tensor.ts'
import { inTopologicalOrder, namesRead, topologicalOrder } from './topological-order.ts'
import { validateModel } from './validate.ts'
import { writeModel } from './write.ts'

function branch(graph: Partial<Graph>): Graph {
  return { ...modelOf().graph, inputs: [], outputs: [vector('inner')], nodes: [node('Relu', ['x'], ['inner'])], ...graph }
}

function withBranch(graph: Partial<Graph>): Model {
  return modelOf({ nodes: [node('If', ['x'], ['y'], { then_branch: { kind: 'graph', value: branch(graph) }, else_branch: { kind: 'graph', value: branch({}) } })] })
}

const FUNCTION: ModelFunction = {
  name: 'F', domain: 'ours', overload: '', inputs: ['a'], outputs: ['b'], attributes: [], attributeDefaults: new Map(), opsets: new Map([['', 17]]),
  nodes: [node('Relu', ['a'], ['b'])],
}

describe('valid', () => {
  test.each<[string, Model]>([
    ['a chain', modelOf()],
    ['branches of the same inner names that read from outside', withBranch({})],
    ['an output that is an input', modelOf({ nodes: [], outputs: [vector('x')] })],
    ['inputs and outputs left out', modelOf({ nodes: [node('Clip', ['x', '', ''], ['y', '', ''])] })],
    ['a call of a function', modelOf({ nodes: [{ ...node('F', ['x'], ['y']), domain: 'ours' }] }, { functions: [FUNCTION] })],
    ['functions that differ in their overload', modelOf({}, { functions: [FUNCTION, { ...FUNCTION, overload: 'b' }] })],
  ])('%s', (_, model) => {
    validateModel(model)
    expect(readModel(writeModel(model))).toEqual(model)
  })
})

/** Reading puts nodes in order and takes initializers from the inputs; a file's data are of the type that it states. */
const ONLY_IN_MEMORY = new Set(['a value read too early', 'an initializer that hides an input', 'data of another type'])

describe('invalid', () => {
  test.each<[string, Model, string, RegExp]>([
    ['a value that nothing defines', modelOf({ nodes: [node('Relu', ['z'], ['y'])] }), 'invalid', /^Relu node "y" reads "z", which nothing defines/],
    ['a value of a sibling branch', withBranch({ nodes: [node('Relu', ['other'], ['inner'])] }), 'invalid', /"other"/],
    ['a value read too early', modelOf({ nodes: [node('Relu', ['a'], ['y']), node('Relu', ['x'], ['a'])] }), 'invalid', /"y" reads "a" before it is defined/],
    ['a value defined twice', modelOf({ nodes: [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y'])] }), 'invalid', /^Neg node "y" defines "y", which is defined already/],
    ['an output that hides an input', modelOf({ nodes: [node('Relu', ['x'], ['x'])] }), 'invalid', /"x", which is defined already/],
    ['an initializer that hides an input', modelOf({ initializers: new Map([['x', float32([], [1])]]) }), 'invalid', /initializer of graph "g" defines "x"/],
    ['two inputs of one name', modelOf({ inputs: [vector('x'), vector('x')] }), 'invalid', /An input of graph "g" defines "x"/],
    ['an inner value that hides an outer one', withBranch({ nodes: [node('Neg', ['x'], ['x'])] }), 'invalid', /"x", which is defined already/],
    ['an output that nothing defines', modelOf({ outputs: [vector('z')] }), 'invalid', /output "z", which nothing defines/],
    ['an output twice', modelOf({ outputs: [vector('y'), vector('y')] }), 'invalid', /output "y" twice/],
    ['data that do not fit', modelOf({ initializers: new Map([['w', float32([3], [1, 2])]]) }), 'invalid', /"w" do not fit float32\[3\]/],
    ['data of another type', modelOf({ initializers: new Map([['w', { elementType: 'int32', dims: [1], data: Float32Array.of(1) }]]) }), 'invalid', /"w" do not fit int32\[1\]/],
    ['an attribute whose data do not fit', modelOf({ nodes: [node('Relu', ['x'], ['y'], { value: { kind: 'tensor', value: float32([3], []) } })] }), 'invalid', /"value"/],
    ['a function that reads from outside', modelOf({}, { functions: [{ ...FUNCTION, nodes: [node('Relu', ['x'], ['b'])] }] }), 'invalid', /"x"/],
    ['a function twice', modelOf({}, { functions: [FUNCTION, FUNCTION] }), 'invalid', /ours\.F is defined twice/],
    ['an opset of the past', modelOf({}, { opsets: new Map([['', 10]]) }), 'unsupported', /opset 10; opsets 11 to/],
    ['an opset of the future', modelOf({}, { opsets: new Map([['', 1000]]) }), 'unsupported', /opset 1000/],
    ['a format of the future', modelOf({}, { irVersion: 1000 }), 'unsupported', /IR version 1000/],
    ['a domain nobody knows', modelOf({ nodes: [{ ...node('Relu', ['x'], ['y']), domain: 'theirs' }] }), 'unsupported', /Relu node "y" is of the domain "theirs"/],
  ])('%s', (title, model, code, text) => {
    const error = modelErrorOf(() => validateModel(model))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(text)])
    if (!ONLY_IN_MEMORY.has(title)) expect(() => readModel(writeModel(model)), 'a file of it').toThrow(ModelError)
  })

  test('a cycle names its nodes, whoever finds it', () => {
    const nodes = [node('Add', ['x', 'c'], ['a']), node('Relu', ['a'], ['b']), { ...node('Neg', ['b'], ['c']), name: 'back' }, node('Relu', ['c'], ['y'])]
    for (const find of [() => topologicalOrder(nodes), () => validateModel(modelOf({ nodes })), () => readModel(writeModel(modelOf({ nodes })))]) {
      expect(modelErrorOf(find)).toMatchObject({ code: 'invalid', message: 'Nodes wait for each other: Add node "a" <- Neg node "back" <- Relu node "b" <- Add node "a".' })
    }
  })

  test('a node that waits for itself, also through its inner graph', () => {
    expect(modelErrorOf(() => topologicalOrder([node('Relu', ['a'], ['a'])])).message).toMatch(/Relu node "a" <- Relu node "a"/)
    const inner = node('If', [], ['a'], { then_branch: { kind: 'graph', value: branch({ nodes: [node('Relu', ['a'], ['inner'])] }) } })
    expect(modelErrorOf(() => topologicalOrder([inner])).message).toMatch(/If node "a" <- If node "a"/)
  })
})

describe('order', () => {
  test('nodes in order keep their places; others come after what they read, also through inner graphs', () => {
    const a = node('Relu', ['x'], ['a'])
    const b = node('Relu', ['x'], ['b'])
    const branching = node('If', ['a'], ['y'], { then_branch: { kind: 'graph', value: branch({ nodes: [node('Relu', ['b'], ['inner'])] }) } })
    expect(topologicalOrder([b, a, branching])).toEqual([b, a, branching])
    expect(topologicalOrder([branching, b, a])).toEqual([a, b, branching])
    expect(namesRead(branching)).toEqual(new Set(['a', 'b']))
  })

  test('inner graphs are ordered too', () => {
    const nodes = [node('Neg', ['m'], ['inner']), node('Relu', ['x'], ['m'])]
    const { graph } = withBranch({ nodes })
    const ordered = inTopologicalOrder(graph).nodes[0].attributes.get('then_branch')
    expect(ordered).toMatchObject({ value: { nodes: nodes.toReversed() } })
  })

  test('a hundred thousand nodes in the worst order take moments', () => {
    const count = 100_000
    const nodes = Array.from({ length: count }, (_, index) => node('Relu', [index === 0 ? 'x' : `v${index - 1}`], [index === count - 1 ? 'y' : `v${index}`]))
    const start = performance.now()
    const ordered = topologicalOrder(nodes.toReversed())
    validateModel(modelOf({ nodes: ordered }))
    expect(ordered).toEqual(nodes)
    // a quadratic algorithm takes minutes
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})
