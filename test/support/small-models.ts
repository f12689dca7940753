import { ModelError } from '../../src/core/onnx/errors.ts'
import type { Attribute, Graph, Model, Node, ValueInfo } from '../../src/core/onnx/model.ts'

export function node(opType: string, inputs: readonly string[], outputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): Node {
  return { name: '', opType, domain: '', inputs, outputs, attributes: new Map(Object.entries(attributes)) }
}

/** float32[2] */
export function vector(name: string): ValueInfo {
  return { name, type: { kind: 'tensor', elementType: 'float32', shape: [2] } }
}

/** y = Relu(x), changed. */
export function modelOf(graph: Partial<Graph> = {}, rest: Partial<Model> = {}): Model {
  return {
    irVersion: 8, opsets: new Map([['', 17]]), producer: 'test', producerVersion: '1', metadata: new Map(), functions: [],
    graph: { name: 'g', inputs: [vector('x')], outputs: [vector('y')], initializers: new Map(), nodes: [node('Relu', ['x'], ['y'])], values: [], ...graph },
    ...rest,
  }
}

/** The ModelError that is thrown. */
export function modelErrorOf(work: () => unknown): ModelError {
  try {
    work()
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
