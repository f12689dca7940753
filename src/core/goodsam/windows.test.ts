import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutCells } from './cells.ts'
import { RECIPES } from './config.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'
import {
  contextWindows, edgeWeightAt, edgeWeights, layoutIsCyclic, layoutWindows, panoramaColumnToWindow, windowColumnToPanorama,
} from './windows.ts'

const SLIDING = RECIPES.goodsam.windows
const place = ({ x, y, width, height }: PanoramaWindow) => [x, y, width, height]
const full = (widthPx: number, heightPx: number): PanoramaFrame => ({ widthPx, heightPx, cyclic: true })

const frames = fc.record({
  widthPx: fc.integer({ min: 1, max: 90 }), heightPx: fc.integer({ min: 1, max: 60 }), cyclic: fc.boolean(),
})
const families = fc.record({
  name: fc.constant('sliding' as const),
  widthFraction: fc.double({ min: 0.05, max: 1, noNaN: true }),
  heightFraction: fc.option(fc.double({ min: 0.05, max: 1, noNaN: true }), { nil: null }),
  strideFraction: fc.double({ min: 0.25, max: 1, noNaN: true }),
})

/** How many windows see each pixel, counted one by one. */
function countSeen(frame: PanoramaFrame, windows: readonly PanoramaWindow[]): Uint8Array {
  const seen = new Uint8Array(frame.widthPx * frame.heightPx)
  for (const window of windows) {
    for (let y = window.y; y < window.y + window.height; y++) {
      for (let x = 0; x < window.width; x++) seen[y * frame.widthPx + windowColumnToPanorama(window, x, frame.widthPx)]++
    }
  }
  return seen
}

describe('layoutWindows (METHOD section 1)', () => {
  test('a 2:1 panorama gives 8 x 3 windows of a quarter turn, the last ones across the seam', () => {
    const windows = layoutWindows(full(2048, 1024), SLIDING)
    const expected = [0, 256, 512].flatMap((y) => [0, 256, 512, 768, 1024, 1280, 1536, 1792].map((x) => [x, y, 512, 512]))
    expect(windows.map(place)).toEqual(expected)
    expect(windows.map(({ index }) => index)).toEqual(expected.map((_, index) => index))
    expect(new Set(windows.map(({ family }) => family))).toEqual(new Set(['sliding']))
  })

  test('a DensePASS strip gives 8 x 1 windows of its own height', () => {
    const windows = layoutWindows(full(2048, 400), SLIDING)
    expect(windows.map(place)).toEqual([0, 256, 512, 768, 1024, 1280, 1536, 1792].map((x) => [x, 0, 512, 400]))
  })

  test('goodsam++: wide and tall windows of the figure\'s sizes', () => {
    const windows = layoutWindows(full(2048, 1024), RECIPES['goodsam++'].windows)
    const of = (family: string) => windows.filter((window) => window.family === family)
    expect(of('wide')[0]).toMatchObject({ width: 532, height: 317 })
    expect(of('tall')[0]).toMatchObject({ width: 266, height: 543 })
    expect(of('tall').length + of('wide').length).toBe(windows.length)
    // Half a window of stride, made a multiple of four around the turn.
    expect(new Set(of('wide').map(({ x }) => x)).size).toBe(8)
    expect(new Set(of('tall').map(({ x }) => x)).size).toBe(16)
  })

  test('a partial panorama has edges: the last window ends at the right one', () => {
    const windows = layoutWindows({ widthPx: 1000, heightPx: 250, cyclic: false }, SLIDING)
    expect(windows.map(place)).toEqual([0, 125, 250, 375, 500, 625, 750].map((x) => [x, 0, 250, 250]))
    expect(layoutIsCyclic(windows, 1000)).toBe(false)
    expect(layoutIsCyclic(layoutWindows(full(1000, 250), SLIDING), 1000)).toBe(true)
  })

  test('every family sees every pixel, rows begin at the top and end at the bottom', () => {
    fc.assert(
      fc.property(frames, families, (frame, family) => {
        const windows = layoutWindows(frame, [family])
        expect(countSeen(frame, windows).every((count) => count > 0)).toBe(true)
        expect(Math.min(...windows.map(({ y }) => y))).toBe(0)
        expect(Math.max(...windows.map(({ y, height }) => y + height))).toBe(frame.heightPx)
        for (const window of windows) {
          expect(window.x >= 0 && window.x < frame.widthPx && window.width <= frame.widthPx).toBe(true)
          if (!frame.cyclic) expect(window.x + window.width).toBeLessThanOrEqual(frame.widthPx)
        }
      }),
      { seed: 1 },
    )
  })

  test('rolling by a quarter turn rolls the layout onto itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), families, (quarter, family) => {
        const frame = full(4 * quarter, 60)
        const places = layoutWindows(frame, [family]).map((window) => place(window).join())
        const rolled = layoutWindows(frame, [family]).map((window) =>
          place({ ...window, x: (window.x + quarter) % frame.widthPx }).join())
        expect(new Set(rolled)).toEqual(new Set(places))
      }),
      { seed: 2 },
    )
  })

  test('refuses what makes no sense', () => {
    expect(() => layoutWindows(full(0, 10), SLIDING)).toThrow(RangeError)
    expect(() => layoutWindows(full(100, 50), [])).toThrow(RangeError)
    expect(() => layoutWindows(full(100, 50), [{ ...SLIDING[0], strideFraction: 0 }])).toThrow(/strideFraction/)
    expect(() => layoutWindows(full(100, 50), [{ ...SLIDING[0], widthFraction: 1.5 }])).toThrow(/widthFraction/)
  })
})

