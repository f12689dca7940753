/**
 * Rays of neighbouring pixels meet the same few parts: one walk through the tree for a square of pixels, with all their
 * directions at once, lists the parts that any of its rays can meet, nearest first (interval arithmetic on the slab test:
 * Boulos and others 2006). A ray then tries the list, and stops where the rest lies farther than what it has met.
 */
import { aim, type Camera } from './camera.ts'
import { MAX_DEPTH } from './bvh.ts'
import { meetPart, newRay, RAY_TO } from './shapes.ts'
import { groundPart, SKY_PART } from './surface.ts'
import type { World } from './world.ts'

/** Side of a square, pixels. */
export const TILE = 8
const TILE_BITS = 3

/** Square s has the parts `parts[starts[s]] ... parts[starts[s + 1] - 1]`, the nearest that each can be in `enters`. */
export interface Beams {
  readonly across: number
  readonly starts: Int32Array
  parts: Int32Array
  enters: Float64Array
}

/** Lists of all squares of the image. */
export function castBeams(world: World, camera: Camera): Beams {
  const across = Math.ceil(camera.width / TILE)
  const down = Math.ceil(camera.height / TILE)
  const capacity = Math.max(1024, across * down * 16)
  const beams: Beams = {
    across,
    starts: new Int32Array(across * down + 1),
    parts: new Int32Array(capacity),
    enters: new Float64Array(capacity),
  }
  const low = new Float64Array(3)
  const high = new Float64Array(3)
  const found = { parts: new Int32Array(world.partCount), enters: new Float64Array(world.partCount) }
  for (let square = 0; square < across * down; square++) {
    boundDirections(camera, { column: (square % across) * TILE, row: Math.floor(square / across) * TILE }, { low, high })
    const start = beams.starts[square]
    const count = gather(world, { low, high, origin: [camera.x, camera.y, camera.z], found })
    if (start + count > beams.parts.length) grow(beams, start + count)
    beams.parts.set(found.parts.subarray(0, count), start)
    beams.enters.set(found.enters.subarray(0, count), start)
    beams.starts[square + 1] = start + count
  }
  return beams
}

function grow(beams: Beams, least: number): void {
  const [parts, enters] = [new Int32Array(2 * least), new Float64Array(2 * least)]
  parts.set(beams.parts)
  enters.set(beams.enters)
  beams.parts = parts
  beams.enters = enters
}

const probe = newRay()

/** Lowest and highest of each component of the square's directions: of nine of them, and what may lie between. */
function boundDirections(camera: Camera, from: { column: number; row: number }, { low, high }: { low: Float64Array; high: Float64Array }): void {
  low.fill(Infinity)
  high.fill(-Infinity)
  for (let down = 0; down <= 2; down++) {
    for (let right = 0; right <= 2; right++) {
      aim(camera, probe, { column: from.column + (right * TILE) / 2, row: from.row + (down * TILE) / 2 })
      for (let d = 0; d < 3; d++) {
        low[d] = Math.min(low[d], probe[3 + d])
        high[d] = Math.max(high[d], probe[3 + d])
      }
    }
  }
  // a unit vector's second derivative by the angle is at most 1: between samples it bends by their distance squared / 8
  const step = (TILE / 2) * Math.max(camera.perColumn, camera.perRow)
  const bend = step * step * 0.5 + 1e-9
  for (let d = 0; d < 3; d++) {
    low[d] -= bend
    high[d] += bend
  }
}

interface Gathering {
  readonly low: Float64Array
  readonly high: Float64Array
  readonly origin: readonly number[]
  readonly found: { readonly parts: Int32Array; readonly enters: Float64Array }
}

const stack = new Int32Array(MAX_DEPTH * 2 + 2)

function gather(world: World, { low, high, origin, found }: Gathering): number {
  const { boxes, first, counts, order } = world.tree
  let count = 0
  let height = 0
  stack[height++] = 0
  const beam = { low, high, origin }
  while (height > 0) {
    const node = stack[--height]
    if (earliest(boxes, node, beam) === Infinity) continue
    const parts = counts[node]
    if (parts === 0) {
      if (first[node] === 0) continue
      stack[height++] = first[node]
      stack[height++] = first[node] + 1
      continue
    }
    for (let index = first[node]; index < first[node] + parts; index++) {
      const part = order[index]
      const enter = earliest(world.bounds, part, beam)
      if (enter === Infinity) continue
      let place = count++
      while (place > 0 && found.enters[place - 1] > enter) {
        found.enters[place] = found.enters[place - 1]
        found.parts[place] = found.parts[place - 1]
        place--
      }
      found.enters[place] = enter
      found.parts[place] = part
    }
  }
  return count
}

/** The nearest that a ray of the beam can enter the box, Infinity where none does. */
function earliest(boxes: Float64Array, box: number, { low, high, origin }: Pick<Gathering, 'low' | 'high' | 'origin'>): number {
  let enter = 0
  let leave = Infinity
  for (let d = 0; d < 3; d++) {
    const toLow = boxes[box * 6 + d] - origin[d]
    const toHigh = boxes[box * 6 + 3 + d] - origin[d]
    const slow = low[d]
    const fast = high[d]
    if (toLow > 0) {
      // it lies up the axis: only rays that go up meet it
      if (fast <= 0) return Infinity
      enter = Math.max(enter, toLow / fast)
      if (slow > 0) leave = Math.min(leave, toHigh / slow)
    } else if (toHigh < 0) {
      if (slow >= 0) return Infinity
      enter = Math.max(enter, toHigh / slow)
      if (fast < 0) leave = Math.min(leave, toLow / fast)
    } else if (slow > 0) leave = Math.min(leave, toHigh / slow)
    else if (fast < 0) leave = Math.min(leave, toLow / fast)
  }
  return enter <= leave ? enter : Infinity
}

/** What a ray of the square meets: a part, the ground (`groundPart`), or the sky; RAY_TO is the distance. */
export function castInBeam(world: World, ray: Float64Array, { beams, square }: { beams: Beams; square: number }): number {
  const ground = ray[4] < 0 ? -ray[1] / ray[4] : Infinity
  const meetsGround = ground < ray[RAY_TO] && ground > 0
  if (meetsGround) ray[RAY_TO] = ground
  const { parts, enters, starts } = beams
  const end = starts[square + 1]
  let nearest = -1
  for (let index = starts[square]; index < end; index++) {
    if (enters[index] > ray[RAY_TO]) break
    if (meetPart(world, parts[index], ray)) nearest = parts[index]
  }
  if (nearest >= 0) return nearest
  if (!meetsGround) return SKY_PART
  return groundPart(world.scene.groundAt(ray[0] + ray[3] * ground, ray[2] + ray[5] * ground))
}

/** The square that a pixel lies in. */
export function squareOf(beams: Beams, column: number, row: number): number {
  return (row >> TILE_BITS) * beams.across + (column >> TILE_BITS)
}
