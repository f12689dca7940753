/** People on foot and in the saddle. Frame: middle of the feet (of the vehicle, for riders) on the ground, z ahead. */
import type { Material, Style, Vector } from '../types.ts'
import { PERSON, RIDER } from './classes.ts'
import { type Random, chance, pick } from './draw.ts'
import { cloth, colorFrom, hair, linear, plain, skin } from './palette.ts'
import type { Brush, Place, SceneWriter } from './writer.ts'

export interface Crowd {
  readonly writer: SceneWriter
  readonly style: Style
  /** umbrellas are out */
  readonly raining: boolean
}

interface Clothes {
  readonly top: Material
  readonly trousers: Material
  readonly shoes: Material
  readonly skin: Material
  readonly hair: Material
}

function dress(random: Random, style: Style): Clothes {
  return {
    top: cloth(random, style),
    trousers: plain(colorFrom(random, ['#2a3346', '#1f2023', '#5c5a55', '#3b4c6b', '#8a7a60', '#3a3b40'], 0.25)),
    shoes: plain(linear(pick(random, ['#1a1816', '#e0deda', '#4a3526', '#6b2222']))),
    skin: skin(random),
    hair: hair(random),
  }
}

/** A person who stands or walks; `height` in metres, drawn where it is left out. */
export function addPerson(random: Random, { writer, style, raining }: Crowd, { height, ...place }: Place & { height?: number }): void {
  const child = height === undefined && chance(random, 0.1)
  const tall = height ?? (child ? random.between(1.05, 1.45) : random.between(1.55, 1.92))
  const person = writer.thing(PERSON, place)
  const clothes = dress(random, style)
  const s = tall / 1.75
  const wide = random.between(0.92, 1.18)
  const stride = chance(random, 0.65) ? random.between(0.12, 0.3) : random.between(0, 0.05)
  const skirt = chance(random, 0.15)
  const v = (x: number, y: number, z: number): Vector => [x * s * wide, y * s, z * s]
  for (const sign of [-1, 1]) {
    const foot = sign * stride
    const leg = skirt ? clothes.skin : clothes.trousers
    person.tube(leg, { from: v(sign * 0.09, 0.9, 0), to: v(sign * 0.1, 0.48, foot * 0.6 + 0.03), radius: 0.085 * s, radiusTo: 0.065 * s })
    person.tube(leg, { from: v(sign * 0.1, 0.5, foot * 0.6 + 0.03), to: v(sign * 0.1, 0.07, foot), radius: 0.065 * s, radiusTo: 0.05 * s })
    person.ball(clothes.shoes, v(sign * 0.1, 0.05, foot + 0.05), [0.055 * s, 0.055 * s, 0.14 * s])
    const hand = -sign * stride * 0.9
    const sleeve = chance(random, 0.75) ? clothes.top : clothes.skin
    person.tube(clothes.top, { from: v(sign * 0.21, 1.4, 0), to: v(sign * 0.25, 1.12, hand * 0.5 - 0.03), radius: 0.058 * s, radiusTo: 0.05 * s })
    person.tube(sleeve, { from: v(sign * 0.25, 1.14, hand * 0.5 - 0.03), to: v(sign * 0.25, 0.86, hand + 0.03), radius: 0.048 * s, radiusTo: 0.038 * s })
    person.ball(clothes.skin, v(sign * 0.25, 0.82, hand + 0.04), [0.045 * s, 0.06 * s, 0.05 * s])
  }
  if (skirt) person.tube(chance(random, 0.5) ? clothes.top : clothes.trousers, { from: v(0, 1, 0), to: v(0, 0.5, 0), radius: 0.15 * s, radiusTo: 0.26 * s })
  const coat = !skirt && chance(random, 0.3)
  person.tube(clothes.top, { from: v(0, coat ? 0.62 : 0.86, 0), to: v(0, 1.3, 0), radius: 0.165 * s * wide, radiusTo: 0.175 * s * wide })
  person.ball(clothes.top, v(0, 1.32, 0), [0.23 * s * wide, 0.16 * s, 0.14 * s])
  addHead(person, clothes, { at: v(0, 1.62, 0.01), s, helmet: undefined })
  if (chance(random, 0.3)) person.box(cloth(random, style), v(0, 1.2, -0.24), [0.15 * s, 0.22 * s, 0.09 * s])
  else if (chance(random, 0.25)) person.box(cloth(random, style), v(0.3, 0.75, 0), [0.05 * s, 0.14 * s, 0.16 * s])
  if (raining && chance(random, 0.5)) {
    person.tube(plain(linear('#222222')), { from: v(0.2, 1.2, 0.2), to: v(0.1, 2.15, 0.1), radius: 0.012 })
    person.tube(cloth(random, style), { from: v(0.1, 1.95, 0.1), to: v(0.1, 2.2, 0.1), radius: 0.52, radiusTo: 0.04 })
  }
}

