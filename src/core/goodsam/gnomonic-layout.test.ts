import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { degreesToRadians, pitchRad, radiansToDegrees, rollRad, yawRad } from '../geometry/angles.ts'
import { panoramaToSphere, type Equirectangular } from '../geometry/equirectangular.ts'
import { sphereToView, type PerspectiveView } from '../geometry/perspective.ts'
import { RECIPES, withGeometry, type WindowFamily } from './config.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'
import { hasView, seenPixels, type ViewWindow } from './view-weights.ts'
import { layoutWindows, panoramaColumnToWindow, windowColumnToPanorama } from './windows.ts'

const [FAMILY] = withGeometry(RECIPES.goodsam, 'gnomonic').windows
const full = (widthPx: number, heightPx: number, projection: Partial<Equirectangular> = {}): PanoramaFrame => ({
  widthPx, heightPx, cyclic: true, projection: { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, ...projection },
})

function views(frame: PanoramaFrame, family: WindowFamily = FAMILY): ViewWindow[] {
  return layoutWindows(frame, [family]).filter(hasView)
}

const pitches = (windows: readonly ViewWindow[]): number[] => [...new Set(windows.map(({ view }) => Math.round(radiansToDegrees(view.pitchRad) * 1000) / 1000))]

/** A window's view as geometry/perspective.ts has it. */
function cameraOf({ x, view }: ViewWindow): PerspectiveView {
  const middle = (x + view.centreX) * view.columnRad
  return { yaw: yawRad(middle), pitch: pitchRad(view.pitchRad), roll: rollRad(0), hfovRad: 2 * Math.atan(view.tanX) }
}

const place = ({ x, y, width, height, view }: PanoramaWindow): string => JSON.stringify([x, y, width, height, view])

const frames = fc.oneof(
  fc.record({ widthPx: fc.integer({ min: 40, max: 120 }), heightPx: fc.integer({ min: 8, max: 60 }), vfovDeg: fc.integer({ min: 5, max: 180 }), offset: fc.double({ min: -0.4, max: 0.4, noNaN: true }) })
    .map(({ widthPx, heightPx, vfovDeg, offset }) => full(widthPx, heightPx, { vfovDeg, horizonOffsetPx: offset * (1 - vfovDeg / 180) * heightPx })),
  fc.record({ widthPx: fc.integer({ min: 40, max: 120 }), heightPx: fc.integer({ min: 8, max: 60 }), hfovDeg: fc.integer({ min: 20, max: 340 }), vfovDeg: fc.integer({ min: 5, max: 170 }) })
    .map(({ widthPx, heightPx, hfovDeg, vfovDeg }): PanoramaFrame => ({ widthPx, heightPx, cyclic: false, projection: { hfovDeg, vfovDeg, horizonOffsetPx: 0 } })),
)
const families = fc.record({
  name: fc.constant('gnomonic' as const), widthFraction: fc.double({ min: 0.1, max: 0.3, noNaN: true }),
  heightFraction: fc.constant(null), strideFraction: fc.double({ min: 0.3, max: 0.6, noNaN: true }),
})

