import { degreesToRadians } from '../../geometry/angles.ts'
import type { CameraSpot, SynthRequest } from '../types.ts'
import { RAY_FROM, RAY_PIXEL, RAY_TO } from './shapes.ts'

/** How far one can see, metres. */
export const FARTHEST = 2000
/** Nothing nearer to the lens is drawn, metres. */
const NEAREST = 0.05

/** A lens at a place: rays for pixel positions. Both projections in one shape, so that V8 sees one. */
export interface Camera {
  readonly panorama: boolean
  readonly width: number
  readonly height: number
  /** radians per column and row (of a pinhole image: in its middle), pixels per radian there */
  readonly perColumn: number
  readonly perRow: number
  readonly focal: number
  readonly yaw: number
  readonly sinYaw: number
  readonly cosYaw: number
  readonly sinPitch: number
  readonly cosPitch: number
  readonly x: number
  readonly y: number
  readonly z: number
  /** panorama: sines and cosines of the columns' yaws and rows' pitches, at the pixels' centres */
  readonly columnSin: Float64Array
  readonly columnCos: Float64Array
  readonly rowSin: Float64Array
  readonly rowCos: Float64Array
}

/** Conventions of ../../geometry: the spot's yaw in the middle column, the horizon in the middle row. */
export function newCamera(spot: CameraSpot, { view, width, height, fovDeg, pitchDeg = 0 }: Omit<SynthRequest, 'style' | 'seed' | 'index'>): Camera {
  const panorama = view === 'panorama'
  const fov = degreesToRadians(fovDeg)
  const pitch = degreesToRadians(pitchDeg)
  const [x, y, z] = spot.position
  const focal = panorama ? width / (2 * Math.PI) : width / 2 / Math.tan(fov / 2)
  const perColumn = panorama ? (2 * Math.PI) / width : 1 / focal
  const perRow = panorama ? fov / height : 1 / focal
  const yaws = Float64Array.from({ length: width }, (_, column) => (column + 0.5 - width / 2) * perColumn + spot.yaw)
  const pitches = Float64Array.from({ length: height }, (_, row) => (height / 2 - row - 0.5) * perRow)
  return {
    panorama,
    width,
    height,
    perColumn,
    perRow,
    focal,
    yaw: spot.yaw,
    sinYaw: Math.sin(spot.yaw),
    cosYaw: Math.cos(spot.yaw),
    sinPitch: Math.sin(pitch),
    cosPitch: Math.cos(pitch),
    x,
    y,
    z,
    columnSin: yaws.map(Math.sin),
    columnCos: yaws.map(Math.cos),
    rowSin: pitches.map(Math.sin),
    rowCos: pitches.map(Math.cos),
  }
}

/** Points the ray through a position of the image: (0.5, 0.5) is the centre of the pixel above left. */
export function aim(camera: Camera, ray: Float64Array, { column, row }: { column: number; row: number }): void {
  ray[0] = camera.x
  ray[1] = camera.y
  ray[2] = camera.z
  ray[RAY_FROM] = NEAREST
  ray[RAY_TO] = FARTHEST
  if (camera.panorama) {
    const yaw = (column - camera.width / 2) * camera.perColumn + camera.yaw
    const pitch = (camera.height / 2 - row) * camera.perRow
    const level = Math.cos(pitch)
    ray[3] = level * Math.sin(yaw)
    ray[4] = Math.sin(pitch)
    ray[5] = level * Math.cos(yaw)
    ray[RAY_PIXEL] = camera.perRow
    return
  }
  const right = column - camera.width / 2
  const up = camera.height / 2 - row
  const length = Math.hypot(right, up, camera.focal)
  const ahead = camera.cosPitch * camera.focal - camera.sinPitch * up
  ray[3] = (camera.cosYaw * right + camera.sinYaw * ahead) / length
  ray[4] = (camera.cosPitch * up + camera.sinPitch * camera.focal) / length
  ray[5] = (camera.cosYaw * ahead - camera.sinYaw * right) / length
  ray[RAY_PIXEL] = 1 / camera.focal
}

/** `aim` through a pixel's centre, faster. */
export function aimAtPixel(camera: Camera, ray: Float64Array, { column, row }: { column: number; row: number }): void {
  if (!camera.panorama) {
    aim(camera, ray, { column: column + 0.5, row: row + 0.5 })
    return
  }
  ray[0] = camera.x
  ray[1] = camera.y
  ray[2] = camera.z
  ray[3] = camera.rowCos[row] * camera.columnSin[column]
  ray[4] = camera.rowSin[row]
  ray[5] = camera.rowCos[row] * camera.columnCos[column]
  ray[RAY_FROM] = NEAREST
  ray[RAY_TO] = FARTHEST
  ray[RAY_PIXEL] = camera.perRow
}
