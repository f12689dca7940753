/** Where things must stand to be seen from close by: what is rare in streets is put before the cameras, or no network would learn it. */
import type { CameraSpot, Style } from '../types.ts'
import { type Random, chance, pick } from './draw.ts'

/** A z in view of one of the cameras, within about `reach` metres of it. */
export type Focus = (random: Random, reach: number) => number

/** Streets of the source style are seen mostly along a lane, those of the target style mostly all around. */
export function createFocus(style: Style, { pinholeSpots, panoramaSpots }: { pinholeSpots: readonly CameraSpot[]; panoramaSpots: readonly CameraSpot[] }): Focus {
  const ahead = (random: Random, reach: number): number => {
    const { position, yaw } = pick(random, pinholeSpots)
    return position[2] + Math.cos(yaw) * random.between(6, 6 + reach)
  }
  const beside = (random: Random, reach: number): number => {
    const { position } = pick(random, panoramaSpots)
    return position[2] + (chance(random, 0.5) ? 1 : -1) * random.between(0.5, 0.5 + reach * 0.6)
  }
  return (random, reach) => (chance(random, style === 'source' ? 0.85 : 0.15) ? ahead : beside)(random, reach)
}
