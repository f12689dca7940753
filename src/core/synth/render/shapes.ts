/**
 * Where a ray meets a solid. A ray is a `Float64Array` of RAY_LENGTH numbers; a shape that is met nearer than RAY_TO writes
 * that distance there. Numbers travel in arrays, not as arguments, because V8 would box them in calls that it does not inline.
 */
import { hash3, noise3, unitOf } from './noise.ts'
import { BOARDS, BOX, CELL, COS, CYLINDER, FOLIAGE, GABLE, LEAF, POROSITY, SIN, SOLID_STRIDE, TUFT_FROM, type World } from './world.ts'

/** Offsets: origin (3), unit direction (3), nearest and farthest distance, a pixel's width in radians. */
export const RAY_FROM = 6
export const RAY_TO = 7
export const RAY_PIXEL = 8
export const RAY_LENGTH = 9

/** Stands for a direction's component that is 0. */
export const TILT = 1e-12

export function newRay(): Float64Array {
  return new Float64Array(RAY_LENGTH)
}

/** True where the part is met between RAY_FROM and RAY_TO; RAY_TO then is the distance. */
export function meetPart(world: World, part: number, ray: Float64Array): boolean {
  const kind = world.kinds[part]
  if (kind === CYLINDER) return meetCylinder(world.solids, part * SOLID_STRIDE, ray)
  if (kind === BOX) return meetBox(world.solids, part * SOLID_STRIDE, ray)
  if (kind === GABLE) return meetGable(world.solids, part * SOLID_STRIDE, ray)
  if (kind === BOARDS) return meetBoards(world.solids, part * SOLID_STRIDE, ray)
  if (kind === FOLIAGE) return meetFoliage(world.solids, part * SOLID_STRIDE, ray)
  return meetEllipsoid(world.solids, part * SOLID_STRIDE, ray)
}

/** Where the nearer of the two ends of the way through a convex solid lies ahead, it is taken; from inside, the farther. */
function takeNearer(ray: Float64Array, enter: number, leave: number): boolean {
  if (enter > leave) return false
  const distance = enter > ray[RAY_FROM] ? enter : leave
  if (distance <= ray[RAY_FROM] || distance >= ray[RAY_TO]) return false
  ray[RAY_TO] = distance
  return true
}

function meetBox(s: Float64Array, i: number, ray: Float64Array): boolean {
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const ox = ray[0] - s[i]
  const oz = ray[2] - s[i + 2]
  // a direction along a face is taken as very slightly tilted: 0 / 0 would make a ray miss
  const inverseX = 1 / (cos * ray[3] - sin * ray[5] || TILT)
  const inverseY = 1 / (ray[4] || TILT)
  const inverseZ = 1 / (sin * ray[3] + cos * ray[5] || TILT)
  const middleX = (sin * oz - cos * ox) * inverseX
  const middleY = (s[i + 1] - ray[1]) * inverseY
  const middleZ = -(sin * ox + cos * oz) * inverseZ
  const wayX = s[i + 3] * Math.abs(inverseX)
  const wayY = s[i + 4] * Math.abs(inverseY)
  const wayZ = s[i + 5] * Math.abs(inverseZ)
  const enter = Math.max(middleX - wayX, middleY - wayY, middleZ - wayZ)
  const leave = Math.min(middleX + wayX, middleY + wayY, middleZ + wayZ)
  return takeNearer(ray, enter, leave)
}

/** A box of vertical boards: a ray may pass between them where it enters and again where it leaves. */
function meetBoards(s: Float64Array, i: number, ray: Float64Array): boolean {
  const far = ray[RAY_TO]
  const near = ray[RAY_FROM]
  if (!meetBox(s, i, ray)) return false
  if (isBoard(s, i, ray)) return true
  ray[RAY_FROM] = ray[RAY_TO]
  ray[RAY_TO] = far
  const met = meetBox(s, i, ray) && isBoard(s, i, ray)
  ray[RAY_FROM] = near
  if (!met) ray[RAY_TO] = far
  return met
}

