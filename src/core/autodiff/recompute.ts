/**
 * Recomputation of chosen blocks ("checkpointing", Chen et al. 2016, arXiv 1604.06174): what a block computes between its
 * inputs and outputs is not kept for the backward pass, but computed again when the gradient arrives. Costs one more
 * forward pass of the blocks; what must be held falls to the blocks' inputs and the values of one block.
 */
import type { Model, Node } from '../onnx/model.ts'
import { int64, type Tensor } from '../onnx/tensor.ts'
import { rebuild } from '../onnx/bind.ts'
import { dims } from '../onnx/graph-builder.ts'
import { ModelError } from '../onnx/errors.ts'
import { topologicalOrder } from '../onnx/topological-order.ts'
import { GRADIENT_SCOPE } from './differentiate.ts'

export interface RecomputeOptions {
  /** Names that the blocks' nodes begin with: "encoder.block.0", each before a character that is no letter or digit */
  readonly blocks: readonly string[]
  /** The inputs that values to be recomputed depend on; what depends on the others alone (parameters) is kept. All where omitted. */
  readonly batch?: readonly string[]
}

/**
 * The model of a training step (a forward pass and what `differentiate` emitted) with blocks recomputed. Gradients stay
 * the same bit for bit. Throws ModelError: invalid (a block without nodes, or one that no gradient enters), shape (symbolic
 * dimensions).
 */
export function recomputeBlocks(model: Model, { blocks, batch }: RecomputeOptions): Model {
  const { graph } = model
  const { values } = rebuild(model)
  const initializers = new Map(graph.initializers)
  const context: Context = {
    activations: dependentOn(graph.nodes, batch ?? graph.inputs.map((input) => input.name)),
    outputs: new Set(graph.outputs.map((output) => output.name)),
    dims(name) {
      const value = values.get(name)
      if (value === undefined) throw new ModelError('invalid', `There is no value "${name}".`)
      return dims(value)
    },
    constant(name, tensor) {
      initializers.set(name, tensor)
      return name
    },
  }
  const backward = graph.nodes.filter(inGradient)
  const entered = blocks.map((block) => ({ block, ...arrival(graph.nodes, block) })).toSorted((a, b) => a.position - b.position)
  const nodes = entered.reduce<readonly Node[]>((current, { block, gradient }, index) => {
    const before = index === 0 ? [] : results(backward, entered[index - 1].block)
    return recomputeBlock(current, { block, waitsFor: [gradient, ...before] }, context)
  }, graph.nodes)
  return { ...model, graph: { ...graph, nodes: topologicalOrder(nodes), initializers } }
}

interface Context {
  /** Values that depend on the batch */
  readonly activations: ReadonlySet<string>
  readonly outputs: ReadonlySet<string>
  readonly dims: (name: string) => readonly number[]
  readonly constant: (name: string, tensor: Tensor) => string
}

interface Place {
  readonly block: string
  /** Gradients without which the block is not recomputed */
  readonly waitsFor: readonly string[]
}

function recomputeBlock(nodes: readonly Node[], { block, waitsFor }: Place, context: Context): readonly Node[] {
  const own = new Map(nodes.filter((node) => belongsTo(nameOf(node), block)).flatMap((node) => namesOf(node).map((name) => [name, node] as const)))
  // what other blocks read is held for them anyway
  const kept = new Set(nodes.filter((node) => !belongsTo(nameOf(node), block) && !inGradient(node)).flatMap((node) => node.inputs))
  const again = new Recomputation({ block, waitsFor }, { ...context, own, kept })
  const result: Node[] = []
  for (const node of nodes) {
    if (!inGradient(node)) result.push(node)
    else {
      const inputs = node.inputs.map((name) => (own.has(name) ? again.value(name) : name))
      result.push(...again.taken(), { ...node, inputs })
    }
  }
  return result
}

/** The gradient at which a block's backward pass begins, the first that comes from outside to a gradient node of the block, and where. */
function arrival(nodes: readonly Node[], block: string): { gradient: string; position: number } {
  if (!nodes.some((node) => belongsTo(nameOf(node), block))) throw new ModelError('invalid', `No node's name begins with "${block}".`)
  const scope = `${GRADIENT_SCOPE}.${block}`
  const outside = new Set(nodes.filter((node) => inGradient(node) && !belongsTo(nameOf(node), scope)).flatMap(namesOf))
  for (const [position, node] of nodes.entries()) {
    const gradient = belongsTo(nameOf(node), scope) ? node.inputs.find((name) => outside.has(name)) : undefined
    if (gradient !== undefined) return { gradient, position }
  }
  throw new ModelError('invalid', `No gradient enters the block "${block}": it cannot be recomputed.`)
}

/**
 * What comes out of a block's backward pass: its parameters' gradients above all. The block before it waits for them, since
 * onnxruntime might leave them to the end otherwise, and hold every block's recomputed values till then.
 */
