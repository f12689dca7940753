import type { Tensor } from '../../onnx/tensor.ts'

/** The tensors of a batch, by the names that the loss declares (loss.ts). */
export const PLANES = {
  /** [batch, 3, height, width]: normalised as the network wants, 0 where padded */
  pixel_values: { elementType: 'float32', channels: 3 },
  /** [batch, height, width]: S_TA^w, 255 ignored */
  ta: { elementType: 'int32', channels: 1 },
  /** the two classes that most of the windows drawn say (E_i), 255 where there is none, and how many windows say so */
  first: { elementType: 'int32', channels: 1 },
  second: { elementType: 'int32', channels: 1 },
  first_votes: { elementType: 'float32', channels: 1 },
  second_votes: { elementType: 'float32', channels: 1 },
  /** of these, how many may be trusted (M_i) */
  first_trusted: { elementType: 'float32', channels: 1 },
  second_trusted: { elementType: 'float32', channels: 1 },
  /** how much a pixel counts: the panorama's weight, 0 where padded */
  pixel_weight: { elementType: 'float32', channels: 1 },
  /** B_ref, 0 or 1 */
  boundary: { elementType: 'float32', channels: 1 },
} as const

export type PlaneName = keyof typeof PLANES

export interface SampleSize {
  readonly height: number
  readonly width: number
}

/** Samples as flat arrays, one after the other. */
export type SamplePlanes = { readonly [Name in PlaneName]: (typeof PLANES)[Name]['elementType'] extends 'int32' ? Int32Array : Float32Array }

/** Bytes of a batch of samples, should they lie in one buffer. */
export function planesBytes(size: SampleSize, batch = 1): number {
  return batch * size.height * size.width * 4 * Object.values(PLANES).reduce((sum, { channels }) => sum + channels, 0)
}

/** Planes for `batch` samples, all in `buffer` (of `planesBytes` at least; perhaps shared between threads). */
export function makePlanes(size: SampleSize, batch = 1, buffer: ArrayBufferLike = new ArrayBuffer(planesBytes(size, batch))): SamplePlanes {
  let at = 0
  const planes = Object.entries(PLANES).map(([name, { elementType, channels }]) => {
    const length = batch * channels * size.height * size.width
    const start = at
    at += 4 * length
    return [name, elementType === 'int32' ? new Int32Array(buffer, start, length) : new Float32Array(buffer, start, length)]
  })
  return Object.fromEntries(planes) as unknown as SamplePlanes
}

/** The part of one sample in a batch's planes: views. */
export function planesAt(batch: SamplePlanes, index: number, size: SampleSize): SamplePlanes {
  const views = Object.entries(PLANES).map(([name, { channels }]) => {
    const length = channels * size.height * size.width
    return [name, batch[name as PlaneName].subarray(index * length, (index + 1) * length)]
  })
  return Object.fromEntries(views) as SamplePlanes
}

/** A batch's planes as the tensors that a training step is fed with: views. */
export function planesAsTensors(batch: SamplePlanes, size: SampleSize): Record<PlaneName, Tensor> {
  const { height, width } = size
  const count = batch.ta.length / (height * width)
  const tensors = Object.entries(PLANES).map(([name, { elementType, channels }]) => {
    const dims = channels === 1 ? [count, height, width] : [count, channels, height, width]
    return [name, { elementType, dims, data: batch[name as PlaneName] }]
  })
  return Object.fromEntries(tensors) as Record<PlaneName, Tensor>
}
