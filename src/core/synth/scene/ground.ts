/** What lies on the ground: asphalt, markings, rails; and the pavements, strips and reserves that rise above it. */
import type { GroundSpot, Material } from '../types.ts'
import { ROAD, SIDEWALK, TERRAIN } from './classes.ts'
import { type Random, chance, pick } from './draw.ts'
import type { Rectangle } from './occupancy.ts'
import { colorFrom, earth, grain, grass, linear, paletteOf, paving, plain, scaled, varied } from './palette.ts'
import { EXTENT, KERB, type Side, type StreetPlan, ZEBRA_HALF, crossSpan } from './street-plan.ts'
import type { SceneWriter } from './writer.ts'

export interface Ground {
  readonly groundAt: (x: number, z: number) => number
  readonly groundSpots: readonly GroundSpot[]
}

const ASPHALT = 0
const MARKING = 1
const RAIL = 2
const CYCLE = 3
const CROSS = 4
const YARD = 5
const PAVED = 6
const PATCH = 7
const IRON = 8

/** `paved` are plots (squares, forecourts) with stones instead of grass. */
export function drawGround(random: Random, plan: StreetPlan, { writer, paved }: { writer: SceneWriter; paved: readonly Rectangle[] }): Ground {
  const { style } = plan
  const colors = paletteOf(style)
  const asphalt = colorFrom(random, colors.asphalts)
  const source = style === 'source'
  const worn = source ? random.between(0.75, 1) : random.between(0.45, 0.85)
  const white = scaled(linear('#e4e4de'), worn)
  const roadMaterial: Material = !source && chance(random, 0.15) ? { ...paving(random, style), scale: [0.12, 0.12] } : { ...grain(asphalt, source ? 0.03 : 0.05, source ? 0.8 : 0.65), gloss: 0.04, seed: random.below(9999) }
  const spot = (material: Material, trainId: number): GroundSpot => ({ material: writer.material(material), trainId })
  const groundSpots = [
    spot(roadMaterial, ROAD),
    spot({ ...grain(white, 0.04, 0.85), gloss: 0.05 }, ROAD),
    spot(plain(linear('#77706a'), 0.35), ROAD),
    spot(grain(source ? linear('#7d4038') : pick(random, [linear('#7d4a40'), linear('#4f6f58'), asphalt]), 0.03, 0.85), ROAD),
    spot(grain(varied(random, asphalt, 0.2), 0.04, 0.75), ROAD),
    spot(chance(random, 0.75) ? grass(random, style) : earth(random), TERRAIN),
    spot(paving(random, style), SIDEWALK),
    spot(grain(scaled(asphalt, random.between(0.6, 0.85)), 0.03, 0.85), ROAD),
    spot({ ...grain(linear('#4a4846'), 0.06, 0.6), gloss: 0.15 }, ROAD),
  ]
  const patches = Array.from({ length: random.below(source ? 4 : 9) }, () => rectangleOnRoad(random, plan))
  const covers = Array.from({ length: 5 }, () => ({ x: random.between(-plan.sides[0].kerb, plan.sides[1].kerb), z: random.between(-30, 30) }))
  const { cross, zebras, sides: [left, right] } = plan
  const dash = source ? { on: 3, period: 9, half: 0.07 } : pick(random, [{ on: 4, period: 8, half: 0.08 }, { on: 2, period: 5, half: 0.06 }, { on: 6, period: 12, half: 0.09 }])
  const solidMiddle = chance(random, 0.3)
  const edges = chance(random, source ? 0.7 : 0.3)
  const tramX = plan.tramLane === undefined ? 0 : laneMiddle(plan.sides[plan.tramLane])
  const rails = plan.tramLane !== undefined || plan.reserve === 'tram on stone'
  const stripes = source ? 0.5 : random.between(0.4, 0.6)

  const markingOn = (side: Side, across: number, z: number): number => {
    const stop = cross && Math.abs(z - (cross.z - side.sign * (cross.half + 5.2))) < 0.22
    const lanesEnd = side.laneStart + side.lanes * side.laneWidth
    if (stop && across > side.laneStart + 0.2 && across < lanesEnd) return MARKING
    const dashed = ((z % dash.period) + dash.period) % dash.period < dash.on
    if (side.laneStart === 0 && across < dash.half && (solidMiddle || dashed)) return MARKING
    if (side.lanes === 2 && dashed && Math.abs(across - side.laneStart - side.laneWidth) < dash.half) return MARKING
    if (side.cycleLane > 0 && across > lanesEnd) {
      if (across < lanesEnd + 0.12) return MARKING
      if (across < lanesEnd + side.cycleLane) return CYCLE
    }
    const parkingStart = side.kerb - side.parking - 0.15
    if (side.parking > 0 && Math.abs(across - parkingStart) < 0.06 && ((z % 1.5) + 1.5) % 1.5 < 0.75) return MARKING
    if (edges && side.parking === 0 && Math.abs(across - side.kerb + 0.35) < 0.06) return MARKING
    return ASPHALT
  }

  const groundAt = (x: number, z: number): number => {
    const side = x < 0 ? left : right
    const across = x < 0 ? -x : x
    const onMain = across < side.kerb
    if (rails && onMain) {
      const off = Math.abs(Math.abs(x - tramX) - 0.72)
      if (off < 0.045) return RAIL
    }
    if (cross !== undefined && Math.abs(z - cross.z) < cross.half) {
      if (onMain) return ASPHALT
      // the zebra over the cross street, level with the main street's pavement
      const from = across - side.kerb - side.strip - 0.3
      if (from > 0 && from < 3) return (((z - cross.z) / (2 * stripes)) % 1 + 1) % 1 < 0.5 ? MARKING : CROSS
      if (across > side.front + 6 && Math.abs(z - cross.z) < 0.07 && ((x % 6) + 6) % 6 < 3) return MARKING
      return CROSS
    }
    if (onMain) {
      for (const zebra of zebras) {
        if (Math.abs(z - zebra) < ZEBRA_HALF) return ((x / (2 * stripes)) % 1 + 1) % 1 < 0.5 ? MARKING : ASPHALT
      }
      const marked = markingOn(side, across, z)
      if (marked !== ASPHALT) return marked
      for (const cover of covers) if ((x - cover.x) ** 2 + (z - cover.z) ** 2 < 0.1) return IRON
      for (const patch of patches) if (x > patch.x0 && x < patch.x1 && z > patch.z0 && z < patch.z1) return PATCH
      return ASPHALT
    }
    for (const plot of paved) if (x > plot.x0 && x < plot.x1 && z > plot.z0 && z < plot.z1) return PAVED
    return YARD
  }

  raiseGround(random, plan, writer)
  return { groundAt, groundSpots }
}

