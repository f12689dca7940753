import { describe, expect, test } from 'vitest'
import { AMBIENT, packSky, plainSkyRadiance, skyRadiance, SUN, SUNLIGHT } from './sky.ts'
import { testScene } from './test-scene.ts'

const SKY = { ...testScene().sky, cloudCover: 0 }

function radiance(sky: Float64Array, direction: readonly number[]): number[] {
  const out = new Float64Array(3)
  const length = Math.hypot(...direction)
  skyRadiance(sky, Float64Array.from(direction, (value) => value / length), { at: 0, out })
  return [...out]
}

describe('the sky', () => {
  test('keeps what the scene says', () => {
    const sky = packSky(SKY)
    expect([...sky.subarray(SUN, SUN + 3)]).toEqual([...SKY.sun])
    expect([...sky.subarray(SUNLIGHT, SUNLIGHT + 3)]).toEqual([...SKY.sunlight])
    expect([...sky.subarray(AMBIENT, AMBIENT + 3)]).toEqual([...SKY.ambient])
  })

  test('is its two colours at the horizon and overhead, away from the sun', () => {
    const sky = packSky({ ...SKY, sunlight: [0, 0, 0] })
    radiance(sky, [1, 1e-9, 0]).forEach((value, channel) => expect(value).toBeCloseTo(SKY.horizon[channel], 6))
    radiance(sky, [0, 1, 0]).forEach((value, channel) => expect(value).toBeCloseTo(SKY.zenith[channel], 6))
    const out = new Float64Array(3)
    plainSkyRadiance(sky, 1, out)
    out.forEach((value, channel) => expect(value).toBeCloseTo(SKY.zenith[channel], 6))
  })

  test('the sun is where its direction says, and nowhere else', () => {
    const sky = packSky(SKY)
    const [sun] = radiance(sky, [...SKY.sun])
    for (const beside of [[0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05], [-0.05, 0, 0]]) {
      const [near] = radiance(sky, SKY.sun.map((value, d) => value + beside[d]))
      expect(sun).toBeGreaterThan(5 * near)
    }
    expect(radiance(packSky({ ...SKY, sunlight: [0, 0, 0] }), [...SKY.sun])[0]).toBeLessThan(1)
  })

  test('clouds cover more where there is more cloud', () => {
    const covered = [0.1, 0.5, 1].map((cloudCover) => {
      const sky = packSky({ ...SKY, sunlight: [0, 0, 0], cloudColor: [1, 0, 0], zenith: [0, 0, 1], horizon: [0, 0, 1], cloudCover })
      let count = 0
      for (let n = 0; n < 2000; n++) if (radiance(sky, [Math.cos(n), 0.3 + (n % 100) / 60, Math.sin(n)])[0] > 0.5) count++
      return count / 2000
    })
    expect(covered[0]).toBeLessThan(0.15)
    expect(covered[1]).toBeGreaterThan(covered[0] + 0.15)
    expect(covered[2]).toBeGreaterThan(0.9)
  })
})
