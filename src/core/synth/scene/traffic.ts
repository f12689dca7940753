/** Puts vehicles into lanes, parking strips and the cross street. What is rare is placed first and near the cameras. */
import { type Random, chance, spread, whole } from './draw.ts'
import type { Focus } from './focus.ts'
import { BUS_LENGTH, TRUCK_LENGTH, addBus, addTram, addTruck, drawTramCars, tramLength } from './heavy-vehicles.ts'
import { type Occupancy, around } from './occupancy.ts'
import type { Crowd } from './people.ts'
import { KERB, type Side, type StreetPlan, ZEBRA_HALF, headingOf, laneX, nearCross } from './street-plan.ts'
import { addBicycle, addMotorcycle } from './two-wheelers.ts'
import { CAR_LENGTH, type Traffic, addCar, drawCarKind } from './vehicles.ts'

export interface Flow extends Traffic {
  readonly crowd: Crowd
  readonly occupancy: Occupancy
  readonly focus: Focus
}

/** Shares of streets with such a vehicle near the cameras. */
const SHARES = {
  source: { bus: 0.55, truck: 0.62, motorcycle: 0.75, cyclist: 0.7, parkedMotorcycle: 0.55 },
  target: { bus: 0.62, truck: 0.48, motorcycle: 0.85, cyclist: 0.8, parkedMotorcycle: 0.7 },
} as const

/** Beyond this distance from the street's middle nobody sees a door handle. */
const NEAR = 26

export function addTraffic(random: Random, plan: StreetPlan, flow: Flow): void {
  addTrams(random, plan, flow)
  const shares = SHARES[plan.style]
  const times = (share: number): number => (chance(random, share) ? (chance(random, 0.3) ? 2 : 1) : 0)
  for (let bus = times(shares.bus); bus > 0; bus--) placeInLane(random, plan, { flow, length: BUS_LENGTH, reach: 22, add: (place) => addBus(random, flow, place) })
  for (let truck = times(shares.truck); truck > 0; truck--) placeInLane(random, plan, { flow, length: TRUCK_LENGTH, reach: 20, add: (place) => addTruck(random, flow, place) })
  for (let bike = times(shares.motorcycle); bike > 0; bike--) placeInLane(random, plan, { flow, length: 2, reach: 11, add: (place) => addMotorcycle(random, flow.crowd, { ...place, ridden: true, lampsOn: flow.lampsOn }) })
  for (let rider = chance(random, shares.cyclist) ? whole(random, 1, 4) : 0; rider > 0; rider--) addCyclist(random, plan, flow)
  if (chance(random, shares.parkedMotorcycle)) addParkedMotorcycles(random, plan, flow)
  for (const side of plan.sides) {
    if (side.parking > 0) addParked(random, plan, { flow, side })
    for (let lane = 0; lane < side.lanes; lane++) addDriving(random, plan, { flow, side, lane })
  }
  addCrossTraffic(random, plan, flow)
}

interface LanePlace {
  readonly x: number
  readonly z: number
  readonly yaw: number
}

function placeInLane(random: Random, plan: StreetPlan, { flow, length, reach, add }: { flow: Flow; length: number; reach: number; add: (place: LanePlace) => void }): void {
  for (let tries = 0; tries < 14; tries++) {
    const side = plan.sides[random.below(2)]
    const x = laneX(side, random.below(side.lanes)) + spread(random) * 0.12
    const z = tries < 8 ? flow.focus(random, reach) : random.between(-30, 30)
    if (!flow.occupancy.claim(around(x, z, [1.35, length / 2 + 0.9]))) continue
    add({ x, z, yaw: headingOf(side) + spread(random) * 0.015 })
    return
  }
}

function addTrams(random: Random, plan: StreetPlan, flow: Flow): void {
  const onReserve = plan.reserve === 'tram on grass' || plan.reserve === 'tram on stone'
  if ((!onReserve && plan.tramLane === undefined) || chance(random, 0.12)) return
  const side = plan.sides[plan.tramLane ?? random.below(2)]
  const x = onReserve ? 0 : laneX(side, 0)
  for (let tries = 0; tries < 30; tries++) {
    const cars = Math.max(2, drawTramCars(random) - (tries > 10 ? 1 : 0))
    const z = tries < 12 ? flow.focus(random, 26) : random.between(-36, 36)
    if (!flow.occupancy.claim(around(x, z, [1.3, tramLength(cars) / 2 + 1.2]))) continue
    addTram(random, flow, { x, y: plan.reserve === 'tram on grass' ? 0.12 : 0, z, yaw: headingOf(side), cars })
    return
  }
}

