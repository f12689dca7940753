import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fractalNoise2, hash3, noise2, noise3, smoothStep, unit, unitOf } from './noise.ts'

describe('hashes', () => {
  test('spread evenly: each sixteenth of the range gets its share, in every argument', () => {
    for (const word of [(n: number) => hash3(n, 3, 7), (n: number) => hash3(3, n, 7), (n: number) => hash3(3, 7, n)]) {
      const bins = new Int32Array(16)
      for (let n = -8000; n < 8000; n++) bins[Math.floor(unit(word(n)) * 16)]++
      // 1000 each, standard deviation 31
      for (const count of bins) expect(Math.abs(count - 1000)).toBeLessThan(160)
    }
  })

  test('change half of the bits where one bit of an argument changes', () => {
    let changed = 0
    for (let n = 0; n < 2000; n++) {
      const difference = hash3(n, 11, 5) ^ hash3(n ^ (1 << (n % 20)), 11, 5)
      for (let bit = 0; bit < 32; bit++) changed += (difference >>> bit) & 1
    }
    expect(changed / 2000 / 32).toBeCloseTo(0.5, 1)
  })

  test('parts of a word lie in 0..1', () => {
    for (const shift of [0, 10, 20]) expect(unitOf(-1, shift)).toBeLessThan(1)
    expect(unit(-1)).toBeLessThan(1)
    expect(unit(0)).toBe(0)
  })
})

describe('noise', () => {
  const place = fc.integer({ min: -50_000, max: 50_000 }).map((value) => value / 1000)

  test('is continuous, within 0..1, and moves by no more than its slope allows', () => {
    fc.assert(
      fc.property(place, place, place, (x, y, z) => {
        // the cubic blend rises by at most 3/2 per unit
        const step = 1e-4
        expect(Math.abs(noise2(x + step, y, 4) - noise2(x, y, 4))).toBeLessThanOrEqual(1.51 * step)
        expect(Math.abs(noise3(x, y, z + step, 4) - noise3(x, y, z, 4))).toBeLessThanOrEqual(1.51 * step)
        for (const value of [noise2(x, y, 1), noise3(x, y, z, 1), fractalNoise2(x, y, 1, 5)]) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  test('is 1/2 on the average', () => {
    let sum = 0
    for (let n = 0; n < 20_000; n++) sum += noise2((n * 0.618) % 140, n * 0.0071, 9)
    expect(sum / 20_000).toBeCloseTo(0.5, 1)
  })

  test('smooth steps', () => {
    expect([0, 1, 1.5, 2, 3].map((value) => smoothStep(value, 1, 2))).toEqual([0, 0, 0.5, 1, 1])
  })
})
