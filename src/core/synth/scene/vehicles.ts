/** Cars and vans. A vehicle's frame: middle of its footprint on the road, z towards its front. */
import type { Material, Style } from '../types.ts'
import { CAR } from './classes.ts'
import { type Random, chance } from './draw.ts'
import { BLACK, RUBBER, WINDOW, colorFrom, glowing, linear, paletteOf, plain } from './palette.ts'
import type { Brush, Place, SceneWriter } from './writer.ts'

export interface Traffic {
  readonly writer: SceneWriter
  readonly style: Style
  readonly lampsOn: boolean
}

export interface Wheels {
  /** half width of the vehicle */
  readonly half: number
  readonly radius: number
  /** where the axles are along z */
  readonly axles: readonly number[]
  /** arches, hubs and caps are drawn only from close by */
  readonly near: boolean
}

export function addWheels(brush: Brush, { half, radius, axles, near }: Wheels): void {
  for (const z of axles) {
    for (const sign of [-1, 1]) {
      const disc = (material: Material, size: number, out: number): void =>
        brush.tube(material, { from: [sign * (half - 0.22), radius, z], to: [sign * (half + out), radius, z], radius: size })
      disc(RUBBER, radius, 0.015)
      if (!near) continue
      disc(BLACK, radius + 0.07, 0.004)
      disc(ALLOY, radius * 0.64, 0.022)
      disc(BLACK, radius * 0.2, 0.027)
    }
  }
}

const ALLOY = plain(linear('#83878b'), 0.35)

/** Lamps of a vehicle: white in front, red behind. `y` metres, at x = +-`x`. */
export function addLamps(brush: Brush, { x, y, front, back, on }: { x: number; y: number; front: number; back: number; on: boolean }): void {
  const white = on ? glowing(linear('#f4f1e4'), 3) : plain(linear('#c4cacd'), 0.5)
  const red = glowing(linear('#a3121a'), on ? 1.6 : 0.05)
  for (const sign of [-1, 1]) {
    brush.box(white, [sign * x, y, front], [0.16, 0.07, 0.03])
    brush.box(red, [sign * (x + 0.03), y + 0.08, back], [0.12, 0.09, 0.03])
  }
}

export type CarKind = 'hatch' | 'saloon' | 'estate' | 'van'

export function drawCarKind(random: Random, style: Style): CarKind {
  const share = random.next()
  if (style === 'source') return share < 0.35 ? 'saloon' : share < 0.62 ? 'hatch' : share < 0.88 ? 'estate' : 'van'
  return share < 0.2 ? 'saloon' : share < 0.58 ? 'hatch' : share < 0.8 ? 'estate' : 'van'
}

/** Lengths along the street for placing, metres. */
export const CAR_LENGTH: Record<CarKind, number> = { hatch: 4.1, saloon: 4.7, estate: 4.7, van: 5.3 }

interface Body {
  readonly half: number
  readonly length: number
  readonly belt: number
  readonly height: number
  /** the roof's ends and the run of the panes before and behind it */
  readonly roofFront: number
  readonly roofBack: number
  readonly frontRun: number
  readonly backRun: number
}

function drawBody(random: Random, kind: CarKind): Body {
  const length = CAR_LENGTH[kind] * random.between(0.94, 1.02)
  const half = random.between(0.85, 0.94)
  const tall = kind === 'estate' && chance(random, 0.5)
  if (kind === 'van') {
    return { half: 0.98, length, belt: 1.15, height: random.between(1.9, 2.3), roofFront: length * 0.24, roofBack: -length * 0.47, frontRun: 0.75, backRun: 0.1 }
  }
  const height = tall ? random.between(1.6, 1.75) : random.between(1.4, 1.52)
  const belt = height * 0.6
  if (kind === 'saloon') return { half, length, belt, height, roofFront: length * 0.06, roofBack: -length * 0.2, frontRun: 0.85, backRun: 0.65 }
  if (kind === 'estate') return { half, length, belt, height, roofFront: length * 0.08, roofBack: -length * 0.4, frontRun: 0.8, backRun: 0.3 }
  return { half, length, belt, height, roofFront: length * 0.1, roofBack: -length * 0.36, frontRun: 0.75, backRun: 0.42 }
}

