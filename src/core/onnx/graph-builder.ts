/**
 * Builds a graph node by node. Each emitted node gets its output types at once (types/table.ts), so whoever builds
 * (a network, a loss, a gradient rule) has shapes at hand; what turns out to be a known integer becomes a constant
 * instead of a node, which folds shape arithmetic away as soon as dimensions are numbers.
 */
import { type Attribute, describeNode, type Dim, type Graph, type Model, type Node, type Shape } from './model.ts'
import { type ElementType, isFloat, type Tensor, tensorOf } from './tensor.ts'
import { formatShape } from './dims.ts'
import { ModelError } from './errors.ts'
import { neededNodes } from './needed-nodes.ts'
import { MAX_CONTENTS, type ValueFacts } from './types/type-rule.ts'
import { typeRule } from './types/table.ts'

/** The opset of everything that is built here. */
export const WORKING_OPSET = 21
const IR_VERSION = 10

/** A value of the graph under construction. */
export interface Value extends ValueFacts {
  readonly name: string
}

/** A value; a number: a scalar constant of the element type of the node's first value that is no truth value; numbers: an int64 vector; undefined: left out. */
export type Operand = Value | number | readonly number[] | undefined

/** Attributes in short form: integers, strings and tensors by their JavaScript type, floats by their name (FLOAT_ATTRIBUTES). */
export type Attributes = Readonly<Record<string, number | string | readonly number[] | Tensor | Attribute | undefined>>

/** The float attributes of the standard's operators; every other number is an integer. */
const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(['alpha', 'beta', 'gamma', 'epsilon', 'momentum', 'bias', 'lambd', 'ratio', 'cubic_coeff_a', 'extrapolation_value', 'high', 'low', 'mean', 'scale', 'spatial_scale', 'seed', 'value_float'])

/** Emits one node and returns its only (or first) output. */
export type Emit = (opType: string, inputs: readonly Operand[], attributes?: Attributes) => Value

export class GraphBuilder {
  readonly nodes: Node[] = []
  private readonly inputs: Value[] = []
  private readonly outputs: Value[] = []
  private readonly initializers = new Map<string, Tensor>()
  private readonly values = new Map<string, Value>()
  private readonly constants = new Map<string, Value>()
  /** Named tensors of floats and what is computed from them: nothing of it is folded, since they may be trained */
  private readonly parameters = new Set<string>()
  private readonly reserved = new Set<string>()
  private readonly scopes: string[] = []
  private readonly counters = new Map<string, number>()

  /** A graph input. Symbolic dimensions are names. */
  input(name: string, elementType: ElementType, shape: Shape): Value {
    const value = this.define({ name, elementType, shape })
    this.inputs.push(value)
    return value
  }

  /** A named tensor that belongs to the model: a parameter, a buffer. Never merged with another. */
  initializer(name: string, tensor: Tensor): Value {
    if (isFloat(tensor.elementType)) this.parameters.add(name)
    return this.defineTensor(name, tensor)
  }

  /** A constant; equal small constants are one. */
  constant(tensor: Tensor): Value {
    const { contents } = contentsOf(tensor)
    const key = contents === undefined ? undefined : `${tensor.elementType}[${tensor.dims.join()}]:${contents.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`
    const known = key === undefined ? undefined : this.constants.get(key)
    if (known !== undefined) return known
    const value = this.defineTensor(this.freshName('constant'), tensor)
    if (key !== undefined) this.constants.set(key, value)
    return value
  }

  /** Emits one node and returns its first output. */
  readonly emit: Emit = (opType, inputs, attributes = {}) => this.emitAll(opType, inputs, attributes, 1)[0]

