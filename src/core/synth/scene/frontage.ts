/** The plots along both sides: houses in rows or behind gardens, parks, squares, walls and fences; and what closes the view behind them. */
import { SIDEWALK, TERRAIN } from './classes.ts'
import { type Quarter, addBlock, addHouse } from './buildings.ts'
import { type Random, chance, pick, whole } from './draw.ts'
import { addFence, addWall } from './enclosures.ts'
import { plotStretches } from './ground.ts'
import type { Rectangle } from './occupancy.ts'
import { grass, paving } from './palette.ts'
import { addBush, addHedge, addTree } from './plants.ts'
import { EXTENT, KERB, type Side, type StreetPlan } from './street-plan.ts'
import { addCar, addParkedTruck } from './yards.ts'

type PlotKind = 'row' | 'garden' | 'park' | 'square' | 'wall' | 'fence'

interface Plot {
  readonly side: Side
  readonly z0: number
  readonly z1: number
  readonly near: boolean
}

/** Depth of plots behind the pavement, metres; behind them stand the blocks that close the view. */
const DEPTH = 24
const CORNER_DEPTH = 12

const WIDTHS: Record<PlotKind, readonly [number, number]> = { row: [9, 18], garden: [11, 16], park: [18, 30], square: [18, 28], wall: [9, 16], fence: [10, 18] }

function drawKind(random: Random, style: StreetPlan['style']): PlotKind {
  const share = random.next()
  if (style === 'source') return share < 0.58 ? 'row' : share < 0.76 ? 'garden' : share < 0.84 ? 'park' : share < 0.92 ? 'wall' : 'fence'
  return share < 0.56 ? 'row' : share < 0.66 ? 'garden' : share < 0.76 ? 'park' : share < 0.84 ? 'square' : share < 0.92 ? 'wall' : 'fence'
}

/** Builds all plots and returns those that are paved. */
export function addFrontage(random: Random, plan: StreetPlan, quarter: Quarter): Rectangle[] {
  const paved: Rectangle[] = []
  for (const side of plan.sides) {
    const wanted: PlotKind[] = []
    if (chance(random, 0.45)) wanted.push('wall')
    if (chance(random, 0.45)) wanted.push('fence')
    if (chance(random, 0.4)) wanted.push('park')
    if (chance(random, 0.3)) wanted.push('garden')
    for (const [z0, z1] of plotStretches(plan)) {
      for (let z = z0; z < z1 - 0.1; ) {
        const near = Math.abs(z) < 32
        const asked = near && wanted.length > 0 && chance(random, 0.5) ? wanted.splice(random.below(wanted.length), 1)[0] : undefined
        const corner = plan.cross !== undefined && (Math.abs(z - z0) < 0.1 && z0 > -EXTENT)
        const kind = asked ?? (corner && chance(random, 0.7) ? 'row' : drawKind(random, plan.style))
        const [least, most] = WIDTHS[kind]
        const width = Math.min(random.between(least, most), z1 - z)
        // a remainder too narrow for a plot of its own goes to this one
        const end = z1 - z - width < 9 ? z1 : z + width
        addPlot(random, quarter, { kind, plot: { side, z0: z, z1: end, near }, paved })
        z = end
      }
    }
    addBlocks(random, plan, { quarter, side })
  }
  closeEnds(random, plan, quarter)
  return paved
}

function addPlot(random: Random, quarter: Quarter, { kind, plot, paved }: { kind: PlotKind; plot: Plot; paved: Rectangle[] }): void {
  switch (kind) {
    case 'row': return addRowHouse(random, quarter, plot)
    case 'garden': return addGardenHouse(random, quarter, plot)
    case 'park': return addPark(random, quarter, plot)
    case 'square': {
      paved.push(rectangleOf(plot))
      return addSquare(random, quarter, plot)
    }
    case 'wall':
    case 'fence': return addEnclosed(random, quarter, { plot, kind, paved })
  }
}

function rectangleOf({ side, z0, z1 }: Plot, depth = DEPTH): Rectangle {
  const from = side.sign * side.front
  const to = side.sign * (side.front + depth)
  return { x0: Math.min(from, to), x1: Math.max(from, to), z0, z1 }
}

/** Facing the street from that side. */
function facing(side: Side): number {
  return (-side.sign * Math.PI) / 2
}

