/** The street seen from above: where lanes, kerbs, pavements and a cross street lie, and where cameras stand. */
import type { CameraSpot, Style } from '../types.ts'
import { type Random, chance, pick, spread } from './draw.ts'

/** Half length of the street, metres. */
export const EXTENT = 75

/** Height of kerbs and pavements, metres. */
export const KERB = 0.12

/** One side of the street; distances from the middle line, metres. */
export interface Side {
  /** 1: right of the middle line (traffic runs along z), -1: left (traffic runs against z) */
  readonly sign: 1 | -1
  readonly lanes: number
  /** where the first lane begins: 0, or the half width of a reserve in the middle */
  readonly laneStart: number
  readonly laneWidth: number
  /** width of a cycle lane beside the lanes, 0: none */
  readonly cycleLane: number
  /** width of a strip with parked cars, 0: none */
  readonly parking: number
  readonly kerb: number
  /** width of a strip of grass behind the kerb, 0: none */
  readonly strip: number
  readonly walk: number
  /** where plots begin */
  readonly front: number
}

export interface Cross {
  readonly z: number
  readonly half: number
  readonly walk: number
}

export type Reserve = 'none' | 'tram on grass' | 'tram on stone' | 'green'

export interface StreetPlan {
  readonly style: Style
  /** left, right */
  readonly sides: readonly [Side, Side]
  readonly reserve: Reserve
  /** half width of the reserve in the middle */
  readonly reserveHalf: number
  /** side (0, 1) whose first lane holds rails */
  readonly tramLane: number | undefined
  readonly cross: Cross | undefined
  /** middles of the zebra crossings over the main street */
  readonly zebras: readonly number[]
}

/** Half length of a zebra crossing along the street. */
export const ZEBRA_HALF = 1.7

export function drawPlan(random: Random, style: Style): StreetPlan {
  const source = style === 'source'
  const laneWidth = random.between(3, 3.6)
  const lanes = chance(random, source ? 0.33 : 0.3) ? 2 : 1
  const trams = random.next()
  const reserve: Reserve = trams < 0.13 ? 'tram on grass' : trams < 0.27 ? 'tram on stone' : trams < 0.36 ? 'green' : 'none'
  const reserveHalf = reserve === 'none' ? 0 : reserve === 'green' ? random.between(0.8, 1.8) : random.between(1.7, 2.1)
  const tramLane = reserve === 'none' && chance(random, 0.32) ? random.below(2) : undefined
  const cycle = chance(random, source ? 0.3 : 0.4)
  const side = (sign: 1 | -1): Side => {
    const cycleLane = cycle ? random.between(1.5, 1.9) : 0
    const parking = chance(random, 0.65) ? random.between(2.1, 2.4) : 0
    const kerb = reserveHalf + lanes * laneWidth + cycleLane + parking + 0.3
    const strip = chance(random, source ? 0.3 : 0.25) ? random.between(1.2, 2.4) : 0
    const walk = random.between(2.8, 5.6)
    return { sign, lanes, laneStart: reserveHalf, laneWidth, cycleLane, parking, kerb, strip, walk, front: kerb + strip + walk }
  }
  const sides = [side(-1), side(1)] as const
  const crossHalf = random.between(3.2, 6)
  const cross = chance(random, 0.7) ? { z: random.between(-1, 1) * (source ? 22 : 14), half: crossHalf, walk: random.between(2.2, 3.5) } : undefined
  const zebras = cross ? [cross.z - cross.half - 2.6, cross.z + cross.half + 2.6] : chance(random, 0.7) ? [random.between(-16, 16)] : []
  return { style, sides, reserve, reserveHalf, tramLane, cross, zebras }
}

/** Middle of a lane, world x. */
export function laneX(side: Side, lane: number): number {
  return side.sign * (side.laneStart + (lane + 0.5) * side.laneWidth)
}

/** Direction of traffic on a side: 0 along z, pi against it. */
export function headingOf(side: Side): number {
  return side.sign === 1 ? 0 : Math.PI
}

/** The cross street with its pavements, as [from, to] in z; undefined where there is none. */
export function crossSpan(plan: StreetPlan): readonly [number, number] | undefined {
  if (!plan.cross) return undefined
  const reach = plan.cross.half + plan.cross.walk
  return [plan.cross.z - reach, plan.cross.z + reach]
}

/** True within `margin` metres of the cross street's carriageway. */
export function nearCross(plan: StreetPlan, z: number, margin: number): boolean {
  return plan.cross !== undefined && Math.abs(z - plan.cross.z) < plan.cross.half + margin
}

/** Cameras on a car in a lane, looking along it towards the street's middle. */
export function drawPinholeSpots(random: Random, plan: StreetPlan): CameraSpot[] {
  return plan.sides.map((side) => {
    const z = -side.sign * random.between(10, 30)
    return {
      position: [laneX(side, random.below(side.lanes)) + spread(random) * 0.2, random.between(1.2, 1.4), z],
      yaw: headingOf(side) + spread(random) * 0.04,
    }
  })
}

/** Cameras of panoramas: on the road, on a pavement, on a crossing; and that on the pavement as a walker's, who looks along the street. */
export function drawPanoramaSpots(random: Random, plan: StreetPlan): { readonly panoramaSpots: readonly CameraSpot[]; readonly walkerSpots: readonly CameraSpot[] } {
  const spot = (x: number, y: number, z: number): CameraSpot => ({
    position: [x, y + random.between(1.6, 2.6), z],
    yaw: (chance(random, 0.5) ? 0 : Math.PI) + spread(random) * 0.2,
  })
  const side = pick(random, plan.sides)
  const other = pick(random, plan.sides)
  const onRoad = spot(laneX(side, random.below(side.lanes)) + spread(random) * 0.5, 0, random.between(-10, 10))
  const onPavement = spot(other.sign * (other.kerb + other.strip + other.walk * random.between(0.4, 0.7)), KERB, pavementZ(random, plan))
  const onCrossing = plan.zebras.length > 0 ? [spot(laneX(other, 0) + spread(random) * 0.6, 0, pick(random, plan.zebras))] : []
  return { panoramaSpots: [onRoad, onPavement, ...onCrossing], walkerSpots: [onPavement] }
}

/** A z near the middle that is not within the cross street. */
function pavementZ(random: Random, plan: StreetPlan): number {
  for (let tries = 0; tries < 20; tries++) {
    const z = random.between(-14, 14)
    if (!nearCross(plan, z, 1.5)) return z
  }
  return plan.cross ? plan.cross.z + plan.cross.half + 1.6 : 0
}
