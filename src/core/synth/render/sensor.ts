import type { Sensor } from '../types.ts'
import { hash3, unit } from './noise.ts'

interface Plane {
  readonly width: number
  readonly height: number
  /** a full turn: the left edge goes on at the right one */
  readonly wraps: boolean
}

/** Linear radiance (three per pixel; used up) to 8-bit sRGB: blur of `blurPx` pixels, exposure, white balance, tone curve, saturation, noise. */
export function develop(radiance: Float32Array, sensor: Sensor, frame: Plane & { blurPx: number; seed: number }): Uint8Array<ArrayBuffer> {
  // highlights are cut before the blur: a lens flares, but not over half the image
  const most = 6 / sensor.exposure
  for (let index = 0; index < radiance.length; index++) radiance[index] = Math.min(most, radiance[index])
  if (frame.blurPx > 0.2) blur(radiance, frame, frame.blurPx)
  const rgb = new Uint8Array(radiance.length)
  const [red, green, blue] = sensor.whiteBalance.map((gain) => gain * sensor.exposure)
  for (let index = 0; index < radiance.length; index += 3) {
    const r = tone(radiance[index] * red)
    const g = tone(radiance[index + 1] * green)
    const b = tone(radiance[index + 2] * blue)
    const grey = 0.2126 * r + 0.7152 * g + 0.0722 * b
    const pixel = index / 3
    const shared = sensor.noise * gauss(hash3(pixel, frame.seed, 3)) * 0.7
    rgb[index] = level(grey + (r - grey) * sensor.saturation, shared + sensor.noise * 0.7 * gauss(hash3(pixel, frame.seed, 0)))
    rgb[index + 1] = level(grey + (g - grey) * sensor.saturation, shared + sensor.noise * 0.7 * gauss(hash3(pixel, frame.seed, 1)))
    rgb[index + 2] = level(grey + (b - grey) * sensor.saturation, shared + sensor.noise * 0.7 * gauss(hash3(pixel, frame.seed, 2)))
  }
  return rgb
}

/**
 * Between a film's curve with its deep shadows (Narkowicz 2015, a fit of ACES) and a soft one (Reinhard and others 2002,
 * white at 5): contrast, but open shadows.
 */
function tone(value: number): number {
  const x = Math.max(0, value) * 0.75
  const film = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
  const y = x * 1.75
  const soft = (y * (1 + y * 0.04)) / (1 + 0.8 * y)
  return Math.min(1, 0.6 * film + 0.4 * soft)
}

/** sRGB's transfer curve and 8 bits; noise is strongest at mid grey. */
function level(linear: number, noise: number): number {
  const value = Math.min(1, Math.max(0, linear))
  const srgb = CURVE[(value * (CURVE.length - 1) + 0.5) | 0]
  const amount = 0.35 + 0.65 * (1 - Math.abs(srgb / 127.5 - 1))
  return Math.min(255, Math.max(0, srgb + noise * amount + 0.5)) | 0
}

/** A table of 8192 steps: x^(1/2.4) per pixel would cost more than a ray. */
const CURVE = Float32Array.from({ length: 8192 }, (_, index) => {
  const linear = index / 8191
  return 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055)
})

/** About normal, standard deviation 1: a sum of four uniform numbers of one word. */
function gauss(word: number): number {
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24)
  return (sum - 510) / 147.8
}

/** A Gaussian, columns and rows one after the other, in place. */
function blur(values: Float32Array, { width, height, wraps }: Plane, sigma: number): void {
  const reach = Math.max(1, Math.ceil(2.5 * sigma))
  const taps = Float32Array.from({ length: 2 * reach + 1 }, (_, tap) => Math.exp(-((tap - reach) ** 2) / (2 * sigma * sigma)))
  const sum = taps.reduce((total, tap) => total + tap, 0)
  const weights = taps.map((tap) => tap / sum)
  const line = new Float32Array((Math.max(width, height) + 2 * reach) * 3)
  for (let row = 0; row < height; row++) {
    const start = row * width * 3
    for (let column = -reach; column < width + reach; column++) {
      const from = wraps ? (column + width) % width : Math.min(width - 1, Math.max(0, column))
      for (let channel = 0; channel < 3; channel++) line[(column + reach) * 3 + channel] = values[start + from * 3 + channel]
    }
    spread(line, weights, { values, start, step: 3, count: width })
  }
  for (let column = 0; column < width; column++) {
    for (let row = -reach; row < height + reach; row++) {
      const from = (Math.min(height - 1, Math.max(0, row)) * width + column) * 3
      for (let channel = 0; channel < 3; channel++) line[(row + reach) * 3 + channel] = values[from + channel]
    }
    spread(line, weights, { values, start: column * 3, step: width * 3, count: height })
  }
}

interface Line {
  readonly values: Float32Array
  readonly start: number
  readonly step: number
  readonly count: number
}

function spread(line: Float32Array, weights: Float32Array, { values, start, step, count }: Line): void {
  for (let index = 0; index < count; index++) {
    let red = 0
    let green = 0
    let blue = 0
    for (let tap = 0; tap < weights.length; tap++) {
      const from = (index + tap) * 3
      red += weights[tap] * line[from]
      green += weights[tap] * line[from + 1]
      blue += weights[tap] * line[from + 2]
    }
    values[start + index * step] = red
    values[start + index * step + 1] = green
    values[start + index * step + 2] = blue
  }
}

/** A hash to [0, 1), for those who need chance per image. */
export function chance(seed: number, stream: number): number {
  return unit(hash3(seed, stream, 0x5eed))
}
