/**
 * What the values of a network are on real images: their least and largest numbers and a sample of the others. The network
 * itself is made to say so: one more output holds all of it, so that only a few numbers leave the runtime.
 */
import type { Model } from './model.ts'
import { bindModel, rebuild } from './bind.ts'
import { dims, type Value } from './graph-builder.ts'
import { ModelError } from './errors.ts'
import { elementCount } from './tensor.ts'

/** Numbers sampled per value and image, evenly. [D] */
const SAMPLES = 2048
export const OBSERVATIONS = 'observations'

export interface ObservedPart {
  readonly name: string
  /** where its numbers begin: the least, the largest, then the sample */
  readonly at: number
  readonly samples: number
}

export interface CalibrationModel {
  /** one input, as the network's with numbers for its dimensions; one output, OBSERVATIONS, float32 [length] */
  readonly model: Model
  readonly parts: readonly ObservedPart[]
}

/**
 * The network at one size, batch 1, made to observe every float32 value that a node computes and the input. `sampled`: the
 * values of which more than the extremes is to be known. Throws as `rebuild`; ModelError 'unsupported' where it has not one image as input.
 */
export function calibrationModel(model: Model, size: { readonly height: number; readonly width: number }, sampled: ReadonlySet<string>): CalibrationModel {
  const { builder, values } = rebuild(atSize(model, size))
  const { emit } = builder
  const observed = [...values].filter(([name, value]) => value.elementType === 'float32' && builder.tensor(value.name) === undefined && name !== '')
  const parts: ObservedPart[] = []
  const pieces: Value[] = []
  let at = 0
  for (const [name, value] of observed) {
    const flat = emit('Reshape', [value, [-1]])
    const count = elementCount(dims(value))
    pieces.push(emit('ReduceMin', [flat], { keepdims: 1 }), emit('ReduceMax', [flat], { keepdims: 1 }))
    const sample = sampled.has(name) ? emit('Slice', [flat, [0], [count], [0], [oddStep(count)]]) : undefined
    if (sample !== undefined) pieces.push(sample)
    const samples = sample === undefined ? 0 : dims(sample)[0]
    parts.push({ name, at, samples })
    at += 2 + samples
  }
  builder.output(emit('Concat', pieces, { axis: 0 }), OBSERVATIONS)
  return { model: builder.build(`${model.graph.name} calibration`), parts }
}

/** The network for one image of that size; what the file states as numbers stays. */
export function atSize(model: Model, { height, width }: { readonly height: number; readonly width: number }): Model {
  const [input, ...more] = model.graph.inputs
  const shape = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  if (more.length > 0 || shape?.length !== 4) throw new ModelError('unsupported', 'The network has other inputs than one image [batch, channels, height, width].')
  const sizes = [1, shape[1], height, width]
  return bindModel(model, Object.fromEntries(shape.flatMap((dim, axis) => (typeof dim === 'string' ? [[dim, Number(sizes[axis])]] : []))))
}

/** Odd, so that a sample of a map of even width does not see the same columns over and over. */
function oddStep(count: number): number {
  return Math.ceil(count / SAMPLES) | 1
}

/** Observations of one value over all images. */
export interface Observed {
  readonly least: number
  readonly largest: number
  readonly sample: Float32Array
}

/** Brings the observations of several images together, by value. */
export function gatherObservations(parts: readonly ObservedPart[], images: readonly Float32Array[]): ReadonlyMap<string, Observed> {
  return new Map(parts.map(({ name, at, samples }) => {
    const sample = new Float32Array(samples * images.length)
    for (const [index, image] of images.entries()) sample.set(image.subarray(at + 2, at + 2 + samples), index * samples)
    return [name, { least: Math.min(...images.map((image) => image[at])), largest: Math.max(...images.map((image) => image[at + 1])), sample }]
  }))
}
