import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Material, Part, Shape, Vector } from '../types.ts'
import { meetPart, newRay, RAY_FROM, RAY_PIXEL, RAY_TO } from './shapes.ts'
import { newSurface, NORMAL, surfaceAt } from './surface.ts'
import { testScene } from './test-scene.ts'
import { packScene, type World } from './world.ts'

const PLAIN: Material = { pattern: 'plain', color: [1, 1, 1], second: [0, 0, 0], scale: [0.5, 1], gloss: 0, emission: 0, seed: 1 }

function worldOf(shape: Shape, material: Material = PLAIN): World {
  const part: Part = { shape, material: 0, trainId: 2, instanceId: 0 }
  return packScene(testScene({ parts: [part], materials: [material] }))
}

function rayOf(from: Vector, towards: Vector): Float64Array {
  const ray = newRay()
  const length = Math.hypot(...towards)
  ray.set([...from, ...towards.map((value) => value / length), 0, 1000, 0.001])
  return ray
}

/** Distance to the shape, Infinity where it is not met. */
function distance(shape: Shape, from: Vector, towards: Vector): number {
  const ray = rayOf(from, towards)
  return meetPart(worldOf(shape), 0, ray) ? ray[RAY_TO] : Infinity
}

describe('closed forms', () => {
  test('a box, straight and turned by half a right angle', () => {
    const straight: Shape = { kind: 'box', centre: [0, 1, 10], half: [1, 1, 2], yaw: 0 }
    expect(distance(straight, [0, 1, 0], [0, 0, 1])).toBeCloseTo(8, 12)
    expect(distance(straight, [0, 1, 10], [0, 0, 1])).toBeCloseTo(2, 12)
    expect(distance(straight, [1.01, 1, 0], [0, 0, 1])).toBe(Infinity)
    const cube: Shape = { kind: 'box', centre: [0, 1, 10], half: [1, 1, 1], yaw: Math.PI / 4 }
    expect(distance(cube, [0, 1, 0], [0, 0, 1])).toBeCloseTo(10 - Math.SQRT2, 12)
  })

  test('yaw turns from z to x', () => {
    const long: Shape = { kind: 'box', centre: [0, 0, 0], half: [0.1, 1, 5], yaw: 0.3 }
    const end: Vector = [4.9 * Math.sin(0.3), 5, 4.9 * Math.cos(0.3)]
    expect(distance(long, end, [0, -1, 0])).toBeCloseTo(4, 12)
    expect(distance(long, [-end[0], 5, end[2]], [0, -1, 0])).toBe(Infinity)
  })

  test('a roof falls evenly from its ridge', () => {
    const roof: Shape = { kind: 'gable', centre: [0, 2, 0], half: [3, 1, 4], yaw: 0 }
    for (const x of [-2.5, -1, 0, 0.7, 2.9]) {
      const surface = 3 - 2 * (Math.abs(x) / 3)
      expect(distance(roof, [x, 10, 1], [0, -1, 0])).toBeCloseTo(10 - surface, 12)
    }
    expect(distance(roof, [0, 10, 4.1], [0, -1, 0])).toBe(Infinity)
    expect(distance(roof, [0, 0, 0], [0, 1, 0])).toBeCloseTo(1, 12)
  })

  test('a ball and an ellipsoid', () => {
    const ball: Shape = { kind: 'ellipsoid', centre: [0, 0, 5], radii: [2, 2, 2], yaw: 1, cover: 1 }
    expect(distance(ball, [0, 0, 0], [0, 0, 1])).toBeCloseTo(3, 12)
    expect(distance(ball, [1, 0, 0], [0, 0, 1])).toBeCloseTo(5 - Math.sqrt(3), 12)
    const egg: Shape = { kind: 'ellipsoid', centre: [0, 0, 5], radii: [1, 2, 3], yaw: 0, cover: 1 }
    expect(distance(egg, [0, 0, 0], [0, 0, 1])).toBeCloseTo(2, 12)
    expect(distance(egg, [0.5, 0, 0], [0, 0, 1])).toBeCloseTo(5 - 3 * Math.sqrt(0.75), 12)
  })

  test('a cylinder from the side, from its end, and a cone', () => {
    const post: Shape = { kind: 'cylinder', from: [0, 0, 4], to: [0, 3, 4], radius: 0.5, radiusTo: 0.5 }
    expect(distance(post, [0, 1, 0], [0, 0, 1])).toBeCloseTo(3.5, 12)
    expect(distance(post, [0.2, 10, 4], [0, -1, 0])).toBeCloseTo(7, 12)
    expect(distance(post, [0, 3.1, 0], [0, 0, 1])).toBe(Infinity)
    const cone: Shape = { kind: 'cylinder', from: [0, 0, 4], to: [0, 2, 4], radius: 1, radiusTo: 0 }
    expect(distance(cone, [0, 1, 0], [0, 0, 1])).toBeCloseTo(3.5, 12)
    expect(distance(cone, [0.6, 1, 0], [0, 0, 1])).toBe(Infinity)
  })
})

