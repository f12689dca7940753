import { describe, expect, test } from 'vitest'
import { degreesToRadians, pitchRad } from '../../geometry/angles.ts'
import { sphereToPanorama } from '../../geometry/equirectangular.ts'
import { levelView, viewToSphere } from '../../geometry/perspective.ts'
import { rollColumns } from '../../geometry/roll.ts'
import type { CameraSpot, Material, Part, Scene, SyntheticImage } from '../types.ts'
import { castBeams, castInBeam, squareOf } from './beams.ts'
import { aim, aimAtPixel, newCamera } from './camera.ts'
import { renderScene } from './render.ts'
import { newRay, RAY_TO } from './shapes.ts'
import { box, testScene } from './test-scene.ts'
import { nearestPartByTrying } from './trace.ts'
import { packScene } from './world.ts'

const PANORAMA = { view: 'panorama', seed: 1, index: 0, width: 128, height: 64, fovDeg: 180 } as const
const PINHOLE = { view: 'pinhole', seed: 1, index: 0, width: 120, height: 80, fovDeg: 90 } as const
const SPOT: CameraSpot = { position: [0.3, 2, 0.2], yaw: 0.4 }
const GREY: Material = { pattern: 'plain', color: [0.4, 0.4, 0.4], second: [0, 0, 0], scale: [1, 1], gloss: 0, emission: 0, seed: 0 }
const CLEAN = { exposure: 1, whiteBalance: [1, 1, 1], noise: 0, blur: 0, saturation: 1 } as const

function grey(parts: readonly Part[], changes: Partial<Scene> = {}): Scene {
  return testScene({ parts, materials: [GREY], groundAt: () => 0, groundSpots: [{ material: 0, trainId: 0 }], haze: 0, sensor: CLEAN, ...changes })
}

function block(shape: Part['shape']): Part {
  return { shape, material: 0, trainId: 13, instanceId: 5 }
}

function share(count: number, holds: (index: number) => boolean): number {
  let held = 0
  for (let index = 0; index < count; index++) if (holds(index)) held++
  return held / count
}