describe('gnomonic windows (METHOD section 1)', () => {
  test('a full sphere: three rows of eight, up to the poles, 45 degrees apart', () => {
    const windows = views(full(2048, 1024))
    expect(windows).toHaveLength(24)
    expect(pitches(windows)).toEqual([45, 0, -45])
    // the middle of the picture is as fine as the panorama: 2048 px are 2 pi, the picture 2 tan 45 degrees wide
    expect([windows[0].view.width, windows[0].view.height]).toEqual([652, 652])
    expect(windows.slice(0, 8).map(({ x, view }) => (x + view.centreX) % 2048)).toEqual([0, 256, 512, 768, 1024, 1280, 1536, 1792])
    // a view whose edge is at the pole spans half of the turn there
    expect(windows[0]).toMatchObject({ y: 0, width: 1024, height: 512 })
    expect(windows[8]).toMatchObject({ y: 256, width: 512, height: 512 })
    expect(windows[16]).toMatchObject({ y: 512, width: 1024, height: 512 })
  })

  test('a DensePASS strip of 70 degrees: one row, a little higher than the strip', () => {
    const windows = views(full(2048, 400, { vfovDeg: 70 }))
    expect(windows).toHaveLength(8)
    expect(pitches(windows)).toEqual([0])
    // tan(35 degrees) / cos(22.5 degrees): what it takes to show the strip's edge half a column to the side
    expect(windows[0].view.tanY).toBeCloseTo(0.70021 / 0.92388, 4)
    expect(windows[0]).toMatchObject({ y: 0, height: 400, width: 512 })
  })

  test('the number of windows in closed form', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 180 }), families, (vfovDeg, family) => {
      const columns = 4 * Math.ceil(Math.ceil(1 / (family.widthFraction * family.strideFraction) - 1e-9) / 4)
      const field = 360 * family.widthFraction
      const edge = vfovDeg === 180 ? 90 : radiansToDegrees(Math.atan(Math.tan(degreesToRadians(vfovDeg / 2)) / Math.cos(Math.PI / columns)))
      const range = 2 * edge
      const rows = range <= field ? 1 : Math.ceil((range - field) / (field * family.strideFraction) - 1e-9) + 1
      expect(views(full(10 * columns, 200, { vfovDeg }), family)).toHaveLength(columns * rows)
    }))
    expect(views({ widthPx: 300, heightPx: 150, cyclic: false, projection: { hfovDeg: 120, vfovDeg: 60, horizonOffsetPx: 0 } })).toHaveLength(3)
  })

  test('show every pixel of the panorama, whatever part of the sphere that is', () => {
    fc.assert(fc.property(frames, families, (frame, family) => {
      const { widthPx, heightPx } = frame
      const seenBy = new Uint8Array(widthPx * heightPx)
      for (const window of views(frame, family)) {
        expect(window.x >= 0 && window.x < widthPx && window.width <= widthPx && window.y >= 0 && window.y + window.height <= heightPx).toBe(true)
        if (!frame.cyclic) expect(window.x + window.width).toBeLessThanOrEqual(widthPx)
        seenPixels(window).forEach((seen, p) => {
          seenBy[(window.y + Math.floor(p / window.width)) * widthPx + windowColumnToPanorama(window, p % window.width, widthPx)] += seen
        })
      }
      expect(seenBy.every((count) => count > 0)).toBe(true)
    }), { numRuns: 200 })
  })

  test('rectangles hold all that a camera sees, and little else', () => {
    const frame = full(144, 72)
    for (const window of views(frame)) {
      const camera = { ...cameraOf(window), yaw: yawRad(cameraOf(window).yaw - Math.PI) }
      const seen = seenPixels(window)
      const span = { columns: new Set<number>(), rows: new Set<number>() }
      const differing: string[] = []
      for (let y = 0; y < 72; y++) {
        for (let x = 0; x < 144; x++) {
          const at = sphereToView(panoramaToSphere({ x: x + 0.5, y: y + 0.5 }, { width: 144, height: 72 }, frame.projection!), window.view, camera)
          const inside = at !== null && at.x >= 0 && at.x < window.view.width && at.y >= 0 && at.y < window.view.height
          const column = panoramaColumnToWindow(window, x, 144)
          const row = y - window.y
          const own = column >= 0 && row >= 0 && row < window.height && seen[row * window.width + column] === 1
          if (own !== inside) differing.push(`${x}, ${y}`)
          if (inside) span.columns.add(column)
          if (inside) span.rows.add(row)
        }
      }
      expect(differing).toEqual([])
      expect(span.rows.size).toBe(window.height)
      expect(span.columns.size).toBe(window.width)
    }
  })

  test('rolling by a quarter turn rolls the layout onto itself', () => {
    fc.assert(fc.property(fc.integer({ min: 4, max: 100 }), families, (quarter, family) => {
      const windows = views(full(4 * quarter, 60), family)
      const rolled = windows.map((window) => place({ ...window, x: (window.x + quarter) % (4 * quarter) }))
      expect(new Set(rolled)).toEqual(new Set(windows.map(place)))
    }))
  })

  test('refuses what makes no sense', () => {
    expect(() => layoutWindows({ widthPx: 100, heightPx: 50, cyclic: true }, [FAMILY])).toThrow(/how the panorama lies/)
    expect(() => views(full(100, 50), { ...FAMILY, strideFraction: 1 })).toThrow(/gaps/)
    expect(() => views(full(100, 50), { ...FAMILY, widthFraction: 0.5 })).toThrow(/gaps/)
  })
})