function laneMiddle(side: Side): number {
  return side.sign * (side.laneStart + side.laneWidth / 2)
}

function rectangleOnRoad(random: Random, plan: StreetPlan): Rectangle {
  const x = random.between(-plan.sides[0].kerb, plan.sides[1].kerb - 1)
  const z = random.between(-40, 40)
  return { x0: x, x1: x + random.between(0.6, 2.5), z0: z, z1: z + random.between(1, 12) }
}

/** Stretches of the street beside the cross street, as [from, to]. */
export function stretches(plan: StreetPlan, margin = 0): readonly (readonly [number, number])[] {
  const { cross } = plan
  if (!cross) return [[-EXTENT, EXTENT]]
  return [[-EXTENT, cross.z - cross.half - margin], [cross.z + cross.half + margin, EXTENT]]
}

/** Pavements with kerb stones, strips of grass and the reserve in the middle. */
function raiseGround(random: Random, plan: StreetPlan, writer: SceneWriter): void {
  const { style } = plan
  const stones = paving(random, style)
  const kerbStone = grain(varied(random, linear(style === 'source' ? '#a3a19c' : '#8c877f')), 0.05, 0.85)
  const green = grass(random, style)
  const walk = writer.stuff(SIDEWALK)
  const soil = writer.stuff(TERRAIN)
  /** a slab over [x0, x1] x [z0, z1], its top at that height */
  const slab = (brush: typeof walk, material: Material, { x0, x1, z0, z1, top }: Rectangle & { top: number }): void =>
    brush.box(material, [(x0 + x1) / 2, top / 2, (z0 + z1) / 2], [Math.abs(x1 - x0) / 2, top / 2, (z1 - z0) / 2])

  for (const side of plan.sides) {
    const at = (across: number): number => side.sign * across
    const across = (a: number, b: number): { x0: number; x1: number } => ({ x0: Math.min(at(a), at(b)), x1: Math.max(at(a), at(b)) })
    for (const [z0, z1] of stretches(plan)) {
      slab(walk, kerbStone, { ...across(side.kerb, side.kerb + 0.15), z0, z1, top: KERB + 0.005 })
      slab(walk, stones, { ...across(side.kerb + 0.15, side.front), z0, z1, top: KERB })
      if (side.strip > 0) {
        // not where one walks to the crossing
        const from = z0 === -EXTENT ? z0 : z0 + 5
        const to = z1 === EXTENT ? z1 : z1 - 5
        if (to > from) slab(soil, green, { ...across(side.kerb + 0.25, side.kerb + side.strip), z0: from, z1: to, top: KERB + 0.03 })
      }
    }
    if (plan.cross) {
      const { z, half, walk: width } = plan.cross
      for (const direction of [-1, 1]) {
        const near = z + direction * half
        const far = z + direction * (half + width)
        slab(walk, kerbStone, { ...across(side.front, EXTENT), z0: Math.min(near, near + direction * 0.15), z1: Math.max(near, near + direction * 0.15), top: KERB + 0.005 })
        slab(walk, stones, { ...across(side.front, EXTENT), z0: Math.min(near, far), z1: Math.max(near, far), top: KERB })
      }
    }
  }

  if (plan.reserve === 'none' || plan.reserve === 'tram on stone') return
  const half = plan.reserveHalf
  for (const [z0, z1] of stretches(plan, 5)) {
    if (z1 - z0 < 1) continue
    slab(walk, kerbStone, { x0: -half, x1: -half + 0.15, z0, z1, top: KERB })
    slab(walk, kerbStone, { x0: half - 0.15, x1: half, z0, z1, top: KERB })
    slab(soil, green, { x0: -half + 0.15, x1: half - 0.15, z0, z1, top: KERB })
    if (plan.reserve === 'tram on grass') for (const x of [-0.72, 0.72]) slab(soil, plain(linear('#77706a'), 0.4), { x0: x - 0.04, x1: x + 0.04, z0, z1, top: KERB + 0.03 })
  }
}

/** Ends of the plots' rows: free of the cross street and its pavements. */
export function plotStretches(plan: StreetPlan): readonly (readonly [number, number])[] {
  const span = crossSpan(plan)
  return span ? [[-EXTENT, span[0]], [span[1], EXTENT]] : [[-EXTENT, EXTENT]]
}
