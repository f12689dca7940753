import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latitudeBands, solidAngleRowWeights } from './latitude.ts'

const FULL_SPHERE = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
const STRIP = { hfovDeg: 360, vfovDeg: 70, horizonOffsetPx: 0 }

describe('solid angle weights', () => {
  test('cosines of the centres, by hand: 4 rows at 67.5, 22.5, -22.5 and -67.5 degrees', () => {
    const outer = Math.sqrt(2 - Math.SQRT2) / 2
    const inner = Math.sqrt(2 + Math.SQRT2) / 2
    const weights = solidAngleRowWeights(4, FULL_SPHERE)
    ;[outer, inner, inner, outer].forEach((cosine, y) => expect(weights[y]).toBeCloseTo(cosine, 14))
  })

  test.each([1, 2, 7, 400, 1024])('%d rows add up to 1 / sin(pi / 2h), the closed form of the sum', (height) => {
    const sum = solidAngleRowWeights(height, FULL_SPHERE).reduce((total, weight) => total + weight, 0)
    expect(sum * Math.sin(Math.PI / (2 * height))).toBeCloseTo(1, 12)
  })

  test('a strip of the sphere has the solid angle between its latitudes', () => {
    // the midpoint sum over h rows of angle v: (v / h) * sum -> integral of cos = 2 sin(v / 2)
    const weights = solidAngleRowWeights(4000, STRIP)
    const angle = (70 * Math.PI) / 180
    expect((weights.reduce((total, weight) => total + weight, 0) * angle) / 4000).toBeCloseTo(2 * Math.sin(angle / 2), 7)
  })

  test('a horizon 100 rows below the middle has the largest weight', () => {
    const weights = solidAngleRowWeights(401, { ...STRIP, horizonOffsetPx: 100 })
    expect(weights.indexOf(Math.max(...weights))).toBe(300)
    expect(weights[300]).toBe(1)
  })
})

describe('latitude bands', () => {
  test('of a full sphere: a sixth of the rows each, from the bottom up', () => {
    expect(latitudeBands(1024 * 6, FULL_SPHERE)).toEqual([
      { fromDeg: -90, toDeg: -60, y0: 5120, y1: 6144 },
      { fromDeg: -60, toDeg: -30, y0: 4096, y1: 5120 },
      { fromDeg: -30, toDeg: 0, y0: 3072, y1: 4096 },
      { fromDeg: 0, toDeg: 30, y0: 2048, y1: 3072 },
      { fromDeg: 30, toDeg: 60, y0: 1024, y1: 2048 },
      { fromDeg: 60, toDeg: 90, y0: 0, y1: 1024 },
    ])
  })

  test('of a strip of 70 degrees: 5 degrees of it are in the outer bands', () => {
    // 400 rows of 0.175 degrees: 28.57 rows beyond 30 degrees, so 29 centres (28.5 < 28.57)
    expect(latitudeBands(400, STRIP)).toEqual([
      { fromDeg: -60, toDeg: -30, y0: 371, y1: 400 },
      { fromDeg: -30, toDeg: 0, y0: 200, y1: 371 },
      { fromDeg: 0, toDeg: 30, y0: 29, y1: 200 },
      { fromDeg: 30, toDeg: 60, y0: 0, y1: 29 },
    ])
  })

  test('only bands that have rows', () => {
    expect(latitudeBands(100, { hfovDeg: 360, vfovDeg: 40, horizonOffsetPx: 100 })).toEqual([
      { fromDeg: 0, toDeg: 30, y0: 75, y1: 100 }, { fromDeg: 30, toDeg: 60, y0: 0, y1: 75 },
    ])
    expect(latitudeBands(2, FULL_SPHERE)).toEqual([{ fromDeg: -60, toDeg: -30, y0: 1, y1: 2 }, { fromDeg: 30, toDeg: 60, y0: 0, y1: 1 }])
    expect(latitudeBands(1, FULL_SPHERE, 180)).toEqual([{ fromDeg: -90, toDeg: 90, y0: 0, y1: 1 }])
  })

  test('a centre on the edge of two bands is in the upper one, whatever rounding says', () => {
    // 9 rows of 20 degrees: centres at 80, 60, 40, 20, 0, ...; 60 and 0 are edges, so are -60 and (of 20 degrees) all
    expect(latitudeBands(9, FULL_SPHERE).map(({ y0, y1 }) => [y0, y1])).toEqual([[8, 9], [6, 8], [5, 6], [3, 5], [2, 3], [0, 2]])
    expect(latitudeBands(9, FULL_SPHERE, 20).map(({ fromDeg, y0, y1 }) => [fromDeg, y0, y1])).toEqual(
      [[-90, 8, 9], [-70, 7, 8], [-50, 6, 7], [-30, 5, 6], [-10, 4, 5], [10, 3, 4], [30, 2, 3], [50, 1, 2], [70, 0, 1]],
    )
    for (const height of [3, 9, 15, 45, 135, 405, 1215]) {
      const north = latitudeBands(height, FULL_SPHERE).find(({ fromDeg }) => fromDeg === 60)!
      // centres at or above 60 degrees: (r + 0.5) / height <= 1 / 6
      expect([north.y0, north.y1]).toEqual([0, Math.floor((height - 3) / 6) + 1])
    }
  })

  test('six rows of 30 degrees in bands of 15: each centre on an edge, -75 too, which floating point puts below it', () => {
    expect(latitudeBands(6, FULL_SPHERE, 15).map(({ fromDeg, y0 }) => [fromDeg, y0])).toEqual([[-75, 5], [-45, 4], [-15, 3], [15, 2], [45, 1], [75, 0]])
  })

  test('161 bands: no 162nd on top, which floating point would add', () => {
    // the horizon so far below that every row is cut off at the zenith
    const [zenith] = latitudeBands(161, { ...FULL_SPHERE, horizonOffsetPx: 161 }, 180 / 161)
    expect(zenith.fromDeg).toBeCloseTo(90 - 180 / 161, 9)
  })

  test('where the height does not divide 180 degrees, the last band is narrower', () => {
    expect(latitudeBands(180, FULL_SPHERE, 50).map(({ fromDeg, toDeg, y0, y1 }) => [fromDeg, toDeg, y1 - y0])).toEqual(
      [[-90, -40, 50], [-40, 10, 50], [10, 60, 50], [60, 90, 30]],
    )
  })

  test('every row is in one band, in order', () => {
    const projections = fc.record({ hfovDeg: fc.constant(360), vfovDeg: fc.integer({ min: 1, max: 180 }), horizonOffsetPx: fc.integer({ min: -50, max: 50 }) })
    fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), projections, fc.double({ min: 0.5, max: 200, noNaN: true }), (height, projection, bandDeg) => {
      const bands = latitudeBands(height, projection, bandDeg)
      expect(bands[0].y1).toBe(height)
      expect(bands.at(-1)!.y0).toBe(0)
      bands.forEach(({ fromDeg, toDeg, y0, y1 }, k) => {
        expect(y1).toBeGreaterThan(y0)
        expect(toDeg).toBeGreaterThan(fromDeg)
        if (k > 0) expect([y1, fromDeg >= bands[k - 1].toDeg]).toEqual([bands[k - 1].y0, true])
      })
    }))
  })

  test.each([0, -30, Infinity, Number.NaN])('bands of %d degrees are refused', (bandDeg) => {
    expect(() => latitudeBands(10, FULL_SPHERE, bandDeg)).toThrow(RangeError)
  })
})