/** How far out of the solid a point lies: below 0 inside, 0 on the surface; from the shapes' definitions alone. */
function outside(shape: Shape, [px, py, pz]: Vector): number {
  if (shape.kind === 'cylinder') {
    const axis = [0, 1, 2].map((d) => shape.to[d] - shape.from[d])
    const length = Math.hypot(...axis)
    const point = [px, py, pz].map((value, d) => value - shape.from[d])
    const along = point.reduce((sum, value, d) => sum + (value * axis[d]) / length, 0)
    const away = Math.sqrt(Math.max(0, point.reduce((sum, value) => sum + value * value, 0) - along * along))
    const radius = shape.radius + ((shape.radiusTo - shape.radius) * along) / length
    return Math.max(away - radius, -along, along - length)
  }
  const [dx, y, dz] = [px - shape.centre[0], py - shape.centre[1], pz - shape.centre[2]]
  const x = Math.cos(shape.yaw) * dx - Math.sin(shape.yaw) * dz
  const z = Math.sin(shape.yaw) * dx + Math.cos(shape.yaw) * dz
  if (shape.kind === 'ellipsoid') return Math.hypot(x / shape.radii[0], y / shape.radii[1], z / shape.radii[2]) - 1
  const [halfX, halfY, halfZ] = shape.half
  if (shape.kind === 'box') return Math.max(Math.abs(x) - halfX, Math.abs(y) - halfY, Math.abs(z) - halfZ)
  return Math.max(Math.abs(z) - halfZ, -halfY - y, y - halfY * (1 - (2 * Math.abs(x)) / halfX))
}

/** thousandths: the sizes that streets are made of; a ray's direction is never nearly 0 by underflow */
const number = (low: number, high: number) => fc.integer({ min: low * 1000, max: high * 1000 }).map((value) => value / 1000)
const vector = (low: number, high: number): fc.Arbitrary<Vector> => fc.tuple(number(low, high), number(low, high), number(low, high))
const size = vector(0.2, 3)
const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ kind: fc.constantFrom('box' as const, 'gable' as const), centre: vector(-5, 5), half: size, yaw: number(-4, 4) }),
  fc.record({ kind: fc.constant('ellipsoid' as const), centre: vector(-5, 5), radii: size, yaw: number(-4, 4), cover: fc.constant(1) }),
  fc
    .record({ kind: fc.constant('cylinder' as const), from: vector(-5, -1), to: vector(1, 5), radius: number(0.1, 2), radiusTo: number(0.1, 2) }),
)

