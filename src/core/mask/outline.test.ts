import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildMaskTable } from './build.ts'
import { paintOutline } from './outline.ts'
import { bitmapToRuns } from './rle.ts'

test('the outline is every mask pixel with a neighbour of the window outside the mask', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), (width, values) => {
      const height = Math.ceil(values.length / width)
      const bitmap = Uint8Array.from({ length: width * height }, (_, i) => ((values[i] ?? 0) > 0 ? 1 : 0))
      const rows = Array.from({ length: height }, (_, y) => bitmapToRuns(bitmap.subarray(y * width, (y + 1) * width)).map((n, k) => (k % 2 === 0 ? n + y * width : n)))
      const table = buildMaskTable({ width, height }, [{ runs: rows.flatMap((row) => [...row]), predictedIou: 1, stability: 1, x: 0, y: 0 }])
      const target = new Uint8Array(width * height)
      const scratch = new Uint8Array(width * height)
      paintOutline(table, 0, target, { value: 9, scratch })
      const expected = bitmap.map((value, i) => {
        const x = i % width
        const neighbours = [x > 0 ? i - 1 : i, x + 1 < width ? i + 1 : i, i >= width ? i - width : i, i + width < bitmap.length ? i + width : i]
        return value === 1 && neighbours.some((other) => bitmap[other] === 0) ? 9 : 0
      })
      expect(target).toEqual(expected)
      expect(scratch).toEqual(new Uint8Array(width * height))
    }),
  )
})