describe('truth', () => {
  test("the ground's depth in a panorama is the camera's height over the sine of the row's angle", () => {
    const image = renderScene(grey([]), SPOT, { ...PANORAMA, fovDeg: 120 })
    for (let row = 0; row < 64; row++) {
      const pitch = degreesToRadians(((32 - row - 0.5) / 64) * 120)
      const expected = pitch < 0 && 2 / Math.sin(-pitch) < 2000 ? 2 / Math.sin(-pitch) : Infinity
      for (let column = 0; column < 128; column += 9) {
        const depth = image.depthM[row * 128 + column]
        if (expected === Infinity) expect(depth).toBe(Infinity)
        else expect(depth / expected).toBeCloseTo(1, 6)
        expect(image.trainIds[row * 128 + column]).toBe(expected === Infinity ? 10 : 0)
      }
    }
  })

  test("a wall's depth in a pinhole image is its distance over the cosine", () => {
    const wall = block(box([0, 0, 10], [50, 50, 1]))
    const image = renderScene(grey([wall]), { position: [0, 2, 0], yaw: 0 }, PINHOLE)
    for (const [column, row] of [[0, 0], [60, 10], [119, 30], [75, 38]]) {
      // focal length: 60 pixels, so a pixel's ray has the length of (x, y, 60) / 60 per metre ahead
      const length = Math.hypot(column + 0.5 - 60, row + 0.5 - 40, 60) / 60
      expect(image.depthM[row * 120 + column]).toBeCloseTo(9 * length, 4)
      expect(image.trainIds[row * 120 + column]).toBe(13)
      expect(image.instanceIds[row * 120 + column]).toBe(5)
    }
  })

  test('a spot turned by a quarter shows the panorama rolled by a quarter', () => {
    const scene = testScene()
    const straight = renderScene(scene, SPOT, PANORAMA)
    const turned = renderScene(scene, { ...SPOT, yaw: SPOT.yaw + Math.PI / 2 }, PANORAMA)
    const rolled = rollColumns({ width: 128, height: 64, data: straight.trainIds }, 32).data
    // a leaf's edge may fall the other way by rounding
    expect(share(rolled.length, (pixel) => rolled[pixel] === turned.trainIds[pixel])).toBeGreaterThan(0.999)
  })

  test.each([0, 35, -50])('a pinhole image shows what the panorama shows in the same directions, looking up by %i degrees', (pitchDeg) => {
    // leaves and the gaps of fences are as coarse as the pixels are
    const scene = testScene({ parts: testScene().parts.filter(({ shape, trainId }) => shape.kind !== 'ellipsoid' && trainId !== 4) })
    const size = { width: 384, height: 192 }
    const panorama = renderScene(scene, SPOT, { ...PANORAMA, ...size })
    const pinhole = renderScene(scene, SPOT, { ...PINHOLE, pitchDeg })
    const full = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
    const view = { ...levelView(0, degreesToRadians(90)), pitch: pitchRad(degreesToRadians(pitchDeg)) }
    let [same, compared] = [0, 0]
    for (let pixel = 0; pixel < 120 * 80; pixel++) {
      const point = { x: (pixel % 120) + 0.5, y: Math.floor(pixel / 120) + 0.5 }
      const there = sphereToPanorama(viewToSphere(point, { width: 120, height: 80 }, view), size, full)
      const [column, row] = [Math.floor(there.x), Math.floor(there.y)]
      const around = [0, -1, 1, -384, 384, -385, 385, -383, 383].map((step) => panorama.trainIds[row * 384 + column + step])
      // at borders, a pixel's centre may lie on either side
      if (around.some((id) => id !== around[0])) continue
      compared++
      if (pinhole.trainIds[pixel] === around[0]) same++
    }
    expect(compared).toBeGreaterThan(6000)
    expect(same / compared).toBeGreaterThan(0.998)
  }, 20_000)

  test('lists of parts per square leave out none: each pixel meets what trying every part meets', () => {
    const world = packScene(testScene())
    let [different, pixels] = [0, 0]
    for (const view of [PANORAMA, { ...PANORAMA, height: 50, fovDeg: 140 }, PINHOLE, { ...PINHOLE, width: 33, height: 21, fovDeg: 150 }]) {
      const camera = newCamera(SPOT, view)
      const beams = castBeams(world, camera)
      for (let row = 0; row < view.height; row++) {
        for (let column = row % 3; column < view.width; column += 3) {
          const [mine, plain] = [newRay(), newRay()]
          aimAtPixel(camera, mine, { column, row })
          aim(camera, plain, { column: column + 0.5, row: row + 0.5 })
          plain.set(mine)
          if (plain[4] < 0) plain[RAY_TO] = Math.min(plain[RAY_TO], -plain[1] / plain[4])
          const part = nearestPartByTrying(world, plain)
          const found = castInBeam(world, mine, { beams, square: squareOf(beams, column, row) })
          pixels++
          if (Math.max(-1, found) !== part || (part >= 0 && mine[RAY_TO] !== plain[RAY_TO])) different++
        }
      }
    }
    expect(pixels).toBeGreaterThan(8000)
    expect(different).toBe(0)
  }, 20_000)
})

