/**
 * An ONNX model as plain data (https://onnx.ai/onnx/repo-docs/IR.html): what a file says, nothing computed.
 * Values are named; a node reads and writes names; '' is an optional input or output that is left out.
 */
import type { ElementType, Tensor } from './tensor.ts'

/**
 * One dimension: a number, or the text of a symbolic expression ("height", "batch", "(height + 1) / 2"). Two symbolic
 * dimensions are the same where their texts are; one of which a file says nothing is read as a text of its own.
 */
export type Dim = number | string
export type Shape = readonly Dim[]

export type ValueType =
  | { readonly kind: 'tensor'; readonly elementType: ElementType; /** undefined: not even the rank is known */ readonly shape: Shape | undefined }
  | { readonly kind: 'other'; /** sequence, optional, map and sparse types: kept as the file's bytes */ readonly bytes: Uint8Array }

/** A graph's input or output, or what a file states about a value inside. */
export interface ValueInfo {
  readonly name: string
  /** undefined: the file does not say */
  readonly type: ValueType | undefined
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; /** UTF-8 */ readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** inside a function only: the attribute of the calling node */
  | { readonly kind: 'reference'; readonly value: string; /** AttributeProto.AttributeType */ readonly type: number }
  /** sparse tensors and type protos: kept as the file's bytes, the name among them */
  | { readonly kind: 'other'; readonly value: Uint8Array }

export interface Node {
  /** may be '' */
  readonly name: string
  readonly opType: string
  /** '' is the standard's own domain (also written "ai.onnx") */
  readonly domain: string
  /** which of several functions of one name is called */
  readonly overload?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

export interface Graph {
  readonly name: string
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly nodes: readonly Node[]
  /** what the file states about inner values; may be empty */
  readonly values: readonly ValueInfo[]
}

export interface ModelFunction {
  readonly name: string
  readonly domain: string
  readonly overload: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: readonly string[]
  readonly attributeDefaults: ReadonlyMap<string, Attribute>
  readonly nodes: readonly Node[]
  readonly opsets: ReadonlyMap<string, number>
}

export interface Model {
  readonly irVersion: number
  /** domain -> version; '' is the standard's */
  readonly opsets: ReadonlyMap<string, number>
  readonly producer: string
  readonly producerVersion: string
  readonly metadata: ReadonlyMap<string, string>
  readonly graph: Graph
  readonly functions: readonly ModelFunction[]
}

/** An integer attribute, or `fallback` where the node does not state it. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'int' ? Number(attribute.value) : fallback
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'float' ? attribute.value : fallback
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'string' ? new TextDecoder().decode(attribute.value) : fallback
}

/** A list of integers, or undefined where the node does not state it. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'ints' ? attribute.value.map(Number) : undefined
}

/** "Conv node "conv_1"", for messages. */
export function describeNode(node: Pick<Node, 'name' | 'opType' | 'outputs'>): string {
  return `${node.opType} node "${node.name || node.outputs[0] || '?'}"`
}
