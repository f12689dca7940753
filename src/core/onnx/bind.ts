/**
 * Emits a model again, node by node, through the builder: types are inferred, dimensions may become numbers (which folds
 * the arithmetic of shapes away), tensors and nodes may be replaced on the way. How a file becomes a graph that can be
 * differentiated, and how an exported model gets a fixed size.
 */
import { describeNode, type Dim, type Graph, type Model, type Node, type Shape, type ValueInfo } from './model.ts'
import type { Tensor } from './tensor.ts'
import { inlineFunctions } from './functions.ts'
import { GraphBuilder, type Value, WORKING_OPSET } from './graph-builder.ts'
import { neededNodes } from './needed-nodes.ts'
import { namesDefined } from './topological-order.ts'
import { typeRule } from './types/table.ts'
import { ModelError } from './errors.ts'
import { upgradeNode } from './upgrade.ts'
import { NEWEST_OPSET, OLDEST_OPSET } from './validate.ts'

/** Numbers for symbolic dimensions: `{ batch: 1, height: 512, width: 1024 }`. */
export type Bindings = Readonly<Record<string, number>>

export interface RebuildOptions {
  readonly bindings?: Bindings
  /** Where to emit; it may hold values already. A new one where omitted. */
  readonly builder?: GraphBuilder
  /** Goes before the names of all values but inputs, so that they leave other names of `builder` free; '' where omitted */
  readonly prefix?: string
  /** Values of `builder` that take the place of inputs, by the inputs' names: how models are joined. */
  readonly inputs?: Readonly<Record<string, Value>>
  /** The value that takes the place of a tensor of the model; undefined: the tensor stays. */
  readonly initializer?: (name: string, tensor: Tensor, builder: GraphBuilder) => Value | undefined
  /** The values that take the place of a node's outputs; undefined: the node stays. Its names are those of `builder`, its form the working opset's. */
  readonly replace?: (node: Node, builder: GraphBuilder, inputs: readonly (Value | undefined)[]) => readonly Value[] | undefined
}

export interface Rebuilt {
  readonly builder: GraphBuilder
  readonly inputs: Readonly<Record<string, Value>>
  /** Not declared as outputs of the builder yet */
  readonly outputs: Readonly<Record<string, Value>>
  /** Every value of the model, also inner ones, by its name in the model */
  readonly values: ReadonlyMap<string, Value>
}

/**
 * Inlines the model's functions, upgrades its nodes to the working opset and emits what its outputs need. Values, tensors and
 * nodes keep their names, except where `prefix`, `initializer` or `replace` gives others or where the builder has the name already.
 * Throws ModelError: unsupported (naming every node that has no type rule), shape (dimensions that do not fit, with both
 * shapes; a binding that the model does not have, with those that it has).
 */
export function rebuild(model: Model, options: RebuildOptions = {}): Rebuilt {
  const { graph, opsets } = inlineFunctions(model)
  const opset = supportedOpset(opsets)
  const nodes = neededNodes(graph)
  refuseUnknown(nodes)
  const { builder = new GraphBuilder(), prefix = '' } = options
  const own = (name: string) => (name === '' ? name : builder.available(prefix + name))
  // names of nodes too: onnxruntime refuses two nodes of one name, and nodes are called as their first value is
  builder.reserve([...Array.from(namesDefined(graph), (name) => prefix + name), ...nodes.map((node) => node.name)])
  const inputs = rebuildInputs(graph, builder, options)
  const values = new Map<string, Value>(Object.entries(inputs))
  for (const [name, tensor] of graph.initializers) {
    values.set(name, options.initializer?.(name, tensor, builder) ?? builder.initializer(own(name), tensor))
  }
  for (const original of nodes) {
    const operands = original.inputs.map((name) => values.get(name))
    const node = upgradeNode({
      ...original, inputs: operands.map((value) => value?.name ?? ''), outputs: original.outputs.map(own),
    }, opset, builder)
    const results = options.replace?.(node, builder, node.inputs.map((name) => (name === '' ? undefined : builder.value(name)))) ?? builder.append(node)
    for (const [index, name] of original.outputs.entries()) if (name !== '') values.set(name, results[index])
  }
  return { builder, inputs, outputs: Object.fromEntries(graph.outputs.map(({ name }) => [name, known(values, name)])), values }
}

/** The model with numbers for symbolic dimensions and without the nodes that this makes needless. Throws as `rebuild`. */
export function bindModel(model: Model, bindings: Bindings): Model {
  const { builder, outputs } = rebuild(model, { bindings })
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  return { ...model, ...builder.build(model.graph.name), producer: model.producer, producerVersion: model.producerVersion, metadata: model.metadata }
}

/** The symbolic dimensions of a model's inputs, in order. */
export function symbolicDimensions({ graph }: Model): readonly string[] {
  const dims = graph.inputs.flatMap((input) => (input.type?.kind === 'tensor' ? (input.type.shape ?? []) : []))
  return [...new Set(dims.filter((dim) => typeof dim === 'string'))]
}

function supportedOpset(opsets: ReadonlyMap<string, number>): number {
  const opset = opsets.get('') ?? WORKING_OPSET
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    throw new ModelError('unsupported', `The model has opset ${opset}; opsets ${OLDEST_OPSET} to ${NEWEST_OPSET} are supported.`)
  }
  return opset
}

function rebuildInputs(graph: Graph, builder: GraphBuilder, options: RebuildOptions): Readonly<Record<string, Value>> {
  const bound = binder(graph, options.bindings ?? {})
  return Object.fromEntries(graph.inputs.map((info) => {
    const { elementType, shape } = tensorType(info)
    return [info.name, options.inputs?.[info.name] ?? builder.input(info.name, elementType, bound(shape))]
  }))
}

/** Puts numbers for names. Throws where a name is none of the graph's, or a number is no size. */
function binder(graph: Graph, bindings: Bindings): (shape: Shape) => Shape {
  const names = new Set(graph.inputs.flatMap((info) => tensorType(info).shape))
  for (const [name, size] of Object.entries(bindings)) {
    if (!names.has(name)) {
      const present = [...names].filter((dim) => typeof dim === 'string')
      throw new ModelError('shape', `The model has no symbolic dimension "${name}"; it has ${present.length === 0 ? 'none' : present.map((dim) => `"${dim}"`).join(', ')}.`)
    }
    if (!Number.isSafeInteger(size) || size < 1) throw new ModelError('shape', `${size} is no size for the dimension "${name}".`)
  }
  return (shape) => shape.map((dim): Dim => (typeof dim === 'string' && Object.hasOwn(bindings, dim) ? bindings[dim] : dim))
}

function tensorType({ name, type }: ValueInfo) {
  if (type?.kind !== 'tensor' || type.shape === undefined) {
    throw new ModelError('unsupported', `The input "${name}" is no tensor with a known number of dimensions.`)
  }
  return { elementType: type.elementType, shape: type.shape }
}

function refuseUnknown(nodes: readonly Node[]): void {
  const unknown = nodes.filter((node) => node.domain !== '' || typeRule(node.opType) === undefined)
  if (unknown.length === 0) return
  const operators = [...new Set(unknown.map((node) => (node.domain === '' ? node.opType : `${node.domain}.${node.opType}`)))]
  throw new ModelError('unsupported', `No type rule for ${operators.join(', ')}: ${unknown.map(describeNode).join(', ')}. See docs/adding-an-operator.md.`)
}

function known(values: ReadonlyMap<string, Value>, name: string): Value {
  const value = values.get(name)
  if (value === undefined) throw new ModelError('invalid', `Nothing defines the output "${name}".`)
  return value
}