function isBoard(s: Float64Array, i: number, ray: Float64Array): boolean {
  const distance = ray[RAY_TO]
  const x = ray[0] + ray[3] * distance - s[i]
  const z = ray[2] + ray[5] * distance - s[i + 2]
  const localX = s[i + COS] * x - s[i + SIN] * z
  const localZ = s[i + SIN] * x + s[i + COS] * z
  const along = Math.abs(localX) * s[i + 5] > Math.abs(localZ) * s[i + 3] ? localZ + s[i + 5] : localX + s[i + 3]
  const step = along / coarser(s[i + CELL], distance * ray[RAY_PIXEL] * 2)
  return step - Math.floor(step) >= s[i + POROSITY]
}

/** The size, doubled until it is at least so large: far away, holes grow together instead of glittering. */
function coarser(size: number, least: number): number {
  let grown = size
  while (grown < least) grown *= 2
  return grown
}

function meetGable(s: Float64Array, i: number, ray: Float64Array): boolean {
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const ox = ray[0] - s[i]
  const oz = ray[2] - s[i + 2]
  const x = cos * ox - sin * oz
  const y = ray[1] - s[i + 1]
  const z = sin * ox + cos * oz
  const dx = cos * ray[3] - sin * ray[5]
  const dy = ray[4]
  const dz = sin * ray[3] + cos * ray[5]
  const halfX = s[i + 3]
  const halfY = s[i + 4]
  const halfZ = s[i + 5]
  let enter = -Infinity
  let leave = Infinity
  // five planes n . p <= c: below, both ends, both slopes (halfX y +- 2 halfY x <= halfX halfY)
  for (let plane = 0; plane < 5; plane++) {
    let speed = -dy
    let room = halfY + y
    if (plane === 1) {
      speed = dz
      room = halfZ - z
    } else if (plane === 2) {
      speed = -dz
      room = halfZ + z
    } else if (plane > 2) {
      const side = plane === 3 ? 2 * halfY : -2 * halfY
      speed = halfX * dy + side * dx
      room = halfX * halfY - halfX * y - side * x
    }
    if (speed === 0) {
      if (room < 0) return false
    } else if (speed < 0) enter = Math.max(enter, room / speed)
    else leave = Math.min(leave, room / speed)
  }
  return takeNearer(ray, enter, leave)
}

function meetCylinder(s: Float64Array, i: number, ray: Float64Array): boolean {
  const x = ray[0] - s[i]
  const y = ray[1] - s[i + 1]
  const z = ray[2] - s[i + 2]
  const length = s[i + 6]
  const radius = s[i + 7]
  const slope = s[i + 8]
  const along = x * s[i + 3] + y * s[i + 4] + z * s[i + 5]
  const speed = ray[3] * s[i + 3] + ray[4] * s[i + 4] + ray[5] * s[i + 5]
  const radiusHere = radius + slope * along
  const near = ray[RAY_FROM]
  let nearest = ray[RAY_TO]
  // distance from the axis squared equals radius squared: a t^2 + 2 b t + c = 0
  const a = 1 - speed * speed * (1 + slope * slope)
  const b = x * ray[3] + y * ray[4] + z * ray[5] - along * speed - slope * speed * radiusHere
  const c = x * x + y * y + z * z - along * along - radiusHere * radiusHere
  const root = b * b - a * c
  if (root < 0 && a > 0) return false
  if (root >= 0 && Math.abs(a) > 1e-12) {
    const width = Math.sqrt(root)
    for (let sign = -1; sign <= 1; sign += 2) {
      const distance = (-b + sign * width) / a
      const at = along + distance * speed
      if (distance > near && distance < nearest && at >= 0 && at <= length) nearest = distance
    }
  }
  if (Math.abs(speed) > 1e-9) {
    for (let end = 0; end <= length; end += length) {
      const distance = (end - along) / speed
      if (!(distance > near && distance < nearest)) continue
      const capRadius = radius + slope * end
      const px = x + distance * ray[3] - end * s[i + 3]
      const py = y + distance * ray[4] - end * s[i + 4]
      const pz = z + distance * ray[5] - end * s[i + 5]
      if (px * px + py * py + pz * pz <= capRadius * capRadius) nearest = distance
    }
  }
  if (nearest === ray[RAY_TO]) return false
  ray[RAY_TO] = nearest
  return true
}

