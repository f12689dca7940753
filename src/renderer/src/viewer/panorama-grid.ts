import { degreesToRadians, pitchRad, radiansToDegrees, yawRad } from '../../../core/geometry/angles.ts'
import { panoramaToSphere, sphereToPanorama } from '../../../core/geometry/equirectangular.ts'
import { directionToSphere, sphereToDirection } from '../../../core/geometry/sphere.ts'
import type { Direction } from '../../../core/geometry/sphere.ts'

/**
 * Panorama pixels <-> directions in degrees, for full and partial panoramas (core/geometry, with cyclic columns).
 * Pixels are continuous: pixel i covers i .. i + 1. The shader computes the same (shaders/panorama.frag.ts).
 */
export interface PanoramaGrid {
  readonly width: number
  readonly height: number
  readonly hfovDeg: number
  readonly vfovDeg: number
  /** rows from the image's middle down to the horizon */
  readonly horizonOffsetPx: number
  readonly cyclic: boolean
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Angles {
  readonly yawDeg: number
  readonly pitchDeg: number
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

/** `value` modulo `period`, in [0, period). */
export function wrap(value: number, period: number): number {
  const rest = value - period * Math.floor(value / period)
  return rest < period ? rest : 0
}

export function panoramaToAngles(grid: PanoramaGrid, point: Point): Angles {
  const { yaw, pitch } = panoramaToSphere(point, grid, grid)
  return { yawDeg: radiansToDegrees(yaw), pitchDeg: radiansToDegrees(pitch) }
}

/** Inverse of panoramaToAngles; x in [0, width) on cyclic panoramas, elsewhere it may lie outside. */
export function anglesToPanorama(grid: PanoramaGrid, angles: Angles): Point {
  const sphere = { yaw: yawRad(degreesToRadians(angles.yawDeg)), pitch: pitchRad(degreesToRadians(angles.pitchDeg)) }
  const { x, y } = sphereToPanorama(sphere, grid, grid)
  return { x: grid.cyclic ? wrap(x, grid.width) : x, y }
}

export function anglesToDirection(angles: Angles): Direction {
  return sphereToDirection({
    yaw: yawRad(degreesToRadians(angles.yawDeg)), pitch: pitchRad(degreesToRadians(angles.pitchDeg)),
  })
}

/** Inverse of anglesToDirection for a vector of any length; yaw in -180 .. 180, pitch in -90 .. 90. */
export function directionToAngles(direction: Direction): Angles {
  const { yaw, pitch } = directionToSphere(direction)
  return { yawDeg: radiansToDegrees(yaw), pitchDeg: radiansToDegrees(pitch) }
}

/** True where the panorama has a pixel. */
export function isInside(grid: PanoramaGrid, point: Point): boolean {
  return (grid.cyclic || (point.x >= 0 && point.x < grid.width)) && point.y >= 0 && point.y < grid.height
}
