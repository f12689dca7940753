/** Writes a model as an .onnx file (Protocol Buffers; field numbers as in onnx.proto3). */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Attribute, Graph, Model, ModelFunction, Node, ValueInfo, ValueType } from './model.ts'
import { ELEMENT_TYPES, type Tensor } from './tensor.ts'

/** Bytes of a file beside the model. */
export interface ExternalPlace {
  readonly location: string
  readonly offset: number
  readonly length: number
}

export interface WriteOptions {
  /** Where an initializer's data are kept; undefined: in the model. The caller writes them there. */
  readonly external?: (tensor: Tensor) => ExternalPlace | undefined
}

/** The file's bytes. Tensors are written as raw data, strings as strings. */
export function writeModel(model: Model, options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const writer = new ModelWriter(options)
  writer.tag(1, WireType.Varint).int64(model.irVersion)
  text(writer, 2, model.producer)
  text(writer, 3, model.producerVersion)
  message(writer, 7, () => writeGraph(writer, model.graph))
  for (const [domain, version] of model.opsets) message(writer, 8, () => writeOpset(writer, domain, version))
  for (const [key, value] of model.metadata) message(writer, 14, () => {
    writer.tag(1, WireType.LengthDelimited).string(key)
    writer.tag(2, WireType.LengthDelimited).string(value)
  })
  for (const each of model.functions) message(writer, 25, () => writeFunction(writer, each))
  return writer.finish()
}

class ModelWriter extends BinaryWriter {
  readonly options: WriteOptions
  constructor(options: WriteOptions) {
    super()
    this.options = options
  }
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write()
  writer.join()
}

function text(writer: BinaryWriter, field: number, value: string): void {
  if (value !== '') writer.tag(field, WireType.LengthDelimited).string(value)
}

function writeOpset(writer: BinaryWriter, domain: string, version: number): void {
  text(writer, 1, domain)
  writer.tag(2, WireType.Varint).int64(version)
}

function writeGraph(writer: ModelWriter, graph: Graph): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node))
  text(writer, 2, graph.name)
  for (const [name, tensor] of graph.initializers) message(writer, 5, () => writeTensor(writer, tensor, { name, place: writer.options.external?.(tensor) }))
  for (const value of graph.inputs) message(writer, 11, () => writeValueInfo(writer, value))
  for (const value of graph.outputs) message(writer, 12, () => writeValueInfo(writer, value))
  for (const value of graph.values) message(writer, 13, () => writeValueInfo(writer, value))
}

function writeNode(writer: ModelWriter, node: Node): void {
  for (const name of node.inputs) writer.tag(1, WireType.LengthDelimited).string(name)
  for (const name of node.outputs) writer.tag(2, WireType.LengthDelimited).string(name)
  text(writer, 3, node.name)
  text(writer, 4, node.opType)
  for (const [name, attribute] of node.attributes) message(writer, 5, () => writeAttribute(writer, name, attribute))
  text(writer, 7, node.domain)
  text(writer, 8, node.overload ?? '')
}

/** AttributeProto.AttributeType */
export const ATTRIBUTE_TYPES = {
  float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10,
} as const

function writeAttribute(writer: ModelWriter, name: string, attribute: Attribute): void {
  if (attribute.kind === 'other') {
    writer.raw(attribute.value)
    return
  }
  writer.tag(1, WireType.LengthDelimited).string(name)
  switch (attribute.kind) {
    case 'float': writer.tag(2, WireType.Bit32).float(attribute.value); break
    case 'int': writer.tag(3, WireType.Varint).int64(attribute.value); break
    case 'string': writer.tag(4, WireType.LengthDelimited).bytes(attribute.value); break
    case 'tensor': message(writer, 5, () => writeTensor(writer, attribute.value)); break
    case 'graph': message(writer, 6, () => writeGraph(writer, attribute.value)); break
    case 'floats': message(writer, 7, () => { for (const value of attribute.value) writer.float(value) }); break
    case 'ints': message(writer, 8, () => { for (const value of attribute.value) writer.int64(value) }); break
    case 'strings': for (const value of attribute.value) writer.tag(9, WireType.LengthDelimited).bytes(value); break
    case 'tensors': for (const value of attribute.value) message(writer, 10, () => writeTensor(writer, value)); break
    case 'graphs': for (const value of attribute.value) message(writer, 11, () => writeGraph(writer, value)); break
    case 'reference':
      writer.tag(20, WireType.Varint).int32(attribute.type)
      writer.tag(21, WireType.LengthDelimited).string(attribute.value)
      return
  }
  writer.tag(20, WireType.Varint).int32(ATTRIBUTE_TYPES[attribute.kind])
}

/** TensorProto.DataLocation */
const EXTERNAL = 1

function writeTensor(writer: BinaryWriter, tensor: Tensor, { name = '', place }: { name?: string; place?: ExternalPlace } = {}): void {
  message(writer, 1, () => { for (const dim of tensor.dims) writer.int64(dim) })
  writer.tag(2, WireType.Varint).int32(ELEMENT_TYPES[tensor.elementType].code)
  text(writer, 8, name)
  if (place !== undefined) {
    for (const [key, value] of Object.entries(place)) message(writer, 13, () => {
      writer.tag(1, WireType.LengthDelimited).string(key)
      writer.tag(2, WireType.LengthDelimited).string(String(value))
    })
    writer.tag(14, WireType.Varint).int32(EXTERNAL)
  } else if (ArrayBuffer.isView(tensor.data)) {
    writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))
  } else {
    for (const value of tensor.data) writer.tag(6, WireType.LengthDelimited).string(value)
  }
}

function writeValueInfo(writer: BinaryWriter, value: ValueInfo): void {
  writer.tag(1, WireType.LengthDelimited).string(value.name)
  const { type } = value
  if (type !== undefined) message(writer, 2, () => writeType(writer, type))
}

function writeType(writer: BinaryWriter, type: ValueType): void {
  if (type.kind === 'other') {
    writer.raw(type.bytes)
    return
  }
  message(writer, 1, () => {
    writer.tag(1, WireType.Varint).int32(ELEMENT_TYPES[type.elementType].code)
    const { shape } = type
    if (shape === undefined) return
    message(writer, 2, () => {
      for (const dim of shape) message(writer, 1, () => {
        if (typeof dim === 'number') writer.tag(1, WireType.Varint).int64(dim)
        else text(writer, 2, dim)
      })
    })
  })
}

function writeFunction(writer: ModelWriter, each: ModelFunction): void {
  text(writer, 1, each.name)
  for (const name of each.inputs) writer.tag(4, WireType.LengthDelimited).string(name)
  for (const name of each.outputs) writer.tag(5, WireType.LengthDelimited).string(name)
  for (const name of each.attributes) writer.tag(6, WireType.LengthDelimited).string(name)
  for (const node of each.nodes) message(writer, 7, () => writeNode(writer, node))
  for (const [domain, version] of each.opsets) message(writer, 9, () => writeOpset(writer, domain, version))
  text(writer, 10, each.domain)
  for (const [name, attribute] of each.attributeDefaults) message(writer, 11, () => writeAttribute(writer, name, attribute))
  text(writer, 13, each.overload)
}
