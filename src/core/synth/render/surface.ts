/** What a ray has met: the place, the face, and the face's own coordinates, for patterns and light. */
import { hash3, unitOf } from './noise.ts'
import { RAY_PIXEL, RAY_TO } from './shapes.ts'
import { BOARDS, BOX, CELL, COS, CYLINDER, FOLIAGE, GABLE, SIN, SOLID_STRIDE, type World } from './world.ts'

/** Offsets in a surface: place (3), normal towards the viewer (3). */
export const NORMAL = 3
/** Along and up the face from its lower left corner, metres; on the ground x and z; on caps from the middle. */
export const ALONG = 6
export const UP = 7
export const FACE_WIDTH = 8
export const FACE_HEIGHT = 9
/** Width of a pixel on the face, metres */
export const FOOTPRINT = 10
/** Which face it is: parts of one solid that are lit differently differ here. */
export const FACE = 11
/** How far the view moves along and up the face per metre that it goes in */
export const SLANT_ALONG = 12
export const SLANT_UP = 13
/** foliage: 1 on the outer shell, less within; elsewhere 1 */
export const OPENNESS = 14
export const SURFACE_LENGTH = 15

export const FACE_TOP = 4
export const FACE_ROUND = 6
export const FACE_GROUND = 7

/** Names the ground's spot as a part: parts count from 0, the sky is -1. */
export function groundPart(spot: number): number {
  return -2 - spot
}

export const SKY_PART = -1

export function newSurface(): Float64Array {
  return new Float64Array(SURFACE_LENGTH)
}

/** Writes the surface that the ray met at RAY_TO: `part` as `nearestPart` or `groundPart` name it. */
export function surfaceAt(world: World, part: number, { ray, surface }: { ray: Float64Array; surface: Float64Array }): void {
  const distance = ray[RAY_TO]
  for (let d = 0; d < 3; d++) surface[d] = ray[d] + ray[3 + d] * distance
  surface[OPENNESS] = 1
  if (part < 0) groundSurface(surface)
  else if (world.kinds[part] === CYLINDER) cylinderSurface(world.solids, part * SOLID_STRIDE, surface)
  else turnedSurface(world, part, surface)
  let facing = surface[NORMAL] * ray[3] + surface[NORMAL + 1] * ray[4] + surface[NORMAL + 2] * ray[5]
  if (facing > 0) {
    for (let d = 0; d < 3; d++) surface[NORMAL + d] = -surface[NORMAL + d]
    facing = -facing
  }
  surface[FOOTPRINT] = (distance * ray[RAY_PIXEL]) / Math.sqrt(Math.max(0.02, -facing))
  slant(surface, ray, Math.max(0.05, -facing))
}

/** As `surfaceAt`; returns the face's name: two places with the same name lie on one face of one part (or on one kind of ground). */
export function faceAt(world: World, part: number, { ray, surface }: { ray: Float64Array; surface: Float64Array }): number {
  if (part === SKY_PART) return SKY_PART
  surfaceAt(world, part, { ray, surface })
  return part >= 0 ? part * 8 + surface[FACE] : part
}

/** For upright faces: along is right-hand of the normal seen from above. */
function slant(surface: Float64Array, ray: Float64Array, facing: number): void {
  const level = Math.hypot(surface[NORMAL], surface[NORMAL + 2])
  if (level < 0.5) {
    surface[SLANT_ALONG] = 0
    surface[SLANT_UP] = 0
    return
  }
  const along = (ray[5] * surface[NORMAL] - ray[3] * surface[NORMAL + 2]) / level
  surface[SLANT_ALONG] = along / facing
  surface[SLANT_UP] = ray[4] / facing
}

function groundSurface(surface: Float64Array): void {
  surface[NORMAL] = 0
  surface[NORMAL + 1] = 1
  surface[NORMAL + 2] = 0
  surface[ALONG] = surface[0]
  surface[UP] = surface[2]
  surface[FACE_WIDTH] = Infinity
  surface[FACE_HEIGHT] = Infinity
  surface[FACE] = FACE_GROUND
}

/** the place and the normal in the solid's own frame: x to the right, y up, z ahead */
const local = new Float64Array(6)

/** Boxes, roofs, ellipsoids: in their own frame. */
function turnedSurface(world: World, part: number, surface: Float64Array): void {
  const s = world.solids
  const i = part * SOLID_STRIDE
  const kind = world.kinds[part]
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const dx = surface[0] - s[i]
  const dz = surface[2] - s[i + 2]
  local[0] = cos * dx - sin * dz
  local[1] = surface[1] - s[i + 1]
  local[2] = sin * dx + cos * dz
  local[3] = 0
  local[4] = 0
  local[5] = 0
  if (kind === BOX || kind === BOARDS) boxSurface(s, i, surface)
  else if (kind === GABLE) gableSurface(s, i, surface)
  else {
    ellipsoidSurface(s, i, surface)
    if (kind === FOLIAGE) turnLeaf(part, s[i + CELL])
  }
  surface[NORMAL] = cos * local[3] + sin * local[5]
  surface[NORMAL + 1] = local[4]
  surface[NORMAL + 2] = cos * local[5] - sin * local[3]
}

function boxSurface(s: Float64Array, i: number, surface: Float64Array): void {
  const ax = Math.abs(local[0]) / s[i + 3]
  const ay = Math.abs(local[1]) / s[i + 4]
  const az = Math.abs(local[2]) / s[i + 5]
  if (ay >= ax && ay >= az) levelFace(s, i, surface)
  else uprightFace(s, i, { surface, ahead: az > ax })
}