function meetEllipsoid(s: Float64Array, i: number, ray: Float64Array): boolean {
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const ox = ray[0] - s[i]
  const oz = ray[2] - s[i + 2]
  const x = (cos * ox - sin * oz) / s[i + 3]
  const y = (ray[1] - s[i + 1]) / s[i + 4]
  const z = (sin * ox + cos * oz) / s[i + 5]
  const dx = (cos * ray[3] - sin * ray[5]) / s[i + 3]
  const dy = ray[4] / s[i + 4]
  const dz = (sin * ray[3] + cos * ray[5]) / s[i + 5]
  const a = dx * dx + dy * dy + dz * dz
  const b = x * dx + y * dy + z * dz
  const root = b * b - a * (x * x + y * y + z * z - 1)
  if (root < 0) return false
  const width = Math.sqrt(root)
  return takeNearer(ray, (-b - width) / a, (-b + width) / a)
}

/** Radii of a crown's shells: the outer ones make it ragged, the inner ones give it depth. */
export const SHELLS = [1, 0.85, 0.68] as const

/** Leaves on three shells, one inside the other; a ray meets the first leaf on its way in and out. */
function meetFoliage(s: Float64Array, i: number, ray: Float64Array): boolean {
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const ox = ray[0] - s[i]
  const oy = ray[1] - s[i + 1]
  const oz = ray[2] - s[i + 2]
  const x = (cos * ox - sin * oz) / s[i + 3]
  const y = oy / s[i + 4]
  const z = (sin * ox + cos * oz) / s[i + 5]
  const dx = (cos * ray[3] - sin * ray[5]) / s[i + 3]
  const dy = ray[4] / s[i + 4]
  const dz = (sin * ray[3] + cos * ray[5]) / s[i + 5]
  const a = dx * dx + dy * dy + dz * dz
  const b = x * dx + y * dy + z * dz
  const outside = b * b - a * (x * x + y * y + z * z)
  if (outside + a < 0) return false
  const near = ray[RAY_FROM]
  const far = ray[RAY_TO]
  for (let step = 0; step < 6; step++) {
    const shell = step < 3 ? step : 5 - step
    const root = outside + a * SHELLS[shell] * SHELLS[shell]
    if (root < 0) continue
    const width = Math.sqrt(root)
    const distance = (step < 3 ? -b - width : -b + width) / a
    if (distance >= far) return false
    if (distance <= near) continue
    const px = ox + distance * ray[3]
    const py = oy + distance * ray[4]
    const pz = oz + distance * ray[5]
    if (shell === 0 && noise3(px * TUFT, py * TUFT, pz * TUFT, i) < TUFT_FROM) continue
    const cells = 1 / coarser(s[i + CELL], distance * ray[RAY_PIXEL] * 1.5)
    const size = s[i + (shell === 0 ? POROSITY : LEAF)]
    const seed = (shell + i * 3) * 31
    place[0] = px * cells + seed
    place[1] = py * cells
    place[2] = pz * cells
    if (!isLeaf(size)) {
      place[0] = py * cells + 0.5
      place[1] = pz * cells + 0.3 + seed
      place[2] = px * cells
      if (!isLeaf(size)) continue
    }
    ray[RAY_TO] = distance
    return true
  }
  return false
}

/** tufts per metre, in a crown */
const TUFT = 1.9

/** a place in a crown, in cells of leaves */
const place = new Float64Array(3)

/** Leaves are long balls, one in each cell of a skewed grid, each lying its own way; `size`: squared radius of the ball as large. */
function isLeaf(size: number): boolean {
  const x = place[0] + 0.37 * place[1]
  const y = place[1] + 0.31 * place[2]
  const z = place[2] + 0.43 * place[0]
  const cellX = Math.floor(x)
  const cellY = Math.floor(y)
  const cellZ = Math.floor(z)
  const word = hash3(cellX, cellY, cellZ)
  const bx = x - cellX - 0.5 + (unitOf(word, 0) - 0.5) * 0.3
  const by = y - cellY - 0.5 + (unitOf(word, 6) - 0.5) * 0.3
  const bz = z - cellZ - 0.5 + (unitOf(word, 12) - 0.5) * 0.3
  // the long axis: a direction of a grid of four by four by four
  const ax = ((word >>> 20) & 3) - 1.5
  const ay = ((word >>> 22) & 3) - 1.5
  const az = ((word >>> 24) & 3) - 1.5
  const along = bx * ax + by * ay + bz * az
  // half as wide as long, twice as long: the same volume at radius^2 (1/2)^(2/3)
  return bx * bx + by * by + bz * bz - (0.75 * along * along) / (ax * ax + ay * ay + az * az) < 0.63 * size
}
