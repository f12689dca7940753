/** The order in which onnxruntime runs a graph's nodes, which decides how long values live. */
import type { Node } from './model.ts'

/**
 * onnxruntime's default order (`GraphViewer`, `Graph::ReverseDFSFrom`): depth first from the nodes that no other node
 * reads, the last of them first; a node comes as soon as those that it reads are done, of which the last in the file goes
 * first. So a value is computed right before the first that needs it, and what stands later in the file is computed earlier
 * where nothing else decides. Checked against onnxruntime's profile in test/integration/memory.test.ts.
 */
export function executionOrder(nodes: readonly Node[]): readonly Node[] {
  const producers = new Map<string, number>()
  for (const [index, node] of nodes.entries()) for (const name of node.outputs) if (name !== '') producers.set(name, index)
  const predecessors = nodes.map((node) => [...new Set(node.inputs.flatMap((name) => producers.get(name) ?? []))].toSorted((a, b) => a - b))
  const read = new Set(predecessors.flat())
  const order: Node[] = []
  const entered = new Set<number>()
  // a negative entry says that its node, counted from -1, is to be left
  const stack = [...nodes.keys()].filter((index) => !read.has(index))
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (index < 0) {
      order.push(nodes[-1 - index])
      continue
    }
    if (entered.has(index)) continue
    entered.add(index)
    stack.push(-1 - index)
    for (const each of predecessors[index]) if (!entered.has(each)) stack.push(each)
  }
  return order
}
