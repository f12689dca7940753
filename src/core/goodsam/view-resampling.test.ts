import { describe, expect, test } from 'vitest'
import { pitchRad, rollRad, yawRad } from '../geometry/angles.ts'
import { sphereToPanorama, type Equirectangular, type PixelPoint } from '../geometry/equirectangular.ts'
import { viewToSphere, type PerspectiveView } from '../geometry/perspective.ts'
import { buildMaskTable } from '../mask/build.ts'
import { maskBitmap } from '../mask/paint.ts'
import type { ClassPlanes, RgbImage } from '../raster/raster.ts'
import { RECIPES, withGeometry } from './config.ts'
import { windowSemantics } from './ta-semantics.ts'
import type { PanoramaFrame } from './types.ts'
import { masksToRectangle, planesToRectangle, rectanglePlanesSize, renderView } from './view-resampling.ts'
import { hasView, seenPixels, type ViewWindow } from './view-weights.ts'
import { layoutWindows, windowColumnToPanorama } from './windows.ts'

const FULL: Equirectangular = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
const FRAME: PanoramaFrame = { widthPx: 256, heightPx: 128, cyclic: true, projection: FULL }
const { windows: FAMILIES } = withGeometry(RECIPES.goodsam, 'gnomonic')
const WINDOWS = layoutWindows(FRAME, FAMILIES).filter(hasView)

/** A label map of the sphere: four classes, blobs of some 20 degrees. */
function classAt({ x, y }: PixelPoint): number {
  const [yaw, pitch] = [(x / 256) * 2 * Math.PI, (y / 128) * Math.PI]
  const height = Math.cos(pitch)
  const level = Math.sin(pitch)
  const value = Math.sin(5 * level * Math.cos(yaw) + 1) + Math.cos(4 * level * Math.sin(yaw)) + Math.sin(6 * height)
  return Math.min(3, Math.max(0, Math.floor(value + 1.5)))
}

/** Where on the panorama a position of the picture lies, as geometry/perspective.ts has it. */
function panoramaPosition(window: ViewWindow, point: PixelPoint): PixelPoint {
  const { view, x } = window
  const camera: PerspectiveView = {
    yaw: yawRad((x + view.centreX) * view.columnRad - Math.PI), pitch: pitchRad(view.pitchRad), roll: rollRad(0), hfovRad: 2 * Math.atan(view.tanX),
  }
  return sphereToPanorama(viewToSphere(point, view, camera), { width: 256, height: 128 }, FULL)
}

function pictureLabels(window: ViewWindow): Uint8Array {
  const { width, height } = window.view
  return new Uint8Array(width * height).map((_, p) => classAt(panoramaPosition(window, { x: (p % width) + 0.5, y: Math.floor(p / width) + 0.5 })))
}

interface Compared {
  readonly seen: number
  readonly atBorders: number
  /** of those not at borders */
  readonly differing: number
}

/** Labels of the rectangle beside the panorama's own; at a border: another class within `rim` px. */
function compare(window: ViewWindow, label: (pixel: number) => number, rim: number): Compared {
  const seen = seenPixels(window)
  const result = { seen: 0, atBorders: 0, differing: 0 }
  seen.forEach((shown, p) => {
    if (shown === 0) return
    const at = { x: windowColumnToPanorama(window, p % window.width, 256) + 0.5, y: window.y + Math.floor(p / window.width) + 0.5 }
    const own = classAt(at)
    result.seen++
    // a pixel of the panorama near the poles is narrower than one of the picture
    const across = rim / Math.max(0.05, Math.sin((at.y / 128) * Math.PI))
    if ([-1, 0, 1].some((dx) => [-1, 0, 1].some((dy) => classAt({ x: at.x + dx * across, y: Math.min(128, Math.max(0, at.y + dy * rim)) }) !== own))) result.atBorders++
    else if (label(p) !== own) result.differing++
  })
  return result
}

