import { pitchRad, yawRad, type PitchRad, type RollRad, type YawRad } from './angles.ts'
import type { PixelPoint, PixelSize } from './equirectangular.ts'
import type { Direction, Spherical } from './sphere.ts'
import { directionToSphere, sphereToDirection } from './sphere.ts'

/** A pinhole view of the sphere (also a `gnomonic` window): where it looks and how wide. Pixels are square. */
export interface PerspectiveView {
  readonly yaw: YawRad
  readonly pitch: PitchRad
  readonly roll: RollRad
  /** horizontal field of view, 0 < hfovRad < pi */
  readonly hfovRad: number
}

/** Focal length in pixels. */
export function focalLengthPx(size: PixelSize, view: PerspectiveView): number {
  return size.width / 2 / Math.tan(view.hfovRad / 2)
}

/** Pixel position in a view to yaw and pitch on the sphere. Inverse of `sphereToView`. */
export function viewToSphere(point: PixelPoint, size: PixelSize, view: PerspectiveView): Spherical {
  const right = point.x - size.width / 2
  const up = size.height / 2 - point.y
  const [cosRoll, sinRoll] = [Math.cos(view.roll), Math.sin(view.roll)]
  const camera: Direction = [cosRoll * right - sinRoll * up, cosRoll * up + sinRoll * right, focalLengthPx(size, view)]
  return directionToSphere(cameraToWorld(camera, view))
}

/** Yaw and pitch to a pixel position in a view; null behind the camera. */
export function sphereToView(point: Spherical, size: PixelSize, view: PerspectiveView): PixelPoint | null {
  const [x, y, z] = worldToCamera(sphereToDirection(point), view)
  if (z <= 0) return null
  const scale = focalLengthPx(size, view) / z
  const [cosRoll, sinRoll] = [Math.cos(view.roll), Math.sin(view.roll)]
  return {
    x: size.width / 2 + (cosRoll * x + sinRoll * y) * scale,
    y: size.height / 2 - (cosRoll * y - sinRoll * x) * scale,
  }
}

/** The view straight ahead: horizon level. */
export function levelView(yaw: number, hfovRad: number): PerspectiveView {
  return { yaw: yawRad(yaw), pitch: pitchRad(0), roll: 0 as RollRad, hfovRad }
}

/** Pitch about the x axis, then yaw about the vertical. Inverse of `worldToCamera`. */
function cameraToWorld([x, y, z]: Direction, view: PerspectiveView): Direction {
  const [cosPitch, sinPitch] = [Math.cos(view.pitch), Math.sin(view.pitch)]
  const [cosYaw, sinYaw] = [Math.cos(view.yaw), Math.sin(view.yaw)]
  const up = cosPitch * y + sinPitch * z
  const ahead = cosPitch * z - sinPitch * y
  return [cosYaw * x + sinYaw * ahead, up, cosYaw * ahead - sinYaw * x]
}

function worldToCamera([x, y, z]: Direction, view: PerspectiveView): Direction {
  const [cosPitch, sinPitch] = [Math.cos(view.pitch), Math.sin(view.pitch)]
  const [cosYaw, sinYaw] = [Math.cos(view.yaw), Math.sin(view.yaw)]
  const right = cosYaw * x - sinYaw * z
  const ahead = sinYaw * x + cosYaw * z
  return [right, cosPitch * y - sinPitch * ahead, cosPitch * ahead + sinPitch * y]
}
