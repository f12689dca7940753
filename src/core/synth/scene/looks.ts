/** Light and weather: sky, haze, wetness and what the camera makes of it, style by style. */
import type { Look, Sensor, Sky, Style, Vector } from '../types.ts'
import { type Random, spread } from './draw.ts'
import { scaled } from './palette.ts'

export interface Weather {
  readonly sky: Sky
  readonly haze: number
  readonly hazeColor: Vector
  readonly wetness: number
  readonly sensor: Sensor
  /** share of windows with light in them */
  readonly litWindows: number
  /** lamps and headlights are on */
  readonly lampsOn: boolean
}

const SHARES: Record<Style, readonly (readonly [Look, number])[]> = {
  source: [['day', 0.66], ['overcast', 0.22], ['rain', 0.06], ['dusk', 0.06]],
  target: [['day', 0.36], ['overcast', 0.3], ['rain', 0.16], ['dusk', 0.18]],
}

function drawLook(random: Random, style: Style): Look {
  let left = random.next()
  for (const [look, share] of SHARES[style]) {
    if (left < share) return look
    left -= share
  }
  return 'day'
}

/** Radiance: about 1 is a white surface in full sunlight. */
const LIGHTS: Record<Look, {
  readonly sunlight: Vector
  readonly ambient: Vector
  readonly zenith: Vector
  readonly horizon: Vector
  readonly cloud: Vector
  readonly cover: readonly [number, number]
  readonly elevation: readonly [number, number]
  readonly haze: readonly [number, number]
  readonly wetness: readonly [number, number]
  readonly lit: readonly [number, number]
  readonly exposure: number
}> = {
  day: {
    sunlight: [1.05, 0.98, 0.86], ambient: [0.36, 0.41, 0.5], zenith: [0.16, 0.32, 0.68], horizon: [0.62, 0.74, 0.88], cloud: [0.95, 0.96, 0.98],
    cover: [0.05, 0.6], elevation: [0.4, 1.1], haze: [0.0006, 0.002], wetness: [0, 0], lit: [0, 0.05], exposure: 1.1,
  },
  overcast: {
    sunlight: [0, 0, 0], ambient: [0.62, 0.65, 0.7], zenith: [0.62, 0.66, 0.72], horizon: [0.78, 0.81, 0.85], cloud: [0.85, 0.86, 0.89],
    cover: [0.85, 1], elevation: [0.5, 1], haze: [0.0015, 0.004], wetness: [0, 0.15], lit: [0.02, 0.15], exposure: 1.2,
  },
  rain: {
    sunlight: [0, 0, 0], ambient: [0.38, 0.41, 0.46], zenith: [0.36, 0.39, 0.44], horizon: [0.5, 0.53, 0.58], cloud: [0.48, 0.5, 0.55],
    cover: [0.9, 1], elevation: [0.5, 1], haze: [0.004, 0.009], wetness: [0.55, 1], lit: [0.1, 0.35], exposure: 1.5,
  },
  dusk: {
    sunlight: [0.3, 0.14, 0.05], ambient: [0.13, 0.14, 0.2], zenith: [0.07, 0.1, 0.22], horizon: [0.55, 0.33, 0.24], cloud: [0.35, 0.24, 0.24],
    cover: [0.1, 0.7], elevation: [0.06, 0.2], haze: [0.001, 0.004], wetness: [0, 0.3], lit: [0.3, 0.6], exposure: 2.6,
  },
}

/** Red, green and blue gains of a camera that is this much too warm (positive) or too cold. */
function whiteBalance(warmth: number, tint: number): Vector {
  return [1 + warmth, 1 - tint, 1 - warmth]
}

export function drawWeather(random: Random, style: Style): Weather {
  const look = drawLook(random, style)
  const light = LIGHTS[look]
  const within = ([from, to]: readonly [number, number]): number => random.between(from, to)
  const elevation = within(light.elevation)
  const azimuth = random.between(0, 2 * Math.PI)
  const horizontal = Math.cos(elevation)
  const strength = random.between(0.85, 1.15)
  const sky: Sky = {
    look,
    sun: [horizontal * Math.sin(azimuth), Math.sin(elevation), horizontal * Math.cos(azimuth)],
    sunlight: scaled(light.sunlight, strength),
    zenith: scaled(light.zenith, random.between(0.85, 1.15)),
    horizon: scaled(light.horizon, random.between(0.9, 1.1)),
    cloudColor: scaled(light.cloud, random.between(0.9, 1.05)),
    cloudCover: within(light.cover),
    ambient: scaled(light.ambient, strength * random.between(0.9, 1.1)),
    seed: random.below(2 ** 31),
  }
  const source = style === 'source'
  const sensor: Sensor = {
    exposure: light.exposure * Math.exp(spread(random) * (source ? 0.12 : 0.22)) * (source ? 0.92 : 1.08),
    whiteBalance: source ? whiteBalance(-0.03 + spread(random) * 0.025, -0.02 + spread(random) * 0.01) : whiteBalance(0.06 + spread(random) * 0.06, 0.01 + spread(random) * 0.02),
    noise: source ? random.between(0.8, 2.5) : random.between(2, 5.5),
    blur: source ? random.between(0.1, 0.4) : random.between(0.3, 0.8),
    saturation: source ? random.between(0.78, 0.95) : random.between(0.95, 1.3),
  }
  return {
    sky,
    haze: within(light.haze),
    hazeColor: scaled(light.horizon, look === 'dusk' ? 0.6 : 1),
    wetness: within(light.wetness),
    sensor,
    litWindows: within(light.lit),
    lampsOn: look === 'dusk' || look === 'rain',
  }
}
