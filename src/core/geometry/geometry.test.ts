import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { degreesToRadians, pitchRad, radiansToDegrees, rollRad, wrapTurn, yawRad } from './angles.ts'
import { panoramaToSphere, pitchToRow, rowToPitch, sphereToPanorama, type Equirectangular } from './equirectangular.ts'
import { focalLengthPx, levelView, sphereToView, viewToSphere, type PerspectiveView } from './perspective.ts'
import { rollColumns, rollRgbColumns } from './roll.ts'
import { directionToSphere, sphereToDirection, type Direction } from './sphere.ts'

const FULL: Equirectangular = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
const angle = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true })
const RIGHT_ANGLE = Math.PI / 2

function view(yaw: number, pitch: number, roll = 0): PerspectiveView {
  return { yaw: yawRad(yaw), pitch: pitchRad(pitch), roll: rollRad(roll), hfovRad: RIGHT_ANGLE }
}

function expectDirection(actual: Direction, expected: Direction): void {
  actual.forEach((value, axis) => expect(value).toBeCloseTo(expected[axis], 12))
}

describe('angles', () => {
  test('wrap into one turn', () => {
    expect(wrapTurn(0)).toBe(0)
    expect(wrapTurn(Math.PI)).toBe(-Math.PI)
    expect(wrapTurn(-Math.PI)).toBe(-Math.PI)
    expect(wrapTurn(2.5 * Math.PI)).toBeCloseTo(RIGHT_ANGLE, 12)
    expect(wrapTurn(-1.5 * Math.PI)).toBeCloseTo(RIGHT_ANGLE, 12)
    expect(pitchRad(2)).toBe(RIGHT_ANGLE)
    expect(radiansToDegrees(degreesToRadians(37))).toBeCloseTo(37, 12)
  })
})

describe('sphere', () => {
  test('x is right, y up, z the middle of the panorama', () => {
    expectDirection(sphereToDirection({ yaw: yawRad(0), pitch: pitchRad(0) }), [0, 0, 1])
    expectDirection(sphereToDirection({ yaw: yawRad(RIGHT_ANGLE), pitch: pitchRad(0) }), [1, 0, 0])
    expectDirection(sphereToDirection({ yaw: yawRad(1), pitch: pitchRad(RIGHT_ANGLE) }), [0, 1, 0])
  })

  test('there and back', () => {
    fc.assert(fc.property(angle(3.14), angle(1.57), (yaw, pitch) => {
      const back = directionToSphere(sphereToDirection({ yaw: yawRad(yaw), pitch: pitchRad(pitch) }))
      expect(back.yaw).toBeCloseTo(yaw, 9)
      expect(back.pitch).toBeCloseTo(pitch, 9)
    }))
  })
})

describe('equirectangular', () => {
  const size = { width: 2048, height: 1024 }

  test('a full turn: middle ahead, left edge behind, top edge at the zenith', () => {
    expect(panoramaToSphere({ x: 1024, y: 512 }, size, FULL)).toEqual({ yaw: 0, pitch: 0 })
    expect(panoramaToSphere({ x: 0, y: 0 }, size, FULL)).toEqual({ yaw: -Math.PI, pitch: RIGHT_ANGLE })
    expect(panoramaToSphere({ x: 1536, y: 768 }, size, FULL).yaw).toBeCloseTo(RIGHT_ANGLE, 12)
    expect(panoramaToSphere({ x: 1536, y: 768 }, size, FULL).pitch).toBeCloseTo(-Math.PI / 4, 12)
  })

  test('a DensePASS strip of 70 degrees whose horizon lies 20 rows below the middle', () => {
    const strip = { hfovDeg: 360, vfovDeg: 70, horizonOffsetPx: 20 }
    expect(radiansToDegrees(rowToPitch(220, 400, strip))).toBeCloseTo(0, 12)
    expect(radiansToDegrees(rowToPitch(0, 400, strip))).toBeCloseTo((220 / 400) * 70, 12)
    expect(radiansToDegrees(rowToPitch(400, 400, strip))).toBeCloseTo((-180 / 400) * 70, 12)
    expect(pitchToRow(pitchRad(degreesToRadians(35)), 400, strip)).toBeCloseTo(20, 9)
  })

  test('there and back, with any field of view', () => {
    const projections = fc.record({
      hfovDeg: fc.double({ min: 20, max: 360, noNaN: true }), vfovDeg: fc.double({ min: 20, max: 120, noNaN: true }),
      horizonOffsetPx: angle(5),
    })
    fc.assert(fc.property(projections, fc.double({ min: 1, max: 99, noNaN: true }), fc.double({ min: 1, max: 49, noNaN: true }),
      (projection, x, y) => {
        const sides = { width: 100, height: 50 }
        const back = sphereToPanorama(panoramaToSphere({ x, y }, sides, projection), sides, projection)
        expect(back.x).toBeCloseTo(x, 6)
        expect(back.y).toBeCloseTo(y, 6)
      }))
  })
})

