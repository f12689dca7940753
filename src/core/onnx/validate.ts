/** Checks that a model is what the standard calls one, as far as that can be said without knowing the operators. */
import { ModelError } from './errors.ts'
import { describeNode, type Graph, type Model, type Node, type ValueInfo } from './model.ts'
import { byteSize, ELEMENT_TYPES, elementCount, type Tensor } from './tensor.ts'
import { graphsOf, topologicalOrder } from './topological-order.ts'

/** Older files state some operators in forms that are upgraded nowhere. */
export const OLDEST_OPSET = 11
/** The newest that onnxruntime-node 1.30 opens: test/integration/onnx-round-trip.test.ts asks it. */
export const NEWEST_OPSET = 26
/** The newest file format that onnxruntime-node 1.30 opens; asked likewise. */
export const NEWEST_IR_VERSION = 13

/** Domains whose operators onnxruntime brings along, beside the standard's own. */
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx.ml', 'com.microsoft'])

/**
 * Throws ModelError:
 * - unsupported: an opset or an operator's domain that onnxruntime does not run
 * - invalid: a name that is defined twice, never, or after it is read; nodes in a cycle; an output twice; a tensor whose
 *   data do not fit its dimensions; two functions of one name
 */
export function validateModel(model: Model): void {
  validateVersions(model)
  const domains = new Set([...DOMAINS, ...model.functions.map((each) => each.domain)])
  validateGraph(model.graph, { names: new Set(), domains })
  const functions = new Set<string>()
  for (const { name, domain, overload, inputs, outputs, nodes } of model.functions) {
    const title = [domain, name, overload].filter((part) => part !== '').join('.')
    if (functions.has(title)) throw new ModelError('invalid', `The function ${title} is defined twice.`)
    functions.add(title)
    validateGraph(
      { name: title, inputs: inputs.map(untyped), outputs: outputs.map(untyped), initializers: new Map(), nodes, values: [] },
      { names: new Set(), domains },
    )
  }
}

function untyped(name: string): ValueInfo {
  return { name, type: undefined }
}

function validateVersions({ irVersion, opsets }: Model): void {
  const opset = opsets.get('')
  if (irVersion > NEWEST_IR_VERSION) {
    throw new ModelError('unsupported', `The model has IR version ${irVersion}; up to ${NEWEST_IR_VERSION} are read. Export it with an older format.`)
  }
  if (opset !== undefined && (opset < OLDEST_OPSET || opset > NEWEST_OPSET)) {
    throw new ModelError('unsupported', `The model has opset ${opset}; opsets ${OLDEST_OPSET} to ${NEWEST_OPSET} are read. Export it with one of them.`)
  }
}

interface Scope {
  /** names defined so far, here and in the graphs around */
  readonly names: Set<string>
  readonly domains: ReadonlySet<string>
}

function validateGraph(graph: Graph, scope: Scope): void {
  const { names, domains } = scope
  const own: string[] = []
  const define = (name: string, by: () => string): void => {
    if (names.has(name)) throw new ModelError('invalid', `${by()} defines "${name}", which is defined already.`)
    names.add(name)
    own.push(name)
  }
  for (const { name } of graph.inputs) define(name, () => `An input of graph "${graph.name}"`)
  for (const [name, tensor] of graph.initializers) {
    define(name, () => `An initializer of graph "${graph.name}"`)
    validateTensor(name, tensor)
  }
  for (const node of graph.nodes) {
    if (!domains.has(node.domain)) {
      throw new ModelError('unsupported', `${describeNode(node)} is of the domain "${node.domain}", whose operators are not known here.`)
    }
    for (const name of node.inputs) if (name !== '' && !names.has(name)) throw undefinedName(graph, node, name)
    for (const [name, attribute] of node.attributes) {
      for (const inner of graphsOf(attribute)) validateGraph(inner, scope)
      if (attribute.kind === 'tensor') validateTensor(name, attribute.value)
    }
    for (const name of node.outputs) if (name !== '') define(name, () => describeNode(node))
  }
  const outputs = new Set<string>()
  for (const { name } of graph.outputs) {
    if (!names.has(name)) throw new ModelError('invalid', `Graph "${graph.name}" has the output "${name}", which nothing defines.`)
    if (outputs.has(name)) throw new ModelError('invalid', `Graph "${graph.name}" has the output "${name}" twice.`)
    outputs.add(name)
  }
  // what an inner graph defines is unknown outside it, and its siblings may use the same names
  for (const name of own) names.delete(name)
}

function undefinedName(graph: Graph, node: Node, name: string): ModelError {
  if (!graph.nodes.some(({ outputs }) => outputs.includes(name))) {
    return new ModelError('invalid', `${describeNode(node)} reads "${name}", which nothing defines.`)
  }
  // throws where the reason is a cycle
  topologicalOrder(graph.nodes)
  return new ModelError('invalid', `${describeNode(node)} reads "${name}" before it is defined.`)
}

function validateTensor(name: string, { elementType, dims, data }: Tensor): void {
  const fits = ArrayBuffer.isView(data)
    ? data.byteLength === byteSize(elementType, dims) && data instanceof (ELEMENT_TYPES[elementType].array ?? Object)
    : elementType === 'string' && data.length === elementCount(dims)
  if (!fits) throw new ModelError('invalid', `The data of "${name}" do not fit ${elementType}[${dims.join(',')}].`)
}
