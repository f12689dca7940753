/** One training sample: a piece of a street image, turned, scaled, mirrored and recoloured. */
import type { Random } from '../src/core/goodsam/distillation/random.ts'
import { IGNORE_ID } from '../src/core/labels/label-set.ts'
import { IMAGENET_MEAN, IMAGENET_STD } from '../src/core/raster/pixel-values.ts'
import type { StreetImage } from './street-images.ts'

/** Sample = A (pixel of the sample - its middle) + middle: where in the image a pixel of the sample lies, in pixels. */
export interface View {
  readonly xx: number
  readonly xy: number
  readonly yx: number
  readonly yy: number
  readonly x: number
  readonly y: number
}

export interface SampleSize {
  readonly width: number
  readonly height: number
}

export interface Augmentation {
  /** pixels of the sample per pixel of the image, drawn evenly in the logarithm */
  readonly scales: readonly [least: number, most: number]
  /** width over height is changed by at most this factor, either way */
  readonly stretch: number
  /** largest turn either way, radians */
  readonly turn: number
  /** strength of the change of colours, 0..1 */
  readonly colour: number
  /** largest standard deviation of added noise, of 1 */
  readonly noise: number
}

/** Labels are given at half the sample's resolution. */
export const LABEL_STRIDE = 2

export function drawView(image: SampleSize, sample: SampleSize, { random, augmentation }: { readonly random: Random; readonly augmentation: Augmentation }): View {
  const { scales, stretch, turn } = augmentation
  const scale = Math.exp(random.between(Math.log(scales[0]), Math.log(scales[1])))
  const aspect = Math.exp(random.between(-Math.log(stretch), Math.log(stretch)) / 2)
  const angle = random.between(-turn, turn)
  const mirrored = random.next() < 0.5 ? -1 : 1
  const [perX, perY] = [1 / (scale * aspect), aspect / scale]
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return {
    xx: mirrored * perX * cos, xy: -perY * sin, yx: mirrored * perX * sin, yy: perY * cos,
    x: middle(random, image.width, sample.width * perX), y: middle(random, image.height, sample.height * perY),
  }
}

/** The middle of a stretch of `covered` that lies within `whole` where it can, else moves by what it is too long. */
function middle(random: Random, whole: number, covered: number): number {
  const slack = Math.abs(whole - covered) / 2
  return whole / 2 + random.between(-slack, slack)
}

/** What a planar, normalised sample and its labels are written into. */
export interface SamplePlanes {
  /** [3, height, width] */
  readonly pixels: Float32Array
  /** [height / 2, width / 2] */
  readonly labels: Int32Array
}

/** Writes the sample. What lies outside of the image is grey and of no class. */
export function takeSample(image: StreetImage, view: View, options: { readonly size: SampleSize; readonly random: Random; readonly augmentation: Augmentation; readonly into: SamplePlanes }): void {
  const { size: { width, height }, random, augmentation, into: { pixels, labels } } = options
  const plane = width * height
  const [red, green, blue] = [0, 1, 2].map((channel) => pixels.subarray(channel * plane, (channel + 1) * plane)) as [Float32Array, Float32Array, Float32Array]
  const inside = interpolate(image, view, { width, height, planes: [red, green, blue] })
  recolour([red, green, blue], random, augmentation.colour)
  const noise = random.between(0, augmentation.noise)
  const noiseAt = random.below(NOISE.length)
  for (const [channel, values] of [red, green, blue].entries()) {
    const [mean, deviation] = [IMAGENET_MEAN[channel] ?? 0, IMAGENET_STD[channel] ?? 1]
    const from = noiseAt + channel * NOISE_STRIDE
    for (let i = 0; i < plane; i++) values[i] = inside[i] === 0 ? 0 : (values[i] + noise * NOISE[(from + i) & (NOISE.length - 1)] - mean) / deviation
  }
  takeLabels(image, view, { width, height, labels })
}

