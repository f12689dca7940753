/** What the shapes of a collage are filled with: colours as functions of the pixel. */
import type { Random } from '../../networks/random.ts'
import { blotchNoise, hash, valueNoise } from './noise.ts'
import { between, pick, scaleBetween } from './outlines.ts'

/** sRGB, 0..255 */
export type Color = readonly [red: number, green: number, blue: number]

/** Writes the colour of a pixel into `out`, three numbers. */
export type Surface = (x: number, y: number, out: Float32Array) => void

/** How much of the second colour a pixel has, 0..1. */
type Mix = (x: number, y: number) => number

/** Colours that go together: a few hues, mostly pale. */
export function drawPalette(random: Random): readonly Color[] {
  const count = 3 + Math.floor(random.uniform() * 5)
  const [vivid, lightest] = [random.uniform() ** 2, between(random, [0.6, 1])]
  return Array.from({ length: count }, () => {
    const [hue, saturation, value] = [random.uniform(), random.uniform() ** 1.5 * (0.35 + 0.65 * vivid), lightest * (0.1 + 0.9 * random.uniform() ** 0.8)]
    return fromHsv(hue, saturation, value)
  })
}

/** One of the palette's colours, a little changed. */
export function drawColor(random: Random, palette: readonly Color[], spread = 40): Color {
  const [red, green, blue] = pick(random, palette)
  const shade = spread * random.normal()
  const tint = () => 0.3 * spread * random.normal()
  return [clamp(red + shade + tint()), clamp(green + shade + tint()), clamp(blue + shade + tint())]
}

/** A surface of a colour. `size`: of what it fills, pixels, which patterns are scaled to. */
export function drawSurface(random: Random, { color, size }: { readonly color: Color; readonly size: number }): Surface {
  const second = drawColor(random, [color], between(random, [5, 60]))
  const mix = pick(random, PATTERNS)(random, size)
  const light = drawLight(random, size)
  const [grain, seed] = [random.uniform() < 0.4 ? between(random, [2, 22]) : 0, newSeed(random)]
  return (x, y, out) => {
    const [share, factor] = [mix(x, y), light(x, y)]
    const noise = grain === 0 ? 0 : grain * (2 * hash(x, y, seed) - 1)
    for (let channel = 0; channel < 3; channel++) {
      const first = color[channel]
      out[channel] = (first + (second[channel] - first) * share) * factor + noise
    }
  }
}

type Pattern = (random: Random, size: number) => Mix

const PATTERNS: readonly Pattern[] = [plain, plain, plain, gradient, gradient, blotches, blotches, blotches, stripes, bricks, tiles, spots, streaks]

function plain(): Mix {
  return () => 0
}

function gradient(random: Random, size: number): Mix {
  const { across } = axes(random)
  const [length, phase] = [size * between(random, [0.7, 3]), random.uniform()]
  return (x, y) => Math.min(1, Math.abs((((across(x, y) / length + phase) % 2) + 2) % 2 - 1))
}

function blotches(random: Random, size: number): Mix {
  const [scale, seed, sharp] = [scaleBetween(random, [2, Math.max(3, size / 2)]), newSeed(random), between(random, [1, 4])]
  return (x, y) => Math.min(1, Math.max(0, 0.5 + sharp * (blotchNoise(x / scale, y / scale, seed) - 0.5)))
}

function stripes(random: Random): Mix {
  const { across } = axes(random)
  const [period, share] = [scaleBetween(random, [3, 24]), between(random, [0.2, 0.8])]
  return (x, y) => (modulo(across(x, y), period) < share * period ? 1 : 0)
}

function bricks(random: Random): Mix {
  const [height, ratio] = [scaleBetween(random, [3, 12]), between(random, [1.5, 3])]
  const [width, joint] = [height * ratio, Math.max(1, 0.15 * height)]
  return (x, y) => {
    const row = Math.floor(y / height)
    return y - row * height < joint || modulo(x + (row % 2) * (width / 2), width) < joint ? 1 : 0
  }
}

function tiles(random: Random): Mix {
  const { across, along } = axes(random)
  const [period, joint] = [scaleBetween(random, [5, 30]), between(random, [1, 2])]
  return (x, y) => (modulo(across(x, y), period) < joint || modulo(along(x, y), period) < joint ? 1 : 0)
}

function spots(random: Random): Mix {
  const [period, radius, seed] = [scaleBetween(random, [4, 20]), between(random, [0.15, 0.4]), newSeed(random)]
  return (x, y) => {
    const [column, row] = [Math.floor(x / period), Math.floor(y / period)]
    const [u, v] = [x / period - column - 0.3 - 0.4 * hash(column, row, seed), y / period - row - 0.3 - 0.4 * hash(column, row, seed + 1)]
    return u * u + v * v < radius * radius ? 1 : 0
  }
}

/** Noise that is drawn out in one direction: wood, rain on a wall, brushed metal. */
function streaks(random: Random): Mix {
  const { across, along } = axes(random)
  const [scale, long, seed] = [between(random, [1, 4]), between(random, [8, 60]), newSeed(random)]
  return (x, y) => valueNoise(across(x, y) / scale, along(x, y) / long, seed)
}

/** Light that falls off over the shape, or none. */
function drawLight(random: Random, size: number): Mix {
  if (random.uniform() < 0.4) return () => 1
  const { across } = axes(random)
  const [strength, length, phase] = [between(random, [0.05, 0.45]), 2 * size, 2 * Math.PI * random.uniform()]
  return (x, y) => 1 + strength * Math.sin((Math.PI * across(x, y)) / length + phase)
}

/** Coordinates of a direction and of the one across it; often those of the image. */
function axes(random: Random): { readonly across: Mix; readonly along: Mix } {
  const angle = random.uniform() < 0.6 ? (Math.floor(random.uniform() * 2) * Math.PI) / 2 : Math.PI * random.uniform()
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return { across: (x, y) => x * cos + y * sin, along: (x, y) => y * cos - x * sin }
}

function newSeed(random: Random): number {
  return Math.floor(random.uniform() * 2 ** 31)
}

function modulo(value: number, period: number): number {
  return value - Math.floor(value / period) * period
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, value))
}

function fromHsv(hue: number, saturation: number, value: number): Color {
  const channel = (shift: number) => {
    const k = (shift + 6 * hue) % 6
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)))
  }
  return [channel(5), channel(3), channel(1)]
}
