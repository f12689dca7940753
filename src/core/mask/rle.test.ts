import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/coco-rle.golden.json' with { type: 'json' }
import { bitmapToRuns, cocoCountsToRuns, compressCounts, decodeCocoRle, decompressCounts, encodeCocoRle, runsToBitmap, runsToCocoCounts } from './rle.ts'

test.each(golden.cases)('agrees with pycocotools: $name', ({ width, height, runs, counts, compressed }) => {
  const ours = Uint32Array.from(runs)
  expect([...runsToCocoCounts(ours, width, height)]).toEqual(counts)
  expect(encodeCocoRle(ours, width, height)).toEqual({ size: [height, width], counts: compressed })
  expect([...decompressCounts(compressed)]).toEqual(counts)
  expect([...decodeCocoRle({ size: [height, width], counts: compressed })]).toEqual(runs)
  expect([...decodeCocoRle({ size: [height, width], counts })]).toEqual(runs)
})

const bitmaps = fc
  .record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }) })
  .chain((size) => fc.record({ width: fc.constant(size.width), height: fc.constant(size.height), bits: fc.array(fc.nat(1), { minLength: size.width * size.height, maxLength: size.width * size.height }) }))

test('every bitmap survives both encodings', () => {
  fc.assert(
    fc.property(bitmaps, ({ width, height, bits }) => {
      const bitmap = Uint8Array.from(bits)
      const runs = bitmapToRuns(bitmap)
      expect(runsToBitmap(runs, bitmap.length)).toEqual(bitmap)
      expect(decodeCocoRle(encodeCocoRle(runs, width, height))).toEqual(runs)
    }),
  )
})

test('counts of any size survive compression', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 31 - 1), { maxLength: 30 }), (counts) => {
      expect([...decompressCounts(compressCounts(counts))]).toEqual(counts)
    }),
  )
})

test('zero-length runs inside counts join their neighbours', () => {
  expect([...cocoCountsToRuns([0, 2, 0, 1, 1], 1, 4)]).toEqual([0, 3])
})

test('text and counts that are no mask are refused', () => {
  expect(() => decompressCounts('52 <-')).toThrow(RangeError)
  expect(() => decompressCounts('o')).toThrow(/position 1/)
  expect(() => cocoCountsToRuns([3, 2], 2, 3)).toThrow(/5 pixels.*2 x 3/)
})
