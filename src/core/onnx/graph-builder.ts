/**
 * Builds a graph node by node. Each emitted node gets its output types at once (types/table.ts), so whoever builds
 * (a network, a loss, a gradient rule) has shapes at hand; what turns out to be a known integer becomes a constant
 * instead of a node, which folds shape arithmetic away as soon as dimensions are numbers.
 */
import { type Attribute, describeNode, type Dim, type Graph, type Model, type Node, type Shape } from './model.ts'
import { ELEMENT_TYPES, type ElementType, type Tensor, tensorOf } from './tensor.ts'
import { formatShape } from './dims.ts'
import { ModelError } from './errors.ts'
import { isConstant, MAX_CONTENTS, type ValueFacts } from './types/type-rule.ts'
import { typeRule } from './types/table.ts'

/** The opset of everything that is built here. */
export const WORKING_OPSET = 21
const IR_VERSION = 10

/** A value of the graph under construction. */
export interface Value extends ValueFacts {
  readonly name: string
}

/** A value; a number: a scalar constant of the element type of the node's first value; numbers: an int64 vector; undefined: left out. */
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
    this.initializers.set(name, tensor)
    return this.define({ name, elementType: tensor.elementType, shape: tensor.dims, ...contentsOf(tensor) })
  }

  /** A constant; equal small constants are one. */
  constant(tensor: Tensor): Value {
    const { contents } = contentsOf(tensor)
    const key = contents === undefined ? undefined : `${tensor.elementType}[${tensor.dims.join()}]:${contents.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`
    const known = key === undefined ? undefined : this.constants.get(key)
    if (known !== undefined) return known
    const value = this.initializer(this.freshName('constant'), tensor)
    if (key !== undefined) this.constants.set(key, value)
    return value
  }

  /** Emits one node and returns its first output. */
  readonly emit: Emit = (opType, inputs, attributes = {}) => this.emitAll(opType, inputs, attributes, 1)[0]

  /** Emits one node with the given number of outputs. */
  emitAll(opType: string, inputs: readonly Operand[], attributes: Attributes, outputs: number): readonly Value[] {
    const first = inputs.find((each): each is Value => typeof each === 'object' && 'elementType' in each)
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
    if (value?.kind === 'tensor') return [this.initializer(node.outputs[0], value.value)]
    const outputs = node.outputs.map((name, index) => ({ ...facts[index], name }))
    if (outputs.every((output) => output.name === '' || isConstant(output))) {
      return outputs.map((output) => (isConstant(output) ? this.initializer(output.name, tensorOfContents(output)) : output))
    }
    this.nodes.push(node)
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

  /** Declares a graph output; under another name, or where the value is a constant, through an Identity node. */
  output(value: Value, name = value.name): Value {
    if (!this.initializers.has(value.name) && name === value.name) {
      this.outputs.push(value)
      return value
    }
    const output = this.define({ ...value, name: name === value.name ? this.freshName(name) : name })
    this.nodes.push({ name: output.name, opType: 'Identity', domain: '', inputs: [value.name], outputs: [output.name], attributes: new Map() })
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

  /** The finished model; initializers that nothing reads are left out. */
  build(name = 'model'): Model {
    const used = new Set(this.nodes.flatMap((node) => node.inputs))
    const graph: Graph = {
      name,
      inputs: this.inputs.map(asValueInfo),
      outputs: this.outputs.map(asValueInfo),
      initializers: new Map([...this.initializers].filter(([key]) => used.has(key))),
      nodes: this.nodes,
      values: [],
    }
    return { irVersion: IR_VERSION, opsets: new Map([['', WORKING_OPSET]]), producer: 'goodsam-studio', producerVersion: '', metadata: new Map(), graph, functions: [] }
  }

  private define(value: Value): Value {
    if (this.values.has(value.name)) throw new ModelError('invalid', `The name "${value.name}" is defined twice.`)
    this.values.set(value.name, value)
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
    } while (this.values.has(name))
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
  if (shape.length > 1 || data.length > MAX_CONTENTS || !ArrayBuffer.isView(data)) return {}
  if (ELEMENT_TYPES[elementType].packed || elementType === 'float16' || elementType === 'bfloat16' || elementType.startsWith('float8')) return {}
  return { contents: Array.from(data, Number) }
}

function tensorOfContents({ elementType, shape, contents }: ValueFacts & { readonly contents: readonly number[] }): Tensor {
  return tensorOf(elementType, shape as readonly number[], contents)
}

