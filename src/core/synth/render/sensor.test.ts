import { describe, expect, test } from 'vitest'
import type { Sensor } from '../types.ts'
import { develop } from './sensor.ts'

const SENSOR: Sensor = { exposure: 1, whiteBalance: [1, 1, 1], noise: 0, blur: 0, saturation: 1 }
const FRAME = { width: 64, height: 64, wraps: true, blurPx: 0, seed: 5 }

function even(value: number): Float32Array {
  return new Float32Array(64 * 64 * 3).fill(value)
}

describe('the sensor', () => {
  test('more light is brighter, none is black, a lot is white', () => {
    const levels = [0, 0.02, 0.1, 0.18, 0.4, 1, 3, 50].map((light) => develop(even(light), SENSOR, FRAME)[0])
    expect(levels).toEqual(levels.toSorted((a, b) => a - b))
    expect(new Set(levels).size).toBeGreaterThanOrEqual(7)
    expect(levels[0]).toBe(0)
    expect(levels.at(-1)).toBe(255)
  })

  test('exposure is a factor on the light, white balance one per channel', () => {
    expect(develop(even(0.1), { ...SENSOR, exposure: 2 }, FRAME)).toEqual(develop(even(0.2), SENSOR, FRAME))
    const warm = develop(even(0.2), { ...SENSOR, whiteBalance: [1.2, 1, 0.8] }, FRAME)
    expect(warm[0]).toBe(develop(even(0.24), SENSOR, FRAME)[0])
    expect(warm[2]).toBe(develop(even(0.16), SENSOR, FRAME)[0])
  })

  test('saturation 0 leaves grey', () => {
    const light = even(0).map((_, index) => [0.4, 0.1, 0.05][index % 3])
    const [red, green, blue] = develop(light, { ...SENSOR, saturation: 0 }, FRAME)
    expect(green).toBe(red)
    expect(blue).toBe(red)
  })

  test('noise at mid grey deviates as much as it says, around the same mean', () => {
    // the light that comes out nearest to 127.5
    const miss = (light: number): number => Math.abs(develop(new Float32Array(3).fill(light), SENSOR, { ...FRAME, width: 1, height: 1 })[0] - 127.5)
    const light = Array.from({ length: 400 }, (_, step) => step / 1000).reduce((best, value) => (miss(value) < miss(best) ? value : best), 0)
    const values = Float64Array.from(develop(even(light), { ...SENSOR, noise: 6 }, FRAME))
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    expect(Math.abs(mean - 127.5)).toBeLessThan(1.2)
    expect(Math.abs(deviation - 6)).toBeLessThan(0.4)
  })

  test('blur spreads a point as a Gaussian of that deviation, and on across the seam', () => {
    const sigma = 1.5
    const light = even(0)
    light.fill(2, (32 * 64) * 3, (32 * 64 + 1) * 3)
    // in place: the light itself after the blur
    develop(light, SENSOR, { ...FRAME, blurPx: sigma })
    const sum = light.reduce((total, value) => total + value, 0) / 3
    expect(sum).toBeCloseTo(2, 3)
    let spread = 0
    for (let column = 0; column < 64; column++) {
      const away = column > 32 ? column - 64 : column
      for (let row = 0; row < 64; row++) spread += (light[(row * 64 + column) * 3] * away * away) / sum
    }
    expect(Math.abs(spread - sigma * sigma)).toBeLessThan(0.15)
    expect(light[(32 * 64 + 63) * 3]).toBeCloseTo(light[(32 * 64 + 1) * 3], 6)
  })
})