describe('a label map forth to the picture and back to the rectangle', () => {
  test('as masks: the same but for a pixel at the borders', () => {
    for (const window of WINDOWS) {
      const picture = pictureLabels(window)
      const { width, height } = window.view
      const masks = buildMaskTable({ width, height }, [0, 1, 2, 3].map((trainId) => ({
        runs: [...picture].flatMap((own, p) => (own === trainId ? [p, 1] : [])), predictedIou: 0.9 - trainId / 10, stability: 0.5, x: width / 2, y: height / 2,
      })))
      const back = masksToRectangle(masks, window)
      const label = new Uint8Array(window.width * window.height).fill(255)
      const classes = Array.from(back.predictedIou, (iou) => Math.round((0.9 - iou) * 10))
      classes.forEach((trainId, m) => maskBitmap(back, m).forEach((inside, p) => inside === 1 && (label[p] = trainId)))
      const { seen, atBorders, differing } = compare(window, (p) => label[p], 1)
      expect([window.index, differing]).toEqual([window.index, 0])
      expect(atBorders).toBeLessThan(0.35 * seen)
      // nothing outside the view, and every pixel of it in one mask
      const shown = seenPixels(window)
      expect(label.every((own, p) => (own === 255) === (shown[p] === 0))).toBe(true)
      expect(back.areas.reduce((sum, area) => sum + area, 0)).toBe(seen)
      // the prompt in the picture's middle comes back to where the view looks
      expect(back.points[0]).toBeCloseTo(window.view.centreX, 4)
      expect(back.points[1]).toBeCloseTo(window.view.horizonY - window.view.pitchRad / window.view.rowRad, 4)
    }
  })

  test('as probabilities of the TA: argmax of what comes back', () => {
    for (const window of [WINDOWS[0], WINDOWS[11], WINDOWS[20]]) {
      const { width, height } = window.view
      const picture = pictureLabels(window)
      const planes: ClassPlanes = { classes: 4, width, height, data: new Float32Array(4 * width * height) }
      picture.forEach((trainId, p) => (planes.data[trainId * width * height + p] = 1))
      const size = rectanglePlanesSize(window, planes)
      const out = new Float32Array(4 * size.width * size.height)
      const back = planesToRectangle(planes, window, out)
      for (let p = 0; p < size.width * size.height; p++) {
        expect([0, 1, 2, 3].reduce((sum, c) => sum + out[c * size.width * size.height + p], 0)).toBeCloseTo(1, 5)
      }
      const { label, confidence } = windowSemantics(back, window)
      expect(compare(window, (p) => label[p], 1.5).differing).toBe(0)
      const seen = seenPixels(window)
      expect(label.every((own, p) => (own === 255) === (seen[p] === 0))).toBe(true)
      expect(confidence.every((sure, p) => seen[p] === 1 || sure === 0)).toBe(true)
    }
  })

  test('coarse planes are as fine as the picture\'s cells', () => {
    // 81 px of picture in 20 cells: about 4 px of panorama each
    expect(WINDOWS[8]).toMatchObject({ width: 64, height: 64 })
    expect(rectanglePlanesSize(WINDOWS[8], { width: 20, height: 20 })).toEqual({ width: 16, height: 16 })
  })
})

describe('masks', () => {
  test('of which no pixel is left are left out', () => {
    const window = WINDOWS[0]
    const { width, height } = window.view
    // a corner of the picture is finer than the panorama
    const tiny = { runs: [width * (height - 1), 1], predictedIou: 1, stability: 1, x: 0, y: height }
    const whole = { runs: Array.from({ length: height }, (_, y) => [y * width, width]).flat(), predictedIou: 0.5, stability: 0.5, x: 1, y: 1 }
    const back = masksToRectangle(buildMaskTable({ width, height }, [tiny, whole]), window)
    expect([...back.predictedIou]).toEqual([0.5])
    expect(maskBitmap(back, 0)).toEqual(seenPixels(window))
  })
})

describe('renderView', () => {
  /** Red is the column, green the row, blue the class. */
  const image: RgbImage = { width: 256, height: 128, data: new Uint8Array(3 * 256 * 128) }
  for (let p = 0; p < 256 * 128; p++) image.data.set([p % 256, Math.floor(p / 256), classAt({ x: (p % 256) + 0.5, y: Math.floor(p / 256) + 0.5 })], 3 * p)

  test('shows what a camera sees', () => {
    for (const window of WINDOWS) {
      const { width, height, data } = renderView(image, window)
      expect([width, height]).toEqual([81, 81])
      let furthest = 0
      for (let p = 0; p < width * height; p++) {
        const { x, y } = panoramaPosition(window, { x: (p % width) + 0.5, y: Math.floor(p / width) + 0.5 })
        const column = ((x % 256) + 256) % 256
        // between the last column and the first, and beyond the outermost rows, there is nothing linear to read
        if (column < 1 || column > 255) continue
        furthest = Math.max(furthest, Math.abs(data[3 * p] - (column - 0.5)), Math.abs(data[3 * p + 1] - Math.min(127, Math.max(0, y - 0.5))))
      }
      expect(furthest).toBeLessThan(0.51)
    }
  })

  test('views of one pitch differ by the roll of the panorama alone', () => {
    const rolled = { ...image, data: new Uint8Array(image.data.length) }
    for (let p = 0; p < 256 * 128; p++) rolled.data.set(image.data.subarray(3 * (p - (p % 256) + ((p + 64) % 256)), 3 * (p - (p % 256) + ((p + 64) % 256)) + 3), 3 * p)
    expect(renderView(rolled, WINDOWS[1]).data).toEqual(renderView(image, WINDOWS[3]).data)
  })

  test('beyond the edges of a partial panorama it is mirrored', () => {
    const frame: PanoramaFrame = { widthPx: 64, heightPx: 64, cyclic: false, projection: { hfovDeg: 90, vfovDeg: 90, horizonOffsetPx: 0 } }
    const [left] = layoutWindows(frame, FAMILIES).filter(hasView)
    const part = { width: 64, height: 64, data: new Uint8Array(3 * 64 * 64).map((_, i) => 4 * (Math.floor(i / 3) % 64)) }
    const { data, width } = renderView(part, left)
    const row = Array.from({ length: width }, (_, x) => data[3 * (Math.floor(left.view.height / 2) * width + x)])
    const edge = row.indexOf(Math.min(...row))
    // falls towards the panorama's edge and rises again beyond it
    expect(edge).toBeGreaterThan(4)
    expect(row.slice(0, edge).every((value, x) => value >= row[x + 1])).toBe(true)
    expect(row.slice(edge + 1).every((value, x) => value >= row[edge + x])).toBe(true)
    expect(seenPixels(left)).toContain(0)
  })
})
