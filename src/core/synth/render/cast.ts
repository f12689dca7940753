import { RAY_TO } from './shapes.ts'
import { groundPart, SKY_PART } from './surface.ts'
import { nearestPart } from './trace.ts'
import type { World } from './world.ts'

/** What the ray meets: a part, the ground (`groundPart`), or the sky; RAY_TO is the distance. */
export function castRay(world: World, ray: Float64Array, guess: number): number {
  const ground = ray[4] < 0 ? -ray[1] / ray[4] : Infinity
  const meetsGround = ground < ray[RAY_TO] && ground > 0
  if (meetsGround) ray[RAY_TO] = ground
  const part = nearestPart(world, ray, guess)
  if (part >= 0) return part
  if (!meetsGround) return SKY_PART
  return groundPart(world.scene.groundAt(ray[0] + ray[3] * ground, ray[2] + ray[5] * ground))
}
