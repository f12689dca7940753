/** Trees, bushes and hedges. */
import type { Style } from '../types.ts'
import { TERRAIN, VEGETATION } from './classes.ts'
import { type Random, chance, whole } from './draw.ts'
import { bark, earth, foliage } from './palette.ts'
import { KERB } from './street-plan.ts'
import type { Place, SceneWriter } from './writer.ts'

export interface Garden {
  readonly writer: SceneWriter
  readonly style: Style
}

/** A tree: trunk, two or three branches, a crown of several leafy balls. `height` in metres. */
export function addTree(random: Random, { writer, style }: Garden, { height, ...place }: Place & { height: number }): void {
  const tree = writer.thing(VEGETATION, { ...place, yaw: random.between(0, 6.28) })
  const wood = bark(random)
  const green = foliage(random, style)
  const conifer = chance(random, 0.1)
  const radius = height * random.between(0.016, 0.024)
  const fork = Math.max(2.4, height * random.between(0.32, 0.42))
  tree.tube(wood, { from: [0, 0, 0], to: [0, conifer ? height * 0.9 : fork + 0.6, 0], radius: radius * 1.25, radiusTo: radius * (conifer ? 0.2 : 0.8) })
  if (conifer) {
    for (let tier = 0; tier < 5; tier++) {
      const y = height * (0.3 + tier * 0.155)
      const wide = height * 0.19 * (1 - tier * 0.19)
      tree.leaves(green, { centre: [0, y, 0], radii: [wide, height * 0.12, wide], cover: 0.8 })
    }
    return
  }
  const reach = height * random.between(0.24, 0.33)
  for (let branch = 0, count = whole(random, 2, 3); branch < count; branch++) {
    const angle = (branch / count) * 6.28 + random.between(-0.5, 0.5)
    tree.tube(wood, { from: [0, fork, 0], to: [Math.sin(angle) * reach * 0.7, fork + height * 0.24, Math.cos(angle) * reach * 0.7], radius: radius * 0.6, radiusTo: radius * 0.25 })
  }
  const middle = fork + (height - fork) * 0.52
  const cover = random.between(0.72, 0.92)
  tree.leaves(green, { centre: [0, middle + reach * 0.35, 0], radii: [reach * 0.85, (height - fork) * 0.46, reach * 0.85], cover })
  for (let ball = 0, count = Math.abs(place.z) > 36 ? 3 : whole(random, 4, 7); ball < count; ball++) {
    const angle = (ball / count) * 6.28 + random.between(-0.4, 0.4)
    const out = reach * random.between(0.5, 0.75)
    const size = reach * random.between(0.45, 0.65)
    const y = Math.max(fork + size * 0.55, middle + random.between(-0.28, 0.3) * (height - fork))
    tree.leaves(green, { centre: [Math.sin(angle) * out, y, Math.cos(angle) * out], radii: [size, size * random.between(0.75, 0.95), size], cover: Math.min(0.95, cover * random.between(0.9, 1.05)) })
  }
}

/** A tree in a pit of soil in the pavement. */
export function addStreetTree(random: Random, garden: Garden, place: Place & { height: number }): void {
  const soil = garden.writer.stuff(TERRAIN)
  soil.box(earth(random), [place.x, KERB / 2 + 0.01, place.z], [0.6, KERB / 2 + 0.01, 0.6])
  addTree(random, garden, place)
}

export function addBush(random: Random, { writer, style }: Garden, place: Place): void {
  const bush = writer.thing(VEGETATION, place)
  const green = foliage(random, style)
  for (let ball = 0, count = whole(random, 2, 4); ball < count; ball++) {
    const size = random.between(0.4, 0.75)
    bush.leaves(green, { centre: [random.between(-0.5, 0.5), size * 0.8, random.between(-0.5, 0.5)], radii: [size, size, size], cover: random.between(0.8, 0.95) })
  }
}

/** A clipped hedge along z of that half length; `height` in metres. */
export function addHedge(random: Random, { writer, style }: Garden, { halfLength, height, ...place }: Place & { halfLength: number; height: number }): void {
  const hedge = writer.thing(VEGETATION, place)
  const green = foliage(random, style)
  if (chance(random, 0.5)) {
    hedge.box(green, [0, height / 2, 0], [0.3, height / 2, halfLength])
    return
  }
  const count = Math.max(1, Math.round(halfLength / 0.9))
  for (let ball = 0; ball < count; ball++) {
    const z = -halfLength + ((ball + 0.5) / count) * 2 * halfLength
    hedge.leaves(green, { centre: [0, height * 0.5, z], radii: [0.42, height * random.between(0.48, 0.56), (halfLength / count) * 1.5], cover: 0.93 })
  }
}
