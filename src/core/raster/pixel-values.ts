import type { RgbImage } from './raster.ts'

/** ImageNet statistics on 0..1, as every model dialect of PRODUCT.md expects. */
export const IMAGENET_MEAN: readonly [number, number, number] = [0.485, 0.456, 0.406]
export const IMAGENET_STD: readonly [number, number, number] = [0.229, 0.224, 0.225]

/**
 * The image as a network's input: planar [3, frame.height, frame.width], `(value / 255 - mean) / std`, the image in the
 * top left corner and zeros (after normalisation) to its right and below, as SAM pads.
 * `out` (length 3 * frame area) is filled and returned when given. Throws RangeError where the image does not fit the frame.
 */
export function pixelValues(image: RgbImage, frame: { width: number; height: number }, out?: Float32Array): Float32Array {
  if (image.width > frame.width || image.height > frame.height) {
    throw new RangeError(`An image of ${image.width}x${image.height} does not fit a frame of ${frame.width}x${frame.height}.`)
  }
  const plane = frame.width * frame.height
  const values = out ?? new Float32Array(3 * plane)
  if (values.length !== 3 * plane) throw new RangeError(`pixelValues needs an output of ${3 * plane} numbers, not ${values.length}.`)
  if (out && (image.width < frame.width || image.height < frame.height)) out.fill(0)
  for (let channel = 0; channel < 3; channel++) {
    const normalised = normalisedBytes(IMAGENET_MEAN[channel], IMAGENET_STD[channel])
    for (let y = 0; y < image.height; y++) {
      let to = channel * plane + y * frame.width
      const end = (y + 1) * image.width * 3
      for (let from = y * image.width * 3 + channel; from < end; from += 3) values[to++] = normalised[image.data[from]]
    }
  }
  return values
}

/** There are only 256 inputs per channel, so the division is done once for each. */
function normalisedBytes(mean: number, std: number): Float32Array {
  const table = new Float32Array(256)
  for (let value = 0; value < 256; value++) table[value] = (value / 255 - mean) / std
  return table
}
