import { emptyLike } from './crop.ts'
import type { Raster, RasterData, RgbImage } from './raster.ts'

/**
 * Bilinear resize of an 8-bit image, as PIL's BILINEAR: the triangle filter widens with the reduction, so shrinking
 * is antialiased; rounding happens once per pass. Within one grey level of PIL.
 */
export function resizeRgb(image: RgbImage, width: number, height: number): RgbImage {
  assertSize(width, height)
  if (width === image.width && height === image.height) return { width, height, data: image.data.slice() }
  const columns = triangleTaps(image.width, width)
  const rows = triangleTaps(image.height, height)
  return resizeRows(resizeColumns(image, columns), rows)
}

/** Nearest-neighbour resize for label maps and masks: pixel centre to pixel centre, no new values. */
export function resizeNearest<D extends RasterData>(raster: Raster<D>, width: number, height: number): Raster<D> {
  assertSize(width, height)
  const data = emptyLike(raster.data, width * height)
  const columns = new Uint32Array(width)
  for (let x = 0; x < width; x++) columns[x] = nearestSource(x, width, raster.width)
  for (let y = 0; y < height; y++) {
    const from = nearestSource(y, height, raster.height) * raster.width
    const to = y * width
    for (let x = 0; x < width; x++) data[to + x] = raster.data[from + columns[x]]
  }
  return { width, height, data }
}

function nearestSource(target: number, targetLength: number, sourceLength: number): number {
  return Math.min(sourceLength - 1, Math.floor(((target + 0.5) * sourceLength) / targetLength))
}

function assertSize(width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`Cannot resize to ${width}x${height}: both sides must be positive whole numbers.`)
  }
}

/** Per target position: its first source position and `taps` weights of WEIGHT_ONE in sum (zero-padded), none past the source. */
interface Taps {
  readonly taps: number
  readonly first: Uint32Array
  readonly weights: Int32Array
}

/** Weights are fixed point: sums of 8-bit values stay within 31 bits and integer arithmetic is the same everywhere. */
const WEIGHT_BITS = 22
const WEIGHT_ONE = 1 << WEIGHT_BITS
const WEIGHT_HALF = 1 << (WEIGHT_BITS - 1)

function triangleTaps(source: number, target: number): Taps {
  const scale = source / target
  const radius = Math.max(1, scale)
  const taps = Math.min(source, Math.ceil(radius) * 2 + 1)
  const first = new Uint32Array(target)
  const weights = new Int32Array(target * taps)
  const line = new Float64Array(taps)
  for (let t = 0; t < target; t++) {
    const centre = (t + 0.5) * scale
    const from = Math.max(0, Math.floor(centre - radius + 0.5))
    const until = Math.min(source, Math.floor(centre + radius + 0.5))
    first[t] = Math.min(from, source - taps)
    line.fill(0)
    let sum = 0
    for (let s = from; s < until; s++) {
      const weight = Math.max(0, 1 - Math.abs((s + 0.5 - centre) / radius))
      line[s - first[t]] = weight
      sum += weight
    }
    for (let k = 0; k < taps; k++) weights[t * taps + k] = Math.round((line[k] / sum) * WEIGHT_ONE)
  }
  return { taps, first, weights }
}

function resizeColumns(image: RgbImage, { taps, first, weights }: Taps): RgbImage {
  const width = first.length
  if (width === image.width) return image
  const { height, data: source } = image
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const row = y * image.width
    for (let x = 0; x < width; x++) {
      let red = WEIGHT_HALF
      let green = WEIGHT_HALF
      let blue = WEIGHT_HALF
      for (let k = 0; k < taps; k++) {
        const weight = weights[x * taps + k]
        const from = (row + first[x] + k) * 3
        red += weight * source[from]
        green += weight * source[from + 1]
        blue += weight * source[from + 2]
      }
      const to = (y * width + x) * 3
      data[to] = clampByte(red >> WEIGHT_BITS)
      data[to + 1] = clampByte(green >> WEIGHT_BITS)
      data[to + 2] = clampByte(blue >> WEIGHT_BITS)
    }
  }
  return { width, height, data }
}

function resizeRows(image: RgbImage, { taps, first, weights }: Taps): RgbImage {
  const height = first.length
  if (height === image.height) return image
  const { width, data: source } = image
  const stride = width * 3
  const data = new Uint8Array(stride * height)
  const sums = new Int32Array(stride)
  for (let y = 0; y < height; y++) {
    sums.fill(WEIGHT_HALF)
    for (let k = 0; k < taps; k++) {
      const weight = weights[y * taps + k]
      if (weight === 0) continue
      const from = (first[y] + k) * stride
      for (let i = 0; i < stride; i++) sums[i] += weight * source[from + i]
    }
    const to = y * stride
    for (let i = 0; i < stride; i++) data[to + i] = clampByte(sums[i] >> WEIGHT_BITS)
  }
  return { width, height, data }
}

/** The weights of one position may sum to a little over one after rounding. */
function clampByte(value: number): number {
  return value > 255 ? 255 : value
}
