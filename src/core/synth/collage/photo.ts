/** What a camera makes of a collage: light over the whole image, blur, colours, noise. */
import type { Random } from '../../networks/random.ts'
import { hash } from './noise.ts'
import { between } from './outlines.ts'

/** 8-bit sRGB of an image in floats, three numbers per pixel. */
export function finishPhoto(random: Random, { rgb, size }: { readonly rgb: Float32Array; readonly size: number }): Uint8Array<ArrayBuffer> {
  blur(rgb, size, random.uniform() < 0.2 ? between(random, [0.8, 1.6]) : between(random, [0.35, 0.8]))
  const [angle, fall] = [2 * Math.PI * random.uniform(), random.uniform() < 0.5 ? 0 : between(random, [0, 0.6])]
  const [dx, dy] = [(fall * Math.cos(angle)) / size, (fall * Math.sin(angle)) / size]
  const [contrast, brightness] = [between(random, [0.55, 1.15]), between(random, [-25, 25])]
  const gains = [0, 1, 2].map(() => contrast * between(random, [0.92, 1.08]))
  const noise = random.uniform() < 0.3 ? 0 : 7 * random.uniform() ** 2
  const seed = Math.floor(random.uniform() * 2 ** 31)
  const result = new Uint8Array(rgb.length)
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const light = 1 + dx * (x - size / 2) + dy * (y - size / 2)
      for (let channel = 0; channel < 3; channel++, at++) {
        // the sum of two uniform numbers is nearly normal, and its deviation 0.41
        const grain = noise === 0 ? 0 : 2.45 * noise * (hash(x, 3 * y + channel, seed) + hash(x, 3 * y + channel, seed + 1) - 1)
        const value = 128 + (light * rgb[at] - 128) * gains[channel] + brightness + grain
        result[at] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5
      }
    }
  }
  return result
}

/** A Gaussian blur of this deviation, pixels, in place; the border's pixels go on beyond it. */
function blur(rgb: Float32Array, size: number, deviation: number): void {
  const radius = Math.ceil(2.5 * deviation)
  const weights = Float32Array.from({ length: radius + 1 }, (_, at) => Math.exp(-(at * at) / (2 * deviation * deviation)))
  const sum = weights.reduce((total, weight, at) => total + (at === 0 ? weight : 2 * weight), 0)
  const line = new Float32Array(size + 2 * radius)
  for (const [step, stride] of [[3, 3 * size], [3 * size, 3]] as const) {
    for (let row = 0; row < size; row++) {
      for (let channel = 0; channel < 3; channel++) {
        const start = row * stride + channel
        for (let at = 0; at < size; at++) line[radius + at] = rgb[start + at * step] / sum
        line.fill(line[radius], 0, radius)
        line.fill(line[radius + size - 1], radius + size)
        for (let at = 0; at < size; at++) {
          const centre = at + radius
          let value = weights[0] * line[centre]
          for (let tap = 1; tap <= radius; tap++) value += weights[tap] * (line[centre - tap] + line[centre + tap])
          rgb[start + at * step] = value
        }
      }
    }
  }
}
