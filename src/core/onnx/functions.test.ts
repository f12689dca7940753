import { expect, test } from 'vitest'
import { modelErrorOf, modelOf, node, vector } from '../../../test/support/small-models.ts'
import { inlineFunctions } from './functions.ts'
import type { Attribute, Graph, Model, ModelFunction, Node } from './model.ts'
import { printModel } from './print.ts'
import { validateModel } from './validate.ts'

/** That inlined models give the same numbers is tested through onnxruntime: test/integration/onnx-round-trip.test.ts. */

function functionOf(name: string, nodes: readonly Node[], rest: Partial<ModelFunction> = {}): ModelFunction {
  return {
    name, domain: 'ours', overload: '', inputs: ['a'], outputs: ['b'], attributes: [], attributeDefaults: new Map(),
    opsets: new Map([['', 17], ['ours', 1]]), nodes, ...rest,
  }
}

function call(name: string, inputs: readonly string[], outputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): Node {
  return { ...node(name, inputs, outputs, attributes), domain: 'ours' }
}

function linesOf(model: Model): readonly string[] {
  const inlined = inlineFunctions(model)
  validateModel(inlined)
  const lines = printModel(inlined).split('\n')
  return lines.slice(lines.indexOf('nodes') + 1).map((line) => line.replace(': float32[2]', '').slice(2))
}

function graphOf(nodes: readonly Node[], output: string): Graph {
  return { ...modelOf().graph, inputs: [], outputs: [vector(output)], nodes }
}

const ALPHA: Attribute = { kind: 'reference', value: 'slope', type: 1 }
const HALF: Attribute = { kind: 'float', value: 0.5 }

test('each call gets names of its own, in the way of nothing', () => {
  const functions = [functionOf('F', [node('Neg', ['a'], ['m']), node('Relu', ['m'], ['b'])])]
  const nodes = [call('F', ['x'], ['p']), node('Abs', ['x'], ['p.m_2']), node('Abs', ['x'], ['p.m']), { ...call('F', ['p'], ['y']), name: 'second' }]
  expect(linesOf(modelOf({ nodes }, { functions }))).toEqual([
    'p.m_3 = Neg(x)', 'p = Relu(p.m_3)', 'p.m_2 = Abs(x)', 'p.m = Abs(x)', 'second.m = Neg(p)', 'y = Relu(second.m)',
  ])
})

test('attributes: what the call states, or else the function\'s default, or else the operator\'s own', () => {
  const nodes = [call('F', ['x'], ['p'], { slope: HALF }), call('F', ['p'], ['y'])]
  const body = [node('LeakyRelu', ['a'], ['b'], { alpha: ALPHA })]
  expect(linesOf(modelOf({ nodes }, { functions: [functionOf('F', body, { attributes: ['slope'] })] })))
    .toEqual(['p = LeakyRelu(x) {alpha=0.5}', 'y = LeakyRelu(p)'])
  expect(linesOf(modelOf({ nodes }, { functions: [functionOf('F', body, { attributeDefaults: new Map([['slope', { kind: 'float', value: 0.25 }]]) })] })))
    .toEqual(['p = LeakyRelu(x) {alpha=0.5}', 'y = LeakyRelu(p) {alpha=0.25}'])
})

test('inputs that are left out stay so; outputs that are inputs, or given twice, are copies', () => {
  const functions = [functionOf('F', [node('Clip', ['a', 'least', 'greatest'], ['b'])], { inputs: ['a', 'least', 'greatest'], outputs: ['b', 'a', 'b'] })]
  const nodes = [call('F', ['x', '', 'x'], ['y', 'copy', 'again'])]
  expect(linesOf(modelOf({ nodes }, { functions }))).toEqual(['y = Clip(x, -, x)', 'copy = Identity(x)', 'again = Identity(y)'])
  expect(linesOf(modelOf({ nodes: [call('F', ['x'], ['y'])] }, { functions }))).toEqual(['y = Clip(x, -, -)'])
})

test('graphs inside a function read its names, graphs that a caller passes read the caller\'s', () => {
  const passed: Attribute = { kind: 'graph', value: graphOf([call('G', ['x'], ['q'])], 'q') }
  const functions = [
    functionOf('F', [node('Neg', ['a'], ['m']), node('If', ['m'], ['b'], {
      then_branch: { kind: 'reference', value: 'body', type: 5 },
      else_branch: { kind: 'graph', value: graphOf([call('G', ['m'], ['q'])], 'q') },
    })], { attributes: ['body'] }),
    functionOf('G', [node('Abs', ['a'], ['b'])]),
  ]
  expect(linesOf(modelOf({ nodes: [call('F', ['x'], ['y'], { body: passed })] }, { functions }))).toEqual([
    'y.m = Neg(x)',
    'y = If(y.m)',
    '  then_branch:', '    outputs', '      q', '    nodes', '      q = Abs(x)',
    '  else_branch:', '    outputs', '      y.q', '    nodes', '      y.q = Abs(y.m)',
  ])
})

test('functions of one name differ by their overload; domains that nothing uses any more go', () => {
  const functions = [functionOf('F', [node('Neg', ['a'], ['b'])]), functionOf('F', [node('Abs', ['a'], ['b'])], { overload: 'other' })]
  const model = modelOf({ nodes: [call('F', ['x'], ['p']), { ...call('F', ['p'], ['y']), overload: 'other' }] }, { functions, opsets: new Map([['', 17], ['ours', 1]]) })
  expect(linesOf(model)).toEqual(['p = Neg(x)', 'y = Abs(p)'])
  expect(inlineFunctions(model).opsets).toEqual(new Map([['', 17]]))
})

test('a model without functions is left as it is', () => {
  const model = modelOf()
  expect(inlineFunctions(model)).toBe(model)
})

test('refuses functions that call each other in a circle', () => {
  const functions = [functionOf('F', [call('G', ['a'], ['b'])]), functionOf('G', [call('F', ['a'], ['b'])])]
  expect(modelErrorOf(() => inlineFunctions(modelOf({ nodes: [call('F', ['x'], ['y'])] }, { functions }))))
    .toMatchObject({ code: 'invalid', message: 'The function F calls G calls F.' })
})

test('refuses too many inputs, and a function for another opset', () => {
  const functions = [functionOf('F', [node('Neg', ['a'], ['b'])])]
  expect(modelErrorOf(() => inlineFunctions(modelOf({ nodes: [call('F', ['x', 'x'], ['y'])] }, { functions })))).toMatchObject({ code: 'invalid' })
  const other = [functionOf('F', [node('Neg', ['a'], ['b'])], { opsets: new Map([['', 18]]) })]
  expect(modelErrorOf(() => inlineFunctions(modelOf({}, { functions: other })))).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/F is written for opset 18 .* 17/) })
})

test.each([
  ['one node', [node('Neg', ['a'], ['b'])], ['b']],
  ['none', [], ['a']],
])('refuses functions that double at every level down to %s, instead of filling the memory', { timeout: 30_000 }, (_, last, outputs) => {
  const functions = Array.from({ length: 40 }, (__, level) => (level === 0
    ? functionOf('F0', last, { outputs })
    : functionOf(`F${level}`, [call(`F${level - 1}`, ['a'], ['m'.repeat(10_000)]), call(`F${level - 1}`, ['m'.repeat(10_000)], ['b'])])))
  const nodes = [call('F39', ['x'], ['y'])]
  expect(modelErrorOf(() => inlineFunctions(modelOf({ nodes }, { functions })))).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/expand to more than 1000000/) })
})
