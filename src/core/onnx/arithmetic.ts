/**
 * What a graph costs at least: arithmetic and memory traffic of each node, counted from its shapes. Divided by a machine's
 * peaks it is the floor that a run is compared with (docs/performance.md).
 */
import { rebuild } from './bind.ts'
import { dims, type Value } from './graph-builder.ts'
import { intAttribute, intsAttribute, type Model, type Node, stringAttribute } from './model.ts'
import { byteSize, elementCount } from './tensor.ts'

export interface NodeCost {
  readonly node: Node
  /** Floating-point operations; a multiply-add is two */
  readonly flops: number
  /** Bytes read and written when every operand comes from memory once and the result goes there once */
  readonly bytes: number
}

export interface GraphCost {
  readonly flops: number
  readonly bytes: number
  /** In the graph's order */
  readonly nodes: readonly NodeCost[]
}

/** New views of the same memory: onnxruntime computes and copies nothing. */
const VIEWS: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Shape', 'Size', 'Dropout'])
/** Operators that move elements and compute nothing. */
const MOVES: ReadonlySet<string> = new Set([
  'Transpose', 'Concat', 'Split', 'Slice', 'Gather', 'GatherElements', 'ScatterElements', 'ScatterND', 'Expand', 'Tile', 'Pad',
  'Constant', 'ConstantOfShape', 'Range', 'OneHot', 'Where', 'Cast',
])
/** Movers that read only what they write. */
const PARTIAL_READERS: ReadonlySet<string> = new Set(['Slice', 'Gather', 'GatherElements'])

/** Counts every node that the outputs need. Throws ModelError 'shape' where a dimension is symbolic: bind it first. */
export function countArithmetic(model: Model): GraphCost {
  const { builder, outputs } = rebuild(model)
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  const find = (names: readonly string[]) => names.filter((name) => name !== '').map((name) => builder.value(name))
  const nodes = builder.build().graph.nodes.map((node): NodeCost => {
    const operands = { x: find(node.inputs), y: find(node.outputs) }
    return { node, flops: flopsOf(node, operands), bytes: bytesOf(node, operands) }
  })
  return { nodes, flops: sum(nodes.map(({ flops }) => flops)), bytes: sum(nodes.map(({ bytes }) => bytes)) }
}

interface Operands {
  readonly x: readonly Value[]
  readonly y: readonly Value[]
}

function flopsOf(node: Node, { x, y }: Operands): number {
  if (VIEWS.has(node.opType) || MOVES.has(node.opType)) return 0
  const result = elements(y[0])
  switch (node.opType) {
    case 'MatMul': return 2 * result * (dims(x[0]).at(-1) ?? 1)
    case 'Gemm': return 2 * result * dims(x[0])[intAttribute(node, 'transA', 0) === 0 ? 1 : 0]
    // a kernel [out, in / groups, ...]: each result element is a product with one filter
    case 'Conv': return 2 * result * elementCount(dims(x[1]).slice(1))
    // a kernel [in, out / groups, ...]: each input element is spread by one filter
    case 'ConvTranspose': return 2 * elements(x[0]) * elementCount(dims(x[1]).slice(1))
    case 'Einsum': return 2 * einsumTerms(stringAttribute(node, 'equation', ''), x)
    case 'AveragePool': case 'MaxPool': return result * elementCount(intsAttribute(node, 'kernel_shape') ?? [])
    default: return Math.max(result, ...x.map(elements))
  }
}

function bytesOf(node: Node, { x, y }: Operands): number {
  if (VIEWS.has(node.opType)) return 0
  const written = sum(y.map(bytesOfValue))
  return written + (PARTIAL_READERS.has(node.opType) ? written : sum(x.map(bytesOfValue)))
}

/** How many products an Einsum sums: the sizes of all its indices multiplied (without an ellipsis). */
function einsumTerms(equation: string, x: readonly Value[]): number {
  const sizes = new Map<string, number>()
  for (const [operand, indices] of equation.replaceAll(' ', '').split('->')[0].split(',').entries()) {
    for (const [axis, index] of [...indices].entries()) sizes.set(index, dims(x[operand])[axis])
  }
  return elementCount([...sizes.values()])
}

function elements(value: Value): number {
  return elementCount(dims(value))
}

function bytesOfValue(value: Value): number {
  return byteSize(value.elementType, dims(value))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
