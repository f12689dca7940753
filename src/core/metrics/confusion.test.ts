import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GOLDEN_CASES, drawn } from '../../../test/fixtures/metrics-golden.ts'
import type { Raster } from '../raster/raster.ts'
import { addToConfusion, confusionScores, emptyConfusion, type ConfusionScores } from './confusion.ts'
import { latitudeBands, solidAngleRowWeights } from './latitude.ts'

type Options = NonNullable<Parameters<typeof addToConfusion>[3]>
type Pair = { readonly truth: Raster; readonly prediction: Raster }

const FULL_SPHERE = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }

function confusionOf(pairs: readonly Pair[], classes: number, options: Options = {}) {
  const confusion = emptyConfusion(classes)
  for (const { truth, prediction } of pairs) addToConfusion(confusion, truth, prediction, options)
  return confusion
}

const scoresOf = (...args: Parameters<typeof confusionOf>) => confusionScores(confusionOf(...args))

function expectScores(scores: ConfusionScores, golden: ConfusionScores): void {
  expect(scores.iou.length).toBe(golden.iou.length)
  scores.iou.forEach((iou, id) => expectClose(iou, golden.iou[id]))
  scores.truthPixels.forEach((pixels, id) => expectClose(pixels, golden.truthPixels[id]))
  expectClose(scores.miou, golden.miou)
  expectClose(scores.pixelAccuracy, golden.pixelAccuracy)
}

function expectClose(value: number | null, golden: number | null): void {
  if (value === null || golden === null) expect(value).toBe(golden)
  else expect(Math.abs(value - golden)).toBeLessThan(1e-9)
}

describe('as numpy counts sets of pixels (test/fixtures/metrics.golden.py)', () => {
  test.each(GOLDEN_CASES)('$name: global matrix over all panoramas', ({ pairs, classes, scores }) => {
    expectScores(scoresOf(pairs, classes), scores)
  })

  test.each(GOLDEN_CASES)('$name: by solid angle', ({ pairs, classes, height, solidAngle }) => {
    expectScores(scoresOf(pairs, classes, { rowWeights: solidAngleRowWeights(height, FULL_SPHERE) }), solidAngle)
  })

  test.each(GOLDEN_CASES)('$name: 30 degrees below the horizon', ({ pairs, classes, height, band }) => {
    const rows = latitudeBands(height, FULL_SPHERE).find(({ fromDeg }) => fromDeg === -30)!
    expectScores(scoresOf(pairs, classes, { rows }), band)
  })
})

test('numbers by hand: ignore is not counted, no class is wrong, absent classes are left out', () => {
  const pair = { truth: drawn('0011', '01..'), prediction: drawn('001.', '2112') }
  const confusion = confusionOf([pair], 4)
  // rows: truth 0 to 3; columns: prediction 0 to 3, none
  expect([...confusion.counts]).toEqual([2, 0, 1, 0, 0, /**/ 0, 2, 0, 0, 1, /**/ 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0])
  expect(confusionScores(confusion)).toEqual({
    // 2 is only predicted: wrong wherever it is. 3 is nowhere
    iou: [2 / 3, 2 / 3, 0, null], miou: (2 / 3 + 2 / 3 + 0) / 3, truthPixels: [3, 3, 0, 0], pixelAccuracy: 4 / 6,
  })
})

test('a prediction that is only in ignored pixels is absent', () => {
  expect(scoresOf([{ truth: drawn('0.'), prediction: drawn('01') }], 2)).toMatchObject({ iou: [1, null], miou: 1 })
})

test('without a labelled pixel there is no score', () => {
  expect(scoresOf([{ truth: drawn('..'), prediction: drawn('01') }], 2)).toEqual({
    iou: [null, null], miou: null, truthPixels: [0, 0], pixelAccuracy: null,
  })
})

test('one matrix over all panoramas, not a mean of their scores', () => {
  const small = { truth: drawn('0'), prediction: drawn('1') }
  const large = { truth: drawn('0001'), prediction: drawn('0001') }
  expect(scoresOf([small, large], 2).iou).toEqual([3 / 4, 1 / 2])
})

test.each<[string, Pair, Options, RegExp]>([
  ['sizes differ', { truth: drawn('00'), prediction: drawn('0') }, {}, /2 x 1 and 1 x 1/],
  ['truth holds no class', { truth: drawn('02'), prediction: drawn('00') }, {}, /id 2, .* 2 classes/],
  ['weights do not fit', { truth: drawn('0'), prediction: drawn('0') }, { rowWeights: Float64Array.of(1, 1) }, /2 row weights .* 1 rows/],
  ['rows are outside', { truth: drawn('0'), prediction: drawn('0') }, { rows: { y0: 0, y1: 2 } }, /Rows 0 to 2/],
  ['rows are backwards', { truth: drawn('0'), prediction: drawn('0') }, { rows: { y0: 1, y1: 0 } }, /Rows 1 to 0/],
])('refused, and nothing added, where %s', (_, { truth, prediction }, options, message) => {
  const confusion = emptyConfusion(2)
  expect(() => addToConfusion(confusion, truth, prediction, options)).toThrow(expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(message) }))
  expect(confusion).toEqual(emptyConfusion(2))
})

describe('properties', () => {
  const CLASSES = 5
  const id = fc.oneof(fc.nat(CLASSES - 1), fc.constant(255))
  const pairs = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([width, height]) => {
    const map = fc.array(id, { minLength: width * height, maxLength: width * height })
      .map((ids): Raster => ({ width, height, data: Uint8Array.from(ids) }))
    return fc.record({ truth: map, prediction: map })
  })

  test('latitude bands add up to the whole', () => {
    fc.assert(fc.property(pairs, fc.integer({ min: 10, max: 180 }), (pair, bandDeg) => {
      const sum = emptyConfusion(CLASSES)
      for (const rows of latitudeBands(pair.truth.height, FULL_SPHERE, bandDeg)) addToConfusion(sum, pair.truth, pair.prediction, { rows })
      expect(sum).toEqual(confusionOf([pair], CLASSES))
    }))
  })

  test('doubling all weights changes no score', () => {
    fc.assert(fc.property(pairs, (pair) => {
      const { iou, miou, pixelAccuracy } = scoresOf([pair], CLASSES, { rowWeights: new Float64Array(pair.truth.height).fill(2) })
      expect(scoresOf([pair], CLASSES)).toMatchObject({ iou, miou, pixelAccuracy })
    }))
  })

  test('renaming classes renames their scores', () => {
    fc.assert(fc.property(pairs, (pair) => {
      const renamed = (map: Raster): Raster => ({ ...map, data: map.data.map((of) => (of === 255 ? 255 : CLASSES - 1 - of)) })
      const scores = scoresOf([{ truth: renamed(pair.truth), prediction: renamed(pair.prediction) }], CLASSES)
      expect(scores.iou.toReversed()).toEqual(scoresOf([pair], CLASSES).iou)
    }))
  })
})
