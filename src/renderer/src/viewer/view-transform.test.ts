import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PitchRad, RollRad, YawRad } from '../../../core/geometry/angles.ts'
import { sphereToPanorama } from '../../../core/geometry/equirectangular.ts'
import { viewToSphere } from '../../../core/geometry/perspective.ts'
import type { PanoramaGrid } from './panorama-grid.ts'
import type { FlatView, SphereView, View } from './types.ts'
import {
  MAX_FOV_DEG, MAX_SCALE, MIN_FOV_DEG, canvasToPanorama, clampView, convertView, fitScale, flatOrigin, focalLengthPx,
  panView, panoramaToCanvas, resetView, zoomView,
} from './view-transform.ts'
import type { Viewport } from './view-transform.ts'

const full: PanoramaGrid = { width: 2048, height: 1024, hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true }
const partial: PanoramaGrid = { width: 1000, height: 400, hfovDeg: 200, vfovDeg: 80, horizonOffsetPx: 30, cyclic: false }
const canvas = { width: 800, height: 500 }
const onFull: Viewport = { grid: full, canvas }
const onPartial: Viewport = { grid: partial, canvas }
const flat = (centerX: number, centerY: number, scale: number): FlatView => ({ kind: 'flat', centerX, centerY, scale })
const sphere = (yawDeg: number, pitchDeg: number, fovDeg: number): SphereView => ({ kind: 'sphere', yawDeg, pitchDeg, fovDeg })

/** distance on a circle of circumference `period` */
function around(a: number, b: number, period: number): number {
  const d = Math.abs(a - b) % period
  return Math.min(d, period - d)
}

const canvasPoint = fc.record({ x: fc.double({ min: 0, max: 800, noNaN: true }), y: fc.double({ min: 0, max: 500, noNaN: true }) })
const flatView = fc.record({
  kind: fc.constant('flat' as const),
  centerX: fc.double({ min: 0, max: 2047, noNaN: true }),
  centerY: fc.double({ min: 0, max: 1024, noNaN: true }),
  scale: fc.double({ min: 0.1, max: MAX_SCALE, noNaN: true }),
}).map((view) => clampView(view, onFull))
const sphereView = fc.record({
  kind: fc.constant('sphere' as const),
  yawDeg: fc.double({ min: -180, max: 179.9, noNaN: true }),
  pitchDeg: fc.double({ min: -80, max: 80, noNaN: true }),
  fovDeg: fc.double({ min: MIN_FOV_DEG, max: 100, noNaN: true }),
})
const anyView: fc.Arbitrary<View> = fc.oneof(flatView, sphereView)

describe('flat view', () => {
  it('at scale 1 puts every device pixel on the middle of a panorama pixel', () => {
    for (const [width, height] of [[801, 501], [800, 500], [801, 500]]) {
      const odd: Viewport = { grid: full, canvas: { width, height } }
      const view = clampView(flat(1024.37, 512.81, 1), odd)
      const at = canvasToPanorama(view, odd, { x: 0.5, y: 0.5 })!
      expect(at.x % 1).toBe(0.5)
      expect(at.y % 1).toBe(0.5)
    }
  })

  it('wraps: the column left of 0 is the last one', () => {
    const view = clampView(flat(0, 512, 1), onFull)
    expect(canvasToPanorama(view, onFull, { x: 400.5, y: 250.5 })!.x).toBe(0.5)
    expect(canvasToPanorama(view, onFull, { x: 399.5, y: 250.5 })!.x).toBe(2047.5)
    // a whole turn of dragging comes back to the same picture
    const turned = panView(view, onFull, { from: { x: 0, y: 0 }, to: { x: -2048, y: 0 } })
    expect(flatOrigin(turned as FlatView, canvas)).toEqual(flatOrigin(view as FlatView, canvas))
  })

  it('repeats a full turn where the canvas is wider than it', () => {
    const wide: Viewport = { grid: full, canvas: { width: 4000, height: 500 } }
    const view = resetView(wide, 'flat')
    const turnPx = 2048 * fitScale(wide)
    const a = canvasToPanorama(view, wide, { x: 1000, y: 250 })!
    const b = canvasToPanorama(view, wide, { x: 1000 + turnPx, y: 250 })!
    expect(around(a.x, b.x, 2048)).toBeLessThan(1e-6)
  })

  it('a partial panorama stops at the canvas edge and has an outside', () => {
    const view = clampView(flat(-500, -500, 2), onPartial) as FlatView
    expect(view.centerX).toBe(canvas.width / 2 / 2)
    expect(view.centerY).toBe(canvas.height / 2 / 2)
    const whole = resetView(onPartial, 'flat')
    // 1000 x 400 in 800 x 500: width decides, 90 px of nothing above and below
    expect(fitScale(onPartial)).toBe(0.8)
    expect(canvasToPanorama(whole, onPartial, { x: 400, y: 80 })).toBeNull()
    expect(canvasToPanorama(whole, onPartial, { x: 400, y: 100 })).not.toBeNull()
  })
})

