/** Bicycles, motorcycles and scooters, with or without somebody in the saddle. Frame as in vehicles.ts. */
import type { Material } from '../types.ts'
import { BICYCLE, MOTORCYCLE } from './classes.ts'
import { type Random, chance } from './draw.ts'
import { type Crowd, type Saddle, addRider } from './people.ts'
import { BLACK, RUBBER, STEEL, colorFrom, glowing, linear, paletteOf, plain } from './palette.ts'
import type { Brush, Place } from './writer.ts'

const WHEEL = 0.34
const SPOKES = plain(linear('#85888a'), 0.2)

export function addBicycle(random: Random, crowd: Crowd, { ridden, ...place }: Place & { ridden: boolean }): void {
  const bike = crowd.writer.thing(BICYCLE, place)
  const frame = plain(colorFrom(random, [...paletteOf(crowd.style).cars, '#2f7a4a', '#d8602a'], 0.2), 0.3)
  const front = 0.53
  const back = -0.53
  for (const z of [front, back]) addSpokedWheel(bike, z)
  const bar = (from: readonly [number, number], to: readonly [number, number], radius = 0.026): void =>
    bike.tube(frame, { from: [0, ...from], to: [0, ...to], radius })
  const low = chance(random, 0.5)
  bar([0.3, -0.06], [0.85, -0.2])
  bar([0.3, -0.06], [low ? 0.72 : 0.8, 0.36])
  bar([low ? 0.45 : 0.76, low ? -0.1 : -0.18], [0.82, 0.36])
  bar([WHEEL, back], [0.3, -0.06], 0.02)
  bar([WHEEL, back], [0.76, -0.18], 0.02)
  bar([WHEEL, front], [0.98, 0.32], 0.024)
  bike.tube(BLACK, { from: [-0.28, 1, 0.28], to: [0.28, 1, 0.28], radius: 0.02 })
  bike.ball(BLACK, [0, 0.92, -0.22], [0.09, 0.05, 0.14])
  bike.tube(STEEL, { from: [-0.1, 0.3, -0.06], to: [0.1, 0.3, -0.06], radius: 0.09 })
  if (chance(random, 0.4)) bike.box(plain(linear('#5f4a35')), [0, 0.98, 0.52], [0.18, 0.13, 0.14])
  if (chance(random, 0.4)) bike.box(BLACK, [0, 0.72, -0.5], [0.07, 0.015, 0.2])
  if (ridden) addRider(random, crowd, { ...place, saddle: BICYCLE_SADDLE })
}

const BICYCLE_SADDLE: Saddle = { seat: [0.96, -0.22], pedal: [0.26, 0], handle: [1, 0.28], lean: 0.26, knees: 0.13, fullHelmet: false }

/** A tyre as a ring of short tubes, and a few spokes. */
function addSpokedWheel(bike: Brush, z: number): void {
  const count = 10
  for (let step = 0; step < count; step++) {
    const from = (step / count) * 2 * Math.PI
    const to = ((step + 1) / count) * 2 * Math.PI
    bike.tube(RUBBER, {
      from: [0, WHEEL + Math.sin(from) * (WHEEL - 0.03), z + Math.cos(from) * (WHEEL - 0.03)],
      to: [0, WHEEL + Math.sin(to) * (WHEEL - 0.03), z + Math.cos(to) * (WHEEL - 0.03)],
      radius: 0.032,
    })
  }
  for (let spoke = 0; spoke < 4; spoke++) {
    const up = Math.sin((spoke / 4) * Math.PI) * (WHEEL - 0.04)
    const ahead = Math.cos((spoke / 4) * Math.PI) * (WHEEL - 0.04)
    bike.tube(SPOKES, { from: [0, WHEEL - up, z - ahead], to: [0, WHEEL + up, z + ahead], radius: 0.012 })
  }
}

