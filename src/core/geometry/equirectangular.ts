import { degreesToRadians, pitchRad, yawRad, type PitchRad } from './angles.ts'
import type { Spherical } from './sphere.ts'

/** How an equirectangular panorama's pixels lie on the sphere; full turns and partial fields of view alike. */
export interface Equirectangular {
  readonly hfovDeg: number
  readonly vfovDeg: number
  /** rows from the image's middle down to the horizon; positive: the horizon lies below the middle */
  readonly horizonOffsetPx: number
}

export interface PixelSize {
  readonly width: number
  readonly height: number
}

/** A position in pixels: pixel i spans i .. i + 1, its centre is i + 0.5. */
export interface PixelPoint {
  readonly x: number
  readonly y: number
}

/** Pixel position to yaw and pitch (pitch clamped at the poles). Inverse of `sphereToPanorama`. */
export function panoramaToSphere(point: PixelPoint, size: PixelSize, projection: Equirectangular): Spherical {
  const yaw = (point.x / size.width - 0.5) * degreesToRadians(projection.hfovDeg)
  return { yaw: yawRad(yaw), pitch: rowToPitch(point.y, size.height, projection) }
}

/** Yaw and pitch to a pixel position; outside 0 .. width, 0 .. height where the panorama does not reach. */
export function sphereToPanorama(point: Spherical, size: PixelSize, projection: Equirectangular): PixelPoint {
  return {
    x: (point.yaw / degreesToRadians(projection.hfovDeg) + 0.5) * size.width,
    y: pitchToRow(point.pitch, size.height, projection),
  }
}

/** Latitude of a row position (the centre of row r is r + 0.5). Inverse of `pitchToRow`. */
export function rowToPitch(row: number, height: number, projection: Equirectangular): PitchRad {
  const above = (height / 2 + projection.horizonOffsetPx - row) / height
  return pitchRad(above * degreesToRadians(projection.vfovDeg))
}

/** Row position of a latitude. */
export function pitchToRow(pitch: PitchRad, height: number, projection: Equirectangular): number {
  return height / 2 + projection.horizonOffsetPx - (pitch / degreesToRadians(projection.vfovDeg)) * height
}
