/** How much memory a run of a model takes at most, from the shapes alone: what a training run needs is known before it begins. */
import { byteSize } from '../onnx/tensor.ts'
import type { Model, Node } from '../onnx/model.ts'
import { rebuild } from '../onnx/bind.ts'
import { executionOrder } from '../onnx/execution-order.ts'
import { dims, type Value } from '../onnx/graph-builder.ts'
import { sameShape } from '../onnx/dims.ts'

export interface MemoryEstimate {
  /** Everything that is held at the worst moment: tensors of the model, inputs, outputs and values between */
  readonly peakBytes: number
  /** Tensors of the model */
  readonly parameterBytes: number
  /** The output of the node that runs at that moment ('' in a model without nodes) */
  readonly at: string
  /** The largest values that are alive at that moment, largest first */
  readonly live: readonly { readonly name: string; readonly bytes: number }[]
}

const SHOWN = 10

/** Operators whose output is the input's memory under another shape. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity'])

/** Operators that write over an input that nothing needs any more: measured one by one; arithmetic and Gelu do not. */
const IN_PLACE: ReadonlySet<string> = new Set(['Clip', 'Relu', 'LeakyRelu', 'Elu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus', 'Softsign'])

/** Memory that one value or, one after the other, several values have. */
interface Buffer {
  readonly bytes: number
  readonly name: string
  /** Position in the order of the node that asks for it */
  readonly from: number
  /** Position of the last node that reads it; Infinity: an output */
  until: number
}

/**
 * Follows values through onnxruntime's order of execution on one thread of nodes, with the reuse that onnxruntime does.
 * Working memory inside kernels and what an arena keeps for later is not counted. Throws ModelError 'shape' where
 * dimensions are symbolic.
 */
export function estimatePeakBytes(model: Model): MemoryEstimate {
  const { builder, inputs, outputs } = rebuild(model)
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  const { graph } = builder.build()
  const order = executionOrder(graph.nodes)
  const plan = new Plan(order, (name) => builder.value(name), new Set(Object.keys(outputs)))
  const parameterBytes = [...graph.initializers.values()].reduce((sum, tensor) => sum + byteSize(tensor.elementType, tensor.dims), 0)
  const fixed = parameterBytes + Object.values(inputs).reduce((sum, value) => sum + bytesOf(value), 0)

  const buffers = plan.buffers()
  const held = order.map(() => fixed)
  for (const { bytes, from, until } of buffers) for (let position = from; position <= until && position < order.length; position++) held[position] += bytes
  const worst = held.reduce((best, bytes, position) => (bytes > held[best] ? position : best), 0)
  const live = buffers.filter(({ from, until }) => from <= worst && until >= worst)
    .toSorted((a, b) => b.bytes - a.bytes).slice(0, SHOWN).map(({ name, bytes }) => ({ name, bytes }))
  return { peakBytes: held[worst] ?? fixed, parameterBytes, at: order[worst]?.outputs[0] ?? '', live }
}

/**
 * What onnxruntime plans before the first run. Memory that nothing needs any more is given to the next value of the same
 * shape, and is held until then: it goes back only after its last use of all.
 */
class Plan {
  readonly #order: readonly Node[]
  readonly #value: (name: string) => Value
  readonly #outputs: ReadonlySet<string>
  /** where a value is read last */
  readonly #lastRead = new Map<string, number>()
  readonly #buffers = new Map<string, Buffer>()
  /** by shape, the latest last */
  readonly #free = new Map<string, Buffer[]>()

  constructor(order: readonly Node[], value: (name: string) => Value, outputs: ReadonlySet<string>) {
    this.#order = order
    this.#value = value
    this.#outputs = outputs
    for (const [position, node] of order.entries()) for (const name of node.inputs) this.#lastRead.set(name, position)
  }

  buffers(): readonly Buffer[] {
    const all = new Set<Buffer>()
    for (const [position, node] of this.#order.entries()) {
      for (const [index, name] of node.outputs.entries()) if (name !== '') this.#place(node, index, position)
      const touched = new Set([...node.inputs, ...node.outputs].flatMap((name) => this.#buffers.get(name) ?? []))
      for (const buffer of touched) {
        all.add(buffer)
        if (buffer.until === position) this.#freeOf(buffer.name).push(buffer)
      }
    }
    return [...all]
  }

  #place(node: Node, index: number, position: number): void {
    const name = node.outputs[index]
    const isOutput = this.#outputs.has(name)
    const until = isOutput ? Infinity : (this.#lastRead.get(name) ?? position)
    // an alias of what the caller or the model holds needs nothing
    if (ALIASES.has(node.opType) && !isOutput && !this.#buffers.has(node.inputs[0])) return
    const taken = isOutput ? undefined : ((index === 0 ? this.#takenOver(node, position) : undefined) ?? this.#freeOf(name).pop())
    const buffer = taken ?? { name, bytes: bytesOf(this.#value(name)), from: position, until }
    buffer.until = Math.max(buffer.until, until)
    this.#buffers.set(name, buffer)
  }

  #freeOf(name: string): Buffer[] {
    const { elementType, shape } = this.#value(name)
    const key = `${byteSize(elementType, [1])} ${shape.join(' ')}`
    const list = this.#free.get(key) ?? []
    this.#free.set(key, list)
    return list
  }

  #takenOver(node: Node, position: number): Buffer | undefined {
    if (ALIASES.has(node.opType)) return this.#buffers.get(node.inputs[0])
    if (!IN_PLACE.has(node.opType)) return undefined
    const output = this.#value(node.outputs[0])
    const dying = node.inputs.find((name) => {
      const input = name === '' ? undefined : this.#value(name)
      return input !== undefined && input.elementType === output.elementType && sameShape(input.shape, output.shape) && this.#buffers.get(name)?.until === position
    })
    return dying === undefined ? undefined : this.#buffers.get(dying)
  }
}

function bytesOf(value: Value): number {
  return byteSize(value.elementType, dims(value))
}
