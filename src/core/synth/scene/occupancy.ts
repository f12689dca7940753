/** Which ground is taken: no two solids stand in one place, and none where a camera stands. */

import type { CameraSpot } from '../types.ts'

/** Metres; x0 < x1, z0 < z1. */
export interface Rectangle {
  readonly x0: number
  readonly x1: number
  readonly z0: number
  readonly z1: number
}

export interface Occupancy {
  free(rectangle: Rectangle): boolean
  take(rectangle: Rectangle): void
  /** Takes the rectangle if it is free and says whether it was. */
  claim(rectangle: Rectangle): boolean
  /** True within that many metres of a camera. */
  nearCamera(x: number, z: number, metres: number): boolean
}

export function createOccupancy(cameras: readonly CameraSpot[]): Occupancy {
  const taken: Rectangle[] = []
  const free = (one: Rectangle): boolean =>
    !taken.some((other) => one.x0 < other.x1 && other.x0 < one.x1 && one.z0 < other.z1 && other.z0 < one.z1)
  return {
    nearCamera: (x, z, metres) => cameras.some(({ position }) => Math.hypot(x - position[0], z - position[2]) < metres),
    free,
    take: (rectangle) => void taken.push(rectangle),
    claim: (rectangle) => {
      if (!free(rectangle)) return false
      taken.push(rectangle)
      return true
    },
  }
}

/** The rectangle around a point, half sides in metres. */
export function around(x: number, z: number, [halfX, halfZ]: readonly [number, number]): Rectangle {
  return { x0: x - halfX, x1: x + halfX, z0: z - halfZ, z1: z + halfZ }
}
