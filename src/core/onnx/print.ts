/** A model as text that a person can read. */
import { formatShape } from './dims.ts'
import type { Attribute, Graph, Model, Node, ValueInfo, ValueType } from './model.ts'
import { byteSize, elementCount, isFloat, type Tensor } from './tensor.ts'
import { graphsOf } from './topological-order.ts'

export interface PrintOptions {
  /** value -> its type as text, where something knows more than the file says */
  readonly types?: ReadonlyMap<string, string>
}

/** The type of a value as text, where it is known. */
type Types = (name: string) => string | undefined

export interface ModelSize {
  readonly nodes: number
  /** numbers in float initializers */
  readonly parameters: number
  /** of all initializers */
  readonly bytes: number
}

/** Totals over a graph and the graphs inside it. */
export function graphSize(graph: Graph): ModelSize {
  const tensors = [...graph.initializers.values()]
  const inner = graph.nodes.flatMap((node) => [...node.attributes.values()].flatMap(graphsOf)).map(graphSize)
  const total = (own: number, of: (size: ModelSize) => number): number => own + sum(inner.map(of))
  return {
    nodes: total(graph.nodes.length, (size) => size.nodes),
    parameters: total(sum(tensors.map((tensor) => (isFloat(tensor.elementType) ? elementCount(tensor.dims) : 0))), (size) => size.parameters),
    bytes: total(sum(tensors.map(bytesOf)), (size) => size.bytes),
  }
}

/**
 * Versions and sizes, inputs, outputs and initializers with their types, then one node per line:
 * `y: float32[1, 64, 128, 256] = Conv(x, weight) {strides=[2, 2]}`. Inner graphs and functions are indented.
 */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const { nodes, parameters, bytes } = graphSize(model.graph)
  const opsets = [...model.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`).join(', ')
  const producer = [model.producer, model.producerVersion].filter((part) => part !== '').join(' ')
  return [
    `opset ${opsets}; IR version ${model.irVersion}${producer === '' ? '' : `; written by ${producer}`}`,
    `${nodes} nodes, ${count(parameters)} parameters, ${printBytes(bytes)}`,
    ...[...model.metadata].map(([name, value]) => `${name}: ${shortened(value)}`),
    ...printGraph(model.graph, typesOf(model.graph, (name) => options.types?.get(name))),
    ...model.functions.flatMap((each) => [
      `function ${each.domain}.${each.name}${each.overload === '' ? '' : `:${each.overload}`}(${each.inputs.join(', ')}) -> (${each.outputs.join(', ')})`,
      ...indented(each.nodes.flatMap((node) => printNode(node, () => undefined))),
    ]),
  ].join('\n')
}

function printGraph(graph: Graph, types: Types): readonly string[] {
  return [
    ...section('inputs', graph.inputs.map((value) => typed(value.name, types))),
    ...section('outputs', graph.outputs.map((value) => typed(value.name, types))),
    ...section('initializers', [...graph.initializers].map(([name, tensor]) => `${name}: ${printTensor(tensor)}`)),
    ...section('nodes', graph.nodes.flatMap((node) => printNode(node, types))),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...indented(lines)]
}

function printNode(node: Node, types: Types): readonly string[] {
  const outputs = node.outputs.map((name) => (name === '' ? '-' : typed(name, types))).join(', ')
  const inputs = node.inputs.map((name) => name || '-').join(', ')
  const attributes = [...node.attributes].filter(([, attribute]) => graphsOf(attribute).length === 0)
  const settings = attributes.length === 0 ? '' : ` {${attributes.map(([name, attribute]) => `${name}=${printAttribute(attribute)}`).join(', ')}}`
  const inner = [...node.attributes].flatMap(([name, attribute]) => graphsOf(attribute).flatMap((graph) => [
    `${name}:`, ...indented(printGraph(graph, typesOf(graph, types))),
  ]))
  return [
    `${outputs} = ${node.domain === '' ? '' : `${node.domain}.`}${node.opType}(${inputs})${settings}`,
    ...indented(inner),
  ]
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}

function typed(name: string, types: Types): string {
  const type = types(name)
  return type === undefined ? name : `${name}: ${type}`
}

/** What is known beforehand, or else what the graph states about its values. */
function typesOf(graph: Graph, known: Types): Types {
  const stated = [...graph.values, ...graph.inputs, ...graph.outputs].flatMap(({ name, type }: ValueInfo) =>
    (type === undefined ? [] : [[name, printType(type)] as const]))
  const own = new Map(stated)
  return (name) => known(name) ?? own.get(name)
}

/** "float32[batch, 3, height, width]" */
export function printType(type: ValueType): string {
  if (type.kind === 'other') return '(no tensor)'
  return type.elementType + (type.shape === undefined ? '[?]' : formatShape(type.shape))
}

/** Tensors of up to this many elements are printed with them. */
const SHOWN_ELEMENTS = 8

function printTensor(tensor: Tensor): string {
  const type = tensor.elementType + formatShape(tensor.dims)
  const small = elementCount(tensor.dims) <= SHOWN_ELEMENTS && tensor.data.length === elementCount(tensor.dims)
  if (!small || tensor.elementType === 'float16' || tensor.elementType === 'bfloat16') return type
  const elements = [...tensor.data].map((value) => (typeof value === 'string' ? JSON.stringify(shortened(value)) : printNumber(value)))
  return `${type} = ${tensor.dims.length === 0 ? elements[0] : `[${elements.join(', ')}]`}`
}

function printNumber(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)))
}

function printAttribute(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'int': case 'float': return printNumber(attribute.value)
    case 'string': return printText(attribute.value)
    case 'tensor': return printTensor(attribute.value)
    case 'ints': case 'floats': return list(attribute.value, printNumber)
    case 'strings': return list(attribute.value, printText)
    case 'tensors': return list(attribute.value, printTensor)
    case 'reference': return `@${attribute.value}`
    case 'graph': case 'graphs': case 'other': return '(...)'
  }
}

function printText(bytes: Uint8Array): string {
  return JSON.stringify(shortened(new TextDecoder().decode(bytes)))
}

const SHOWN_LIST = 16

function list<T>(values: readonly T[], print: (value: T) => string): string {
  const shown = values.slice(0, SHOWN_LIST).map(print)
  return `[${[...shown, ...(values.length > SHOWN_LIST ? [`... ${values.length} in all`] : [])].join(', ')}]`
}

const SHOWN_TEXT = 80

function shortened(text: string): string {
  return text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}...` : text
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function printBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${count(bytes)} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

function bytesOf({ elementType, dims, data }: Tensor): number {
  return ArrayBuffer.isView(data) ? byteSize(elementType, dims) : data.reduce((total, text) => total + text.length, 0)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
