import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { degreesToRadians, pitchRad, radiansToDegrees, rollRad, yawRad } from './angles.ts'
import { panoramaToSphere, sphereToPanorama, type Equirectangular } from './equirectangular.ts'
import { sphereToView, viewToSphere, type PerspectiveView } from './perspective.ts'
import { directionToSphere } from './sphere.ts'
import { isInPicture, pictureRows, pictureToRectangle, viewExtent, type TangentView } from './tangent-view.ts'

/** A view of a panorama of 720 x 360 whose rectangle begins at its corner; the same as perspective.ts has it. */
const SIZE = { width: 720, height: 360 }
const FULL: Equirectangular = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }

function viewOf(yawDeg: number, pitchDeg: number, fieldDeg = 90): { view: TangentView; camera: PerspectiveView } {
  const tan = Math.tan(degreesToRadians(fieldDeg / 2))
  return {
    view: {
      width: 200, height: 100, centreX: 2 * (yawDeg + 180), pitchRad: degreesToRadians(pitchDeg), tanX: tan, tanY: tan / 2,
      horizonY: 180, columnRad: Math.PI / 360, rowRad: Math.PI / 360, cyclic: true,
    },
    camera: { yaw: yawRad(degreesToRadians(yawDeg)), pitch: pitchRad(degreesToRadians(pitchDeg)), roll: rollRad(0), hfovRad: degreesToRadians(fieldDeg) },
  }
}

/** How far b lies from the straight line through a and c. */
function bend(a: readonly [number, number], b: readonly [number, number], c: readonly [number, number]): number {
  const [dx, dy] = [c[0] - a[0], c[1] - a[1]]
  return Math.abs(dx * (b[1] - a[1]) - dy * (b[0] - a[0])) / Math.hypot(dx, dy)
}

const looks = fc.record({
  yaw: fc.integer({ min: -180, max: 179 }), pitch: fc.integer({ min: -90, max: 90 }), field: fc.integer({ min: 20, max: 120 }),
})

describe('a tangent view', () => {
  test('sees every position of the panorama where a pinhole camera does', () => {
    fc.assert(fc.property(looks, fc.nat(7199), fc.nat(3599), ({ yaw, pitch, field }, x, y) => {
      const { view, camera } = viewOf(yaw, pitch, field)
      const at = { x: x / 10, y: y / 10 }
      const { u: [u], v: [v] } = pictureRows(view, [at.x])(at.y)
      const expected = sphereToView(panoramaToSphere(at, SIZE, FULL), view, camera)
      const inside = expected !== null && expected.x >= 0 && expected.x < 200 && expected.y >= 0 && expected.y < 100
      // at the picture's very edge rounding may decide
      if (expected !== null && Math.min(...[expected.x, 200 - expected.x, expected.y, 100 - expected.y].map(Math.abs)) < 1e-6) return
      expect(isInPicture(view, u, v)).toBe(inside)
      if (!inside) return
      expect(u).toBeCloseTo(expected.x, 6)
      expect(v).toBeCloseTo(expected.y, 6)
    }))
  })

  test('there and back', () => {
    fc.assert(fc.property(looks, fc.nat(199), fc.nat(99), ({ yaw, pitch, field }, u, v) => {
      const { view, camera } = viewOf(yaw, pitch, field)
      const at = pictureToRectangle(view, { x: u + 0.5, y: v + 0.5 })
      const expected = viewToSphere({ x: u + 0.5, y: v + 0.5 }, view, camera)
      expect(Math.sin((at.x - 360) * view.columnRad - expected.yaw) * Math.cos(expected.pitch)).toBeCloseTo(0, 9)
      expect((180 - at.y) * view.rowRad).toBeCloseTo(expected.pitch, 9)
      const back = pictureRows(view, [at.x])(at.y)
      expect(back.u[0]).toBeCloseTo(u + 0.5, 5)
      expect(back.v[0]).toBeCloseTo(v + 0.5, 5)
    }))
  })

  test('shows a straight line of the world as a straight line', () => {
    // the edge of a roof, from 4 m to the left to 5 m to the right, 6 m ahead and 3 m above the camera, rising
    const { view } = viewOf(10, 20)
    const points = Array.from({ length: 19 }, (_, k) => {
      const sphere = directionToSphere([-4 + k / 2, 3 + 0.05 * k, 6 + 0.1 * k])
      const { x, y } = sphereToPanorama(sphere, SIZE, FULL)
      const { u: [u], v: [v] } = pictureRows(view, [x])(y)
      return { x, y, u, v }
    })
    const middle = points[9]
    const [first, last] = [points[0], points[18]]
    expect(bend([first.u, first.v], [middle.u, middle.v], [last.u, last.v])).toBeLessThan(1e-9)
    // which on the panorama it is not, by far
    expect(bend([first.x, first.y], [middle.x, middle.y], [last.x, last.y])).toBeGreaterThan(5)
  })
})

describe('viewExtent', () => {
  test('is what the border of the picture reaches', () => {
    fc.assert(fc.property(looks, ({ pitch, field }) => {
      const { view } = viewOf(0, pitch, field)
      const { top, bottom, side } = viewExtent(view)
      const steps = Array.from({ length: 401 }, (_, k) => k / 400)
      const border = steps.flatMap((t) => [[200 * t, 0], [200 * t, 100], [0, 100 * t], [200, 100 * t]])
        .map(([x, y]) => pictureToRectangle(view, { x, y }))
      const latitudes = border.map(({ y }) => (180 - y) * view.rowRad)
      const yaws = border.map(({ x }) => Math.abs(x - 360) * view.columnRad)
      const poles = [1, -1].filter((sign) => sign * pitch + radiansToDegrees(Math.atan(view.tanY)) > 90 + 1e-6)
      expect(top).toBeCloseTo(poles.includes(1) ? Math.PI / 2 : Math.max(...latitudes), 4)
      expect(bottom).toBeCloseTo(poles.includes(-1) ? -Math.PI / 2 : Math.min(...latitudes), 4)
      if (poles.length === 0) expect(side).toBeCloseTo(Math.max(...yaws), 4)
      else expect(side).toBe(Math.PI)
    }))
  })
})
