/** The order in which nodes can run, and the names that nodes read. */
import { ModelError } from './errors.ts'
import { type Attribute, describeNode, type Graph, type Node } from './model.ts'

/** The graphs inside an attribute: branches and loop bodies. */
export function graphsOf(attribute: Attribute): readonly Graph[] {
  return attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : []
}

/** The nodes of a graph and of the graphs inside it. */
export function* nodesOf(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node
    for (const attribute of node.attributes.values()) for (const inner of graphsOf(attribute)) yield* nodesOf(inner)
  }
}

/** Names that a node reads: its inputs, and what its inner graphs read from outside. */
export function namesRead(node: Node): ReadonlySet<string> {
  const names = new Set(node.inputs)
  for (const attribute of node.attributes.values()) {
    for (const graph of graphsOf(attribute)) for (const name of namesFromOutside(graph)) names.add(name)
  }
  names.delete('')
  return names
}

/** Names that an inner graph reads and does not define. */
function namesFromOutside(graph: Graph): ReadonlySet<string> {
  const names = new Set(graph.outputs.map((output) => output.name))
  for (const node of graph.nodes) for (const name of namesRead(node)) names.add(name)
  for (const name of namesDefined(graph)) names.delete(name)
  return names
}

/** Names that a graph defines, in order and as often as it does: inputs, initializers, outputs of nodes. */
export function* namesDefined(graph: Graph): Generator<string> {
  for (const input of graph.inputs) yield input.name
  yield* graph.initializers.keys()
  for (const node of graph.nodes) for (const name of node.outputs) if (name !== '') yield name
}

/**
 * The nodes so that each comes after those whose values it reads; nodes that already do keep their places. Names that no
 * node defines are taken to come from elsewhere. Linear in nodes and edges.
 * Throws ModelError 'invalid' with the nodes of a cycle.
 */
export function topologicalOrder(nodes: readonly Node[]): readonly Node[] {
  const producers = new Map<string, Node>()
  for (const node of nodes) for (const name of node.outputs) producers.set(name, node)
  const ordered = new Set<Node>()
  // nodes whose predecessors are being placed, each with those that remain: the path that would be a cycle
  const path = new Map<Node, Iterator<string>>()
  for (const start of nodes) {
    const stack = [start]
    while (stack.length > 0) {
      const node = stack[stack.length - 1]
      const remaining = path.get(node) ?? namesRead(node).values()
      path.set(node, remaining)
      const before = ordered.has(node) ? undefined : nextMissing(remaining, producers, ordered)
      if (before === undefined) {
        ordered.add(node)
        path.delete(node)
        stack.pop()
      } else {
        if (path.has(before)) throw cycle(stack.slice(stack.indexOf(before)))
        stack.push(before)
      }
    }
  }
  return [...ordered]
}

function nextMissing(names: Iterator<string>, producers: ReadonlyMap<string, Node>, ordered: ReadonlySet<Node>): Node | undefined {
  for (let name = names.next(); name.done !== true; name = names.next()) {
    const producer = producers.get(name.value)
    if (producer !== undefined && !ordered.has(producer)) return producer
  }
  return undefined
}

const SHOWN_OF_CYCLE = 10

function cycle(nodes: readonly Node[]): ModelError {
  const shown = [...nodes.slice(0, SHOWN_OF_CYCLE).map(describeNode), ...(nodes.length > SHOWN_OF_CYCLE ? ['...'] : []), describeNode(nodes[0])]
  return new ModelError('invalid', `Nodes wait for each other: ${shown.join(' <- ')}.`)
}

/** A graph and the graphs inside it, each in topological order. */
export function inTopologicalOrder(graph: Graph): Graph {
  return { ...graph, nodes: nodesInOrder(graph.nodes) }
}

/** As topologicalOrder, also inside the nodes' graphs. */
export function nodesInOrder(nodes: readonly Node[]): readonly Node[] {
  return topologicalOrder(nodes).map((node) => mapGraphs(node, inTopologicalOrder))
}

/** The node with its inner graphs replaced; the node itself where it has none. */
function mapGraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (![...node.attributes.values()].some((attribute) => graphsOf(attribute).length > 0)) return node
  const attributes = new Map([...node.attributes].map(([name, attribute]): [string, Attribute] => [
    name,
    attribute.kind === 'graph' ? { kind: 'graph', value: change(attribute.value) }
      : attribute.kind === 'graphs' ? { kind: 'graphs', value: attribute.value.map(change) }
      : attribute,
  ]))
  return { ...node, attributes }
}
