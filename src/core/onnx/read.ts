/** Reads .onnx files (Protocol Buffers; field numbers as in onnx.proto3). */
import { WireType } from '@bufbuild/protobuf/wire'
import { ModelError } from './errors.ts'
import type { Attribute, Dim, Graph, Model, ModelFunction, Node, ValueInfo, ValueType } from './model.ts'
import { copyOf, type ExternalData, readEntry, readTensor } from './read-tensor.ts'
import { elementTypeOf, type Tensor } from './tensor.ts'
import { inTopologicalOrder, nodesInOrder } from './topological-order.ts'
import { validateModel } from './validate.ts'
import { type Field, readFields } from './wire.ts'
import { ATTRIBUTE_TYPES } from './write.ts'

export interface ReadOptions {
  /** where tensors are kept beside the model; without it such a tensor is refused */
  readonly externalData?: ExternalData
}

/** Graphs within graphs; onnxruntime's own parser stops at about as many. */
const MAX_GRAPH_DEPTH = 32

/** From here on initializers need not be listed among a graph's inputs. */
const FIRST_IR_WITH_CONSTANTS = 4

interface Context {
  readonly externalData: ExternalData | undefined
  readonly depth: number
}

/**
 * Parses and validates a file. Tensors are copied into arrays of their own, so `bytes` may be dropped or changed
 * afterwards. Nodes come in an order in which they can run.
 *
 * Inputs that have an initializer (all of them before IR version 4) are given as initializers alone. A dimension of
 * which the file says nothing gets a text that no other has ("image.2": axis 2 of `image`). Documentation strings,
 * training information and quantization annotations, which change no result, are left out.
 *
 * Throws ModelError: damaged, invalid (see validateModel), or unsupported (an opset or a domain that onnxruntime does
 * not run, segments, sparse initializers, an element type nobody knows).
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  const model = parsed(bytes, options)
  const ordered: Model = {
    ...model,
    graph: inTopologicalOrder(model.graph),
    functions: model.functions.map((each) => ({ ...each, nodes: nodesInOrder(each.nodes) })),
  }
  validateModel(ordered)
  return ordered
}

function parsed(bytes: Uint8Array, options: ReadOptions): Model {
  try {
    return readModelProto(bytes, { externalData: options.externalData, depth: 0 })
  } catch (cause) {
    if (cause instanceof ModelError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ModelError('damaged', `This is no ONNX model, or only a part of one (${reason}).`, { cause })
  }
}

function readModelProto(bytes: Uint8Array, context: Context): Model {
  let irVersion = 0
  let producer = ''
  let producerVersion = ''
  let graph: Graph | undefined
  const opsets = new Map<string, number>()
  const metadata = new Map<string, string>()
  const functions: ModelFunction[] = []
  readFields(bytes, {
    1: (field) => { irVersion = field.integer() },
    2: (field) => { producer = field.text() },
    3: (field) => { producerVersion = field.text() },
    7: (field) => { graph = readGraph(field.bytes(), context) },
    8: (field) => { opsets.set(...readOpset(field.bytes())) },
    14: (field) => { metadata.set(...readEntry(field.bytes())) },
    25: (field) => { functions.push(readFunction(field.bytes(), context)) },
  })
  if (graph === undefined) throw new ModelError('damaged', 'This is no ONNX model: it holds no graph.')
  return { irVersion: Math.max(irVersion, FIRST_IR_WITH_CONSTANTS), opsets, producer, producerVersion, metadata, graph, functions }
}

function readOpset(bytes: Uint8Array): readonly [domain: string, version: number] {
  let domain = ''
  let version = 0
  readFields(bytes, { 1: (field) => { domain = standardDomain(field.text()) }, 2: (field) => { version = field.integer() } })
  return [domain, version]
}

function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

function readGraph(bytes: Uint8Array, context: Context): Graph {
  if (context.depth > MAX_GRAPH_DEPTH) throw new ModelError('unsupported', `Graphs are nested more than ${MAX_GRAPH_DEPTH} deep.`)
  let name = ''
  const nodes: Node[] = []
  const inputs: ValueInfo[] = []
  const outputs: ValueInfo[] = []
  const values: ValueInfo[] = []
  const initializers = new Map<string, Tensor>()
  readFields(bytes, {
    1: (field) => { nodes.push(readNode(field.bytes(), context)) },
    2: (field) => { name = field.text() },
    5: (field) => {
      const initializer = readTensor(field.bytes(), context.externalData)
      setOnce(initializers, initializer.name, initializer.tensor, 'initializers')
    },
    11: (field) => { inputs.push(readValueInfo(field.bytes())) },
    12: (field) => { outputs.push(readValueInfo(field.bytes())) },
    13: (field) => { values.push(readValueInfo(field.bytes())) },
    15: () => { throw new ModelError('unsupported', `Graph "${name}" has sparse initializers: make them dense.`) },
  })
  return { name, inputs: inputs.filter((input) => !initializers.has(input.name)), outputs, initializers, nodes, values }
}

function setOnce<V>(map: Map<string, V>, name: string, value: V, what: string): void {
  if (map.has(name)) throw new ModelError('invalid', `Two ${what} have the name "${name}".`)
  map.set(name, value)
}

function readNode(bytes: Uint8Array, context: Context): Node {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, Attribute>()
  let name = ''
  let opType = ''
  let domain = ''
  let overload = ''
  readFields(bytes, {
    1: (field) => { inputs.push(field.text()) },
    2: (field) => { outputs.push(field.text()) },
    3: (field) => { name = field.text() },
    4: (field) => { opType = field.text() },
    5: (field) => { setAttribute(attributes, field.bytes(), context) },
    7: (field) => { domain = standardDomain(field.text()) },
    8: (field) => { overload = field.text() },
  })
  if (opType === '') throw new ModelError('damaged', `Node "${name}" has no operator.`)
  return { name, opType, domain, ...(overload === '' ? {} : { overload }), inputs, outputs, attributes }
}

function setAttribute(attributes: Map<string, Attribute>, bytes: Uint8Array, context: Context): void {
  const { name, attribute } = readAttribute(bytes, context)
  setOnce(attributes, name, attribute, 'attributes of a node')
}

const KINDS = new Map(Object.entries(ATTRIBUTE_TYPES).map(([kind, type]) => [type as number, kind as keyof typeof ATTRIBUTE_TYPES]))

/** All fields of AttributeProto, of which `type` or, in old files, presence says which one counts. */
function readAttribute(bytes: Uint8Array, context: Context): { name: string; attribute: Attribute } {
  const within: Context = { ...context, depth: context.depth + 1 }
  let name = ''
  let type = 0
  let reference = ''
  const single: { -readonly [K in keyof typeof ATTRIBUTE_TYPES]?: Attribute } = {}
  const floats: number[] = []
  const ints: bigint[] = []
  const strings: Uint8Array[] = []
  const tensors: Tensor[] = []
  const graphs: Graph[] = []
  readFields(bytes, {
    1: (field) => { name = field.text() },
    2: (field) => { single.float = { kind: 'float', value: field.float() } },
    3: (field) => { single.int = { kind: 'int', value: field.int64() } },
    4: (field) => { single.string = { kind: 'string', value: copyOf(field.bytes()) } },
    5: (field) => { single.tensor = { kind: 'tensor', value: readTensor(field.bytes(), context.externalData).tensor } },
    6: (field) => { single.graph = { kind: 'graph', value: readGraph(field.bytes(), within) } },
    7: (field) => field.each(WireType.Bit32, (reader) => { floats.push(reader.float()) }),
    8: (field) => field.each(WireType.Varint, (reader) => { ints.push(BigInt(reader.int64())) }),
    9: (field) => { strings.push(copyOf(field.bytes())) },
    10: (field) => { tensors.push(readTensor(field.bytes(), context.externalData).tensor) },
    11: (field) => { graphs.push(readGraph(field.bytes(), within)) },
    20: (field) => { type = field.integer() },
    21: (field) => { reference = field.text() },
  })
  return { name, attribute: pick() }

  function pick(): Attribute {
    if (reference !== '') return { kind: 'reference', value: reference, type }
    const lists = {
      floats: { kind: 'floats', value: floats }, ints: { kind: 'ints', value: ints }, strings: { kind: 'strings', value: strings },
      tensors: { kind: 'tensors', value: tensors }, graphs: { kind: 'graphs', value: graphs },
    } as const
    const values = { ...EMPTY, ...single, ...lists }
    const kind = type === 0 ? undefined : KINDS.get(type)
    if (kind !== undefined) {
      const found: Attribute | undefined = values[kind]
      if (found === undefined) throw new ModelError('damaged', `Attribute "${name}" holds no ${kind}.`)
      return found
    }
    if (type !== 0) return { kind: 'other', value: copyOf(bytes) }
    const present = Object.values(single)[0] ?? Object.values(lists).find((list) => list.value.length > 0)
    if (present === undefined) throw new ModelError('damaged', `Attribute "${name}" holds nothing.`)
    return present
  }
}