describe('any shape', () => {
  test('is met on its surface, and not before', () => {
    fc.assert(
      fc.property(anyShape, vector(-9, 9), vector(-3, 3), (shape, from, target) => {
        const towards: Vector = [target[0] - from[0], target[1] - from[1], target[2] - from[2]]
        fc.pre(Math.hypot(...towards) > 0.1 && outside(shape, from) > 1e-3)
        const ray = rayOf(from, towards)
        const met = meetPart(worldOf(shape), 0, ray)
        const point = (t: number): Vector => [from[0] + ray[3] * t, from[1] + ray[4] * t, from[2] + ray[5] * t]
        if (met) expect(Math.abs(outside(shape, point(ray[RAY_TO])))).toBeLessThan(1e-6)
        const end = met ? ray[RAY_TO] : 40
        const deepest = Math.min(...Array.from({ length: 200 }, (_, step) => outside(shape, point((step / 200) * end))))
        expect(deepest).toBeGreaterThan(-1e-6)
      }),
      { numRuns: 400 },
    )
  })

  test('has normals that point straight out', () => {
    fc.assert(
      fc.property(anyShape, vector(-9, 9), vector(-1, 1), (shape, from, target) => {
        const ray = rayOf(from, [target[0] - from[0] || 1, target[1] - from[1], target[2] - from[2]])
        const world = worldOf(shape)
        fc.pre(outside(shape, from) > 1e-3 && meetPart(world, 0, ray))
        const surface = newSurface()
        surfaceAt(world, 0, { ray, surface })
        const normal = surface.subarray(NORMAL, NORMAL + 3)
        expect(Math.hypot(...normal)).toBeCloseTo(1, 9)
        const h = 1e-4
        const beside = (sign: number): Vector => [0, 1, 2].map((d) => surface[d] + sign * h * normal[d]) as unknown as Vector
        // a little way out along the normal is outside; no direction leads out faster than the gradient does
        expect(outside(shape, beside(1))).toBeGreaterThan(0)
        expect(outside(shape, beside(-1))).toBeLessThan(h * 1e-3)
      }),
      { numRuns: 300 },
    )
  })
})

describe('holes', () => {
  test('rays straight at a fence pass the gaps and meet the boards', () => {
    const fence: Shape = { kind: 'box', centre: [0, 1, 5], half: [4, 1, 0.001], yaw: 0 }
    const world = worldOf(fence, { ...PLAIN, pattern: 'boards', options: [0.4, 1] })
    let met = 0
    for (let step = 0; step < 4000; step++) if (meetPart(world, 0, rayOf([-4 + (8 * (step + 0.5)) / 4000, 1, 0], [0, 0, 1]))) met++
    expect(met / 4000).toBeCloseTo(0.6, 2)
  })

  test('rays through the middle of a crown meet the share that it covers, and all of it further out is thinner', () => {
    for (const cover of [0.5, 0.8, 0.95]) {
      const crown = worldOf({ kind: 'ellipsoid', centre: [0, 0, 0], radii: [3, 3, 3], yaw: 0, cover }, { ...PLAIN, scale: [0.2, 0.2] })
      const share = (away: number): number => {
        let met = 0
        for (let step = 0; step < 4000; step++) {
          const angle = step * 2.39996
          const tilt = Math.asin((2 * (step + 0.5)) / 4000 - 1)
          const out: Vector = [Math.cos(tilt) * Math.cos(angle), Math.sin(tilt), Math.cos(tilt) * Math.sin(angle)]
          const side: Vector = [-Math.sin(angle) * away, 0, Math.cos(angle) * away]
          const ray = rayOf([out[0] * 9 + side[0], out[1] * 9, out[2] * 9 + side[2]], [-out[0], -out[1], -out[2]])
          ray[RAY_PIXEL] = 1e-9
          if (meetPart(crown, 0, ray)) met++
        }
        return met / 4000
      }
      expect(Math.abs(share(0.1) - cover)).toBeLessThan(0.04)
      expect(share(2.8)).toBeLessThan(cover - 0.1)
    }
  })

  test('a ray that starts inside leaves through the far side', () => {
    const ray = rayOf([0, 0, 0], [0, 0, 1])
    ray[RAY_FROM] = 0.5
    expect(meetPart(worldOf({ kind: 'box', centre: [0, 0, 0], half: [1, 1, 2], yaw: 0 }), 0, ray)).toBe(true)
    expect(ray[RAY_TO]).toBeCloseTo(2, 12)
  })
})