function addHead(brush: Brush, clothes: Clothes, { at, s, helmet }: { at: Vector; s: number; helmet: Material | undefined }): void {
  const [x, y, z] = at
  brush.tube(clothes.skin, { from: [x, y - 0.2 * s, z - 0.01], to: [x, y - 0.05 * s, z], radius: 0.055 * s })
  brush.ball(clothes.skin, at, [0.085 * s, 0.115 * s, 0.1 * s])
  if (helmet) brush.ball(helmet, [x, y + 0.04 * s, z - 0.015 * s], [0.11 * s, 0.1 * s, 0.13 * s])
  else brush.ball(clothes.hair, [x, y + 0.03 * s, z - 0.025 * s], [0.095 * s, 0.105 * s, 0.1 * s])
}

/** How a rider sits: heights and distances along z, metres. */
export interface Saddle {
  readonly seat: readonly [y: number, z: number]
  readonly pedal: readonly [y: number, z: number]
  readonly handle: readonly [y: number, z: number]
  /** how far the chest leans ahead of the seat */
  readonly lean: number
  /** half width between the knees */
  readonly knees: number
  readonly fullHelmet: boolean
}

export function addRider(random: Random, { writer, style }: Crowd, { saddle, ...place }: Place & { saddle: Saddle }): void {
  const rider = writer.thing(RIDER, place)
  const clothes = dress(random, style)
  const { seat: [seatY, seatZ], pedal, handle, lean, knees } = saddle
  const chest: Vector = [0, seatY + 0.52, seatZ + lean]
  const turn = random.between(-0.09, 0.09)
  for (const sign of [-1, 1]) {
    const footY = pedal[0] + sign * turn
    const knee: Vector = [sign * knees, (seatY + footY) / 2 + 0.1 + sign * turn * 0.6, Math.max(seatZ, pedal[1]) + 0.2]
    rider.tube(clothes.trousers, { from: [sign * 0.09, seatY + 0.03, seatZ], to: knee, radius: 0.09, radiusTo: 0.068 })
    rider.tube(clothes.trousers, { from: knee, to: [sign * (knees - 0.02), footY + 0.05, pedal[1]], radius: 0.066, radiusTo: 0.048 })
    rider.ball(clothes.shoes, [sign * (knees - 0.02), footY + 0.03, pedal[1] + 0.06], [0.05, 0.05, 0.13])
    const elbow: Vector = [sign * 0.29, (chest[1] + handle[0]) / 2 - 0.03, (chest[2] + handle[1]) / 2 - 0.03]
    rider.tube(clothes.top, { from: [sign * 0.2, chest[1] + 0.06, chest[2]], to: elbow, radius: 0.06, radiusTo: 0.05 })
    rider.tube(clothes.top, { from: elbow, to: [sign * 0.26, handle[0] + 0.02, handle[1]], radius: 0.05, radiusTo: 0.04 })
    rider.ball(clothes.skin, [sign * 0.26, handle[0] + 0.03, handle[1]], [0.045, 0.045, 0.05])
  }
  rider.tube(clothes.top, { from: [0, seatY, seatZ - 0.02], to: chest, radius: 0.16, radiusTo: 0.19 })
  rider.ball(clothes.top, [0, chest[1] + 0.03, chest[2]], [0.23, 0.14, 0.14])
  const helmet = saddle.fullHelmet || chance(random, 0.4) ? plain(linear(pick(random, ['#e8e8e6', '#1b1c1e', '#b3121a', '#2c5fa8', '#d9c22a'])), 0.4) : undefined
  const head: Vector = [0, chest[1] + 0.33, chest[2] + 0.05]
  addHead(rider, clothes, { at: head, s: 1, helmet })
  if (saddle.fullHelmet && helmet) rider.ball(helmet, head, [0.135, 0.15, 0.15])
  if (chance(random, 0.3)) rider.at({ x: 0, z: 0 }).box(cloth(random, style), [0, chest[1] - 0.08, chest[2] - 0.28], [0.16, 0.2, 0.09])
}
