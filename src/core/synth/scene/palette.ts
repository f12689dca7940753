/** What things are made of, style by style. Colours are written as sRGB and kept linear, as the renderer needs them. */
import type { Material, Style, Vector } from '../types.ts'
import { type Random, pick } from './draw.ts'

/** Linear RGB of "#rrggbb" (IEC 61966-2-1). */
export function linear(hex: string): Vector {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

export function scaled([r, g, b]: Vector, factor: number): Vector {
  return [r * factor, g * factor, b * factor]
}

/** A colour near this one: lightness and each channel vary by these shares. */
export function varied(random: Random, [r, g, b]: Vector, share = 0.15): Vector {
  const light = 1 + random.between(-share, share)
  const own = (value: number): number => Math.min(0.95, Math.max(0, value * light * (1 + random.between(-share, share) * 0.4)))
  return [own(r), own(g), own(b)]
}

const MATT = { pattern: 'plain', second: [0, 0, 0], scale: [1, 1], gloss: 0, emission: 0, seed: 0 } as const

export function plain(color: Vector, gloss = 0): Material {
  return { ...MATT, color, gloss }
}

export function glowing(color: Vector, emission: number): Material {
  return { ...MATT, color, emission, gloss: 0.1 }
}

export function grain(color: Vector, size: number, contrast = 0.75): Material {
  return { ...MATT, pattern: 'grain', color, second: scaled(color, contrast), scale: [size, size] }
}

export interface StylePalette {
  readonly asphalts: readonly string[]
  readonly pavings: readonly string[]
  readonly plasters: readonly string[]
  readonly bricks: readonly string[]
  readonly roofs: readonly string[]
  readonly cars: readonly string[]
  readonly clothes: readonly string[]
  readonly leaves: readonly string[]
  readonly grasses: readonly string[]
  readonly liveries: readonly string[]
  readonly poles: readonly string[]
  readonly walls: readonly string[]
  readonly fences: readonly string[]
}

const SOURCE: StylePalette = {
  asphalts: ['#55565a', '#5f5f61', '#4b4c50', '#66645f'],
  pavings: ['#8f8d88', '#9a9790', '#86827c', '#a39d92'],
  plasters: ['#d9cfb8', '#cbb994', '#e2ddd0', '#c9a98a', '#b8b3a6', '#d6c0a8', '#e8d9a8', '#a9a79f', '#c4d0c8'],
  bricks: ['#8a4b3a', '#9a5a44', '#7a4436', '#a86f52'],
  roofs: ['#7c3f30', '#5a4038', '#4a4a4e', '#8a4a36'],
  cars: ['#c9ccd0', '#1c1e22', '#8c9096', '#f0f0ee', '#2a3f66', '#8f1f22', '#44484d', '#b0b4b8', '#20445c', '#e6e6e2', '#5a1e28'],
  clothes: ['#27303f', '#40444c', '#6d6f73', '#8a2f33', '#2f4f7a', '#c9c6bf', '#1e1f22', '#55684a', '#a5895f', '#7a4d6b', '#d8d3cc', '#394f9a'],
  leaves: ['#4f6b2c', '#5a7a34', '#45602a', '#688038', '#3c5a2e'],
  grasses: ['#6c8a3c', '#7a9444', '#5e7d38'],
  liveries: ['#f2c230', '#c4262b', '#e9e7e2', '#2c5fa8', '#f0efe9', '#3f8f5f'],
  poles: ['#6f7478', '#8a8d90', '#4d5256', '#5d6a62'],
  walls: ['#a8a196', '#8f8a80', '#b9a98c', '#9c8c78'],
  fences: ['#3e4a42', '#6a5a45', '#8a8d8f', '#2c2f33', '#7a5f40'],
}

const TARGET: StylePalette = {
  asphalts: ['#6d6c6c', '#77736e', '#5c5e63', '#807a70', '#48494c'],
  pavings: ['#a79a8a', '#8d7f74', '#b3aaa0', '#9c8f86', '#77726e', '#b79c88'],
  plasters: ['#d8a878', '#e7e0c8', '#b9d0d4', '#c98f72', '#e3c9c0', '#a8b89a', '#efe9dd', '#d4b45c', '#8fa0ac', '#bf7f6a', '#f0d8b0'],
  bricks: ['#a8623c', '#6d4a42', '#b98a62', '#7f5b4c', '#94432e'],
  roofs: ['#9a5a3a', '#6b6460', '#3d434a', '#a86a48', '#57705f'],
  cars: ['#f4f4f2', '#d6d7d8', '#17181a', '#9fa3a6', '#b5121b', '#1f57a4', '#c8b48c', '#e0a41c', '#36413c', '#6f8fa3', '#7a3f1f'],
  clothes: ['#b4342f', '#e0b13a', '#2a2c33', '#3f6f8f', '#e8e4da', '#6a7f3f', '#c86f8f', '#22334f', '#8a6a4a', '#47a09a', '#777377', '#d9784a'],
  leaves: ['#6f8a2f', '#3f6f3a', '#7f8f3c', '#55803f', '#8a8a38', '#356042'],
  grasses: ['#7f9a4f', '#8f9a55', '#5f8a45', '#98945c'],
  liveries: ['#d8d9da', '#1f8a5f', '#d0452f', '#f1efe6', '#3a4fa0', '#e08a1f', '#7fb6d6'],
  poles: ['#2f3b36', '#7d8184', '#3b3d40', '#9a9c9c', '#54614f'],
  walls: ['#c4b8a4', '#8c8378', '#d3cabb', '#a47f66', '#7d8078'],
  fences: ['#2f5f45', '#8a7a60', '#a9acad', '#1d1f22', '#e4e2dc', '#9a6f45'],
}

export function paletteOf(style: Style): StylePalette {
  return style === 'source' ? SOURCE : TARGET
}

export function colorFrom(random: Random, colors: readonly string[], share = 0.15): Vector {
  return varied(random, linear(pick(random, colors)), share)
}

export const RUBBER = plain(linear('#1b1b1c'), 0.05)
export const BLACK = plain(linear('#101113'), 0.25)
export const STEEL = plain(linear('#a3a6a8'), 0.4)
export const WINDOW: Material = { ...MATT, pattern: 'glass', color: linear('#2c343b'), gloss: 0.5 }

/** Hair from black to grey. */
const HAIR = ['#14100d', '#2b1c12', '#4a3220', '#8a6a3e', '#9a9894', '#5c2f1c', '#1a1715']
const SKIN = ['#e6bf9f', '#d3a17c', '#b07a52', '#8a5a3a', '#5f3d28', '#f0d0b8']

export function skin(random: Random): Material {
  return plain(colorFrom(random, SKIN, 0.1))
}

export function hair(random: Random): Material {
  return plain(colorFrom(random, HAIR, 0.1), 0.1)
}

export function cloth(random: Random, style: Style): Material {
  return plain(colorFrom(random, paletteOf(style).clothes, 0.25))
}

/** Leaves of one tree: two greens (or, seldom, the colours of autumn). */
export function foliage(random: Random, style: Style): Material {
  const autumn = random.next() < (style === 'source' ? 0.06 : 0.15)
  const color = autumn ? varied(random, linear(pick(random, ['#a8802c', '#b0602a', '#93862f'])), 0.2) : colorFrom(random, paletteOf(style).leaves, 0.25)
  return { ...MATT, pattern: 'blotches', color, second: scaled(color, random.between(0.4, 0.65)), scale: [0.25, 0.25], seed: random.below(9999) }
}

export function bark(random: Random): Material {
  const color = colorFrom(random, ['#5a4a3a', '#6b6155', '#4a3f35', '#8a8478'])
  return { ...MATT, pattern: 'blotches', color, second: scaled(color, 0.6), scale: [0.06, 0.3], seed: random.below(9999) }
}

export function grass(random: Random, style: Style): Material {
  const color = colorFrom(random, paletteOf(style).grasses, 0.2)
  return { ...MATT, pattern: 'blotches', color, second: scaled(color, random.between(0.55, 0.75)), scale: [0.4, 0.4], seed: random.below(9999) }
}

export function earth(random: Random): Material {
  const color = colorFrom(random, ['#7a6248', '#6a5540', '#8f7a5c'])
  return { ...MATT, pattern: 'blotches', color, second: scaled(color, 0.65), scale: [0.2, 0.2], seed: random.below(9999) }
}

export function paving(random: Random, style: Style): Material {
  const color = colorFrom(random, paletteOf(style).pavings, 0.15)
  const size = style === 'source' ? pick(random, [0.5, 0.6, 0.4]) : pick(random, [0.12, 0.25, 0.3, 0.8])
  return { ...MATT, pattern: 'paving', color, second: scaled(color, style === 'source' ? 0.7 : 0.55), scale: [size, size * pick(random, [1, 1, 0.5])], seed: random.below(9999) }
}

export function bricks(random: Random, style: Style): Material {
  const color = colorFrom(random, paletteOf(style).bricks)
  return { ...MATT, pattern: 'bricks', color, second: scaled(linear('#b8b0a4'), random.between(0.5, 0.9)), scale: style === 'source' ? [0.25, 0.075] : [0.3, 0.11], seed: random.below(9999) }
}

/** Free-standing walls: stone, brick or plaster. */
export function masonry(random: Random, style: Style): Material {
  const kind = random.next()
  if (kind < 0.35) return bricks(random, style)
  const color = colorFrom(random, paletteOf(style).walls)
  if (kind < 0.7) return { ...MATT, pattern: 'bricks', color, second: scaled(color, 0.6), scale: [random.between(0.4, 0.8), random.between(0.2, 0.4)], seed: random.below(9999) }
  return { ...grain(color, 0.05, 0.85), seed: random.below(9999) }
}