function results(backward: readonly Node[], block: string): readonly string[] {
  const own = backward.filter((node) => belongsTo(nameOf(node), `${GRADIENT_SCOPE}.${block}`))
  const used = new Set(own.flatMap((node) => node.inputs))
  return own.flatMap(namesOf).filter((name) => !used.has(name))
}

interface BlockContext extends Context {
  /** The block's values with the nodes that compute them */
  readonly own: ReadonlyMap<string, Node>
  /** Values that are read outside */
  readonly kept: ReadonlySet<string>
}

/** Emits the copies of one block's nodes as they are asked for. */
class Recomputation {
  readonly #block: string
  readonly #waitsFor: readonly string[]
  readonly #context: BlockContext
  readonly #copies = new Map<string, string>()
  #emitted: Node[] = []
  #condition: string | undefined

  constructor({ block, waitsFor }: Place, context: BlockContext) {
    this.#block = block
    this.#waitsFor = waitsFor
    this.#context = context
  }

  /** The nodes emitted since the last call. */
  taken(): readonly Node[] {
    const nodes = this.#emitted
    this.#emitted = []
    return nodes
  }

  /** The name under which the backward pass reads a value of the block. */
  value(name: string): string {
    const { own, kept, outputs, activations } = this.#context
    const node = own.get(name)
    const held = kept.has(name) || outputs.has(name) || !activations.has(name)
    return node === undefined || held ? name : this.#copy(name, node)
  }

  #copy(name: string, node: Node): string {
    const known = this.#copies.get(name)
    if (known !== undefined) return known
    const inputs = node.inputs.map((input) => {
      const source = this.value(input)
      return source === input && this.#context.activations.has(input) ? this.#late(input) : source
    })
    for (const output of namesOf(node)) this.#copies.set(output, this.#name(output))
    this.#emitted.push({ ...node, name: this.#name(nameOf(node)), inputs, outputs: node.outputs.map((output) => this.#copies.get(output) ?? '') })
    return this.#copies.get(name) ?? name
  }

  /**
   * The same memory under another name that exists only when gradients have arrived: a Reshape to its own shape, which is
   * chosen by a condition on the gradients between two equal ones. Otherwise onnxruntime would merge the copies with the
   * nodes that they copy, or run them right after those.
   */
  #late(name: string): string {
    const known = this.#copies.get(name)
    if (known !== undefined) return known
    const shape = this.#context.dims(name)
    const sizes = this.#context.constant(this.#name(`${name}.sizes`), int64([shape.length], shape))
    const chosen = this.#emit('Where', [this.#arrived(), sizes, sizes], `${name}.shape`)
    const late = this.#emit('Reshape', [name, chosen], name)
    this.#copies.set(name, late)
    return late
  }

  #arrived(): string {
    if (this.#condition !== undefined) return this.#condition
    const constant = (what: string, values: readonly number[]) => this.#context.constant(this.#name(what), int64([values.length], values))
    const [all, start, end] = [constant('all', [-1]), constant('start', [0]), constant('end', [1])]
    const elements = this.#waitsFor.map((gradient, index) => {
      const flat = this.#emit('Reshape', [gradient, all], `gradient.${index}`)
      return this.#emit('Slice', [flat, start, end], `element.${index}`)
    })
    const sum = elements.reduce((left, right, index) => this.#emit('Add', [left, right], `sum.${index}`))
    this.#condition = this.#emit('IsNaN', [sum], 'arrived')
    return this.#condition
  }

  #emit(opType: string, inputs: readonly string[], what: string): string {
    const name = this.#name(what)
    this.#emitted.push({ name, opType, domain: '', inputs, outputs: [name], attributes: new Map() })
    return name
  }

  #name(what: string): string {
    return belongsTo(what, this.#block) ? `recomputed.${what}` : `recomputed.${this.#block}:${what}`
  }
}

function inGradient(node: Node): boolean {
  return belongsTo(nameOf(node), GRADIENT_SCOPE)
}

function namesOf(node: Node): readonly string[] {
  return node.outputs.filter((name) => name !== '')
}

function nameOf(node: Node): string {
  return node.name || node.outputs[0]
}

/** "encoder.1.Conv" belongs to "encoder.1", "encoder.10.Conv" does not. */
function belongsTo(name: string, block: string): boolean {
  return name.startsWith(block) && !/^[a-z0-9]/i.test(name.slice(block.length))
}

function dependentOn(nodes: readonly Node[], inputs: readonly string[]): ReadonlySet<string> {
  const dependent = new Set(inputs)
  for (const node of nodes) {
    if (node.inputs.some((name) => dependent.has(name))) for (const name of namesOf(node)) dependent.add(name)
  }
  return dependent
}
