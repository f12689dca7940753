import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../test/bench/seeded-random.ts'
import { tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import { AREA_LEVEL, ensembleMap, maskShares, type ShareOptions } from './shares.ts'
import type { PanoramaWindow, WindowSemantics } from './types.ts'

const OPTIONS: ShareOptions = { classes: 4, confidenceWeightedShares: false, areaLevels: [0.2, 0.5] }

function seen(width: number, height: number, label: ArrayLike<number>, confidence: ArrayLike<number>): WindowSemantics {
  const window: PanoramaWindow = { index: 3, family: 'sliding', x: 0, y: 0, width, height }
  return { window, label: Uint8Array.from(label), confidence: Uint8Array.from(confidence) }
}

describe('maskShares (Eq. 3)', () => {
  const masks = tableOf([
    Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1),
    Uint8Array.of(0, 0, 1, 1, 1, 1, 0, 0, 0, 0),
  ], 5, 2)
  const semantics = seen(5, 2, [2, 2, 2, 1, 1, 0, 2, 2, 3, 1], [10, 10, 10, 200, 200, 0, 10, 10, 0, 0])

  test('shares, majority, Y_max and area level by hand', () => {
    const { shares, majority, yMax, level } = maskShares(masks, semantics, OPTIONS)
    expect([...shares.subarray(0, 4)]).toEqual([1 / 8, 2 / 8, 5 / 8, 0])
    expect([...shares.subarray(4, 8)]).toEqual([0, 1 / 2, 0, 1 / 2])
    expect([...shares.subarray(8, 12)]).toEqual([1 / 4, 2 / 4, 1 / 4, 0])
    // A tie goes to the lowest trainId.
    expect([...majority]).toEqual([2, 1, 1])
    expect([...yMax]).toEqual([5 / 8, 1 / 2, 1 / 2])
    expect([...level]).toEqual([AREA_LEVEL.large, AREA_LEVEL.small, AREA_LEVEL.medium])
  })

  test('goodsam++: every pixel counts by the TA\'s confidence; without any, plainly', () => {
    const { shares, majority, yMax } = maskShares(masks, semantics, { ...OPTIONS, confidenceWeightedShares: true })
    expect([...shares.subarray(0, 4)]).toEqual([0, 400 / 450, 50 / 450, 0])
    expect([...shares.subarray(4, 8)]).toEqual([0, 1 / 2, 0, 1 / 2])
    expect([...majority]).toEqual([1, 1, 1])
    expect(yMax[0]).toBe(400 / 450)
  })

  test('rows count by their weights, beside the confidence where that is asked for', () => {
    const rowWeights = [3, 1]
    const plain = maskShares(masks, semantics, { ...OPTIONS, rowWeights })
    // the first mask: a whole upper row (2, 2, 2, 1, 1) and three of the lower one (0, 2, 2)
    expect([...plain.shares.subarray(0, 4)]).toEqual([1 / 18, 6 / 18, 11 / 18, 0])
    const weighted = maskShares(masks, semantics, { ...OPTIONS, rowWeights, confidenceWeightedShares: true })
    expect([...weighted.shares.subarray(0, 4)]).toEqual([0, 1200 / 1310, 110 / 1310, 0])
  })

  test('an S_i with classes the TA does not have is refused', () => {
    expect(() => maskShares(masks, seen(5, 2, [9, 2, 2, 1, 1, 0, 2, 2, 3, 1], new Uint8Array(10)), OPTIONS)).toThrow(/window 3 .*class 9/)
  })

  test('counts any masks as bitmaps would', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.nat(), (width, height, weighted, seed) => {
        const random = seededRandom(seed)
        const pixels = width * height
        const bitmaps = Array.from({ length: 4 }, () => new Uint8Array(pixels).map(() => (random() < 0.4 ? 1 : 0)))
        const sure = new Uint8Array(pixels).map(() => 1 + random() * 255)
        const labelled = seen(width, height, new Uint8Array(pixels).map(() => random() * 4), sure)
        const weight = weighted ? sure : new Uint8Array(pixels).fill(1)
        const { shares } = maskShares(tableOf(bitmaps, width, height), labelled, { ...OPTIONS, confidenceWeightedShares: weighted })
        bitmaps.forEach((bitmap, m) => {
          const inside = [...bitmap.keys()].filter((p) => bitmap[p] === 1)
          const total = inside.reduce((sum, p) => sum + weight[p], 0)
          for (let c = 0; c < 4; c++) {
            const own = inside.filter((p) => labelled.label[p] === c).reduce((sum, p) => sum + weight[p], 0)
            expect(shares[m * 4 + c]).toBe(total === 0 ? 0 : own / total)
          }
        })
      }),
      { seed: 4 },
    )
  })
})

describe('ensembleMap', () => {
  test('small masks stay on top of large ones; of equal areas the later', () => {
    const map = ensembleMap(tableOf([
      Uint8Array.of(0, 1, 1, 0, 0, 0),
      Uint8Array.of(1, 1, 1, 1, 0, 0),
      Uint8Array.of(0, 0, 1, 1, 0, 0),
    ], 6, 1))
    expect([...map]).toEqual([2, 1, 3, 3, 0, 0])
  })
})
