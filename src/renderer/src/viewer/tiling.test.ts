import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { imageLevels, layoutTiles, tileRects } from './tiling.ts'

const sizes = fc.record({
  width: fc.integer({ min: 1, max: 3000 }), height: fc.integer({ min: 1, max: 1500 }),
  maxSize: fc.integer({ min: 250, max: 4096 }), levels: fc.integer({ min: 1, max: 8 }),
})

it('every pixel lies in exactly one tile, and every tile holds some', () => {
  fc.assert(fc.property(sizes, ({ width, height, maxSize, levels }) => {
    const layout = layoutTiles(width, height, { maxSize, levels })
    const rects = tileRects(layout)
    expect(rects.length).toBe(layout.columns * layout.rows)
    expect(rects.reduce((pixels, rect) => pixels + rect.width * rect.height, 0)).toBe(width * height)
    for (const rect of rects) {
      expect(rect.width).toBeGreaterThan(0)
      expect(rect.height).toBeGreaterThan(0)
      expect(rect.x + rect.width).toBeLessThanOrEqual(width)
      expect(rect.y + rect.height).toBeLessThanOrEqual(height)
      // where the shader will look for it
      const column = Math.floor(rect.x / layout.tileWidth)
      const row = Math.floor(rect.y / layout.tileHeight)
      expect(row * layout.columns + column).toBe(rect.layer)
    }
  }))
})

it('tiles fit the limit, and mip texels never straddle two tiles', () => {
  fc.assert(fc.property(sizes, ({ width, height, maxSize, levels }) => {
    const layout = layoutTiles(width, height, { maxSize, levels })
    expect(Math.max(layout.tileWidth, layout.tileHeight)).toBeLessThanOrEqual(maxSize)
    expect(layout.tileWidth % 2 ** (layout.levels - 1)).toBe(0)
    expect(layout.tileHeight % 2 ** (layout.levels - 1)).toBe(0)
  }))
})

it('one tile without spare texels where the panorama fits', () => {
  expect(layoutTiles(2048, 1024, { maxSize: 4096, levels: imageLevels(2048) }))
    .toEqual({ width: 2048, height: 1024, columns: 1, rows: 1, tileWidth: 2048, tileHeight: 1024, levels: 4 })
})

it('a panorama over the limit becomes a grid', () => {
  expect(layoutTiles(20000, 10000, { maxSize: 8192, levels: 1 }))
    .toEqual({ width: 20000, height: 10000, columns: 3, rows: 2, tileWidth: 6667, tileHeight: 5000, levels: 1 })
})
