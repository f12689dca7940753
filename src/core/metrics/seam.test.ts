import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawn } from '../../../test/fixtures/metrics-golden.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { Raster } from '../raster/raster.ts'
import { labelAgreement, seamChanges, seamConsistency } from './seam.ts'

const maps = fc.tuple(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 5 })).chain(([width, height]) =>
  fc.array(fc.nat(2), { minLength: width * height, maxLength: width * height }).map((ids): Raster => ({ width, height, data: Uint8Array.from(ids) })))

describe('labelAgreement', () => {
  const a = drawn('0123', '0123')
  const b = drawn('0120', '0023')
  test.each([
    [undefined, 6 / 8], [{ x0: 0, x1: 1 }, 1], [{ x0: 1, x1: 2 }, 1 / 2], [{ x0: 3, x1: 5 }, 3 / 4], [{ x0: -1, x1: 1 }, 3 / 4], [{ x0: -7, x1: -5 }, 3 / 4],
  ])('columns %o: %d', (columns, share) => expect(labelAgreement(a, b, columns)).toBe(share))

  test.each([[0, 0], [2, 1], [0, 5], [0.5, 2], [0, Number.NaN]])('columns %d to %d are refused', (x0, x1) => {
    expect(() => labelAgreement(a, b, { x0, x1 })).toThrow(RangeError)
  })

  test('sizes that differ are refused', () => expect(() => labelAgreement(a, drawn('01230123'))).toThrow(RangeError))
})

describe('seamConsistency', () => {
  test('a prediction that rolls with its panorama is consistent', () => {
    fc.assert(fc.property(maps, fc.double({ min: 0.01, max: 1, noNaN: true }), (map, bandFraction) => {
      expect(seamConsistency(map, rollColumns(map, Math.floor(map.width / 2)), bandFraction)).toBe(1)
    }))
  })

  test('only what differs in the band around the seam counts, half of it on either side', () => {
    const width = 64
    const even: Raster = { width, height: 2, data: new Uint8Array(2 * width) }
    // column x of the panorama is column x + 32 of the rolled one; the default band is columns -2 to 2
    const differing = (x: number): Raster => ({ ...even, data: even.data.map((_, i) => (i === ((x + 32) % width) ? 1 : 0)) })
    const by = (x: number) => seamConsistency(even, differing((x + width) % width))
    expect([-3, -2, -1, 0, 1, 2].map(by)).toEqual([1, 7 / 8, 7 / 8, 7 / 8, 7 / 8, 1])
    // a quarter of the width: 8 columns on either side, 2 rows
    expect(seamConsistency(even, differing(7), 1 / 4)).toBe(31 / 32)
    expect(seamConsistency(even, differing(8), 1 / 4)).toBe(1)
  })

  test('a band of less than a column on either side has one', () => {
    expect(seamConsistency(drawn('0000'), drawn('0010'))).toBe(1 / 2)
  })

  test('a band wider than the panorama is refused', () => expect(() => seamConsistency(drawn('0000'), drawn('0000'), 2)).toThrow(RangeError))
})

describe('seamChanges', () => {
  test('by hand', () => {
    expect(seamChanges(drawn('0011', '0110', '0000'))).toEqual({ acrossSeam: 1 / 3, elsewhere: 3 / 9 })
    expect(seamChanges(drawn('1', '2'))).toEqual({ acrossSeam: 0, elsewhere: 0 })
  })

  test('rolling through every column, the seam meets each pair of neighbours once', () => {
    fc.assert(fc.property(maps, (map) => {
      const all = Array.from({ length: map.width }, (_, columns) => seamChanges(rollColumns(map, columns)))
      const total = all.reduce((sum, { acrossSeam }) => sum + acrossSeam, 0)
      for (const { acrossSeam, elsewhere } of all) expect(acrossSeam + elsewhere * (map.width - 1)).toBeCloseTo(total, 9)
    }))
  })
})
