/** Houses: a body with a facade, and what stands out of it: cornices, balconies, doors, shop fronts, roofs. All of it is class building. */
import type { Material, Style, Vector } from '../types.ts'
import { BUILDING } from './classes.ts'
import { type Random, chance, pick, whole } from './draw.ts'
import { BLACK, WINDOW, bricks, colorFrom, grain, linear, paletteOf, plain, scaled, varied } from './palette.ts'
import type { Brush, Place, SceneWriter } from './writer.ts'

export interface Quarter {
  readonly writer: SceneWriter
  readonly style: Style
  /** share of windows with light */
  readonly litWindows: number
}

/** Frame: middle of the front at the ground, z out of the house towards the street. */
export interface House extends Place {
  readonly width: number
  readonly depth: number
  readonly floors: number
  /** parts that stand out are drawn only where they can be seen */
  readonly near: boolean
  readonly roof: 'flat' | 'along' | 'across'
  readonly shops: boolean
}

const FLOOR = 3.1

export function addHouse(random: Random, { writer, style, litWindows }: Quarter, house: House): void {
  const { width, depth, floors, near, roof, shops, ...place } = house
  const brush = writer.thing(BUILDING, place)
  const ground = shops ? random.between(3.4, 4.2) : 0
  const floor = FLOOR * random.between(0.95, 1.1)
  const height = ground + (floors - (shops ? 1 : 0)) * floor
  const brick = chance(random, style === 'source' ? 0.22 : 0.18)
  const color = colorFrom(random, brick ? paletteOf(style).bricks : paletteOf(style).plasters, 0.12)
  const wall = drawFacade(random, { style, color, litWindows, ground, floor })
  brush.box(wall, [0, height / 2, -depth / 2], [width / 2, height / 2, depth / 2])
  const trim = grain(varied(random, linear(pick(random, style === 'source' ? ['#cfc8b8', '#b8b0a0', '#8f8a80'] : ['#e8e2d4', '#a89888', '#6f6a66']))), 0.06, 0.88)
  brush.box(trim, [0, height - 0.12, -depth / 2], [width / 2 + 0.05, 0.16, depth / 2 + 0.22])
  addRoof(random, brush, { style, width, depth, height, roof, near })
  if (!near) return
  brush.box(brick ? trim : grain(scaled(color, 0.55), 0.06, 0.85), [0, 0.35, 0.02], [width / 2, 0.35, 0.05])
  if (shops) addShops(random, brush, { width, ground, style, lit: litWindows > 0.08 })
  else addDoor(random, brush, random.between(-width / 2 + 1.2, width / 2 - 1.2))
  if (chance(random, 0.5)) brush.box(trim, [0, ground + floor * (shops ? 0 : 1), 0.02], [width / 2 + 0.02, 0.1, 0.09])
  if (chance(random, 0.4)) for (const sign of [-1, 1]) brush.box(trim, [sign * (width / 2 - 0.2), height / 2, 0.02], [0.2, height / 2, 0.07])
  if (floors >= 3 && chance(random, 0.5)) addBalconies(random, brush, { width, ground: ground || floor, floor, floors: floors - 1, trim, style })
  if (chance(random, 0.35)) brush.tube(plain(linear('#6f7274'), 0.2), { from: [width / 2 - 0.15, 0, 0.12], to: [width / 2 - 0.15, height, 0.12], radius: 0.06 })
}

function drawFacade(random: Random, { style, color, litWindows, ground, floor }: { style: Style; color: Vector; litWindows: number; ground: number; floor: number }): Material {
  const source = style === 'source'
  const office = chance(random, source ? 0.18 : 0.25)
  const cell = office ? random.between(1.4, 2) : source ? random.between(2.2, 3) : random.between(2.8, 4.2)
  const share = office ? [random.between(0.75, 0.9), random.between(0.5, 0.65)] : source ? [random.between(0.36, 0.48), random.between(0.48, 0.6)] : [random.between(0.3, 0.58), random.between(0.36, 0.55)]
  return {
    pattern: 'facade', color, second: linear(pick(random, ['#2a333c', '#37424a', '#1f262d', '#46525a'])),
    scale: [cell, floor], gloss: 0.05, emission: 0, seed: random.below(99999), options: [share[0], share[1], litWindows, ground],
  }
}

