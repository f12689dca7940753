/**
 * A float32 network with 8-bit weights, and 8-bit activations where they keep enough: static quantisation in QDQ form (what is
 * quantised stands between QuantizeLinear and DequantizeLinear; the runtime fuses them with the operator between).
 *
 * Weights of convolutions and dense layers are int8, symmetric, one scale per output channel. A layer's activations are uint8
 * where its input and its result, as observed on real images, survive that; its weights then have 7 bits, since processors
 * without VNNI add two products in 16 bits, which 8 bits overflow. Otherwise it computes in float32, as grouped convolutions
 * do: they add up too few products for rounding errors to cancel. The first and the last layers, attention, normalisations
 * and activation functions stay float32: little arithmetic, much damage.
 */
import { floatAttribute, intAttribute, type Model, type Node } from './model.ts'
import type { Tensor } from './tensor.ts'
import { activationRange, type ActivationRange } from './activation-range.ts'
import { rebuild } from './bind.ts'
import type { Observed } from './calibration.ts'
import { GraphBuilder, type Value } from './graph-builder.ts'

/** Largest integers of weights beside float32 and beside 8-bit activations. */
const WEIGHT_STEPS = 127
const WEIGHT_STEPS_OF_7_BITS = 63
/** Biases count in products of steps: no step of a weight is so small that a bias overflows. */
const LARGEST_BIAS = 2 ** 30

/** A layer whose weights can have 8 bits. */
interface Layer {
  /** axis of the output channels in the weight */
  readonly axis: number
  readonly input: string
  /** value that leaves a convolution in 8 bits, behind a Relu or Clip where one follows; null: it leaves as float32 */
  readonly result: string | null
  /** which values must be fit for 8 bits before the layer computes in them; null: it never does */
  readonly needs: readonly string[] | null
}

/** The layers of a network whose weights are tensors of the graph (constant-part.ts, fold-batch-norm.ts), by their outputs. */
export type Layers = ReadonlyMap<string, Layer>

export function quantizableLayers({ graph }: Model): Layers {
  const readers = new Map<string, Node[]>()
  for (const node of graph.nodes) for (const name of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node])
  const results = new Set(graph.outputs.map(({ name }) => name))
  const images = new Set(graph.inputs.map(({ name }) => name))
  const axes = new Map(graph.nodes.flatMap((node) => {
    const axis = channelAxis(node, graph.initializers)
    return axis === undefined || images.has(node.inputs[0]) ? [] : [[node, axis] as const]
  }))
  const last = layersAtTheEnd(graph.nodes, axes)
  return new Map([...axes].filter(([node]) => !last.has(node)).map(([node, axis]) => {
    const [input] = node.inputs
    if (node.opType !== 'Conv') return [node.outputs[0], { axis, input, result: null, needs: [input] }]
    // a convolution has 8-bit kernels only where its result has 8 bits too
    const result = intAttribute(node, 'group', 1) === 1 ? resultOf(node, readers, results) : null
    return [node.outputs[0], { axis, input, result, needs: result === null ? null : [input, result] }]
  }))
}

/** The values of which a sample must be observed. */
export function valuesToObserve(layers: Layers): ReadonlySet<string> {
  return new Set([...layers.values()].flatMap(({ needs }) => needs ?? []))
}

/** The ranges of the values that may have 8 bits. */
export function activationRanges(layers: Layers, observed: ReadonlyMap<string, Observed>): ReadonlyMap<string, ActivationRange> {
  return new Map([...valuesToObserve(layers)].flatMap((name) => {
    const found = observed.get(name)
    return found === undefined ? [] : [[name, activationRange(found)] as const]
  }))
}

export interface QuantizeOptions {
  readonly layers: Layers
  /** of `valuesToObserve`, from what was observed on real images; others stay float32 */
  readonly ranges: ReadonlyMap<string, ActivationRange>
  /** Decibels that 8 bits must keep of a value; Infinity: all activations stay float32 */
  readonly leastSignal: number
}

export interface QuantizedModel {
  readonly model: Model
  /** layers with 8-bit weights, and how many of these have 8-bit activations */
  readonly layers: number
  readonly withActivations: number
}

/** The network, quantised. Throws as `rebuild`. */
export function quantize(model: Model, { layers, ranges: given, leastSignal }: QuantizeOptions): QuantizedModel {
  const ranges = new Map([...given].filter(([, { signal }]) => signal >= leastSignal))
  const whole = new Map([...layers].filter(([, { needs }]) => needs?.every((name) => ranges.has(name)) === true))
  const resultNames = new Set([...whole.values()].flatMap(({ result }) => result ?? []))
  const builder = new GraphBuilder()
  /** values in 8 bits and back, by the name of the float32 value */
  const narrowed = new Map<string, Value>()

  function narrow(name: string, value: Value): Value {
    const range = ranges.get(name)
    const known = narrowed.get(name)
    if (known !== undefined || range === undefined) return known ?? value
    const made = inEightBits(builder, value, range)
    narrowed.set(name, made)
    // what reads the value reads this one: asked for by its name, it is the same
    narrowed.set(made.name, made)
    return made
  }

  function emitLayer(node: Node, layer: Layer): Value {
    const [x, weight, bias] = node.inputs
    const range = whole.has(node.outputs[0]) ? ranges.get(layer.input) : undefined
    const addends = range === undefined || !bias ? undefined : builder.tensor(bias)?.data as Float32Array
    const kernel = quantizedWeight(builder, weight, {
      axis: layer.axis, steps: range === undefined ? WEIGHT_STEPS : WEIGHT_STEPS_OF_7_BITS,
      least: range === undefined ? undefined : addends?.map((value) => Math.abs(value) / range.step / LARGEST_BIAS),
    })
    const operands = [range === undefined ? x : narrow(layer.input, builder.value(x)).name, kernel.value.name]
    if (range !== undefined && addends !== undefined) operands.push(quantizedBias(builder, node, { numbers: addends, steps: kernel.steps.map((step) => step * range.step) }).name)
    else if (bias) operands.push(bias)
    return builder.append({ ...node, inputs: operands })[0]
  }

  const { outputs } = rebuild(model, {
    builder,
    replace(node) {
      const [name] = node.outputs
      const layer = layers.get(name)
      if (layer === undefined && !resultNames.has(name)) return undefined
      const made = layer === undefined ? builder.append(node)[0] : emitLayer(node, layer)
      return [resultNames.has(name) ? narrow(name, made) : made]
    },
  })
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  return { model: { ...model, ...builder.build(model.graph.name), metadata: model.metadata }, layers: layers.size, withActivations: whole.size }
}

