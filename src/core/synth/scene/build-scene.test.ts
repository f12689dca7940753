import { beforeAll, describe, expect, test } from 'vitest'
import { CITYSCAPES } from '../../labels/cityscapes.ts'
import { isThing } from '../../labels/things.ts'
import { renderScene } from '../render/render.ts'
import type { Part, Scene, Style, Vector } from '../types.ts'
import { buildScene } from './build-scene.ts'

const SEED = 11
const STREETS = 16
const STYLES = ['source', 'target'] as const

/** Streets of both styles, built once for all tests. */
const streets: Record<Style, readonly Scene[]> = {
  source: Array.from({ length: STREETS }, (_, index) => buildScene({ seed: SEED, index, style: 'source' })),
  target: Array.from({ length: STREETS }, (_, index) => buildScene({ seed: SEED, index, style: 'target' })),
}

interface View {
  /** share of the pixels that each class has in all images together */
  readonly pixels: readonly number[]
  /** share of the images in which each class has more than 0.05 % of the pixels */
  readonly images: readonly number[]
  /** mean colour, 0..255 */
  readonly mean: readonly number[]
}

function look(style: Style, view: 'panorama' | 'pinhole'): View {
  const [width, height, fovDeg] = view === 'panorama' ? [80, 40, 180] : [60, 30, 75]
  const pixels = CITYSCAPES.classes.map(() => 0)
  const images = CITYSCAPES.classes.map(() => 0)
  const mean = [0, 0, 0]
  const all = width * height
  for (const [index, scene] of streets[style].entries()) {
    const spots = view === 'panorama' ? scene.panoramaSpots : scene.pinholeSpots
    const image = renderScene(scene, spots[index % spots.length], { view, seed: SEED, index, width, height, fovDeg })
    const counts = CITYSCAPES.classes.map(() => 0)
    for (const trainId of image.trainIds) counts[trainId]++
    for (const [trainId, count] of counts.entries()) {
      pixels[trainId] += count / all / STREETS
      if (count > 5e-4 * all) images[trainId] += 1 / STREETS
    }
    for (let at = 0; at < image.rgb.length; at++) mean[at % 3] += image.rgb[at] / all / STREETS
  }
  return { pixels, images, mean }
}

const name = (trainId: number): string => CITYSCAPES.classes[trainId].name

/** All of a scene but the function. */
function said(scene: Scene): string {
  return JSON.stringify({ ...scene, groundAt: undefined })
}

/** How much more red than blue. */
function warmth({ mean: [red, , blue] }: View): number {
  return red - blue
}

/** True where the point is in the solid (in the bounding ellipsoid of foliage). */
function holds(part: Part, [px, py, pz]: Vector): boolean {
  const { shape } = part
  if (shape.kind === 'cylinder') {
    const axis = [0, 1, 2].map((d) => shape.to[d] - shape.from[d])
    const off = [px - shape.from[0], py - shape.from[1], pz - shape.from[2]]
    const length = Math.hypot(...axis)
    const along = axis.reduce((sum, value, d) => sum + value * off[d], 0) / length
    if (along < 0 || along > length) return false
    const away = Math.sqrt(Math.max(0, off.reduce((sum, value) => sum + value * value, 0) - along * along))
    return away < shape.radius + ((shape.radiusTo - shape.radius) * along) / length
  }
  const [cx, cy, cz] = shape.centre
  const cos = Math.cos(shape.yaw)
  const sin = Math.sin(shape.yaw)
  const x = cos * (px - cx) - sin * (pz - cz)
  const z = sin * (px - cx) + cos * (pz - cz)
  const y = py - cy
  if (shape.kind === 'ellipsoid') return (x / shape.radii[0]) ** 2 + (y / shape.radii[1]) ** 2 + (z / shape.radii[2]) ** 2 < 1
  const [hx, hy, hz] = shape.half
  const width = shape.kind === 'gable' ? (hx * (hy - y)) / (2 * hy) : hx
  return Math.abs(x) < width && Math.abs(y) < hy && Math.abs(z) < hz
}

