import type { Sky } from '../types.ts'
import { fractalNoise2, smoothStep } from './noise.ts'

/** The sky's numbers: sun (3), sunlight (3), zenith (3), horizon (3), clouds (3), ambient (3), cover, seed. */
export const SUN = 0
export const SUNLIGHT = 3
const ZENITH = 6
const HORIZON = 9
const CLOUDS = 12
export const AMBIENT = 15
const COVER = 18
const SKY_SEED = 19

export function packSky(sky: Sky): Float64Array {
  const colors = [...sky.sun, ...sky.sunlight, ...sky.zenith, ...sky.horizon, ...sky.cloudColor, ...sky.ambient]
  return Float64Array.from([...colors, sky.cloudCover, sky.seed])
}

/** cosine of the radius of the sun's disk, drawn four times as wide as it is, as a lens spreads it */
const DISK = Math.cos(0.018)

/** Radiance of the sky along a unit direction (`at`, `at` + 1, `at` + 2 of `direction`), into `out`. Below the horizon: the horizon's. */
export function skyRadiance(sky: Float64Array, direction: Float64Array, { at, out }: { at: number; out: Float64Array }): void {
  const x = direction[at]
  const y = Math.max(0, direction[at + 1])
  const z = direction[at + 2]
  const height = 1 - (1 - y) ** 3.2
  const bright = sky[SUNLIGHT] > 0 ? 1 : 0
  const toSun = x * sky[SUN] + direction[at + 1] * sky[SUN + 1] + z * sky[SUN + 2]
  const near = Math.max(0, toSun)
  const glow = bright * (0.1 * near ** 6 + 0.25 * near ** 48 + 0.8 * near ** 400)
  const disk = bright * 12 * smoothStep(toSun, DISK - 4e-5, DISK + 4e-5)
  let cloud = 0
  let shade = 1
  if (sky[COVER] > 0 && y > 0.015) {
    const far = 1.4 / (y + 0.12)
    const seed = sky[SKY_SEED] | 0
    const octaves = y < 0.1 ? 3 : 5
    const density = fractalNoise2(x * far + 31, z * far - 17, seed, octaves)
    const threshold = 0.78 - 0.64 * sky[COVER]
    cloud = smoothStep(density, threshold, threshold + 0.2) * smoothStep(y, 0.015, 0.14)
    // thick clouds are darker below; towards the sun they shine
    shade = 1.12 - 0.55 * smoothStep(density, threshold + 0.05, threshold + 0.5) + 0.35 * bright * near ** 12
  }
  for (let channel = 0; channel < 3; channel++) {
    const clear = sky[HORIZON + channel] + (sky[ZENITH + channel] - sky[HORIZON + channel]) * height
    const light = clear + sky[SUNLIGHT + channel] * glow * 0.5
    const clouds = sky[CLOUDS + channel] * shade
    out[channel] = light + (clouds - light) * cloud + sky[SUNLIGHT + channel] * disk * (1 - cloud)
  }
}

/** The same without clouds and disk, for blurred mirrors. */
export function plainSkyRadiance(sky: Float64Array, up: number, out: Float64Array): void {
  const height = 1 - (1 - Math.max(0, up)) ** 3.2
  const cover = sky[COVER] * 0.7
  for (let channel = 0; channel < 3; channel++) {
    const clear = sky[HORIZON + channel] + (sky[ZENITH + channel] - sky[HORIZON + channel]) * height
    out[channel] = clear + (sky[CLOUDS + channel] - clear) * cover
  }
}