function levelFace(s: Float64Array, i: number, surface: Float64Array): void {
  local[4] = local[1] < 0 ? -1 : 1
  surface[ALONG] = local[0] + s[i + 3]
  surface[UP] = local[2] + s[i + 5]
  surface[FACE_WIDTH] = 2 * s[i + 3]
  surface[FACE_HEIGHT] = 2 * s[i + 5]
  surface[FACE] = local[1] < 0 ? FACE_TOP + 1 : FACE_TOP
}

/** Sides: along runs to the right of one who looks at the face from outside. */
function uprightFace(s: Float64Array, i: number, { surface, ahead }: { surface: Float64Array; ahead: boolean }): void {
  const sign = (ahead ? local[2] : local[0]) < 0 ? -1 : 1
  const half = ahead ? s[i + 3] : s[i + 5]
  local[ahead ? 5 : 3] = sign
  surface[ALONG] = half + (ahead ? -sign * local[0] : sign * local[2])
  surface[UP] = local[1] + s[i + 4]
  surface[FACE_WIDTH] = 2 * half
  surface[FACE_HEIGHT] = 2 * s[i + 4]
  surface[FACE] = (ahead ? 2 : 0) + (sign < 0 ? 1 : 0)
}

function gableSurface(s: Float64Array, i: number, surface: Float64Array): void {
  const halfX = s[i + 3]
  const halfY = s[i + 4]
  const slopes = (halfX * local[1] + 2 * halfY * Math.abs(local[0])) / (halfX * halfY)
  const ends = Math.abs(local[2]) / s[i + 5]
  if (-local[1] / halfY >= slopes && -local[1] / halfY >= ends) {
    levelFace(s, i, surface)
    return
  }
  uprightFace(s, i, { surface, ahead: ends >= slopes })
  if (ends >= slopes) return
  const length = Math.hypot(halfX, 2 * halfY)
  local[3] = ((local[0] < 0 ? -2 : 2) * halfY) / length
  local[4] = halfX / length
  surface[UP] = ((local[1] + halfY) / (2 * halfY)) * length
  surface[FACE_HEIGHT] = length
}

function ellipsoidSurface(s: Float64Array, i: number, surface: Float64Array): void {
  const x = local[0] / s[i + 3]
  const y = local[1] / s[i + 4]
  const z = local[2] / s[i + 5]
  const reach = Math.max(s[i + 3], s[i + 5])
  surface[OPENNESS] = Math.sqrt(x * x + y * y + z * z)
  local[3] = x / s[i + 3]
  local[4] = y / s[i + 4]
  local[5] = z / s[i + 5]
  unitNormal()
  surface[ALONG] = Math.atan2(local[0], local[2]) * reach
  surface[UP] = local[1] + s[i + 4]
  surface[FACE_WIDTH] = 2 * Math.PI * reach
  surface[FACE_HEIGHT] = 2 * s[i + 4]
  surface[FACE] = FACE_ROUND
}

function unitNormal(): void {
  const length = Math.sqrt(local[3] * local[3] + local[4] * local[4] + local[5] * local[5]) || 1
  local[3] /= length
  local[4] /= length
  local[5] /= length
}

/** Each leaf hangs its own way. */
function turnLeaf(part: number, size: number): void {
  const word = hash3(Math.floor(local[0] / size), Math.floor(local[1] / size), Math.floor(local[2] / size) + part * 7)
  local[3] += (unitOf(word, 0) - 0.5) * 1.1
  local[4] += (unitOf(word, 10) - 0.5) * 1.1
  local[5] += (unitOf(word, 20) - 0.5) * 1.1
  unitNormal()
}

function cylinderSurface(s: Float64Array, i: number, surface: Float64Array): void {
  const ax = s[i + 3]
  const ay = s[i + 4]
  const az = s[i + 5]
  const length = s[i + 6]
  const x = surface[0] - s[i]
  const y = surface[1] - s[i + 1]
  const z = surface[2] - s[i + 2]
  const along = x * ax + y * ay + z * az
  const px = x - along * ax
  const py = y - along * ay
  const pz = z - along * az
  const away = Math.hypot(px, py, pz)
  const radius = s[i + 7] + s[i + 8] * along
  // two directions across the axis
  const level = Math.hypot(ax, az)
  const ux = level > 1e-3 ? az / level : 1
  const uz = level > 1e-3 ? -ax / level : 0
  const vx = ay * uz
  const vy = az * ux - ax * uz
  const vz = -ay * ux
  const cap = Math.min(Math.abs(along), Math.abs(length - along)) < Math.abs(radius - away)
  if (cap || away < 1e-9) {
    const sign = along * 2 < length ? -1 : 1
    surface[NORMAL] = ax * sign
    surface[NORMAL + 1] = ay * sign
    surface[NORMAL + 2] = az * sign
    surface[ALONG] = (px * ux + pz * uz) * sign
    surface[UP] = px * vx + py * vy + pz * vz
    surface[FACE_WIDTH] = 2 * radius
    surface[FACE_HEIGHT] = 2 * radius
    surface[FACE] = sign < 0 ? FACE_TOP + 1 : FACE_TOP
    return
  }
  // the side leans by the cone's slope
  const slope = s[i + 8]
  const lean = Math.hypot(1, slope)
  surface[NORMAL] = (px / away - slope * ax) / lean
  surface[NORMAL + 1] = (py / away - slope * ay) / lean
  surface[NORMAL + 2] = (pz / away - slope * az) / lean
  surface[ALONG] = (Math.atan2(px * vx + py * vy + pz * vz, px * ux + pz * uz) + Math.PI) * radius
  surface[UP] = along
  surface[FACE_WIDTH] = 2 * Math.PI * radius
  surface[FACE_HEIGHT] = length
  surface[FACE] = FACE_ROUND
}
