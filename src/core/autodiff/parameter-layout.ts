/**
 * Where each parameter lies in the flat vectors that a training step works on: a handful of large tensors to feed and
 * fetch instead of hundreds, and an optimiser that costs the same number of operators for every net.
 */
import { elementCount, float32, type Tensor } from '../onnx/tensor.ts'
import type { Model } from '../onnx/model.ts'
import { formatShape, sameShape } from '../onnx/dims.ts'
import { ModelError } from '../onnx/errors.ts'

export interface LayoutSlice {
  /** The parameter's name in the model */
  readonly name: string
  readonly dims: readonly number[]
  /** Where it begins in its vector */
  readonly offset: number
}

/** One vector: parameters of one group end to end. */
export interface LayoutVector {
  /** The group's name; with the part's number behind it from the second part on */
  readonly name: string
  readonly group: string
  /** Parameters that follow each other in the model lie in one part: their gradients come about together */
  readonly part: number
  readonly length: number
  readonly slices: readonly LayoutSlice[]
}

export type ParameterLayout = readonly LayoutVector[]

/** A part has up to 96 MiB: a WebGPU storage buffer is bound up to 128 MiB where the device does not offer more. */
const LARGEST_PART = 24 * 2 ** 20

/** Lays tensors end to end, in their order, in one vector for each group of each part. */
export function layOut(tensors: Iterable<{ readonly name: string; readonly tensor: Tensor; readonly group: string }>, largestPart = LARGEST_PART): ParameterLayout {
  const vectors = new Map<string, { name: string; group: string; part: number; length: number; slices: LayoutSlice[] }>()
  let [part, filled] = [0, 0]
  for (const { name, tensor: { dims }, group } of tensors) {
    const count = elementCount(dims)
    if (filled > 0 && filled + count > largestPart) [part, filled] = [part + 1, 0]
    filled += count
    const key = part === 0 ? group : `${group}.${part}`
    const vector = vectors.get(key) ?? { name: key, group, part, length: 0, slices: [] }
    vector.slices.push({ name, dims, offset: vector.length })
    vector.length += count
    vectors.set(key, vector)
  }
  return [...vectors.values()]
}

/** One vector from tensors by name. Throws ModelError 'shape' where one is missing or of another shape or type. */
export function pack(vector: LayoutVector, tensors: ReadonlyMap<string, Tensor>): Float32Array {
  const packed = new Float32Array(vector.length)
  for (const { name, dims, offset } of vector.slices) {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new ModelError('shape', `The parameter "${name}" ${formatShape(dims)} is missing.`)
    if (!(tensor.data instanceof Float32Array) || !sameShape(tensor.dims, dims)) {
      throw new ModelError('shape', `The parameter "${name}" is float32 ${formatShape(dims)} in the model, not ${tensor.elementType} ${formatShape(tensor.dims)}.`)
    }
    packed.set(tensor.data, offset)
  }
  return packed
}

/** The tensors of one vector, each with its own copy of its elements: the inverse of `pack`. */
export function unpack(vector: LayoutVector, packed: Float32Array): ReadonlyMap<string, Tensor> {
  return new Map(vector.slices.map(({ name, dims, offset }) => [name, float32(dims, packed.slice(offset, offset + elementCount(dims)))]))
}

/** The model with other contents in some of its tensors: how a trained graph is exported. Throws ModelError 'shape'. */
export function withParameters(model: Model, tensors: ReadonlyMap<string, Tensor>): Model {
  const initializers = new Map(model.graph.initializers)
  for (const [name, tensor] of tensors) {
    const present = initializers.get(name)
    if (present === undefined) throw new ModelError('shape', `The model has no parameter "${name}".`)
    if (present.elementType !== tensor.elementType || !sameShape(present.dims, tensor.dims)) {
      throw new ModelError('shape', `The parameter "${name}" is ${present.elementType} ${formatShape(present.dims)} in the model, not ${tensor.elementType} ${formatShape(tensor.dims)}.`)
    }
    initializers.set(name, tensor)
  }
  return { ...model, graph: { ...model.graph, initializers } }
}