  /** Emits one node with the given number of outputs. */
  emitAll(opType: string, inputs: readonly Operand[], attributes: Attributes, outputs: number): readonly Value[] {
    const first = inputs.find((each): each is Value => typeof each === 'object' && 'elementType' in each && each.elementType !== 'bool')
    const operands = inputs.map((each) => this.operand(each, first?.elementType ?? 'float32'))
    const name = this.freshName(opType)
    return this.append({
      name, opType, domain: '',
      inputs: trimmed(operands.map((value) => value?.name ?? '')),
      outputs: Array.from({ length: outputs }, (_, index) => (index === 0 ? name : `${name}:${index}`)),
      attributes: new Map(Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, asAttribute(key, value)] as const]))),
    })
  }

  /**
   * Appends a node as it is (its inputs must be values of this graph, its output names new). Returns one value per output;
   * outputs that are left out ('') have no name. Outputs with known contents become constants under the same names.
   */
  append(node: Node): readonly Value[] {
    const rule = node.domain === '' || node.domain === 'ai.onnx' ? typeRule(node.opType) : undefined
    if (rule === undefined) {
      throw new ModelError('unsupported', `${describeNode(node)}: no type rule for operator ${node.domain === '' ? '' : `${node.domain}.`}${node.opType}.`)
    }
    const facts = named(node, () => rule({ node, x: node.inputs.map((name) => (name === '' ? undefined : this.value(name))) }))
    const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined
    if (value?.kind === 'tensor') return [this.defineTensor(node.outputs[0], value.value)]
    if (node.outputs.length > facts.length) throw new ModelError('invalid', `${describeNode(node)} has ${node.outputs.length} outputs; ${node.opType} has ${facts.length}.`)
    const outputs = node.outputs.map((name, index) => ({ ...facts[index], name }))
    const impossible = outputs.find(({ shape }) => shape.some((dim) => typeof dim === 'number' && !(dim >= 0 && Number.isSafeInteger(dim))))
    if (impossible !== undefined) throw new ModelError('shape', `${describeNode(node)}: its output "${impossible.name}" would have the shape ${formatShape(impossible.shape)}, from ${node.inputs.filter((name) => name !== '').map((name) => `"${name}" ${formatShape(this.value(name).shape)}`).join(' and ')}.`)
    const tensors = this.folds(node) ? outputs.flatMap((output) => tensorOfContents(output) ?? []) : []
    if (tensors.length === outputs.length) return outputs.map(({ name }, index) => this.defineTensor(name, tensors[index]))
    this.nodes.push(node)
    if (node.inputs.some((name) => this.parameters.has(name))) for (const { name, elementType } of outputs) if (isFloat(elementType)) this.parameters.add(name)
    return outputs.map((output) => (output.name === '' ? output : this.define(output)))
  }

  /** Names the nodes that `build` emits after `scope`: "stage1.block0.MatMul_3". */
  scope<Result>(name: string, build: () => Result): Result {
    this.scopes.push(name)
    try {
      return build()
    } finally {
      this.scopes.pop()
    }
  }

  /** Declares a graph output; under another name through an Identity node. */
  output(value: Value, name = value.name): Value {
    const output = name === value.name ? value : this.define({ ...value, name })
    if (output !== value) this.nodes.push({ name, opType: 'Identity', domain: '', inputs: [value.name], outputs: [name], attributes: new Map() })
    this.outputs.push(output)
    return output
  }

  /** The value of that name. Throws ModelError 'invalid'. */
  value(name: string): Value {
    const value = this.values.get(name)
    if (value === undefined) throw new ModelError('invalid', `There is no value "${name}" at this point of the graph.`)
    return value
  }

  has(name: string): boolean {
    return this.values.has(name)
  }

  /** The tensor of an initializer or constant. */
  tensor(name: string): Tensor | undefined {
    return this.initializers.get(name)
  }

  /** Keeps names free for values that are defined later: no name that is made up is one of them. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.reserved.add(name)
  }

  /** The name itself where no value has it, or else one made from it. */
  available(name: string): string {
    return this.values.has(name) ? this.freshName(name) : name
  }

  /** The finished model: what its outputs need. Inputs stay, needed or not. */
  build(name = 'model'): Model {
    const nodes = neededNodes({ nodes: this.nodes, outputs: this.outputs.map(asValueInfo) })
    const used = new Set([...nodes.flatMap((node) => node.inputs), ...this.outputs.map((output) => output.name)])
    const graph: Graph = {
      name,
      inputs: this.inputs.map(asValueInfo),
      outputs: this.outputs.map(asValueInfo),
      initializers: new Map([...this.initializers].filter(([key]) => used.has(key))),
      nodes,
      values: [],
    }
    return { irVersion: IR_VERSION, opsets: new Map([['', WORKING_OPSET]]), producer: 'goodsam-studio', producerVersion: '', metadata: new Map(), graph, functions: [] }
  }

  private define(value: Value): Value {
    if (this.values.has(value.name)) throw new ModelError('invalid', `The name "${value.name}" is defined twice.`)
    this.values.set(value.name, value)
    return value
  }

  /** A choice by an unknown condition stays even where both sides are one: its readers wait for the condition (autodiff/recompute.ts). */
  private folds({ opType, inputs }: Node): boolean {
    if (opType === 'Where' && this.value(inputs[0]).contents === undefined) return false
    return !inputs.some((name) => this.parameters.has(name))
  }

  private defineTensor(name: string, tensor: Tensor): Value {
    const value = this.define({ name, elementType: tensor.elementType, shape: tensor.dims, ...contentsOf(tensor) })
    this.initializers.set(name, tensor)
    return value
  }

  private operand(operand: Operand, elementType: ElementType): Value | undefined {
    if (operand === undefined) return undefined
    if (typeof operand === 'number') return this.constant(tensorOf(elementType, [], [operand]))
    if (!('elementType' in operand)) return this.constant(tensorOf('int64', [operand.length], operand))
    return operand
  }

  private freshName(base: string): string {
    const prefix = [...this.scopes, base].join('.')
    let name: string
    do {
      const count = this.counters.get(prefix) ?? 0
      this.counters.set(prefix, count + 1)
      name = count === 0 ? prefix : `${prefix}_${count}`
    } while (this.values.has(name) || this.reserved.has(name))
    return name
  }
}

