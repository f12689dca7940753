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

/** One vector: parameters of a group end to end, in the model's order. */
export interface LayoutVector {
  /** The group's name; with a number where a group needs several vectors */
  readonly name: string
  readonly group: string
  readonly length: number
  readonly slices: readonly LayoutSlice[]
}

export type ParameterLayout = readonly LayoutVector[]

/** 96 MiB: a WebGPU storage buffer is bound up to 128 MiB where the device does not offer more. */
const LONGEST_VECTOR = 24 * 2 ** 20

/** Lays named tensors end to end: one vector per group, more where one would exceed `longest` elements. */
export function layOut(groups: ReadonlyMap<string, ReadonlyMap<string, Tensor>>, longest = LONGEST_VECTOR): ParameterLayout {
  return [...groups].flatMap(([group, tensors]) => {
    const vectors: { length: number; slices: LayoutSlice[] }[] = []
    for (const [name, { dims }] of tensors) {
      const count = elementCount(dims)
      const last = vectors.at(-1)
      const vector = last !== undefined && last.length + count <= longest ? last : { length: 0, slices: [] }
      if (vector !== last) vectors.push(vector)
      vector.slices.push({ name, dims, offset: vector.length })
      vector.length += count
    }
    return vectors.map((vector, index) => ({ name: index === 0 ? group : `${group}.${index}`, group, ...vector }))
  })
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