describe('sphere view', () => {
  it('sees the middle column on the horizon straight ahead, and a quarter of the field of view at a quarter of the tangent', () => {
    const view = sphere(0, 0, 90)
    expect(canvasToPanorama(view, onFull, { x: 400, y: 250 })).toEqual({ x: 1024, y: 512 })
    // 250 px above the middle is half of the field of view: 45 degrees up, a quarter of the panorama's height
    expect(canvasToPanorama(view, onFull, { x: 400, y: 0 })!.y).toBeCloseTo(256, 9)
    // 250 px to the right: 45 degrees, an eighth of the turn
    expect(canvasToPanorama(view, onFull, { x: 650, y: 250 })!.x).toBeCloseTo(1024 + 256, 9)
  })

  it('agrees with the core perspective camera', () => {
    const size = { width: 800, height: 500 }
    fc.assert(fc.property(sphereView, canvasPoint, (view, point) => {
      const hfovRad = 2 * Math.atan(400 / focalLengthPx(view, canvas))
      const expected = sphereToPanorama(viewToSphere(point, size, {
        yaw: ((view.yawDeg * Math.PI) / 180) as YawRad, pitch: ((view.pitchDeg * Math.PI) / 180) as PitchRad,
        roll: 0 as RollRad, hfovRad,
      }), full, full)
      const at = canvasToPanorama(view, onFull, point)!
      expect(around(at.x, expected.x, 2048)).toBeLessThan(1e-6)
      expect(at.y).toBeCloseTo(expected.y, 6)
    }))
  })

  it('knows the outside of a partial panorama', () => {
    expect(canvasToPanorama(sphere(0, 0, 60), onPartial, { x: 400, y: 250 })).toEqual({ x: 500, y: 230 })
    expect(canvasToPanorama(sphere(120, 0, 60), onPartial, { x: 400, y: 250 })).toBeNull()
    expect(canvasToPanorama(sphere(0, 60, 30), onPartial, { x: 400, y: 250 })).toBeNull()
  })
})