function addRoof(random: Random, brush: Brush, { style, width, depth, height, roof, near }: { style: Style; width: number; depth: number; height: number; roof: House['roof']; near: boolean }): void {
  const tiles: Material = { ...grain(colorFrom(random, paletteOf(style).roofs, 0.15), 0.2, 0.7), pattern: 'stripes', scale: [0.3, 0.28] }
  if (roof === 'flat') {
    const rim = grain(linear('#8f8c86'), 0.06, 0.85)
    brush.box(rim, [0, height + 0.3, -depth / 2], [width / 2 - 0.02, 0.3, depth / 2 - 0.02])
    if (near && chance(random, 0.5)) brush.box(plain(linear('#7d8284')), [random.between(-0.25, 0.25) * width, height + 1.3, -depth * 0.4], [random.between(0.8, 2), 1, 1.4])
    return
  }
  const rise = random.between(0.35, 0.55) * (roof === 'along' ? depth : width) * 0.8
  const up: Vector = [0, height + rise / 2, -depth / 2]
  if (roof === 'along') brush.gableAcross(tiles, up, [width / 2 + 0.1, rise / 2, depth / 2 + 0.35])
  else brush.gable(tiles, up, [width / 2 + 0.25, rise / 2, depth / 2 + 0.3])
  const chimney = bricks(random, style)
  for (let count = whole(random, 0, 2); count > 0; count--) brush.box(chimney, [random.between(-0.35, 0.35) * width, height + rise * 0.75, -depth * random.between(0.3, 0.6)], [0.3, rise * 0.5 + 0.3, 0.3])
  if (!near || roof !== 'along') return
  const dormers = Math.floor(width / random.between(3, 5))
  if (!chance(random, 0.6)) return
  for (let dormer = 0; dormer < dormers; dormer++) {
    const x = -width / 2 + ((dormer + 0.5) / dormers) * width
    brush.box(plain(linear('#cfcac0')), [x, height + rise * 0.25, -depth * 0.16], [0.65, 0.75, 0.9])
    brush.box(WINDOW, [x, height + rise * 0.25, -depth * 0.16 + 0.9], [0.45, 0.5, 0.03])
    brush.gable(tiles, [x, height + rise * 0.25 + 1.05, -depth * 0.16], [0.8, 0.3, 1.05])
  }
}

function addShops(random: Random, brush: Brush, { width, ground, style, lit }: { width: number; ground: number; style: Style; lit: boolean }): void {
  const shops = Math.max(1, Math.round(width / random.between(5, 8)))
  const wide = width / shops
  for (let shop = 0; shop < shops; shop++) {
    const x = -width / 2 + (shop + 0.5) * wide
    const board = plain(colorFrom(random, paletteOf(style).clothes, 0.2), 0.1)
    brush.box(board, [x, ground - 0.35, 0.05], [wide / 2 - 0.15, 0.28, 0.07])
    brush.box(lit && chance(random, 0.7) ? { ...WINDOW, emission: random.between(0.35, 0.75), seed: Math.round(1000 * x) } : WINDOW, [x - wide * 0.1, (ground - 0.7) / 2 + 0.25, 0.04], [wide * 0.32, (ground - 0.7) / 2 - 0.25, 0.03])
    brush.box(BLACK, [x + wide * 0.36, 1.1, 0.05], [0.5, 1.1, 0.03])
    if (!chance(random, 0.4)) continue
    const awning: Material = { ...plain(colorFrom(random, paletteOf(style).liveries, 0.2)), pattern: 'boards', second: linear('#e8e6e0'), scale: [0.5, 1], options: [0.5, 0] }
    brush.gableAcross(awning, [x, ground - 0.85, 0.1], [wide / 2 - 0.3, 0.25, random.between(0.8, 1.3)])
  }
}

function addDoor(random: Random, brush: Brush, x: number): void {
  const wood = plain(linear(pick(random, ['#4a3020', '#2f3f35', '#5f1f1f', '#26303f', '#7d6a50'])), 0.1)
  brush.box(grain(linear('#a39c90'), 0.06), [x, 1.25, 0.03], [0.68, 1.25, 0.05])
  brush.box(wood, [x, 1.1, 0.06], [0.5, 1.1, 0.05])
  brush.box(grain(linear('#8f8b84'), 0.06), [x, 0.08, 0.35], [0.8, 0.09, 0.35])
}

function addBalconies(random: Random, brush: Brush, { width, ground, floor, floors, trim, style }: { width: number; ground: number; floor: number; floors: number; trim: Material; style: Style }): void {
  const columns = whole(random, 1, Math.max(1, Math.floor(width / 5)))
  const solid = chance(random, style === 'source' ? 0.3 : 0.55)
  const rail: Material = solid
    ? trim
    : { ...plain(linear(pick(random, ['#1f2124', '#5f6366', '#2f4a3a'])), 0.2), pattern: 'boards', second: [0, 0, 0], scale: [0.12, 1], options: [0.7, 1] }
  for (let column = 0; column < columns; column++) {
    const x = -width / 2 + ((column + 0.5) / columns) * width
    for (let level = 0; level < floors; level++) {
      const y = ground + level * floor
      brush.box(trim, [x, y - 0.05, 0.55], [1.3, 0.08, 0.6])
      brush.box(rail, [x, y + 0.5, 1.12], [1.3, 0.5, 0.03])
      for (const sign of [-1, 1]) brush.box(rail, [x + sign * 1.28, y + 0.5, 0.6], [0.03, 0.5, 0.55])
    }
  }
}

/** A plain block far off that closes the view. */
export function addBlock(random: Random, quarter: Quarter, place: Place & { width: number; depth: number }): void {
  addHouse(random, quarter, { ...place, floors: whole(random, 3, 7), near: false, roof: chance(random, 0.5) ? 'flat' : 'along', shops: false })
}
