/** Puts posts, trees, parked bicycles and people on the pavements. */
import type { Material } from '../types.ts'
import { type Random, chance, pick, spread, whole } from './draw.ts'
import { addFence } from './enclosures.ts'
import type { Focus } from './focus.ts'
import { type Street, addBollard, addLampPost, addSign, addSignGantry, addTrafficLight, addTramMast, drawPostPaint } from './furniture.ts'
import { type Occupancy, around } from './occupancy.ts'
import { type Crowd, addPerson } from './people.ts'
import { addHedge, addStreetTree, addTree } from './plants.ts'
import { EXTENT, KERB, type Side, type StreetPlan, ZEBRA_HALF, headingOf, nearCross } from './street-plan.ts'
import { addBicycle } from './two-wheelers.ts'

export interface Pavement extends Street {
  readonly crowd: Crowd
  readonly occupancy: Occupancy
  readonly focus: Focus
}

export function addPavements(random: Random, plan: StreetPlan, pavement: Pavement): void {
  const paint = drawPostPaint(random, plan.style)
  addSignals(random, plan, { pavement, paint })
  const lamp = { height: random.between(5, 8.5), arm: chance(random, 0.65) ? random.between(0.8, 2) : 0 }
  const trees = chance(random, 0.75)
  for (const side of plan.sides) {
    addLamps(random, plan, { pavement, side, paint, lamp })
    addSigns(random, plan, { pavement, side, paint })
    addGuard(random, plan, { pavement, side })
    addParkedBicycles(random, plan, { pavement, side })
    if (trees || side.strip > 0) addTreeRow(random, plan, { pavement, side })
  }
  if (plan.reserve === 'green') addReservePlants(random, plan, pavement)
  addPeople(random, plan, pavement)
}

interface OnSide {
  readonly pavement: Pavement
  readonly side: Side
}

/** World x of what stands by the kerb. */
function kerbside(side: Side, behind = 0.5): number {
  return side.sign * (side.kerb + behind)
}

function addSignals(random: Random, plan: StreetPlan, { pavement, paint }: { pavement: Pavement; paint: Material }): void {
  const at = plan.cross ? (chance(random, 0.85) ? plan.cross : undefined) : plan.zebras.length > 0 && chance(random, 0.5) ? { z: plan.zebras[0], half: 0 } : undefined
  if (!at) return
  const phase = random.below(3)
  const away = plan.cross ? at.half + 4.7 : ZEBRA_HALF + 0.5
  const arms = chance(random, 0.35)
  for (const side of plan.sides) {
    const x = kerbside(side)
    for (const [z, reach] of [[at.z - side.sign * away, 0], [at.z + side.sign * away, arms ? side.kerb - side.laneStart : 0]] as const) {
      if (!pavement.occupancy.claim(around(x, z, [0.35, 0.35]))) continue
      addTrafficLight(random, pavement, { x, y: KERB, z, yaw: headingOf(side) + Math.PI + spread(random) * 0.05, arm: reach, phase, paint })
    }
    if (!plan.cross) continue
    const corner = { x: kerbside(side, side.strip + 0.6), z: at.z + side.sign * (at.half + 0.6) }
    if (!pavement.occupancy.claim(around(corner.x, corner.z, [0.35, 0.35]))) continue
    addTrafficLight(random, pavement, { ...corner, y: KERB, yaw: (side.sign * Math.PI) / 2, arm: 0, phase: phase === 0 ? 2 : 0, paint })
  }
}

function addLamps(random: Random, plan: StreetPlan, { pavement, side, paint, lamp }: OnSide & { paint: Material; lamp: { height: number; arm: number } }): void {
  const tram = plan.reserve.startsWith('tram') ? 0 : plan.tramLane === undefined ? undefined : 1
  const gap = random.between(18, 27)
  for (let z = -60 + random.between(0, gap); z < 62; z += gap) {
    if (nearCross(plan, z, 0.8) || !pavement.occupancy.claim(around(kerbside(side), z, [0.35, 0.35]))) continue
    addLampPost(random, pavement, { x: kerbside(side), y: KERB, z, yaw: headingOf(side) + Math.PI, paint, ...lamp })
    if (tram === undefined) continue
    const mast = z + gap / 2
    if (nearCross(plan, mast, 0.8) || !pavement.occupancy.claim(around(kerbside(side), mast, [0.35, 0.35]))) continue
    addTramMast(pavement, { x: kerbside(side), y: KERB, z: mast, yaw: headingOf(side) + Math.PI, paint, arm: side.kerb + 0.5 })
  }
}

function addSigns(random: Random, plan: StreetPlan, { pavement, side, paint }: OnSide & { paint: Material }): void {
  for (let sign = whole(random, 2, 5); sign > 0; sign--) {
    const z = chance(random, 0.7) ? pavement.focus(random, 14) : random.between(-34, 34)
    const x = kerbside(side, chance(random, 0.8) ? 0.45 : side.strip + 0.5)
    if (nearCross(plan, z, 0.6) || !pavement.occupancy.claim(around(x, z, [0.45, 0.3]))) continue
    const back = chance(random, 0.2) ? 0 : Math.PI
    addSign(random, pavement, { x, y: KERB, z, yaw: headingOf(side) + back + spread(random) * 0.12, paint })
  }
  if (chance(random, 0.14)) {
    const z = side.sign * random.between(4, 26)
    if (!nearCross(plan, z, 1) && pavement.occupancy.claim(around(kerbside(side), z, [0.35, 0.35]))) addSignGantry(random, pavement, { x: kerbside(side), y: KERB, z, yaw: headingOf(side) + Math.PI, paint, arm: Math.min(7, side.kerb - side.laneStart) })
  }
}

