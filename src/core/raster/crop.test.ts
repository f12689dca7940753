import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cropAcrossSeam, cropRasterAcrossSeam, pasteAcrossSeam } from './crop.ts'

const width = 7
const height = 4
const raster = { width, height, data: Uint16Array.from({ length: width * height }, (_, i) => 1000 + i) }
const rects = fc
  .record({ x: fc.integer({ min: -20, max: 20 }), y: fc.nat(height - 1), width: fc.integer({ min: 1, max: 16 }) })
  .chain((rect) => fc.integer({ min: 1, max: height - rect.y }).map((rows) => ({ ...rect, height: rows })))

test('a crop is the image with its columns taken modulo the width', () => {
  fc.assert(
    fc.property(rects, (rect) => {
      const crop = cropRasterAcrossSeam(raster, rect)
      expect(crop.data).toBeInstanceOf(Uint16Array)
      expect([crop.width, crop.height]).toEqual([rect.width, rect.height])
      crop.data.forEach((value, i) => {
        const x = (((rect.x + (i % rect.width)) % width) + width) % width
        expect(value).toBe(1000 + (rect.y + Math.floor(i / rect.width)) * width + x)
      })
    }),
  )
})

test('turning by any angle and back changes nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: -30, max: 30 }), (x) => {
      const turned = cropRasterAcrossSeam(raster, { x, y: 0, width, height })
      expect(cropRasterAcrossSeam(turned, { x: -x, y: 0, width, height })).toEqual(raster)
    }),
  )
})

test('pasting is the inverse of cropping', () => {
  fc.assert(
    fc.property(rects.filter((rect) => rect.width <= width), (rect) => {
      const target = { width, height, data: new Uint16Array(width * height) }
      pasteAcrossSeam(target, cropRasterAcrossSeam(raster, rect), rect)
      expect(cropRasterAcrossSeam(target, rect)).toEqual(cropRasterAcrossSeam(raster, rect))
      expect(target.data.filter((value) => value > 0)).toHaveLength(rect.width * rect.height)
    }),
  )
})

test('an RGB crop keeps its pixels whole', () => {
  const rgb = { width: 3, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }
  expect(cropAcrossSeam(rgb, { x: 2, y: 0, width: 2, height: 1 })).toEqual({ width: 2, height: 1, data: Uint8Array.of(7, 8, 9, 1, 2, 3) })
})

test.each([
  [{ x: 0, y: 1, width: 2, height: 4 }, /Rows 1..5/],
  [{ x: 0, y: -1, width: 2, height: 2 }, /Rows -1/],
  [{ x: 0, y: 0, width: 0, height: 2 }, /positive size/],
  [{ x: 0.5, y: 0, width: 1, height: 2 }, /whole pixels/],
])('%o is refused', (rect, message) => {
  expect(() => cropRasterAcrossSeam(raster, rect)).toThrow(message)
})
