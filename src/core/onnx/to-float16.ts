/**
 * A float32 network in float16: weights and arithmetic; inputs and outputs stay float32. Half the bytes, and twice the speed
 * where the hardware has float16 (onnxruntime's CPU provider has hardly any such kernel and computes these nodes in float32).
 */
import { describeNode, type Model, type Node } from './model.ts'
import type { Tensor } from './tensor.ts'
import { rebuild } from './bind.ts'
import { GraphBuilder, type Value } from './graph-builder.ts'
import { float32ToFloat16 } from './half.ts'

/** The largest float16. */
const LARGEST = 65504
/** Values this near to it stay float32: other images may have larger ones. [D] */
const HEADROOM = 4

/** Where the arithmetic is: these are always worth a conversion of their inputs. */
const COMPUTING: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul'])

/**
 * These are float16 where an input already is. What is not named stays float32: sums over whole maps, powers, roots,
 * quotients and statistics overflow or lose what they are for; interpolation lacks float16 kernels on several providers.
 */
const FOLLOWING: ReadonlySet<string> = new Set([
  'Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Min', 'Max', 'Where', 'Clip',
  'Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Gelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh',
  // both compute in float32 inside: the former by the standard (stash_type), the latter relative to its largest number
  'LayerNormalization', 'Softmax',
  'Reshape', 'Transpose', 'Flatten', 'Squeeze', 'Unsqueeze', 'Concat', 'Split', 'Slice', 'Gather', 'Expand', 'Tile', 'Pad',
  'Identity', 'MaxPool', 'AveragePool',
])

export interface Float16Options {
  /** Largest magnitude of values by name, as observed (calibration.ts): what could overflow stays float32 */
  readonly largest?: ReadonlyMap<string, number>
}

export interface Float16Model {
  readonly model: Model
  /** nodes that stay float32 since their numbers are too large */
  readonly kept: readonly string[]
}

/** Weights should be tensors of the graph (constant-part.ts), or they are converted each time. Throws as `rebuild`. */
export function toFloat16(model: Model, { largest = new Map() }: Float16Options = {}): Float16Model {
  const results = new Set(model.graph.outputs.map(({ name }) => name))
  const kept: string[] = []
  const builder = new GraphBuilder()
  const halves = new Map<string, Value>()

  function half(value: Value): Value {
    if (value.elementType !== 'float32') return value
    const known = halves.get(value.name) ?? converted(builder, value)
    halves.set(value.name, known)
    return known
  }

  function replace(node: Node, inputs: readonly (Value | undefined)[]): readonly Value[] {
    const follows = inputs.some((value) => value?.elementType === 'float16')
    const wanted = COMPUTING.has(node.opType) || (follows && FOLLOWING.has(node.opType))
    const fits = !node.outputs.some((name) => (largest.get(name) ?? 0) * HEADROOM > LARGEST) && inputs.every((value) => value === undefined || fitsHalf(builder, value))
    if (wanted && !fits) kept.push(describeNode(node))
    const operand = wanted && fits ? half : (value: Value) => single(builder, value)
    // the model's outputs keep their names and their type
    const renamed = (name: string): string => (wanted && fits && results.has(name) ? builder.available(`${name}.float16`) : name)
    return builder.append({
      ...node, name: renamed(node.name), outputs: node.outputs.map(renamed),
      inputs: inputs.map((value) => (value === undefined ? '' : operand(value).name)),
    })
  }

  const { outputs } = rebuild(model, { builder, replace: (node, _, inputs) => replace(node, inputs) })
  for (const [name, value] of Object.entries(outputs)) builder.output(value.elementType === 'float16' ? cast(builder, value, { to: FLOAT32, name }) : value, name)
  return { model: { ...model, ...builder.build(model.graph.name), metadata: model.metadata }, kept }
}

/** TensorProto.DataType */
const FLOAT32 = 1
const FLOAT16 = 10

/** A tensor of the graph is converted now, any other value by a node. */
function converted(builder: GraphBuilder, value: Value): Value {
  const tensor = builder.tensor(value.name)
  if (tensor === undefined) return builder.emit('Cast', [value], { to: FLOAT16 })
  return builder.initializer(builder.available(`${value.name}.float16`), { ...tensor, elementType: 'float16', data: float32ToFloat16(tensor.data as Float32Array) })
}

function single(builder: GraphBuilder, value: Value): Value {
  return value.elementType === 'float16' ? builder.emit('Cast', [value], { to: FLOAT32 }) : value
}

function cast(builder: GraphBuilder, value: Value, { to, name }: { readonly to: number; readonly name: string }): Value {
  return builder.append({ name, opType: 'Cast', domain: '', inputs: [value.name], outputs: [name], attributes: new Map([['to', { kind: 'int', value: BigInt(to) }]]) })[0]
}

function fitsHalf(builder: GraphBuilder, { name, elementType }: Value): boolean {
  const tensor: Tensor | undefined = elementType === 'float32' ? builder.tensor(name) : undefined
  return tensor === undefined || (tensor.data as Float32Array).every((value) => Math.abs(value) <= LARGEST)
}