describe('contextWindows', () => {
  test('whole-height views as wide as the TA sees them, half a view of stride', () => {
    expect(contextWindows(full(2048, 512), 2).map(place)).toEqual([0, 512, 1024, 1536].map((x) => [x, 0, 1024, 512]))
    expect(contextWindows(full(2048, 1024), 2).map(place)).toEqual([0, 512, 1024, 1536].map((x) => [x, 0, 2048, 1024]))
    expect(contextWindows({ widthPx: 1000, heightPx: 500, cyclic: false }, 1).map(place)).toEqual([
      [0, 0, 500, 500], [250, 0, 500, 500], [500, 0, 500, 500],
    ])
    expect(contextWindows({ widthPx: 300, heightPx: 500, cyclic: false }, 1).map(place)).toEqual([[0, 0, 300, 500]])
    expect(() => contextWindows(full(10, 10), 0)).toThrow(RangeError)
  })
})

describe('edge weights', () => {
  test('cosine: 1 in the middle, half of it a third of the way in, never 0, mirror-symmetric to the bit', () => {
    expect(edgeWeights(3)).toEqual(Float32Array.of(0.5, 1, 0.5))
    expect(edgeWeightAt(128, 512)).toBeCloseTo(Math.SQRT1_2, 12)
    for (const length of [1, 2, 255, 512]) {
      const weights = edgeWeights(length)
      expect(weights.every((weight) => weight > 0 && weight <= 1)).toBe(true)
      expect(weights.toReversed()).toEqual(weights)
    }
  })
})

describe('columns', () => {
  test('panorama to window and back, across the seam', () => {
    const window: PanoramaWindow = { index: 0, family: 'sliding', x: 90, y: 0, width: 20, height: 5 }
    expect([90, 99, 0, 9].map((x) => panoramaColumnToWindow(window, x, 100))).toEqual([0, 9, 10, 19])
    expect([10, 50, 89].map((x) => panoramaColumnToWindow(window, x, 100))).toEqual([-1, -1, -1])
    for (let column = 0; column < 20; column++) {
      expect(panoramaColumnToWindow(window, windowColumnToPanorama(window, column, 100), 100)).toBe(column)
    }
  })
})

describe('cutCells', () => {
  test('cells tile the panorama, and each names the windows that see its pixels', () => {
    fc.assert(
      fc.property(frames, families, (frame, family) => {
        const windows = layoutWindows(frame, [family])
        const expected = countSeen(frame, windows)
        const counted = new Uint8Array(expected.length)
        for (const cell of cutCells(windows, frame.widthPx, frame.heightPx)) {
          for (let y = cell.y0; y < cell.y1; y++) {
            for (let x = cell.x0; x < cell.x1; x++) counted[y * frame.widthPx + x] += cell.seenBy.length
          }
        }
        expect(counted).toEqual(expected)
      }),
      { seed: 3, numRuns: 50 },
    )
  })

  test('refuses a layout with a hole', () => {
    const window: PanoramaWindow = { index: 0, family: 'sliding', x: 0, y: 0, width: 4, height: 4 }
    expect(() => cutCells([window], 8, 4)).toThrow(/\(4, 0\)/)
  })
})
