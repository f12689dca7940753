/** Free-standing walls and fences along a line. */
import type { Material, Style } from '../types.ts'
import { FENCE, WALL } from './classes.ts'
import { type Random, chance, pick } from './draw.ts'
import { STEEL, colorFrom, grain, linear, masonry, paletteOf, plain, scaled } from './palette.ts'
import type { Place, SceneWriter } from './writer.ts'

/** Along the z of its place, from -halfLength to halfLength, metres. */
export interface Line extends Place {
  readonly halfLength: number
  readonly height: number
}

export interface Yard {
  readonly writer: SceneWriter
  readonly style: Style
}

export function addWall(random: Random, { writer, style }: Yard, { halfLength, height, ...place }: Line): void {
  const wall = writer.thing(WALL, place)
  wall.box(masonry(random, style), [0, height / 2, 0], [0.14, height / 2, halfLength])
  const coping = grain(linear('#8d887f'), 0.05, 0.8)
  if (chance(random, 0.7)) wall.box(coping, [0, height + 0.04, 0], [0.2, 0.05, halfLength + 0.03])
  if (chance(random, 0.4)) {
    const piers = Math.max(1, Math.round(halfLength / 2))
    for (let pier = 0; pier <= piers; pier++) wall.box(coping, [0, height / 2 + 0.1, -halfLength + (pier / piers) * 2 * halfLength], [0.22, height / 2 + 0.1, 0.22])
  }
}

export type FenceKind = 'boards' | 'bars' | 'rails' | 'hoarding'

export function addFence(random: Random, { writer, style }: Yard, { halfLength, height, kind = pick(random, ['boards', 'bars', 'rails', 'hoarding'] as const), ...place }: Line & { kind?: FenceKind }): void {
  const fence = writer.thing(FENCE, place)
  const color = colorFrom(random, paletteOf(style).fences, 0.2)
  const metal = plain(color, 0.15)
  const panel = (pattern: Material['pattern'], scale: readonly [number, number], options: readonly number[]): Material => ({
    pattern, color, second: scaled(color, 0.7), scale, gloss: 0.05, emission: 0, seed: random.below(9999), options,
  })
  const posts = Math.max(1, Math.round(halfLength / (kind === 'rails' ? 0.9 : 1.2)))
  const postAt = (post: number): number => -halfLength + (post / posts) * 2 * halfLength
  const postRadius = kind === 'hoarding' || kind === 'boards' ? 0.06 : 0.035
  for (let post = 0; post <= posts; post++) fence.tube(kind === 'rails' ? STEEL : metal, { from: [0, 0, postAt(post)], to: [0, height + 0.05, postAt(post)], radius: postRadius })
  if (kind === 'rails') {
    for (const share of [0.35, 0.68, 1]) fence.tube(metal, { from: [0, height * share, -halfLength], to: [0, height * share, halfLength], radius: share === 1 ? 0.04 : 0.03 })
    return
  }
  if (kind === 'bars') {
    fence.box(panel('boards', [random.between(0.1, 0.16), 1], [random.between(0.6, 0.75), 1]), [0, height / 2 + 0.08, 0], [0.012, height / 2 - 0.05, halfLength])
    for (const y of [0.16, height - 0.08]) fence.tube(metal, { from: [0, y, -halfLength], to: [0, y, halfLength], radius: 0.025 })
    return
  }
  const gap = kind === 'boards' ? random.between(0.12, 0.4) : 0.03
  fence.box(panel('boards', [kind === 'boards' ? random.between(0.12, 0.2) : 0.6, 1], [gap, kind === 'boards' ? 1 : 0]), [0, height / 2 + 0.05, 0], [0.025, height / 2, halfLength])
  fence.tube(metal, { from: [0, height * 0.8, -halfLength], to: [0, height * 0.8, halfLength], radius: 0.035 })
}
