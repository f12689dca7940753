/** Lorries, buses and trams. Frame as in vehicles.ts. */
import type { Material } from '../types.ts'
import { BUS, TRAIN, TRUCK } from './classes.ts'
import { type Random, chance, pick, whole } from './draw.ts'
import { BLACK, STEEL, WINDOW, colorFrom, glowing, linear, paletteOf, plain, scaled } from './palette.ts'
import { type Traffic, addLamps, addWheels } from './vehicles.ts'
import type { Brush, Place } from './writer.ts'

export type TruckKind = 'box' | 'tarpaulin' | 'tipper' | 'tanker'
export const TRUCK_LENGTH = 8.4

export function addTruck(random: Random, { writer, style, lampsOn }: Traffic, place: Place): void {
  const truck = writer.thing(TRUCK, place)
  const kind: TruckKind = pick(random, ['box', 'box', 'tarpaulin', 'tipper', 'tanker'])
  const colors = paletteOf(style)
  const cab = plain(colorFrom(random, chance(random, 0.5) ? colors.liveries : colors.cars, 0.12), 0.3)
  const length = random.between(6.6, TRUCK_LENGTH)
  const end = length / 2
  const half = 1.2
  const cabLength = 1.9
  const cabHeight = random.between(2.5, 2.9)
  const cabMiddle = end - cabLength / 2
  truck.box(cab, [0, 0.5 + (1.5 - 0.5) / 2, cabMiddle], [half, 0.5, cabLength / 2])
  truck.box(cab, [0, (1.5 + cabHeight) / 2, cabMiddle - 0.1], [half - 0.04, (cabHeight - 1.5) / 2, cabLength / 2 - 0.1])
  truck.box(WINDOW, [0, 1.98, end - 0.18], [half - 0.12, 0.38, 0.04])
  truck.box(WINDOW, [0, 1.98, cabMiddle + 0.1], [half + 0.01, 0.34, 0.45])
  truck.box(BLACK, [0, 0.85, end], [half * 0.75, 0.28, 0.03])
  truck.box(BLACK, [0, 0.45, end - 0.1], [half, 0.14, 0.16])
  for (const sign of [-1, 1]) truck.box(BLACK, [sign * (half + 0.18), 2.05, end - 0.25], [0.1, 0.22, 0.05])
  truck.box(BLACK, [0, 0.62, -0.6], [0.45, 0.14, end - 0.8])
  addLoad(random, truck, { kind, front: end - cabLength - 0.15, back: -end, half, color: colorFrom(random, chance(random, 0.6) ? ['#e8e8e4', '#d8d4c8', '#f2f2f0'] : colors.liveries, 0.12) })
  addWheels(truck, { half, radius: 0.48, axles: length > 7.4 ? [end - 1.1, -end + 1.2, -end + 2.4] : [end - 1.1, -end + 1.5], near: true })
  addLamps(truck, { x: half - 0.3, y: 0.62, front: end + 0.04, back: -end - 0.03, on: lampsOn })
}

function addLoad(random: Random, truck: Brush, { kind, front, back, half, color }: { kind: TruckKind; front: number; back: number; half: number; color: readonly [number, number, number] }): void {
  const middle = (front + back) / 2
  const run = (front - back) / 2
  const skin: Material = kind === 'tarpaulin' ? { ...plain(color, 0.1), pattern: 'boards', second: scaled(color, 0.8), scale: [0.6, 1], options: [0.08, 0], seed: random.below(999) } : plain(color, 0.15)
  if (kind === 'tanker') {
    truck.tube(plain(color, 0.5), { from: [0, 1.9, back + 0.1], to: [0, 1.9, front], radius: 1.1 })
    truck.box(BLACK, [0, 0.85, middle], [half - 0.3, 0.15, run])
    return
  }
  if (kind === 'tipper') {
    truck.box(skin, [0, 1.45, middle], [half, 0.6, run])
    truck.ball({ ...plain(linear('#7a6a55')), pattern: 'blotches', second: linear('#4f4436'), scale: [0.2, 0.2] }, [0, 2, middle], [half - 0.15, 0.5, run - 0.2])
    for (let rib = 0; rib < 5; rib++) truck.box(plain(scaled(color, 0.8), 0.1), [0, 1.45, back + 0.2 + (rib / 4) * (2 * run - 0.4)], [half + 0.05, 0.6, 0.06])
    return
  }
  const top = random.between(3, 3.6)
  truck.box(skin, [0, (0.95 + top) / 2, middle], [half + 0.04, (top - 0.95) / 2, run])
  truck.box(STEEL, [0, 0.92, middle], [half + 0.06, 0.06, run + 0.02])
  if (chance(random, 0.6)) truck.box(plain(scaled(linear(pick(random, ['#c4262b', '#2c5fa8', '#3f8f5f', '#e0a41c'])), 1), 0.1), [0, random.between(1.6, 2.6), middle + run * 0.1], [half + 0.05, random.between(0.15, 0.45), run * random.between(0.4, 0.8)])
  truck.box(BLACK, [0, (0.95 + top) / 2, back - 0.005], [0.02, (top - 0.95) / 2 - 0.05, 0.01])
}

export const BUS_LENGTH = 12

