import { pitchRad, yawRad, type PitchRad, type YawRad } from './angles.ts'

/** A unit vector: x to the right, y up, z forward (the middle of a panorama). */
export type Direction = readonly [x: number, y: number, z: number]

export interface Spherical {
  readonly yaw: YawRad
  readonly pitch: PitchRad
}

/** Yaw and pitch to a unit vector. Inverse of `directionToSphere`. */
export function sphereToDirection(point: Spherical): Direction {
  const level = Math.cos(point.pitch)
  return [level * Math.sin(point.yaw), Math.sin(point.pitch), level * Math.cos(point.yaw)]
}

/** A vector of any length (not 0) to yaw and pitch. Yaw is 0 at the poles. */
export function directionToSphere([x, y, z]: Direction): Spherical {
  return { yaw: yawRad(Math.atan2(x, z)), pitch: pitchRad(Math.atan2(y, Math.hypot(x, z))) }
}
