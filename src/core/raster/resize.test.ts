import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/pil-resize.golden.json' with { type: 'json' }
import { resizeNearest, resizeRgb } from './resize.ts'

const source = { width: golden.width, height: golden.height, data: Uint8Array.from(golden.data) }

test.each(golden.cases)('bilinear as PIL: to $width x $height', ({ width, height, data }) => {
  const resized = resizeRgb(source, width, height)
  expect([resized.width, resized.height, resized.data.length]).toEqual([width, height, data.length])
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - resized.data[i])), 0)
  expect(worst).toBeLessThanOrEqual(1)
})

test('an even colour stays what it is', () => {
  const white = { width: 13, height: 9, data: new Uint8Array(13 * 9 * 3).fill(255) }
  for (const [width, height] of [[5, 4], [13, 3], [40, 37], [2048, 1]]) expect(resizeRgb(white, width, height).data.every((value) => value === 255)).toBe(true)
})

test('nearest takes the pixel under the centre', () => {
  const raster = { width: 3, height: 2, data: Uint32Array.of(1, 2, 3, 4, 5, 6) }
  expect([...resizeNearest(raster, 6, 4).data]).toEqual([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6])
  expect([...resizeNearest(raster, 1, 1).data]).toEqual([5])
  expect([...resizeNearest(raster, 2, 2).data]).toEqual([1, 3, 4, 6])
  expect(resizeNearest(raster, 3, 2)).toEqual(raster)
})

test.each([[0, 4], [4, -1], [2.5, 4], [Number.NaN, 1]])('a size of %d x %d is refused', (width, height) => {
  expect(() => resizeRgb(source, width, height)).toThrow(RangeError)
  expect(() => resizeNearest(source, width, height)).toThrow(RangeError)
})