/** The axis of the output channels in the weight of a layer that can be quantised, or undefined. */
function channelAxis(node: Node, tensors: ReadonlyMap<string, Tensor>): number | undefined {
  const [weight, bias] = [tensors.get(node.inputs[1]), tensors.get(node.inputs[2])]
  if (weight?.elementType !== 'float32' || (node.inputs[2] && (bias?.elementType !== 'float32' || bias.dims.length !== 1))) return undefined
  if (node.opType === 'Conv') return 0
  if (node.opType === 'MatMul') return weight.dims.length === 2 ? 1 : undefined
  if (node.opType !== 'Gemm' || intAttribute(node, 'transA', 0) !== 0 || floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1) return undefined
  return intAttribute(node, 'transB', 0) === 1 ? 0 : 1
}

/** Layers that no other layer comes after: those that make the logits. */
function layersAtTheEnd(nodes: readonly Node[], layers: ReadonlyMap<Node, number>): ReadonlySet<Node> {
  const leadOn = new Set<string>()
  const last = new Set<Node>()
  for (const node of nodes.toReversed()) {
    const leads = node.outputs.some((name) => leadOn.has(name))
    if (layers.has(node) && !leads) last.add(node)
    if (leads || layers.has(node)) for (const name of node.inputs) leadOn.add(name)
  }
  return last
}

/** What leaves a convolution in 8 bits: behind a Relu or Clip that alone reads it, since the range then does the cutting. */
function resultOf(node: Node, readers: ReadonlyMap<string, readonly Node[]>, results: ReadonlySet<string>): string | null {
  const [output] = node.outputs
  if (results.has(output)) return null
  const [reader, ...others] = readers.get(output) ?? []
  const cut = others.length === 0 && (reader?.opType === 'Relu' || reader?.opType === 'Clip') && !results.has(reader.outputs[0])
  return cut ? reader.outputs[0] : output
}

function inEightBits(builder: GraphBuilder, value: Value, { step, zero }: ActivationRange): Value {
  const operands = [
    builder.constant({ elementType: 'float32', dims: [], data: Float32Array.of(step) }),
    builder.constant({ elementType: 'uint8', dims: [], data: Uint8Array.of(zero) }),
  ]
  return builder.emit('DequantizeLinear', [builder.emit('QuantizeLinear', [value, ...operands]), ...operands])
}

interface WeightOptions {
  readonly axis: number
  /** largest integer */
  readonly steps: number
  /** least step by channel */
  readonly least: Float32Array | undefined
}

function quantizedWeight(builder: GraphBuilder, name: string, { axis, steps: most, least }: WeightOptions): { readonly value: Value; readonly steps: Float32Array } {
  const { dims, data } = builder.tensor(name) as Tensor
  const numbers = data as Float32Array
  const channels = dims[axis]
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1)
  const steps = new Float32Array(channels)
  for (const [index, value] of numbers.entries()) {
    const channel = Math.floor(index / inner) % channels
    steps[channel] = Math.max(steps[channel], Math.abs(value) / most)
  }
  // 1: a channel of nothing but zeros
  for (const [channel, step] of steps.entries()) steps[channel] = Math.max(step, least?.[channel] ?? 0) || 1
  const integers = Int8Array.from(numbers, (value, index) => Math.max(-most, Math.min(most, Math.round(value / steps[Math.floor(index / inner) % channels]))))
  const value = builder.emit('DequantizeLinear', [
    builder.initializer(builder.available(`${name}.int8`), { elementType: 'int8', dims, data: integers }),
    builder.initializer(builder.available(`${name}.scale`), { elementType: 'float32', dims: [channels], data: steps }),
    builder.initializer(builder.available(`${name}.zero`), { elementType: 'int8', dims: [channels], data: new Int8Array(channels) }),
  ], { axis })
  return { value, steps }
}

/** A bias in units of what the products of its channel are: input step times weight step. */
function quantizedBias(builder: GraphBuilder, node: Node, { numbers, steps }: { readonly numbers: Float32Array; readonly steps: Float32Array }): Value {
  const integers = Int32Array.from(numbers, (value, channel) => Math.round(value / steps[channel]))
  return builder.emit('DequantizeLinear', [
    builder.initializer(builder.available(`${node.outputs[0]}.bias.int32`), { elementType: 'int32', dims: [numbers.length], data: integers }),
    builder.initializer(builder.available(`${node.outputs[0]}.bias.scale`), { elementType: 'float32', dims: [numbers.length], data: steps }),
  ], { axis: 0 })
}