/** proto3 writers leave out a value that is zero or empty. */
const EMPTY: { readonly [K in keyof typeof ATTRIBUTE_TYPES]?: Attribute } = {
  int: { kind: 'int', value: 0n }, float: { kind: 'float', value: 0 }, string: { kind: 'string', value: new Uint8Array() },
}

function readValueInfo(bytes: Uint8Array): ValueInfo {
  let name = ''
  let type: Uint8Array | undefined
  readFields(bytes, { 1: (field) => { name = field.text() }, 2: (field) => { type = field.bytes() } })
  return { name, type: type && readType(type, name) }
}

/** TypeProto */
function readType(bytes: Uint8Array, name: string): ValueType | undefined {
  let type: ValueType | undefined
  const other = (field: Field): void => {
    field.bytes()
    type = { kind: 'other', bytes: copyOf(bytes) }
  }
  // sequence, map, opaque, sparse tensor and optional types
  readFields(bytes, { 1: (field) => { type = readTensorType(field.bytes(), name) }, 4: other, 5: other, 7: other, 8: other, 9: other })
  return type
}

function readTensorType(bytes: Uint8Array, name: string): ValueType | undefined {
  let code = 0
  let shape: Dim[] | undefined
  readFields(bytes, {
    1: (field) => { code = field.integer() },
    2: (field) => {
      const dims: Dim[] = []
      readFields(field.bytes(), { 1: (dim) => { dims.push(readDim(dim.bytes()) ?? `${name}.${dims.length}`) } })
      shape = dims
    },
  })
  // some tools state values whose type they do not know
  if (code === 0) return undefined
  const elementType = elementTypeOf(code)
  if (elementType === undefined) throw new ModelError('unsupported', `Value "${name}" has the element type number ${code}, which is not known.`)
  return { kind: 'tensor', elementType, shape }
}