describe('pictures', () => {
  test('the same request gives the same bytes, another seed other noise and the same truth', () => {
    const scene = testScene()
    const [once, again, other] = [1, 1, 2].map((seed) => renderScene(scene, SPOT, { ...PANORAMA, seed }))
    expect(again).toEqual(once)
    expect(other.trainIds).toEqual(once.trainIds)
    expect(other.rgb).not.toEqual(once.rgb)
  })

  test("a box's shadow lies where the sun's direction puts it", () => {
    const sun = [0.6, 0.64, 0.48] as const
    const sky = { ...testScene().sky, sun }
    const scene = grey([block(box([0, 1.5, 6], [1, 1.5, 1]))], { sky })
    const image = renderScene(scene, { position: [0, 4, 0], yaw: 0 }, { ...PANORAMA, width: 256, height: 128 })
    // the way from a ground point towards the sun passes the box, made larger or smaller by `margin`
    const hidden = (x: number, z: number, margin: number): boolean => {
      const spans = [[-1, 1, x, sun[0]], [0, 3, 0, sun[1]], [5, 7, z, sun[2]]].map(([low, high, from, towards]) => [(low - margin - from) / towards, (high + margin - from) / towards])
      return Math.max(0, ...spans.map(([enter]) => enter)) < Math.min(...spans.map(([, leave]) => leave))
    }
    const brightness = { shadow: [] as number[], light: [] as number[] }
    for (let pixel = 0; pixel < 256 * 128; pixel++) {
      if (image.trainIds[pixel] !== 0) continue
      const [column, row, distance] = [pixel % 256, Math.floor(pixel / 256), image.depthM[pixel]]
      const [yaw, pitch] = [((column + 0.5) / 256 - 0.5) * 2 * Math.PI, (0.5 - (row + 0.5) / 128) * Math.PI]
      const [x, z] = [distance * Math.cos(pitch) * Math.sin(yaw), distance * Math.cos(pitch) * Math.cos(yaw)]
      if (Math.hypot(x, z - 6) > 8) continue
      if (hidden(x, z, -0.25)) brightness.shadow.push(image.rgb[pixel * 3])
      else if (!hidden(x, z, 0.25)) brightness.light.push(image.rgb[pixel * 3])
    }
    expect(brightness.shadow.length).toBeGreaterThan(80)
    expect(brightness.light.length).toBeGreaterThan(800)
    expect(Math.max(...brightness.shadow)).toBeLessThan(Math.min(...brightness.light))
  })

  test('edges are smooth: between wall and sky there are tones that neither has', () => {
    const scene = grey([block(box([0, 3, 12], [4, 3, 0.5], 0.35))])
    const image = renderScene(scene, SPOT, { ...PANORAMA, width: 256, height: 128 })
    const [darker, brighter] = [Math.max(...bluesWithin(image, 13)), Math.min(...bluesWithin(image, 10))]
    expect(brighter).toBeGreaterThan(darker + 10)
    const between = [...image.rgb.keys()].filter((index) => index % 3 === 2 && image.rgb[index] > darker && image.rgb[index] < brighter)
    expect(between.length).toBeGreaterThan(20)
  })

  test('haze takes the colour of things far away to its own', () => {
    const near = block(box([-6, 2, 10], [2, 2, 1]))
    const far = block(box([90, 30, 150], [30, 30, 1]))
    const image = renderScene(grey([near, { ...far, trainId: 2 }], { haze: 0.02, hazeColor: [0, 0.9, 0] }), { position: [0, 2, 0], yaw: 0 }, { ...PINHOLE, fovDeg: 100 })
    const green = (id: number): number => {
      const pixels = [...image.trainIds.keys()].filter((pixel) => image.trainIds[pixel] === id)
      return pixels.reduce((sum, pixel) => sum + image.rgb[pixel * 3 + 1] - image.rgb[pixel * 3], 0) / pixels.length
    }
    expect(green(2)).toBeGreaterThan(green(13) + 40)
  })
})

/** Blue of the pixels of a class all of whose neighbours are of it too. */
function bluesWithin(image: SyntheticImage, id: number): number[] {
  const steps = [0, 1, -1, image.width, -image.width]
  const within = [...image.trainIds.keys()].filter((pixel) => steps.every((step) => image.trainIds[pixel + step] === id))
  return within.map((pixel) => image.rgb[pixel * 3 + 2])
}
