import { MAX_DEPTH } from './bvh.ts'
import { meetPart, RAY_FROM, RAY_TO, TILT } from './shapes.ts'
import type { World } from './world.ts'

const stack = new Int32Array(MAX_DEPTH * 2 + 2)
const stackEnter = new Float64Array(MAX_DEPTH * 2 + 2)

/** The nearest part between RAY_FROM and RAY_TO, -1 where there is none; RAY_TO becomes its distance. Not the ground. */
export function nearestPart(world: World, ray: Float64Array, guess: number): number {
  // what the last ray met is often what this one meets: the rest of the walk is short then
  const nearest = guess >= 0 && meetPart(world, guess, ray) ? guess : -1
  return walk(world, ray, nearest)
}

function walk(world: World, ray: Float64Array, found: number): number {
  const { boxes, first, counts, order } = world.tree
  const ox = ray[0]
  const oy = ray[1]
  const oz = ray[2]
  const ix = 1 / (ray[3] || TILT)
  const iy = 1 / (ray[4] || TILT)
  const iz = 1 / (ray[5] || TILT)
  const near = ray[RAY_FROM]
  const guess = found
  let nearest = found
  let far = ray[RAY_TO]
  let node = 0
  let height = 0
  for (;;) {
    const count = counts[node]
    if (count === 0) {
      const left = first[node]
      if (left > 0) {
        let b = left * 6
        let x0 = (boxes[b] - ox) * ix
        let x1 = (boxes[b + 3] - ox) * ix
        let y0 = (boxes[b + 1] - oy) * iy
        let y1 = (boxes[b + 4] - oy) * iy
        let z0 = (boxes[b + 2] - oz) * iz
        let z1 = (boxes[b + 5] - oz) * iz
        const leftEnter = Math.max(near, Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1))
        const leftLeave = Math.min(far, Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1))
        b += 6
        x0 = (boxes[b] - ox) * ix
        x1 = (boxes[b + 3] - ox) * ix
        y0 = (boxes[b + 1] - oy) * iy
        y1 = (boxes[b + 4] - oy) * iy
        z0 = (boxes[b + 2] - oz) * iz
        z1 = (boxes[b + 5] - oz) * iz
        const rightEnter = Math.max(near, Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1))
        const rightLeave = Math.min(far, Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1))
        const meetsLeft = leftEnter <= leftLeave
        const meetsRight = rightEnter <= rightLeave
        if (meetsLeft && meetsRight) {
          const leftFirst = leftEnter <= rightEnter
          stack[height] = leftFirst ? left + 1 : left
          stackEnter[height++] = leftFirst ? rightEnter : leftEnter
          node = leftFirst ? left : left + 1
          continue
        }
        if (meetsLeft || meetsRight) {
          node = meetsLeft ? left : left + 1
          continue
        }
      }
    } else {
      const start = first[node]
      for (let index = start; index < start + count; index++) {
        const part = order[index]
        if (part !== guess && meetPart(world, part, ray)) {
          nearest = part
          far = ray[RAY_TO]
        }
      }
    }
    do {
      if (height === 0) return nearest
      node = stack[--height]
    } while (stackEnter[height] > far)
  }
}

/** Any part between RAY_FROM and RAY_TO, -1 where the way is free. `guess` is tried first. The ray is left as it was. */
export function anyPart(world: World, ray: Float64Array, guess: number): number {
  const far = ray[RAY_TO]
  if (guess >= 0 && meetPart(world, guess, ray)) {
    ray[RAY_TO] = far
    return guess
  }
  const { boxes, first, counts, order } = world.tree
  const ox = ray[0]
  const oy = ray[1]
  const oz = ray[2]
  const ix = 1 / (ray[3] || TILT)
  const iy = 1 / (ray[4] || TILT)
  const iz = 1 / (ray[5] || TILT)
  const near = ray[RAY_FROM]
  let height = 0
  let node = 0
  for (;;) {
    const count = counts[node]
    const start = first[node]
    for (let index = start; index < start + count; index++) {
      if (meetPart(world, order[index], ray)) {
        ray[RAY_TO] = far
        return order[index]
      }
    }
    if (count === 0 && start > 0) {
      for (let child = start; child < start + 2; child++) {
        const b = child * 6
        const x0 = (boxes[b] - ox) * ix
        const x1 = (boxes[b + 3] - ox) * ix
        const y0 = (boxes[b + 1] - oy) * iy
        const y1 = (boxes[b + 4] - oy) * iy
        const z0 = (boxes[b + 2] - oz) * iz
        const z1 = (boxes[b + 5] - oz) * iz
        const enter = Math.max(near, Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1))
        const leave = Math.min(far, Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1))
        if (enter <= leave) stack[height++] = child
      }
    }
    if (height === 0) return -1
    node = stack[--height]
  }
}

/** As `nearestPart`, by trying all parts one after the other: what the tree is measured against. */
export function nearestPartByTrying(world: World, ray: Float64Array): number {
  let nearest = -1
  for (let part = 0; part < world.partCount; part++) if (meetPart(world, part, ray)) nearest = part
  return nearest
}
