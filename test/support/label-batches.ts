/** Images and label maps as tensors for training tests. */
import sharp, { type Region } from 'sharp'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, float32, type Tensor, tensorOf } from '../../src/core/onnx/tensor.ts'
import { pixelValues } from '../../src/core/raster/pixel-values.ts'
import { runModel } from './run-model.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** An image file, or a region of it, at the given size as `pixel_values` [1, 3, height, width]. */
export async function imageTensor(file: string, { width, height }: Size, region?: Region): Promise<Tensor> {
  const image = region === undefined ? sharp(file) : sharp(file).extract(region)
  const data = await image.resize(width, height, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  return float32([1, 3, height, width], pixelValues({ width, height, data }, { width, height }))
}

/** Tensors [1, ...] as one batch [n, ...]. */
export function stacked(tensors: readonly Tensor[]): Tensor {
  const { elementType, dims } = tensors[0]
  return tensorOf(elementType, [tensors.length, ...dims.slice(1)], tensors.flatMap((tensor) => Array.from(tensor.data, Number)))
}

/** What a network of [1, classes, h, w] logits says at each of its places, as int32 [1, h, w]. */
export async function predictedLabels(model: Model | Uint8Array, image: Tensor): Promise<Tensor> {
  const { logits } = await runModel(model, { pixel_values: image }, { threads: 2 })
  return argmaxOfClasses(logits)
}

/** int32 [batch, h, w] from logits [batch, classes, h, w]. */
export function argmaxOfClasses({ dims: [batch, classes, height, width], data }: Tensor): Tensor {
  const area = height * width
  const labels = new Int32Array(batch * area)
  for (let index = 0; index < labels.length; index++) {
    const first = Math.floor(index / area) * classes * area + (index % area)
    let best = 0
    for (let label = 1; label < classes; label++) if (Number(data[first + label * area]) > Number(data[first + best * area])) best = label
    labels[index] = best
  }
  return { elementType: 'int32', dims: [batch, height, width], data: labels }
}

/** The label map at another size: the nearest place of each. */
export function resizedLabels({ dims: [batch, fromHeight, fromWidth], data }: Tensor, { width, height }: Size): Tensor {
  const labels = new Int32Array(batch * height * width)
  for (let index = 0; index < labels.length; index++) {
    const [image, y, x] = [Math.floor(index / (height * width)), Math.floor(index / width) % height, index % width]
    const at = [Math.floor(((y + 0.5) * fromHeight) / height), Math.floor(((x + 0.5) * fromWidth) / width)]
    labels[index] = Number(data[(image * fromHeight + at[0]) * fromWidth + at[1]])
  }
  return { elementType: 'int32', dims: [batch, height, width], data: labels }
}

/** Share of places where two label maps of one shape say the same. */
export function agreement(a: Tensor, b: Tensor): number {
  if (elementCount(a.dims) !== elementCount(b.dims)) throw new RangeError(`label maps of ${a.dims.join('x')} and ${b.dims.join('x')} places`)
  return Array.from(a.data, Number).filter((label, index) => label === Number(b.data[index])).length / elementCount(a.dims)
}