export function addMotorcycle(random: Random, crowd: Crowd, { ridden, lampsOn, ...place }: Place & { ridden: boolean; lampsOn: boolean }): void {
  const bike = crowd.writer.thing(MOTORCYCLE, place)
  const paint = plain(colorFrom(random, [...paletteOf(crowd.style).cars, '#b3121a', '#1f57a4'], 0.2), 0.35)
  const scooter = chance(random, crowd.style === 'source' ? 0.35 : 0.6)
  const lamp = glowing(linear('#f4f1e4'), lampsOn ? 3 : 0.2)
  if (scooter) addScooter(bike, paint, lamp)
  else addMotorbike(bike, paint, lamp)
  if (chance(random, 0.3)) bike.box(BLACK, [0, scooter ? 1.02 : 1.05, -0.85], [0.2, 0.18, 0.18])
  if (ridden) addRider(random, crowd, { ...place, saddle: scooter ? SCOOTER_SADDLE : MOTORBIKE_SADDLE })
}

const MOTORBIKE_SADDLE: Saddle = { seat: [0.86, -0.28], pedal: [0.35, -0.1], handle: [1.02, 0.38], lean: 0.22, knees: 0.24, fullHelmet: true }
const SCOOTER_SADDLE: Saddle = { seat: [0.82, -0.35], pedal: [0.32, 0.12], handle: [1.04, 0.36], lean: 0.1, knees: 0.17, fullHelmet: true }

function roadWheel(bike: Brush, { z, radius, half }: { z: number; radius: number; half: number }): void {
  bike.tube(RUBBER, { from: [-half, radius, z], to: [half, radius, z], radius })
  bike.tube(STEEL, { from: [-half - 0.012, radius, z], to: [half + 0.012, radius, z], radius: radius * 0.55 })
}

function addMotorbike(bike: Brush, paint: Material, lamp: Material): void {
  roadWheel(bike, { z: 0.72, radius: 0.32, half: 0.07 })
  roadWheel(bike, { z: -0.68, radius: 0.32, half: 0.09 })
  for (const x of [-0.1, 0.1]) bike.tube(STEEL, { from: [x, 0.32, 0.72], to: [x, 1, 0.42], radius: 0.03 })
  bike.ball(paint, [0, 0.86, 0.12], [0.19, 0.17, 0.34])
  bike.ball(BLACK, [0, 0.84, -0.4], [0.16, 0.09, 0.42])
  bike.ball(paint, [0, 0.82, -0.82], [0.12, 0.1, 0.24])
  bike.box(BLACK, [0, 0.5, 0.02], [0.19, 0.2, 0.3])
  bike.ball(STEEL, [0, 0.45, 0.05], [0.25, 0.15, 0.2])
  bike.tube(STEEL, { from: [0.2, 0.32, 0.1], to: [0.22, 0.42, -0.85], radius: 0.06 })
  bike.tube(BLACK, { from: [0, 0.4, -0.2], to: [0, 0.34, -0.68], radius: 0.06 })
  bike.tube(BLACK, { from: [-0.36, 1.03, 0.36], to: [0.36, 1.03, 0.36], radius: 0.025 })
  bike.ball(lamp, [0, 0.9, 0.58], [0.12, 0.13, 0.1])
  bike.ball(paint, [0, 0.68, 0.72], [0.09, 0.05, 0.26])
  bike.ball(glowing(linear('#b3121a'), 0.4), [0, 0.82, -1.05], [0.08, 0.05, 0.05])
  for (const x of [-0.36, 0.36]) bike.ball(BLACK, [x, 1.18, 0.36], [0.08, 0.06, 0.03])
}

function addScooter(bike: Brush, paint: Material, lamp: Material): void {
  roadWheel(bike, { z: 0.6, radius: 0.24, half: 0.06 })
  roadWheel(bike, { z: -0.58, radius: 0.24, half: 0.07 })
  bike.box(paint, [0, 0.3, 0.05], [0.2, 0.06, 0.32])
  bike.tube(paint, { from: [0, 0.32, 0.5], to: [0, 1, 0.34], radius: 0.2, radiusTo: 0.14 })
  bike.ball(paint, [0, 0.56, -0.46], [0.22, 0.26, 0.42])
  bike.ball(BLACK, [0, 0.8, -0.42], [0.17, 0.07, 0.38])
  bike.tube(BLACK, { from: [-0.34, 1.04, 0.34], to: [0.34, 1.04, 0.34], radius: 0.03 })
  bike.ball(lamp, [0, 0.94, 0.47], [0.1, 0.1, 0.07])
  bike.ball(paint, [0, 0.46, 0.62], [0.1, 0.06, 0.24])
  bike.ball(glowing(linear('#b3121a'), 0.4), [0, 0.66, -0.87], [0.1, 0.05, 0.04])
}