describe('perspective', () => {
  const size = { width: 640, height: 480 }
  test('90 degrees across 640 px: focal length 320, edges 45 degrees off, the top 36.87 degrees up', () => {
    expect(focalLengthPx(size, view(0, 0))).toBeCloseTo(320, 9)
    expect(viewToSphere({ x: 640, y: 240 }, size, levelView(0, RIGHT_ANGLE)).yaw).toBeCloseTo(Math.PI / 4, 12)
    expect(viewToSphere({ x: 320, y: 0 }, size, view(0, 0)).pitch).toBeCloseTo(Math.atan(240 / 320), 12)
  })

  test('the centre is where the view looks', () => {
    const centre = viewToSphere({ x: 320, y: 240 }, size, view(2, -0.7, 0.4))
    expect(centre.yaw).toBeCloseTo(2, 12)
    expect(centre.pitch).toBeCloseTo(-0.7, 12)
  })

  test('looking up at the zenith from a tilted view: the view\'s up is tilted back', () => {
    // 45 degrees up, 45 degrees above the centre: straight up.
    const up = viewToSphere({ x: 320, y: 240 - 320 }, size, view(0, Math.PI / 4))
    expect(up.pitch).toBeCloseTo(RIGHT_ANGLE, 9)
    expect(sphereToView({ yaw: yawRad(1), pitch: pitchRad(RIGHT_ANGLE) }, size, view(0, Math.PI / 4))?.y).toBeCloseTo(-80, 6)
  })

  test('a roll turns the picture clockwise', () => {
    const ahead = { yaw: yawRad(0.2), pitch: pitchRad(0) }
    const level = sphereToView(ahead, size, view(0, 0))
    const rolled = sphereToView(ahead, size, view(0, 0, RIGHT_ANGLE))
    // What was to the right of the centre is now below it.
    expect(level?.x).toBeGreaterThan(320)
    expect(rolled?.x).toBeCloseTo(320, 9)
    expect(rolled?.y).toBeCloseTo(240 + ((level?.x ?? 0) - 320), 9)
  })

  test('behind the camera there is no pixel', () => {
    expect(sphereToView({ yaw: yawRad(Math.PI), pitch: pitchRad(0) }, size, view(0, 0))).toBeNull()
  })

  test('there and back', () => {
    const views = fc.tuple(angle(3.14), angle(1.4), angle(3.14))
    fc.assert(fc.property(views, fc.nat(640), fc.nat(480), ([yaw, pitch, roll], x, y) => {
      const looking = view(yaw, pitch, roll)
      const back = sphereToView(viewToSphere({ x, y }, size, looking), size, looking)
      expect(back?.x).toBeCloseTo(x, 5)
      expect(back?.y).toBeCloseTo(y, 5)
    }))
  })
})

describe('rollColumns', () => {
  test('moves columns around the seam', () => {
    const raster = { width: 4, height: 2, data: Uint8Array.of(0, 1, 2, 3, 10, 11, 12, 13) }
    expect([...rollColumns(raster, 1).data]).toEqual([1, 2, 3, 0, 11, 12, 13, 10])
    expect([...rollColumns(raster, -1).data]).toEqual([3, 0, 1, 2, 13, 10, 11, 12])
    expect(rollColumns(rollColumns(raster, 3), -3)).toEqual(raster)
    expect(rollColumns(raster, 8)).toEqual(raster)
    const image = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }
    expect([...rollRgbColumns(image, 1).data]).toEqual([4, 5, 6, 1, 2, 3])
  })

  test('is a turn of the sphere', () => {
    const size = { width: 360, height: 180 }
    const before = panoramaToSphere({ x: 100.5, y: 3.5 }, size, FULL)
    const after = panoramaToSphere({ x: 100.5 - 30, y: 3.5 }, size, FULL)
    // Column 100 moves to column 70 when rolled by 30 columns: 30 degrees to the left.
    expect(radiansToDegrees(before.yaw - after.yaw)).toBeCloseTo(30, 9)
    const marked = { ...size, data: new Uint8Array(360 * 180) }
    marked.data[3 * 360 + 100] = 1
    expect(rollColumns(marked, 30).data[3 * 360 + 70]).toBe(1)
  })
})