/** A value's dimensions as numbers. Throws ModelError 'shape' naming the value where one is symbolic: bind it first. */
export function dims(value: Value): readonly number[] {
  if (value.shape.every((dim): dim is number => typeof dim === 'number')) return value.shape as readonly number[]
  throw new ModelError('shape', `"${value.name}" has the symbolic shape ${formatShape(value.shape)} where numbers are needed: bind its dimensions first.`)
}

function named<Result>(node: Node, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof ModelError) throw new ModelError(cause.code, `${describeNode(node)}: ${cause.message}`, { cause })
    throw cause
  }
}

function asValueInfo({ name, elementType, shape }: Value) {
  return { name, type: { kind: 'tensor', elementType, shape } } as const
}

function trimmed(names: readonly string[]): readonly string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1)
}

function asAttribute(name: string, value: number | string | readonly number[] | Tensor | Attribute): Attribute {
  if (typeof value === 'number') return FLOAT_ATTRIBUTES.has(name) ? { kind: 'float', value } : { kind: 'int', value: BigInt(value) }
  if (typeof value === 'string') return { kind: 'string', value: new TextEncoder().encode(value) }
  if ('kind' in value) return value
  if ('elementType' in value) return { kind: 'tensor', value }
  return { kind: 'ints', value: value.map(BigInt) }
}

function contentsOf(tensor: Tensor): { contents?: readonly Dim[] } {
  const { data, dims: shape, elementType } = tensor
  if (shape.length > 1 || data.length > MAX_CONTENTS || !ArrayBuffer.isView(data) || !FOLDED_TYPES.has(elementType)) return {}
  return { contents: Array.from(data, asContent) }
}

/** 64-bit integers that a number cannot hold are larger than any dimension, as far as shapes are concerned. */
function asContent(value: number | bigint): number {
  if (typeof value === 'number') return value
  return value > Number.MAX_SAFE_INTEGER ? Infinity : value < Number.MIN_SAFE_INTEGER ? -Infinity : Number(value)
}

/** Types whose elements become constants; a node of any other type stays for the runtime. */
const FOLDED_TYPES: ReadonlySet<ElementType> = new Set(['float32', 'float64', 'int64', 'int32', 'bool'])

/** The tensor of a value all of whose elements are known exactly. */
function tensorOfContents({ elementType, shape, contents }: ValueFacts): Tensor | undefined {
  if (contents === undefined || !FOLDED_TYPES.has(elementType) || !contents.every((value) => typeof value === 'number')) return undefined
  if (!isFloat(elementType) && !contents.every((value) => Number.isSafeInteger(value))) return undefined
  return tensorOf(elementType, shape as readonly number[], contents)
}
