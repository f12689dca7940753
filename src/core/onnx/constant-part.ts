/**
 * What a graph computes from its own tensors alone (weights reshaped, products of weights): how to have it computed once,
 * by whoever runs models, and to put the results in its place. Conversions of a network's weights need them as tensors.
 */
import type { Model } from './model.ts'
import type { Tensor } from './tensor.ts'
import { rebuild } from './bind.ts'
import { GraphBuilder, type Value } from './graph-builder.ts'
import { namesRead } from './topological-order.ts'

/**
 * The model with nothing but the nodes that no input reaches; its outputs are the float32 values that the other nodes (or the
 * model's outputs) read. It has no inputs. null: there is nothing to compute. Throws as `rebuild`.
 */
export function constantPart(model: Model): Model | null {
  const { builder, outputs } = rebuild(model)
  const varying = new Set(model.graph.inputs.map(({ name }) => name))
  const read = new Set(Object.values(outputs).map(({ name }) => name))
  for (const node of builder.nodes) {
    const names = namesRead(node)
    if (![...names].some((name) => varying.has(name))) continue
    for (const name of node.outputs) varying.add(name)
    for (const name of names) read.add(name)
  }
  const wanted = builder.nodes.flatMap((node) => node.outputs).filter((name) => read.has(name) && !varying.has(name) && builder.value(name).elementType === 'float32')
  if (wanted.length === 0) return null
  const part = new GraphBuilder()
  const { values } = rebuild(model, { builder: part })
  for (const name of wanted) part.output(values.get(name) as Value)
  const constants = part.build(`${model.graph.name} constants`)
  return { ...constants, graph: { ...constants.graph, inputs: [] } }
}

/** The model with the computed values as tensors in place of the nodes that compute them. Throws as `rebuild`. */
export function withConstants(model: Model, constants: ReadonlyMap<string, Tensor>): Model {
  const { builder, outputs } = rebuild(model, {
    replace: (node, graph) => (node.outputs.every((name) => constants.has(name))
      ? node.outputs.map((name) => graph.initializer(name, constants.get(name) as Tensor)) : undefined),
  })
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  return { ...model, ...builder.build(model.graph.name), metadata: model.metadata }
}