function readDim(bytes: Uint8Array): Dim | undefined {
  let dim: Dim | undefined
  readFields(bytes, {
    1: (field) => { dim = field.integer() },
    2: (field) => { dim = field.text() },
  })
  // -1 and '' are how some exporters say that they do not know
  return dim === '' || (typeof dim === 'number' && dim < 0) ? undefined : dim
}

function readFunction(bytes: Uint8Array, context: Context): ModelFunction {
  let name = ''
  let domain = ''
  let overload = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: string[] = []
  const attributeDefaults = new Map<string, Attribute>()
  const nodes: Node[] = []
  const opsets = new Map<string, number>()
  readFields(bytes, {
    1: (field) => { name = field.text() },
    4: (field) => { inputs.push(field.text()) },
    5: (field) => { outputs.push(field.text()) },
    6: (field) => { attributes.push(field.text()) },
    7: (field) => { nodes.push(readNode(field.bytes(), context)) },
    9: (field) => { opsets.set(...readOpset(field.bytes())) },
    10: (field) => { domain = standardDomain(field.text()) },
    11: (field) => { setAttribute(attributeDefaults, field.bytes(), context) },
    13: (field) => { overload = field.text() },
  })
  if (name === '') throw new ModelError('damaged', 'A function has no name.')
  return { name, domain, overload, inputs, outputs, attributes, attributeDefaults, nodes, opsets }
}