function addRowHouse(random: Random, quarter: Quarter, { side, z0, z1, near }: Plot): void {
  const floors = whole(random, 3, quarter.style === 'source' ? 6 : 8)
  addHouse(random, quarter, {
    x: side.sign * (side.front + (chance(random, 0.25) ? random.between(0.2, 0.8) : 0.05)), z: (z0 + z1) / 2, yaw: facing(side),
    width: z1 - z0, depth: CORNER_DEPTH, floors, near, roof: chance(random, quarter.style === 'source' ? 0.35 : 0.55) ? 'flat' : 'along', shops: chance(random, 0.45),
  })
}

function addLawn(random: Random, { writer, style }: Quarter, { side, z0, z1 }: Plot, depth = DEPTH): void {
  const top = KERB + 0.04
  writer.stuff(TERRAIN).box(grass(random, style), [side.sign * (side.front + depth / 2 + 0.05), top / 2, (z0 + z1) / 2], [depth / 2, top / 2, (z1 - z0) / 2])
}

/** Hedge, wall or fence along the pavement; `open` leaves a gate at the end. */
function addEdge(random: Random, quarter: Quarter, { plot: { side, z0, z1 }, open }: { plot: Plot; open: number }): void {
  const end = z1 - open
  const line = { x: side.sign * (side.front + 0.3), z: (z0 + end) / 2, halfLength: (end - z0) / 2 - 0.1, y: 0.05 }
  if (line.halfLength < 0.5) return
  const share = random.next()
  if (share < 0.3) addHedge(random, quarter, { ...line, height: random.between(0.9, 1.7) })
  else if (share < 0.55) addWall(random, quarter, { ...line, height: random.between(0.7, 1.5) })
  else addFence(random, quarter, { ...line, height: random.between(0.9, 1.6), kind: pick(random, ['boards', 'bars', 'rails'] as const) })
}

function addGardenHouse(random: Random, quarter: Quarter, plot: Plot): void {
  const { side, z0, z1, near } = plot
  const setback = random.between(3, 6)
  addLawn(random, quarter, plot, 14)
  addHouse(random, quarter, {
    x: side.sign * (side.front + setback), z: (z0 + z1) / 2, yaw: facing(side), width: z1 - z0 - random.between(0, 3), depth: 9,
    floors: whole(random, 1, 3), near, roof: chance(random, 0.5) ? 'along' : 'across', shops: false,
  })
  addEdge(random, quarter, { plot, open: 1.6 })
  const x = (): number => side.sign * (side.front + random.between(1.4, setback - 0.8))
  for (let bush = whole(random, 0, 2); bush > 0; bush--) addBush(random, quarter, { x: x(), z: random.between(z0 + 1, z1 - 2), y: 0.1 })
  addTree(random, quarter, { x: side.sign * (side.front + setback + 11), z: random.between(z0 + 2, z1 - 2), height: random.between(7, 12) })
}

function addPark(random: Random, quarter: Quarter, plot: Plot): void {
  const { side, z0, z1 } = plot
  addLawn(random, quarter, plot)
  if (chance(random, 0.65)) addEdge(random, quarter, { plot, open: random.between(2, 5) })
  for (let tree = whole(random, 5, 9); tree > 0; tree--) addTree(random, quarter, { x: side.sign * (side.front + random.between(3.6, DEPTH - 3)), z: random.between(z0 + 1, z1 - 1), height: random.between(6, 13) })
  for (let bush = whole(random, 1, 4); bush > 0; bush--) addBush(random, quarter, { x: side.sign * (side.front + random.between(2, DEPTH - 3)), z: random.between(z0 + 1, z1 - 1), y: 0.1 })
}

function addSquare(random: Random, quarter: Quarter, plot: Plot): void {
  const { side, z0, z1 } = plot
  const top = KERB
  quarter.writer.stuff(SIDEWALK).box(paving(random, quarter.style), [side.sign * (side.front + DEPTH / 2), top / 2, (z0 + z1) / 2], [DEPTH / 2, top / 2, (z1 - z0) / 2])
  for (let tree = whole(random, 2, 4); tree > 0; tree--) addTree(random, quarter, { x: side.sign * (side.front + random.between(4, DEPTH - 4)), z: random.between(z0 + 2, z1 - 2), height: random.between(5, 9) })
  if (chance(random, 0.6)) addHedge(random, quarter, { x: side.sign * (side.front + random.between(2, 6)), z: (z0 + z1) / 2, halfLength: random.between(2, (z1 - z0) / 3), height: random.between(0.6, 1), y: 0.1 })
}