function addCyclist(random: Random, plan: StreetPlan, flow: Flow): void {
  for (let tries = 0; tries < 10; tries++) {
    const side = plan.sides[random.below(2)]
    const lanesEnd = side.laneStart + side.lanes * side.laneWidth
    const across = side.cycleLane > 0 ? lanesEnd + side.cycleLane / 2 : lanesEnd - 0.5
    const x = side.sign * across + spread(random) * 0.12
    const z = flow.focus(random, 10)
    if (!flow.occupancy.claim(around(x, z, [0.4, 1.2]))) continue
    addBicycle(random, flow.crowd, { x, z, yaw: headingOf(side) + spread(random) * 0.08, ridden: true })
    return
  }
}

/** True where nobody parks: at crossings and beside the cross street. */
function keptFree(plan: StreetPlan, z: number, half: number): boolean {
  return nearCross(plan, z, 6 + half) || plan.zebras.some((zebra) => Math.abs(z - zebra) < ZEBRA_HALF + 1 + half)
}

function addParked(random: Random, plan: StreetPlan, { flow, side }: { flow: Flow; side: Side }): void {
  const across = side.kerb - side.parking / 2 - 0.1
  const filled = random.between(0.5, 0.95)
  for (let z = -62 + random.between(0, 3); z < 62; ) {
    const kind = drawCarKind(random, plan.style)
    const truck = chance(random, 0.04)
    const length = truck ? TRUCK_LENGTH : CAR_LENGTH[kind]
    const middle = z + length / 2
    z += length + random.between(0.6, 1.6)
    if (!chance(random, filled) || keptFree(plan, middle, length / 2)) continue
    const x = side.sign * across + spread(random) * 0.06
    if (!flow.occupancy.claim(around(x, middle, [1.05, length / 2 + 0.2]))) continue
    const place = { x, z: middle, yaw: headingOf(side) + spread(random) * 0.02 }
    if (truck) addTruck(random, { ...flow, lampsOn: false }, place)
    else addCar(random, flow, { ...place, near: Math.abs(middle) < NEAR, kind, parked: true })
  }
}

/** A few motorcycles side by side, at an angle to the kerb; on the pavement where there is no parking strip. */
function addParkedMotorcycles(random: Random, plan: StreetPlan, flow: Flow): void {
  const side = plan.sides[random.below(2)]
  const from = flow.focus(random, 9)
  const onRoad = side.parking > 0
  const x = side.sign * (onRoad ? side.kerb - side.parking / 2 - 0.1 : side.kerb + 1.15)
  const yaw = (side.sign * Math.PI) / 2 + 0.25 + (chance(random, 0.3) ? Math.PI : 0)
  for (let bike = 0, count = whole(random, 2, 4); bike < count; bike++) {
    const z = from + bike * 0.95
    if ((onRoad ? keptFree(plan, z, 0.5) : nearCross(plan, z, 1)) || !flow.occupancy.claim(around(x, z, [1, 0.46]))) continue
    addMotorcycle(random, flow.crowd, { x, y: onRoad ? 0 : KERB, z, yaw: yaw + spread(random) * 0.08, ridden: false, lampsOn: false })
  }
}

function addDriving(random: Random, plan: StreetPlan, { flow, side, lane }: { flow: Flow; side: Side; lane: number }): void {
  const dense = chance(random, 0.3)
  for (let z = -66 + random.between(0, 12); z < 66; ) {
    const kind = drawCarKind(random, plan.style)
    const length = CAR_LENGTH[kind]
    const middle = z + length / 2
    z += length + random.between(dense ? 2 : 7, dense ? 9 : 38)
    const x = laneX(side, lane) + spread(random) * 0.15
    if (plan.zebras.some((zebra) => Math.abs(middle - zebra) < ZEBRA_HALF + length / 2) && chance(random, 0.8)) continue
    if (!flow.occupancy.claim(around(x, middle, [1.1, length / 2 + 0.9]))) continue
    addCar(random, flow, { x, z: middle, yaw: headingOf(side) + spread(random) * 0.015, near: Math.abs(middle) < NEAR, kind, parked: false })
  }
}

function addCrossTraffic(random: Random, plan: StreetPlan, flow: Flow): void {
  if (!plan.cross) return
  const { z, half } = plan.cross
  for (const side of plan.sides) {
    for (let car = whole(random, 1, 3); car > 0; car--) {
      const kind = drawCarKind(random, plan.style)
      // towards the main street on the right half of the road
      const away = chance(random, 0.5) ? 1 : -1
      const x = side.sign * random.between(side.front + 3, 55)
      const lane = z - away * side.sign * half * 0.5
      if (!flow.occupancy.claim(around(x, lane, [CAR_LENGTH[kind] / 2 + 0.8, 1.1]))) continue
      addCar(random, flow, { x, z: lane, yaw: (away * side.sign * Math.PI) / 2, near: Math.abs(x) < NEAR - 8, kind, parked: false })
    }
  }
}