/** Bilinear, values 0..1; returns which pixels lie inside of the image. */
function interpolate({ width: w, height: h, rgb }: StreetImage, view: View, { width, height, planes: [red, green, blue] }: SampleSize & { readonly planes: readonly [Float32Array, Float32Array, Float32Array] }): Uint8Array {
  const inside = new Uint8Array(width * height)
  for (let row = 0; row < height; row++) {
    const v = row + 0.5 - height / 2
    let x = view.x + view.xx * (0.5 - width / 2) + view.xy * v
    let y = view.y + view.yx * (0.5 - width / 2) + view.yy * v
    for (let i = row * width; i < (row + 1) * width; i++, x += view.xx, y += view.yx) {
      if (x < 0 || y < 0 || x >= w || y >= h) {
        red[i] = 0.5
        green[i] = 0.5
        blue[i] = 0.5
        continue
      }
      inside[i] = 1
      const sx = Math.min(Math.max(x - 0.5, 0), w - 1)
      const sy = Math.min(Math.max(y - 0.5, 0), h - 1)
      const left = Math.min(Math.floor(sx), w - 2)
      const above = Math.min(Math.floor(sy), h - 2)
      const fx = sx - left
      const fy = sy - above
      const a = ((1 - fx) * (1 - fy)) / 255
      const b = (fx * (1 - fy)) / 255
      const c = ((1 - fx) * fy) / 255
      const d = (fx * fy) / 255
      const p = 3 * (above * w + left)
      const q = p + 3 * w
      red[i] = a * rgb[p] + b * rgb[p + 3] + c * rgb[q] + d * rgb[q + 3]
      green[i] = a * rgb[p + 1] + b * rgb[p + 4] + c * rgb[q + 1] + d * rgb[q + 4]
      blue[i] = a * rgb[p + 2] + b * rgb[p + 5] + c * rgb[q + 2] + d * rgb[q + 5]
    }
  }
  return inside
}

/** One linear change of brightness, contrast (about the middle), saturation and each channel's gain, within `strength` of 1 (gains: a third of it). */
function recolour([red, green, blue]: readonly [Float32Array, Float32Array, Float32Array], random: Random, strength: number): void {
  const factor = (most: number): number => random.between(1 - most, 1 + most)
  const [brightness, contrast, saturation] = [factor(strength), factor(strength), factor(strength)]
  const [forRed, forGreen, forBlue] = [factor(strength / 3), factor(strength / 3), factor(strength / 3)].map((gain) => gain * brightness * contrast) as [number, number, number]
  const rest = 0.5 * (1 - contrast)
  for (let i = 0; i < red.length; i++) {
    // ITU-R 601
    const grey = (1 - saturation) * (0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i])
    red[i] = clamped((grey + saturation * red[i]) * forRed + rest)
    green[i] = clamped((grey + saturation * green[i]) * forGreen + rest)
    blue[i] = clamped((grey + saturation * blue[i]) * forBlue + rest)
  }
}

function clamped(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value
}

function takeLabels({ width: w, height: h, trainIds }: StreetImage, view: View, { width, height, labels }: SampleSize & { readonly labels: Int32Array }): void {
  const [columns, rows] = [width / LABEL_STRIDE, height / LABEL_STRIDE]
  for (let row = 0; row < rows; row++) {
    const v = (row + 0.5) * LABEL_STRIDE - height / 2
    for (let column = 0; column < columns; column++) {
      const u = (column + 0.5) * LABEL_STRIDE - width / 2
      const x = Math.floor(view.x + view.xx * u + view.xy * v)
      const y = Math.floor(view.y + view.yx * u + view.yy * v)
      labels[row * columns + column] = x < 0 || y < 0 || x >= w || y >= h ? IGNORE_ID : trainIds[y * w + x]
    }
  }
}

/** How much rare classes show in a view: the sum over classes of their rarity, in full from a hundredth of the view on. */
export function rarityOf({ width: w, height: h, trainIds }: StreetImage, view: View, { size: { width, height }, rarity }: { readonly size: SampleSize; readonly rarity: readonly number[] }): number {
  const seen = new Float64Array(rarity.length)
  const points = { columns: 32, rows: 16 }
  for (let row = 0; row < points.rows; row++) {
    for (let column = 0; column < points.columns; column++) {
      const [u, v] = [((column + 0.5) / points.columns - 0.5) * width, ((row + 0.5) / points.rows - 0.5) * height]
      const [x, y] = [Math.floor(view.x + view.xx * u + view.xy * v), Math.floor(view.y + view.yx * u + view.yy * v)]
      const id = x < 0 || y < 0 || x >= w || y >= h ? IGNORE_ID : trainIds[y * w + x]
      if (id < seen.length) seen[id]++
    }
  }
  return seen.reduce((sum, count, id) => sum + rarity[id] * Math.min(1, count / (0.01 * points.columns * points.rows)), 0)
}

/** Normal numbers to add; the same in every run. */
const NOISE = new Float32Array(1 << 16)
const NOISE_STRIDE = 21_001
{
  let state = 1
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  for (let i = 0; i < NOISE.length; i++) NOISE[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