export function addBus(random: Random, { writer, style, lampsOn }: Traffic, place: Place): void {
  const bus = writer.thing(BUS, place)
  const color = colorFrom(random, paletteOf(style).liveries, 0.12)
  const paint = plain(color, 0.3)
  const trim = plain(chance(random, 0.5) ? linear('#e9e9e6') : scaled(color, 0.45), 0.3)
  const double = chance(random, style === 'source' ? 0.08 : 0.15)
  const length = random.between(10.2, BUS_LENGTH)
  const end = length / 2
  const half = 1.26
  const height = double ? 4.2 : random.between(2.9, 3.15)
  bus.box(paint, [0, (0.32 + 1.15) / 2, 0], [half, (1.15 - 0.32) / 2, end])
  bus.box(trim, [0, (1.15 + height) / 2, 0], [half - 0.02, (height - 1.15) / 2, end - 0.02])
  bus.box(paint, [0, height - 0.18, 0], [half + 0.005, 0.2, end - 0.05])
  bus.box(plain(linear('#d8d8d4')), [0, height + 0.1, -end * 0.3], [half * 0.7, 0.12, end * 0.35])
  for (const level of double ? [1.78, 3.3] : [1.85]) {
    bus.box(WINDOW, [0, level, -0.2], [half + 0.008, 0.5, end - 0.55])
    const pillars = 7
    for (let pillar = 0; pillar <= pillars; pillar++) bus.box(trim, [0, level, -end + 0.5 + (pillar / pillars) * (length - 1.2)], [half + 0.012, 0.5, 0.05])
    bus.box(WINDOW, [0, level - 0.05, end], [half - 0.12, 0.6, 0.025])
    bus.box(WINDOW, [0, level + 0.05, -end], [half - 0.3, 0.42, 0.025])
  }
  // doors on the kerb's side
  for (const z of [end - 1, 0.4, -end + 2.8]) bus.box(BLACK, [half - 0.02, 1.3, z], [0.05, 0.98, 0.58])
  bus.box(glowing(linear('#f2a01e'), lampsOn ? 2.5 : 0.7), [0, height - 0.2, end + 0.01], [0.75, 0.13, 0.03])
  bus.box(glowing(linear('#f2a01e'), lampsOn ? 2.5 : 0.7), [half, height - 0.2, end - 2.2], [0.02, 0.1, 0.5])
  bus.box(BLACK, [0, 0.42, end], [half * 0.9, 0.1, 0.04])
  for (const sign of [-1, 1]) bus.box(BLACK, [sign * (half + 0.15), 2.1, end + 0.1], [0.1, 0.2, 0.06])
  addWheels(bus, { half, radius: 0.47, axles: [end - 2.6, -end + 3], near: true })
  addLamps(bus, { x: half - 0.3, y: 0.66, front: end + 0.02, back: -end - 0.02, on: lampsOn })
}

/** Length of a tram of that many cars, metres. */
export function tramLength(cars: number): number {
  return cars * TRAM_CAR + (cars - 1) * 0.5
}

const TRAM_CAR = 7.6

export function addTram(random: Random, { writer, style, lampsOn }: Traffic, { cars, ...place }: Place & { cars: number }): void {
  const tram = writer.thing(TRAIN, place)
  const color = colorFrom(random, paletteOf(style).liveries, 0.12)
  const paint = plain(color, 0.3)
  const light = plain(linear(pick(random, ['#e9e9e4', '#d4d6d8', '#f0ead2'])), 0.3)
  const half = 1.2
  const top = random.between(3.2, 3.5)
  const total = tramLength(cars)
  for (let car = 0; car < cars; car++) {
    const middle = -total / 2 + TRAM_CAR / 2 + car * (TRAM_CAR + 0.5)
    const run = TRAM_CAR / 2
    tram.box(paint, [0, (0.25 + 1.25) / 2, middle], [half, 0.5, run])
    tram.box(light, [0, (1.25 + top) / 2, middle], [half - 0.02, (top - 1.25) / 2, run])
    tram.box(WINDOW, [0, 1.85, middle], [half + 0.008, 0.52, run - 0.3])
    tram.box(paint, [0, top - 0.2, middle], [half + 0.006, 0.16, run])
    for (const z of [-run * 0.55, 0, run * 0.55]) tram.box(light, [0, 1.85, middle + z], [half + 0.014, 0.52, 0.07])
    for (const sign of [-1, 1]) for (const z of [-run * 0.3, run * 0.3]) tram.box(BLACK, [sign * half, 1.35, middle + z], [0.025, 1, 0.5])
    tram.box(plain(linear('#8f9396'), 0.1), [0, top + 0.15, middle], [half * 0.75, 0.16, run * 0.6])
    tram.box(BLACK, [0, 0.18, middle], [half - 0.25, 0.16, run * 0.8])
    if (car < cars - 1) tram.box(plain(linear('#2a2b2d')), [0, 1.75, middle + run + 0.25], [half - 0.12, 1.4, 0.26])
  }
  for (const sign of [-1, 1]) {
    // the nose: a slope with the driver's pane
    const z = sign * (total / 2)
    tram.gableAcross(paint, [0, 1.2, z], [half, 0.95, 0.55])
    tram.gableAcross(WINDOW, [0, 2.0, z], [half - 0.1, 0.75, 0.4])
    tram.box(glowing(linear('#f2b23a'), lampsOn ? 2.5 : 0.8), [0, top - 0.3, z + sign * 0.02], [0.6, 0.12, 0.04])
    for (const x of [-0.75, 0.75]) tram.box(glowing(sign === 1 ? linear('#f4f1e4') : linear('#b3121a'), lampsOn ? 3 : 0.3), [x, 0.8, z + sign * 0.45], [0.15, 0.09, 0.12])
  }
  // the pantograph
  tram.tube(BLACK, { from: [0, top + 0.2, -1], to: [0, top + 1, 0.2], radius: 0.04 })
  tram.tube(BLACK, { from: [0, top + 1, 0.2], to: [0, top + 1.7, -0.6], radius: 0.03 })
  tram.tube(BLACK, { from: [-0.8, top + 1.7, -0.6], to: [0.8, top + 1.7, -0.6], radius: 0.03 })
}

export function drawTramCars(random: Random): number {
  return whole(random, 2, 4)
}