/** `near` adds what is seen only from close by. */
export function addCar(random: Random, { writer, style, lampsOn }: Traffic, { near, kind, parked, ...place }: Place & { near: boolean; kind: CarKind; parked: boolean }): void {
  const car = writer.thing(CAR, place)
  const paint = plain(colorFrom(random, paletteOf(style).cars, 0.12), 0.35)
  const body = drawBody(random, kind)
  const { half, length, belt, height, roofFront, roofBack } = body
  const end = length / 2
  const low = 0.22
  const waist = kind === 'van' ? 0.75 : belt * 0.72
  car.box(paint, [0, (low + waist) / 2, 0], [half, (waist - low) / 2, end - 0.1])
  // above the waist the body ends where the bonnet begins to slope
  const bonnet = kind === 'van' ? 0.45 : 0.95
  const upper = (length - bonnet - 0.12) / 2
  car.box(paint, [0, (waist + belt) / 2, -end + 0.12 + upper], [half - 0.03, (belt - waist) / 2, upper])
  car.gableAcross(paint, [0, (waist + belt) / 2 - 0.005, end - bonnet], [half - 0.04, (belt - waist) / 2, bonnet - 0.14])
  for (const sign of [-1, 1]) {
    const nose = sign * (end - 0.17)
    car.tube(paint, { from: [-half + 0.1, (low + waist) / 2 + 0.03, nose], to: [half - 0.1, (low + waist) / 2 + 0.03, nose], radius: (waist - low) / 2 })
  }
  addCabin(car, paint, { body, near, closed: kind === 'van' && chance(random, 0.7) })
  addWheels(car, { half, radius: kind === 'van' ? 0.34 : 0.31, axles: [end - 0.78, -end + 0.8], near })
  addLamps(car, { x: half - 0.22, y: waist - 0.04, front: end + 0.03, back: -end - 0.03, on: lampsOn && !parked })
  if (!near) return
  addTrim(car, { body, low, waist })
  car.box(BLACK, [0, low + 0.12, end + 0.02], [half * 0.55, 0.09, 0.06])
  car.box(plain(linear('#dcdccf')), [0, low + 0.12, end + 0.07], [0.25, 0.055, 0.02])
  car.box(plain(linear('#dcdccf')), [0, waist - 0.12, -end - 0.05], [0.25, 0.055, 0.02])
  car.box(BLACK, [0, low + 0.02, 0], [half - 0.05, 0.07, end - 0.2])
  for (const sign of [-1, 1]) car.ball(paint, [sign * (half + 0.07), belt + 0.06, roofFront + body.frontRun * 0.55], [0.11, 0.08, 0.06])
  if (kind === 'estate' && chance(random, 0.5)) for (const sign of [-1, 1]) car.tube(BLACK, { from: [sign * (half - 0.16), height + 0.06, roofFront - 0.1], to: [sign * (half - 0.16), height + 0.06, roofBack + 0.1], radius: 0.025 })
}

/** Seams and handles of the doors, the grille. */
function addTrim(car: Brush, { body: { half, length, roofFront, roofBack }, low, waist }: { body: Body; low: number; waist: number }): void {
  const seams = [roofFront + 0.35, roofFront * 0.45 + roofBack * 0.55, roofBack + 0.1]
  for (const z of seams) car.box(BLACK, [0, (low + waist) / 2 + 0.05, z], [half + 0.003, (waist - low) / 2 - 0.08, 0.009])
  for (const sign of [-1, 1]) for (const z of seams.slice(1)) car.box(BLACK, [sign * half, waist - 0.06, z + 0.2], [0.02, 0.018, 0.09])
  car.box(BLACK, [0, waist - 0.06, length / 2 + 0.02], [half * 0.42, 0.05, 0.025])
}

/** Panes, pillars and roof above the belt line; `closed`: no panes behind the driver. */
function addCabin(car: Brush, paint: Material, { body, near, closed }: { body: Body; near: boolean; closed: boolean }): void {
  const { half, belt, height, roofFront, roofBack, frontRun, backRun } = body
  const inner = half - 0.1
  const middle = (belt + height) / 2
  const up = (height - belt) / 2
  const glassBack = closed ? roofFront - 0.9 : roofBack
  car.box(WINDOW, [0, middle, (roofFront + glassBack) / 2], [inner, up, (roofFront - glassBack) / 2])
  car.gableAcross(WINDOW, [0, middle, roofFront], [inner, up, frontRun])
  if (closed) car.box(paint, [0, middle, (glassBack + roofBack) / 2], [half - 0.05, up, (glassBack - roofBack) / 2])
  else car.gableAcross(WINDOW, [0, middle, roofBack], [inner, up, backRun])
  car.box(paint, [0, height, (roofFront + roofBack) / 2], [inner + 0.01, 0.035, (roofFront - roofBack) / 2 + 0.05])
  if (!near) return
  for (const sign of [-1, 1]) {
    const x = sign * (inner - 0.01)
    car.tube(paint, { from: [x, belt - 0.03, roofFront + frontRun], to: [x, height, roofFront], radius: 0.04 })
    if (!closed) car.tube(paint, { from: [x, belt - 0.03, roofBack - backRun], to: [x, height, roofBack], radius: 0.06 })
  }
  if (!closed) for (const z of [roofFront * 0.45 + roofBack * 0.55, roofBack + 0.04]) car.box(paint, [0, middle, z], [inner + 0.012, up, 0.05])
}

