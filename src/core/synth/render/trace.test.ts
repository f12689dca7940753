import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part, Vector } from '../types.ts'
import { newRay, RAY_TO } from './shapes.ts'
import { testScene } from './test-scene.ts'
import { anyPart, nearestPart, nearestPartByTrying } from './trace.ts'
import { packScene } from './world.ts'

/** thousandths: the sizes that streets are made of; a ray's direction is never nearly 0 by underflow */
const number = (low: number, high: number) => fc.integer({ min: low * 1000, max: high * 1000 }).map((value) => value / 1000)
const vector = (low: number, high: number): fc.Arbitrary<Vector> => fc.tuple(number(low, high), number(low, high), number(low, high))
const size = vector(0.05, 4)
const cover = fc.constantFrom(1, 0.7)
const shape = fc.oneof(
  fc.record({ kind: fc.constantFrom('box' as const, 'gable' as const), centre: vector(-20, 20), half: size, yaw: number(-4, 4) }),
  fc.record({ kind: fc.constant('ellipsoid' as const), centre: vector(-20, 20), radii: size, yaw: number(-4, 4), cover }),
  fc.record({ kind: fc.constant('cylinder' as const), from: vector(-20, 20), to: vector(-20, 20), radius: number(0.1, 2), radiusTo: number(0, 2) }),
)
const part: fc.Arbitrary<Part> = fc.record({ shape, material: fc.nat(12), trainId: fc.nat(18), instanceId: fc.constant(0) })

function rayOf(from: Vector, towards: Vector): Float64Array {
  const ray = newRay()
  const length = Math.hypot(...towards)
  ray.set([...from, ...towards.map((value) => value / length), 0.01, 500, 0.003])
  return ray
}

describe('the tree', () => {
  test('finds what trying every part finds', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.array(fc.tuple(vector(-25, 25), vector(-20, 20).filter((towards) => Math.hypot(...towards) > 0)), { minLength: 30, maxLength: 30 }), (parts, rays) => {
        const world = packScene(testScene({ parts }))
        let guess = -1
        for (const [from, towards] of rays) {
          const [mine, plain] = [rayOf(from, towards), rayOf(from, towards)]
          const found = nearestPart(world, mine, guess)
          const expected = nearestPartByTrying(world, plain)
          expect(mine[RAY_TO]).toBe(plain[RAY_TO])
          if (found !== expected) expect([found, expected].every((index) => index >= 0)).toBe(true)
          const any = rayOf(from, towards)
          expect(anyPart(world, any, guess) >= 0).toBe(expected >= 0)
          expect(any[RAY_TO]).toBe(500)
          guess = found
        }
      }),
      { numRuns: 60 },
    )
  })

  test('holds every part once, in boxes that enclose theirs', () => {
    const world = packScene(testScene())
    const { tree, bounds } = world
    expect([...tree.order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: world.partCount }, (_, index) => index))
    const seen = new Set<number>()
    const visit = (node: number): void => {
      if (tree.counts[node] === 0) return [tree.first[node], tree.first[node] + 1].forEach(visit)
      for (let index = tree.first[node]; index < tree.first[node] + tree.counts[node]; index++) {
        const held = tree.order[index]
        seen.add(held)
        for (let d = 0; d < 3; d++) {
          expect(tree.boxes[node * 6 + d]).toBeLessThanOrEqual(bounds[held * 6 + d])
          expect(tree.boxes[node * 6 + 3 + d]).toBeGreaterThanOrEqual(bounds[held * 6 + 3 + d])
        }
      }
    }
    visit(0)
    expect(seen.size).toBe(world.partCount)
  })

  test('a ray along an axis, in the plane of a face, still meets what lies in its way', () => {
    const world = packScene(testScene({ parts: [{ shape: { kind: 'box', centre: [0, 1, 5], half: [1, 1, 1], yaw: 0 }, material: 6, trainId: 2, instanceId: 0 }] }))
    const ray = rayOf([0, 1, 0], [0, 0, 1])
    expect(nearestPart(world, ray, -1)).toBe(0)
    expect(ray[RAY_TO]).toBeCloseTo(4, 9)
  })
})