describe('both views', () => {
  it('canvas -> panorama -> canvas is the identity', () => {
    fc.assert(fc.property(anyView, canvasPoint, (view, point) => {
      const at = canvasToPanorama(view, onFull, point)
      fc.pre(at !== null)
      const back = panoramaToCanvas(view, onFull, at!)!
      // flat: the copy nearest the middle, so modulo a turn
      const turn = view.kind === 'flat' ? 2048 * view.scale : Number.POSITIVE_INFINITY
      const dx = Math.abs(back.x - point.x)
      expect(Number.isFinite(turn) ? Math.min(dx % turn, turn - (dx % turn)) : dx).toBeLessThan(1e-5)
      expect(back.y).toBeCloseTo(point.y, 5)
    }))
  })

  it('zooming keeps what lies under the cursor', () => {
    fc.assert(fc.property(anyView, canvasPoint, fc.double({ min: 1.05, max: 4, noNaN: true }), (view, point, factor) => {
      const before = canvasToPanorama(view, onFull, point)
      fc.pre(before !== null)
      const zoomed = zoomView(view, onFull, { at: point, factor })
      // at the vertical edge of the picture (or the zenith) it cannot
      fc.pre(zoomed.kind === 'flat'
        ? Math.abs(zoomed.centerY - 512) < 512 - canvas.height / 2 / zoomed.scale - 1e-6
        : Math.abs(zoomed.pitchDeg) < 89.9)
      const after = panoramaToCanvas(zoomed, onFull, before!)!
      // flat: snapped to whole device pixels before and after
      const slack = view.kind === 'flat' ? 0.5 * factor + 0.5 + 1e-6 : 1e-4
      expect(Math.abs(after.y - point.y)).toBeLessThanOrEqual(slack)
      const turn = zoomed.kind === 'flat' ? 2048 * zoomed.scale : 1e12
      expect(around(after.x, point.x, turn)).toBeLessThanOrEqual(slack)
    }))
  })

  it('zooming in and out again comes back', () => {
    fc.assert(fc.property(sphereView, canvasPoint, (view, point) => {
      fc.pre(Math.abs(view.pitchDeg) < 40 && view.fovDeg < 80 && view.fovDeg > 10)
      const back = zoomView(zoomView(view, onFull, { at: point, factor: 1.5 }), onFull, { at: point, factor: 1 / 1.5 }) as SphereView
      expect(around(back.yawDeg, view.yawDeg, 360)).toBeLessThan(1e-6)
      expect(back.pitchDeg).toBeCloseTo(view.pitchDeg, 6)
      expect(back.fovDeg).toBeCloseTo(view.fovDeg, 6)
    }))
  })

  it('dragging carries the sphere along with the cursor', () => {
    fc.assert(fc.property(sphereView, canvasPoint, canvasPoint, (view, from, to) => {
      const grabbed = canvasToPanorama(view, onFull, from)!
      const moved = panView(view, onFull, { from, to }) as SphereView
      fc.pre(Math.abs(moved.pitchDeg) < 89.9)
      const there = panoramaToCanvas(moved, onFull, grabbed)
      // a point far up cannot be carried to where no pitch shows it: skip what the sphere does not allow
      fc.pre(there !== null && Math.abs(view.pitchDeg) < 30 && view.fovDeg < 60)
      expect(there!.x).toBeCloseTo(to.x, 3)
      expect(there!.y).toBeCloseTo(to.y, 3)
    }))
  })

  it('stays within its limits', () => {
    expect(clampView(sphere(190, 100, 500), onFull)).toEqual(sphere(-170, 90, MAX_FOV_DEG))
    expect((clampView(flat(0, 0, 1e9), onFull) as FlatView).scale).toBe(MAX_SCALE)
    expect((clampView(flat(0, 0, 0), onFull) as FlatView).scale).toBe(fitScale(onFull))
  })

  it('changing the kind of view keeps the middle, and the size of things in it', () => {
    const view = clampView(flat(1500, 400, 2), onFull) as FlatView
    const turned = convertView(view, onFull, 'sphere') as SphereView
    const middle = canvasToPanorama(turned, onFull, { x: 400, y: 250 })!
    expect(middle.x).toBeCloseTo(1500, 6)
    expect(middle.y).toBeCloseTo(400, 6)
    // ten rows further down: 20 device pixels in both
    expect(panoramaToCanvas(turned, onFull, { x: 1500, y: 410 })!.y - 250).toBeCloseTo(20, 1)
    const back = convertView(turned, onFull, 'flat') as FlatView
    expect(back.centerX).toBeCloseTo(1500, 6)
    expect(back.centerY).toBeCloseTo(400, 6)
    expect(back.scale).toBeCloseTo(2, 6)
  })
})