/** A yard behind a wall or a fence: trees, a shed, parked vehicles. */
function addEnclosed(random: Random, quarter: Quarter, { plot, kind, paved }: { plot: Plot; kind: 'wall' | 'fence'; paved: Rectangle[] }): void {
  const { side, z0, z1, near } = plot
  const line = { x: side.sign * (side.front + 0.25), z: (z0 + z1) / 2, halfLength: (z1 - z0) / 2 - 0.05 }
  if (kind === 'wall') addWall(random, quarter, { ...line, height: random.between(1.5, 3) })
  else addFence(random, quarter, { ...line, height: random.between(1.2, 2.3) })
  const middle = (z0 + z1) / 2
  const share = random.next()
  if (kind === 'fence' && share < 0.45) {
    paved.push(rectangleOf(plot, 14))
    for (let z = z0 + 2.5; z < z1 - 2; z += random.between(2.8, 4.2)) {
      const place = { x: side.sign * (side.front + 5.5), z, yaw: facing(side) + (chance(random, 0.5) ? Math.PI : 0) }
      if (chance(random, 0.25)) addParkedTruck(random, quarter, place)
      else if (chance(random, 0.8)) addCar(random, quarter, place)
    }
    return
  }
  if (share < 0.7) addHouse(random, quarter, { x: side.sign * (side.front + random.between(6, 10)), z: middle, yaw: facing(side), width: z1 - z0 - 1, depth: 9, floors: whole(random, 1, 4), near, roof: pick(random, ['flat', 'along', 'across'] as const), shops: false })
  for (let tree = whole(random, 1, 3); tree > 0; tree--) addTree(random, quarter, { x: side.sign * (side.front + random.between(3, 5.5)), z: random.between(z0 + 2, z1 - 2), height: random.between(5, 9) })
}

/** Blocks behind the plots; beside the cross street they and the yards' walls line it. */
function addBlocks(random: Random, plan: StreetPlan, { quarter, side }: { quarter: Quarter; side: Side }): void {
  const front = side.front + DEPTH
  for (const [z0, z1] of plotStretches(plan)) {
    for (let z = z0; z < z1 - 0.1; ) {
      const width = random.between(14, 26)
      const end = z1 - z - width < 10 ? z1 : z + width
      addBlock(random, quarter, { x: side.sign * front, z: (z + end) / 2, yaw: facing(side), width: end - z, depth: EXTENT + 6 - front })
      z = end
    }
    for (const [end, inward] of [[z0, 1], [z1, -1]] as const) {
      if (Math.abs(end) === EXTENT) continue
      const from = side.front + CORNER_DEPTH + 0.2
      const line = { x: (side.sign * (from + front)) / 2, z: end + inward * 0.25, yaw: Math.PI / 2, halfLength: (front - from) / 2 }
      if (chance(random, 0.5)) addWall(random, quarter, { ...line, height: random.between(1.8, 3) })
      else addFence(random, quarter, { ...line, height: random.between(1.4, 2.2) })
      addTree(random, quarter, { x: line.x, z: end + inward * 4, height: random.between(7, 11) })
    }
  }
}

/** Houses and trees across the street's ends. */
function closeEnds(random: Random, plan: StreetPlan, quarter: Quarter): void {
  for (const end of [-1, 1]) {
    for (let x = -EXTENT; x < EXTENT; ) {
      const width = random.between(16, 28)
      addBlock(random, quarter, { x: x + width / 2, z: end * (EXTENT + 5), yaw: end === 1 ? Math.PI : 0, width, depth: 12 })
      x += width
    }
    for (let tree = whole(random, 2, 5); tree > 0; tree--) addTree(random, quarter, { x: random.between(-16, 16), z: end * (EXTENT + random.between(1, 3)), height: random.between(7, 13) })
    if (plan.cross) addBlock(random, quarter, { x: end * (EXTENT + 6), z: plan.cross.z, yaw: (-end * Math.PI) / 2, width: 24, depth: 12 })
  }
}
