/** Batch normalisations of trained networks are one factor and one addend per channel: the convolution before takes them in. */
import { floatAttribute, type Model, type Node } from './model.ts'
import { float32, type Tensor } from './tensor.ts'
import { rebuild } from './bind.ts'
import type { GraphBuilder, Value } from './graph-builder.ts'

/**
 * The model with every BatchNormalization gone whose input is a Conv that nothing else reads: equal but for rounding.
 * Weights must be tensors of the graph (constant-part.ts). Throws as `rebuild`.
 */
export function foldBatchNorm(model: Model): Model {
  const folded = foldableConvolutions(model)
  const { builder, outputs } = rebuild(model, {
    replace(node, graph, inputs) {
      const norm = folded.get(node.outputs[0])
      if (norm !== undefined) return [foldedConvolution(graph, node, norm)]
      return node.opType === 'BatchNormalization' && folded.has(node.inputs[0]) ? [inputs[0] as Value] : undefined
    },
  })
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  return { ...model, ...builder.build(model.graph.name), metadata: model.metadata }
}

/** What is added and multiplied, in 64 bits. */
interface Affine {
  readonly factor: Float64Array
  readonly addend: Float64Array
}

/** By the output of the convolution. */
function foldableConvolutions({ graph }: Model): ReadonlyMap<string, Affine> {
  const readers = new Map<string, number>()
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.name)]) readers.set(name, (readers.get(name) ?? 0) + 1)
  const convolutions = new Set(graph.nodes.filter((node) => node.opType === 'Conv' && constant(graph.initializers, node.inputs[1]) && (!node.inputs[2] || constant(graph.initializers, node.inputs[2]))).map((node) => node.outputs[0]))
  const folded = new Map<string, Affine>()
  for (const node of graph.nodes) {
    const [x, ...statistics] = node.inputs
    if (node.opType !== 'BatchNormalization' || !convolutions.has(x) || readers.get(x) !== 1) continue
    const numbers = statistics.map((name) => constant(graph.initializers, name))
    if (numbers.every((each) => each !== undefined)) folded.set(x, affine(numbers, floatAttribute(node, 'epsilon', 1e-5)))
  }
  return folded
}

function affine([scale, offset, mean, variance]: readonly Float32Array[], epsilon: number): Affine {
  const factor = Float64Array.from(scale, (value, channel) => value / Math.sqrt(variance[channel] + epsilon))
  return { factor, addend: factor.map((value, channel) => offset[channel] - value * mean[channel]) }
}

function foldedConvolution(graph: GraphBuilder, node: Node, { factor, addend }: Affine): Value {
  const weight = graph.tensor(node.inputs[1]) as Tensor
  const [numbers, bias] = [weight.data as Float32Array, node.inputs[2] ? graph.tensor(node.inputs[2])?.data as Float32Array : undefined]
  const perChannel = numbers.length / factor.length
  const inputs = [
    node.inputs[0],
    graph.initializer(`${node.outputs[0]}.weight`, float32(weight.dims, numbers.map((value, index) => value * factor[Math.floor(index / perChannel)]))).name,
    graph.initializer(`${node.outputs[0]}.bias`, float32([factor.length], Float32Array.from(addend, (value, channel) => value + factor[channel] * (bias?.[channel] ?? 0)))).name,
  ]
  return graph.append({ ...node, inputs })[0]
}

function constant(initializers: ReadonlyMap<string, Tensor>, name: string): Float32Array | undefined {
  const data = initializers.get(name)?.data
  return data instanceof Float32Array ? data : undefined
}
