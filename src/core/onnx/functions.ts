/** Model-local functions (https://onnx.ai/onnx/repo-docs/IR.html#functions), replaced by their nodes. */
import { ModelError } from './errors.ts'
import { type Attribute, describeNode, type Graph, type Model, type ModelFunction, type Node, type ValueInfo } from './model.ts'
import { graphsOf, namesDefined, nodesOf } from './topological-order.ts'

/** Functions that call functions may double the nodes with every level: a small file could fill the memory. */
const MAX_PARTS = 1_000_000
const MAX_NAME_LENGTH = 200

/**
 * The model with every call replaced by the function's nodes, under names that nothing else has, and no functions.
 * Throws ModelError: invalid (a function calls itself, too many inputs), unsupported (a function written for another opset
 * than the model, or calls that expand to more than a million nodes, names and attributes).
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model
  const graph = new Inliner(model).graph(model.graph, TOP)
  const used = new Set([...nodesOf(graph)].map((node) => node.domain))
  const opsets = [...opsetsOfAll(model)].filter(([domain]) => domain === '' || used.has(domain))
  return { ...model, opsets: new Map(opsets), graph, functions: [] }
}

/** Inside which call nodes are being expanded. */
interface Scope {
  readonly rename: (name: string) => string
  /** what the caller gave, and defaults; undefined outside functions */
  readonly attributes: ReadonlyMap<string, Attribute> | undefined
  readonly prefix: string
  readonly calls: readonly ModelFunction[]
}

const TOP: Scope = { rename: (name) => name, attributes: undefined, prefix: '', calls: [] }

class Inliner {
  readonly #functions: ReadonlyMap<string, ModelFunction>
  readonly #taken: Set<string>
  /** how often a name was asked for */
  readonly #counts = new Map<string, number>()
  #parts = 0

  constructor(model: Model) {
    this.#functions = new Map(model.functions.map((each) => [key(each.domain, each.name, each.overload), each]))
    this.#taken = new Set(allNames(model.graph))
  }

  graph(graph: Graph, scope: Scope): Graph {
    if (scope === TOP) return { ...graph, nodes: this.#expand(graph.nodes, scope) }
    this.#spend(graph.inputs.length + graph.outputs.length + graph.values.length + graph.initializers.size)
    const renamed = (values: readonly ValueInfo[]) => values.map((value) => ({ ...value, name: scope.rename(value.name) }))
    return {
      name: graph.name,
      inputs: renamed(graph.inputs),
      outputs: renamed(graph.outputs),
      values: renamed(graph.values),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [scope.rename(name), tensor])),
      nodes: this.#expand(graph.nodes, scope),
    }
  }

  #expand(nodes: readonly Node[], scope: Scope): readonly Node[] {
    const expanded: Node[] = []
    for (const original of nodes) {
      this.#spend(1 + original.inputs.length + original.outputs.length + original.attributes.size)
      const node = this.#placed(original, scope)
      const called = this.#functions.get(key(node.domain, node.opType, node.overload ?? ''))
      if (called === undefined) expanded.push(node)
      else for (const inner of this.#call(node, called, scope.calls)) expanded.push(inner)
    }
    return expanded
  }

  /** The node as it stands in its scope: names of this call, attributes that the caller gave, inner graphs expanded. */
  #placed(node: Node, scope: Scope): Node {
    const attributes = new Map<string, Attribute>()
    for (const [name, attribute] of node.attributes) {
      if (attribute.kind === 'reference' && scope.attributes !== undefined) {
        // what neither the caller nor the function states is left to the operator's own default
        const given = scope.attributes.get(attribute.value)
        if (given !== undefined) attributes.set(name, given)
      } else if (attribute.kind === 'graph') attributes.set(name, { kind: 'graph', value: this.graph(attribute.value, scope) })
      else if (attribute.kind === 'graphs') attributes.set(name, { kind: 'graphs', value: attribute.value.map((each) => this.graph(each, scope)) })
      else attributes.set(name, attribute)
    }
    return {
      ...node,
      name: node.name === '' ? '' : scope.prefix + node.name,
      inputs: node.inputs.map(scope.rename),
      outputs: node.outputs.map(scope.rename),
      attributes,
    }
  }

  #call(node: Node, called: ModelFunction, calls: readonly ModelFunction[]): readonly Node[] {
    if (calls.includes(called)) {
      throw new ModelError('invalid', `The function ${[...calls.slice(calls.indexOf(called)), called].map((each) => each.name).join(' calls ')}.`)
    }
    if (node.inputs.length > called.inputs.length || node.outputs.length > called.outputs.length) {
      throw new ModelError('invalid', `${describeNode(node)} has more inputs or outputs than the function of that name.`)
    }
    const prefix = `${(node.name || node.outputs.find((name) => name !== '') || node.opType).slice(-MAX_NAME_LENGTH)}.`
    const names = new Map([['', ''], ...called.inputs.map((name, index) => [name, node.inputs[index] ?? ''] as const)])
    const inputs = new Set(called.inputs)
    // an output that is an input, or a second one of the same value, is a copy
    const copies: (readonly [from: string, to: string])[] = []
    for (const [index, name] of called.outputs.entries()) {
      const actual = node.outputs[index] ?? ''
      if (actual === '') continue
      if (inputs.has(name) || names.has(name)) copies.push([name, actual])
      else names.set(name, actual)
    }
    const rename = (name: string): string => {
      const known = names.get(name) ?? this.#fresh(prefix + name)
      names.set(name, known)
      return known
    }
    const attributes = new Map([...called.attributeDefaults, ...node.attributes])
    return [
      ...this.#expand(called.nodes, { rename, attributes, prefix, calls: [...calls, called] }),
      ...copies.map(([from, to]): Node => ({
        name: prefix + from, opType: 'Identity', domain: '', inputs: [rename(from)], outputs: [to], attributes: new Map(),
      })),
    ]
  }

  #spend(parts: number): void {
    this.#parts += parts
    if (this.#parts > MAX_PARTS) throw new ModelError('unsupported', `The functions expand to more than ${MAX_PARTS} nodes, names and attributes.`)
  }

  /** Of long names the end is kept: the beginning is the calls around, which repeats. */
  #fresh(name: string): string {
    const wanted = name.slice(-MAX_NAME_LENGTH)
    let count = this.#counts.get(wanted) ?? 0
    let fresh = wanted
    do {
      count += 1
      fresh = count === 1 ? wanted : `${wanted}_${count}`
    } while (this.#taken.has(fresh))
    this.#counts.set(wanted, count)
    this.#taken.add(fresh)
    return fresh
  }
}

function key(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload])
}

/** Every name of a graph and of the graphs inside it. */
function allNames(graph: Graph): readonly string[] {
  const inner = [...nodesOf(graph)].flatMap((node) => [...node.attributes.values()].flatMap(graphsOf))
  return [graph, ...inner].flatMap((each) => [...namesDefined(each)])
}

/** What the model and its functions import; a domain has one version. */
function opsetsOfAll({ opsets, functions }: Model): ReadonlyMap<string, number> {
  const all = new Map(opsets)
  for (const each of functions) {
    for (const [domain, version] of each.opsets) {
      const known = all.get(domain)
      if (known !== undefined && known !== version) {
        throw new ModelError('unsupported', `The function ${each.name} is written for opset ${version} of "${domain || 'ai.onnx'}", the model for ${known}.`)
      }
      all.set(domain, version)
    }
  }
  return all
}
