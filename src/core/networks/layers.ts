/** Layers that networks are made of, emitted into a graph; their parameters are initializers of the graph. */
import type { GraphBuilder, Operand, Value } from '../onnx/graph-builder.ts'
import { formatShape, sameShape } from '../onnx/dims.ts'
import { ModelError } from '../onnx/errors.ts'
import type { Parameters, Weights } from './parameters.ts'

/** A graph under construction, what its parameters are, and their tensors. */
export interface Net {
  readonly builder: GraphBuilder
  readonly parameters: Parameters
  readonly weights: Weights
}

/** The parameter of that name. Throws ModelError: invalid (the weights lack it), shape (they have another one). */
export function parameter({ builder, parameters, weights }: Net, name: string): Value {
  if (builder.has(name)) return builder.value(name)
  const [expected, tensor] = [parameters.get(name), weights.get(name)]
  if (expected === undefined || tensor === undefined) throw new ModelError('invalid', `The weights lack the parameter "${name}".`)
  if (!sameShape(tensor.dims, expected.dims)) {
    throw new ModelError('shape', `The parameter "${name}" is ${formatShape(tensor.dims)}, expected ${formatShape(expected.dims)}.`)
  }
  return builder.initializer(name, tensor)
}

/** A dense layer on rows: [rows, input] -> [rows, output]. As Gemm, whose weight needs no transposed copy. */
export function linear(net: Net, name: string, rows: Value): Value {
  return net.builder.emit('Gemm', [rows, parameter(net, `${name}.weight`), parameter(net, `${name}.bias`)], { transB: 1 })
}

/** A dense layer on the last axis of a value of any rank. */
export function linearOnLast(net: Net, name: string, x: Value): Value {
  const { builder } = net
  const result = linear(net, name, builder.emit('Reshape', [x, [-1, Number(x.shape.at(-1))]]))
  return builder.emit('Reshape', [result, shapeOfParts(builder, sizes(builder, x, [0, x.shape.length - 1]), Number(result.shape[1]))])
}

/** A dense layer on maps, which is a 1x1 convolution: [batch, input, height, width] -> [batch, output, height, width]. */
export function linearOnMap(net: Net, name: string, map: Value): Value {
  const weight = net.builder.emit('Unsqueeze', [parameter(net, `${name}.weight`), [2, 3]])
  return net.builder.emit('Conv', [map, weight, parameter(net, `${name}.bias`)], { kernel_shape: [1, 1] })
}

export interface LayerNormOptions {
  /** PyTorch's 1e-5 where omitted */
  readonly epsilon?: number
}

/** Layer normalisation over the last axis. */
export function layerNorm(net: Net, name: string, x: Value, { epsilon = 1e-5 }: LayerNormOptions = {}): Value {
  return net.builder.emit('LayerNormalization', [x, parameter(net, `${name}.weight`), parameter(net, `${name}.bias`)], { axis: -1, epsilon })
}

/** Layer normalisation over the channels of a map [batch, channels, height, width]. */
export function layerNormOnMap(net: Net, name: string, map: Value, options: LayerNormOptions = {}): Value {
  const last = net.builder.emit('Transpose', [map], { perm: [0, 2, 3, 1] })
  return net.builder.emit('Transpose', [layerNorm(net, name, last, options)], { perm: [0, 3, 1, 2] })
}

export interface ConvOptions {
  readonly kernel: number
  readonly stride?: number
  readonly pad?: number
  readonly groups?: number
  /** true where omitted */
  readonly bias?: boolean
}

/** A square convolution. */
export function conv(net: Net, name: string, x: Value, { kernel, stride = 1, pad = 0, groups = 1, bias = true }: ConvOptions): Value {
  return net.builder.emit('Conv', [x, parameter(net, `${name}.weight`), bias ? parameter(net, `${name}.bias`) : undefined], {
    kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group: groups,
  })
}

/** A shape for Reshape from sizes, -1, 0 and values that hold sizes. */
export function shapeOfParts(builder: GraphBuilder, ...parts: readonly (number | Value)[]): Value {
  return builder.emit('Concat', parts.map((part): Operand => (typeof part === 'number' ? [part] : part)), { axis: 0 })
}

/** Sizes of a value as an int64 vector: axes `start` to before `end`. */
export function sizes(builder: GraphBuilder, x: Value, [start, end]: readonly [number, number]): Value {
  return builder.emit('Shape', [x], { start, end })
}
