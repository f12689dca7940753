/** What a ray has met: the place, the face, and the face's own coordinates, for patterns and light. */
import { hash3, unitOf } from './noise.ts'
import { RAY_PIXEL, RAY_TO } from './shapes.ts'
import { BOARDS, BOX, COS, CYLINDER, FOLIAGE, GABLE, SIN, SOLID_STRIDE, type World } from './world.ts'

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

/** Boxes, roofs, ellipsoids: in their own frame, x to the right, z ahead. */
function turnedSurface(world: World, part: number, surface: Float64Array): void {
  const s = world.solids
  const i = part * SOLID_STRIDE
  const kind = world.kinds[part]
  const cos = s[i + COS]
  const sin = s[i + SIN]
  const dx = surface[0] - s[i]
  const dz = surface[2] - s[i + 2]
  const x = cos * dx - sin * dz
  const y = surface[1] - s[i + 1]
  const z = sin * dx + cos * dz
  const halfX = s[i + 3]
  const halfY = s[i + 4]
  const halfZ = s[i + 5]
  let nx = 0
  let ny = 0
  let nz = 0
  if (kind === BOX || kind === BOARDS) {
    const ax = Math.abs(x) / halfX
    const ay = Math.abs(y) / halfY
    const az = Math.abs(z) / halfZ
    if (ay >= ax && ay >= az) ny = y < 0 ? -1 : 1
    else if (ax >= az) nx = x < 0 ? -1 : 1
    else nz = z < 0 ? -1 : 1
  } else if (kind === GABLE) {
    const slopes = (halfX * y + 2 * halfY * Math.abs(x)) / (halfX * halfY)
    const ends = Math.abs(z) / halfZ
    if (-y / halfY >= slopes && -y / halfY >= ends) ny = -1
    else if (ends >= slopes) nz = z < 0 ? -1 : 1
    else {
      const length = Math.hypot(halfX, 2 * halfY)
      nx = ((x < 0 ? -2 : 2) * halfY) / length
      ny = halfX / length
    }
  } else {
    nx = x / (halfX * halfX)
    ny = y / (halfY * halfY)
    nz = z / (halfZ * halfZ)
    const length = Math.hypot(nx, ny, nz) || 1
    nx /= length
    ny /= length
    nz /= length
    if (kind === FOLIAGE) {
      surface[OPENNESS] = Math.hypot(x / halfX, y / halfY, z / halfZ)
      const word = hash3(Math.floor(x * 9), Math.floor(y * 9), Math.floor(z * 9) + part * 7)
      nx += (unitOf(word, 0) - 0.5) * 1.1
      ny += (unitOf(word, 10) - 0.5) * 1.1
      nz += (unitOf(word, 20) - 0.5) * 1.1
      const bent = Math.hypot(nx, ny, nz) || 1
      nx /= bent
      ny /= bent
      nz /= bent
    }
  }
  surface[NORMAL] = cos * nx + sin * nz
  surface[NORMAL + 1] = ny
  surface[NORMAL + 2] = cos * nz - sin * nx
  faceCoordinates(surface, kind, { x, y, z, nx, ny, nz, halfX, halfY, halfZ })
}

interface LocalFace {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly nx: number
  readonly ny: number
  readonly nz: number
  readonly halfX: number
  readonly halfY: number
  readonly halfZ: number
}

function faceCoordinates(surface: Float64Array, kind: number, face: LocalFace): void {
  const { x, y, z, nx, ny, nz, halfX, halfY, halfZ } = face
  surface[UP] = y + halfY
  surface[FACE_HEIGHT] = 2 * halfY
  if (kind !== BOX && kind !== BOARDS && kind !== GABLE) {
    surface[ALONG] = Math.atan2(x, z) * Math.max(halfX, halfZ)
    surface[FACE_WIDTH] = 2 * Math.PI * Math.max(halfX, halfZ)
    surface[FACE] = FACE_ROUND
  } else if (nx !== 0) {
    // along runs to the viewer's right: ahead on the left side's outside is to the left
    surface[ALONG] = nx > 0 ? z + halfZ : halfZ - z
    surface[FACE_WIDTH] = 2 * halfZ
    surface[FACE] = nx > 0 ? 0 : 1
    if (kind === GABLE) {
      surface[UP] = ((y + halfY) / (2 * halfY)) * Math.hypot(halfX, 2 * halfY)
      surface[FACE_HEIGHT] = Math.hypot(halfX, 2 * halfY)
    }
  } else if (nz !== 0) {
    surface[ALONG] = nz > 0 ? halfX - x : x + halfX
    surface[FACE_WIDTH] = 2 * halfX
    surface[FACE] = nz > 0 ? 2 : 3
  } else {
    surface[ALONG] = x + halfX
    surface[UP] = z + halfZ
    surface[FACE_WIDTH] = 2 * halfX
    surface[FACE_HEIGHT] = 2 * halfZ
    surface[FACE] = ny > 0 ? FACE_TOP : FACE_TOP + 1
  }
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
