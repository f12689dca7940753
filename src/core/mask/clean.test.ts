import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/sam-postprocess.golden.json' with { type: 'json' }
import { cleanMask, complement } from './clean.ts'
import { bitmapToRuns, runsToBitmap } from './rle.ts'

/** Runs of a bitmap, split at row ends. */
function rowRuns(bitmap: Uint8Array, width: number): number[] {
  const runs: number[] = []
  for (let row = 0; row < bitmap.length; row += width) {
    const inRow = bitmapToRuns(bitmap.subarray(row, row + width))
    for (let k = 0; k < inRow.length; k += 2) runs.push(row + inRow[k], inRow[k + 1])
  }
  return runs
}

test.each(golden.masks.map((mask, index) => ({ index, ...mask })))('agrees with scipy on mask $index', ({ upsampled, cleaned, changed }) => {
  const { width, height, minArea } = golden
  const runs = rowRuns(runsToBitmap(Uint32Array.from(upsampled), width * height), width)
  const result = cleanMask(runs, { width, height }, minArea)
  expect(result.changed).toBe(changed)
  expect([...bitmapToRuns(runsToBitmap(Uint32Array.from(result.runs), width * height))]).toEqual(cleaned)
})

const bitmaps = fc
  .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }), set: fc.constantFrom(1, 3, 6, 9) })
  .chain(({ width, height, set }) =>
    fc.array(fc.nat(9), { minLength: width * height, maxLength: width * height }).map((values) => ({
      width, height, bitmap: Uint8Array.from(values, (value) => (value < set ? 1 : 0)),
    })),
  )

/** Sizes by flood fill, over pixels that `value` selects. */
function regions(bitmap: Uint8Array, width: number, value: number): number[][] {
  const seen = new Set<number>()
  const found: number[][] = []
  for (let start = 0; start < bitmap.length; start++) {
    if (bitmap[start] !== value || seen.has(start)) continue
    const region = [start]
    seen.add(start)
    for (let at = 0; at < region.length; at++) {
      const x = region[at] % width
      for (let dx = -1; dx <= 1; dx++) {
        for (let dy = -1; dy <= 1; dy++) {
          const next = region[at] + dx + dy * width
          if (x + dx < 0 || x + dx >= width || next < 0 || next >= bitmap.length) continue
          if (bitmap[next] === value && !seen.has(next)) region.push(next)
          seen.add(next)
        }
      }
    }
    found.push(region)
  }
  return found
}

test('small holes are filled, then small islands dropped, all but the largest', () => {
  fc.assert(
    fc.property(bitmaps, fc.integer({ min: 2, max: 30 }), ({ width, height, bitmap }, minArea) => {
      const expected = bitmap.slice()
      const holes = regions(bitmap, width, 0).filter((hole) => hole.length < minArea)
      for (const i of holes.flat()) expected[i] = 1
      const islands = regions(expected, width, 1)
      const largest = islands.reduce<number[]>((best, region) => (region.length > best.length ? region : best), [])
      for (const island of islands) if (island.length < minArea && island !== largest) for (const i of island) expected[i] = 0
      const { runs, changed } = cleanMask(rowRuns(bitmap, width), { width, height }, minArea)
      expect(runsToBitmap(Uint32Array.from(runs), bitmap.length)).toEqual(expected)
      // as segment-anything says it: also where the only island is small and stays
      expect(changed).toBe(holes.length > 0 || islands.some((island) => island.length < minArea))
    }),
  )
})

test('the complement of runs is every other pixel', () => {
  fc.assert(
    fc.property(bitmaps, ({ width, height, bitmap }) => {
      const rest = runsToBitmap(Uint32Array.from(complement(rowRuns(bitmap, width), { width, height })), bitmap.length)
      expect(rest.every((value, i) => value !== bitmap[i])).toBe(true)
    }),
  )
})
