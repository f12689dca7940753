/** Dead-node removal. */
import type { Graph, Node } from './model.ts'
import { namesRead } from './topological-order.ts'

/** The nodes that the graph's outputs depend on, in their order. Linear; the nodes must be in topological order. */
export function neededNodes({ nodes, outputs }: Pick<Graph, 'nodes' | 'outputs'>): readonly Node[] {
  const wanted = new Set(outputs.map(({ name }) => name))
  const needed = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false
    for (const name of namesRead(node)) wanted.add(name)
    return true
  })
  return needed.toReversed()
}