/** A railing or a row of bollards between road and pavement. */
function addGuard(random: Random, plan: StreetPlan, { pavement, side }: OnSide): void {
  const share = random.next()
  if (share > 0.6) return
  const rails = share < 0.32
  const x = kerbside(side, 0.3)
  const from = pavement.focus(random, 14) - 4
  const length = random.between(6, 16)
  const kind = pick(random, ['rails', 'bars', 'rails'] as const)
  for (let z = from; z < from + length; z += rails ? 2.4 : 1.6) {
    const half = rails ? 1.2 : 0.15
    if (nearCross(plan, z, 1 + half) || plan.zebras.some((zebra) => Math.abs(z - zebra) < ZEBRA_HALF + half)) continue
    if (!pavement.occupancy.claim(around(x, z, [0.15, half - 0.02]))) continue
    if (rails) addFence(random, pavement, { x, y: KERB, z, halfLength: half, height: 1, kind })
    else addBollard(random, pavement, { x, y: KERB, z })
  }
}

function addParkedBicycles(random: Random, plan: StreetPlan, { pavement, side }: OnSide): void {
  for (let rack = chance(random, plan.style === 'source' ? 0.5 : 0.65) ? whole(random, 1, 2) : 0; rack > 0; rack--) {
    const from = pavement.focus(random, 10) - 1.5
    const slanted = random.between(0.9, 1.5)
    for (let bike = whole(random, 2, 6); bike > 0; bike--) {
      const z = from + bike * 0.62
      const x = kerbside(side, 1.15)
      if (nearCross(plan, z, 1) || !pavement.occupancy.claim(around(x, z, [0.9, 0.3]))) continue
      addBicycle(random, pavement.crowd, { x, y: KERB, z, yaw: side.sign * slanted + spread(random) * 0.08, ridden: false })
    }
  }
}

function addTreeRow(random: Random, plan: StreetPlan, { pavement, side }: OnSide): void {
  const gap = random.between(6.5, 11)
  const behind = side.strip > 0 ? side.strip / 2 + 0.1 : 0.85
  const height = random.between(6.5, 12.5)
  const garden = { writer: pavement.writer, style: plan.style }
  for (let z = -60 + random.between(0, gap); z < 62; z += gap * random.between(0.85, 1.2)) {
    const x = kerbside(side, behind)
    if (nearCross(plan, z, 6) || !pavement.occupancy.claim(around(x, z, [0.8, 0.8]))) continue
    if (pavement.occupancy.nearCamera(x, z, 3.6)) continue
    const place = { x, y: KERB, z, height: height * random.between(0.85, 1.15) }
    if (side.strip > 0) addTree(random, garden, place)
    else addStreetTree(random, garden, place)
  }
}

function addReservePlants(random: Random, plan: StreetPlan, { writer, occupancy }: Pavement): void {
  const garden = { writer, style: plan.style }
  const trees = chance(random, 0.6)
  for (let z = -58; z < 60; z += random.between(7, 12)) {
    if (nearCross(plan, z, 8) || !occupancy.claim(around(0, z, [0.4, 2])) || occupancy.nearCamera(0, z, 3.6)) continue
    if (trees) addTree(random, garden, { x: 0, y: KERB, z, height: random.between(5, 8) })
    else addHedge(random, garden, { x: 0, y: KERB, z, halfLength: random.between(1.5, 3), height: random.between(0.7, 1.2) })
  }
}

function addPeople(random: Random, plan: StreetPlan, { crowd, occupancy, focus }: Pavement): void {
  const put = (place: { x: number; y: number; z: number; yaw: number }): void => {
    if (occupancy.claim(around(place.x, place.z, [0.32, 0.32]))) addPerson(random, crowd, place)
  }
  const groups = plan.style === 'source' ? whole(random, 8, 17) : whole(random, 10, 22)
  for (let group = 0; group < groups; group++) {
    const side = plan.sides[random.below(2)]
    // more of them near the cameras
    const z = chance(random, 0.6) ? focus(random, 14) : spread(random) * 20
    if (Math.abs(z) > EXTENT - 6 || nearCross(plan, z, 0.5)) continue
    const yaw = (chance(random, 0.5) ? 0 : Math.PI) + spread(random) * 0.3
    const across = side.kerb + side.strip + random.between(0.9, side.walk - 0.5)
    const size = pick(random, [1, 1, 1, 2, 2, 3])
    for (let one = 0; one < size; one++) put({ x: side.sign * (across - one * 0.65), y: KERB, z: z + spread(random) * 0.25, yaw: yaw + spread(random) * 0.3 })
  }
  for (const zebra of plan.zebras) {
    for (let one = whole(random, 0, 3); one > 0; one--) {
      const yaw = (chance(random, 0.5) ? 1 : -1) * (Math.PI / 2) + spread(random) * 0.2
      put({ x: random.between(-plan.sides[0].kerb, plan.sides[1].kerb), y: 0, z: zebra + random.between(-1.3, 1.3), yaw })
    }
  }
}