describe('a street', () => {
  test('is the same for the same request, and another one for another', () => {
    for (const style of STYLES) {
      const again = buildScene({ seed: SEED, index: 3, style })
      expect(said(again)).toBe(said(streets[style][3]))
      for (let x = -30; x < 30; x += 0.7) expect(again.groundAt(x, x * 1.3)).toBe(streets[style][3].groundAt(x, x * 1.3))
      expect(said(streets[style][3])).not.toBe(said(streets[style][4]))
      expect(said(buildScene({ seed: SEED + 1, index: 3, style }))).not.toBe(said(again))
    }
    expect(said(streets.source[3])).not.toBe(said(streets.target[3]))
  })

  test.each(STYLES)('%s: cameras stand free, at the height of their style', (style) => {
    for (const scene of streets[style]) {
      expect(scene.pinholeSpots.length).toBeGreaterThan(0)
      expect(scene.panoramaSpots.length).toBeGreaterThan(0)
      for (const { position } of scene.pinholeSpots) {
        expect(position[1]).toBeGreaterThanOrEqual(1.2)
        expect(position[1]).toBeLessThanOrEqual(1.4)
      }
      for (const { position } of scene.panoramaSpots) {
        expect(position[1]).toBeGreaterThanOrEqual(1.6)
        expect(position[1]).toBeLessThanOrEqual(2.6 + 0.12)
      }
      // sidewalk, or terrain beside it
      for (const { position: [x, , z] } of scene.walkerSpots) expect([1, 9]).toContain(scene.groundSpots[scene.groundAt(x, z)].trainId)
      for (const { position } of [...scene.pinholeSpots, ...scene.panoramaSpots]) {
        // a metre around the lens, level with it
        for (const [dx, dz] of [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) {
          const at: Vector = [position[0] + dx, position[1], position[2] + dz]
          for (const part of scene.parts) if (holds(part, at)) expect.unreachable(`${name(part.trainId)} at a camera: ${JSON.stringify(part.shape)}`)
        }
      }
    }
  })

  test.each(STYLES)('%s: parts are solid, things have one class each, materials exist', (style) => {
    const wrong: string[] = []
    for (const scene of streets[style]) {
      const classes = new Map<number, number>()
      for (const part of scene.parts) {
        const { shape, material, trainId, instanceId } = part
        const numbers = Object.values(shape).flat().filter((value) => typeof value === 'number')
        const sizes = shape.kind === 'cylinder' ? [Math.max(shape.radius, shape.radiusTo)] : shape.kind === 'ellipsoid' ? shape.radii : shape.half
        const counted = Number.isInteger(instanceId) && instanceId >= 0 && instanceId <= 65535
        const one = instanceId === 0 ? !isThing(CITYSCAPES.classes[trainId]) : (classes.get(instanceId) ?? trainId) === trainId
        classes.set(instanceId, trainId)
        if (!numbers.every(Number.isFinite) || Math.min(...sizes) <= 0 || !counted || !one || scene.materials[material] === undefined) wrong.push(JSON.stringify(part))
      }
      for (const spot of scene.groundSpots) expect(scene.materials[spot.material]).toBeDefined()
      for (let x = -90; x < 90; x += 3.1) for (let z = -90; z < 90; z += 3.7) if (scene.groundSpots[scene.groundAt(x, z)] === undefined) wrong.push(`ground at ${x}, ${z}`)
    }
    expect(wrong).toEqual([])
  })

  test('has a few hundred to a few thousand parts', () => {
    for (const style of STYLES) {
      for (const scene of streets[style]) {
        expect(scene.parts.length).toBeGreaterThan(800)
        expect(scene.parts.length).toBeLessThan(4000)
      }
    }
  })
})

describe('streets as they are seen', () => {
  let source: View
  let target: View
  beforeAll(() => {
    source = look('source', 'pinhole')
    target = look('target', 'panorama')
  }, 60_000)

  test('each class is in at least an eighth of the images, and in three of ten on average over both kinds', () => {
    for (const { trainId } of CITYSCAPES.classes) {
      for (const seen of [source, target]) expect(seen.images[trainId], name(trainId)).toBeGreaterThanOrEqual(1 / 8)
      expect((source.images[trainId] + target.images[trainId]) / 2, name(trainId)).toBeGreaterThan(0.3)
    }
  })

  test('no class but road, building and sky takes most of the pixels', () => {
    for (const seen of [source, target]) {
      expect(seen.pixels.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
      for (const { trainId } of CITYSCAPES.classes) expect(seen.pixels[trainId], name(trainId)).toBeLessThan(0.45)
    }
  })

  test('styles differ: light, warmth, and what stands in the street', () => {
    expect(Math.hypot(...source.mean.map((value, channel) => value - target.mean[channel]))).toBeGreaterThan(15)
    expect(warmth(target)).toBeGreaterThan(warmth(source))
    const difference = source.pixels.reduce((sum, share, trainId) => sum + Math.abs(share - target.pixels[trainId]), 0)
    expect(difference).toBeGreaterThan(0.2)
  })
})
