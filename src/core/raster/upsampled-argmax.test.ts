import { expect, test } from 'vitest'
import { rollColumns } from '../geometry/roll.ts'
import type { ClassPlanes } from './raster.ts'
import { upsampledArgmax } from './upsampled-argmax.ts'

/** Two classes: the first has the given logits, the second none. */
function against(zero: readonly number[], width: number): ClassPlanes {
  return { classes: 2, width, height: zero.length / width, data: Float32Array.from([...zero, ...zero.map(() => 0)]) }
}

test('at the planes\' own size it is the argmax; ties go to the lowest class', () => {
  expect([...upsampledArgmax(against([1, -1, 0, -2], 2), { width: 2, height: 2 }).data]).toEqual([0, 1, 0, 1])
})

test('bilinear: where two cells of 3 and -1 meet, the border lies three quarters of the way', () => {
  // centres at 4 and 12 of 16 pixels: 3 - 4 (x - 4) / 8 = 0 at x = 10
  expect(upsampledArgmax(against([3, -1], 2), { width: 16, height: 1 }).data.indexOf(1)).toBe(10)
  expect([...upsampledArgmax(against([3, -1], 1), { width: 1, height: 16 }).data].indexOf(1)).toBe(10)
})

test('a margin is cut off: what lies in the middle stays where it is', () => {
  // cells of one pixel, two of them beyond either edge
  const wide = upsampledArgmax(against([9, 9, 1, -1, 1, -1, -9, -9], 8), { width: 4, height: 1, margin: 2 })
  expect([...wide.data]).toEqual([0, 1, 0, 1])
})

test('cyclic: beyond the last centre the first cell is mixed in, or the edge cell repeated', () => {
  const planes = against([3, -1, -1, -1], 4)
  // the last pixel lies 3.5 of 8 pixels beyond the last centre: -1 + 4 * 3.5 / 8 is positive
  const cyclic = upsampledArgmax(planes, { width: 32, height: 1, cyclic: true }).data
  const edged = upsampledArgmax(planes, { width: 32, height: 1 }).data
  expect([cyclic[31], edged[31]]).toEqual([0, 1])
  for (const turn of [8, 16, 24]) {
    const turned = { ...planes, data: Float32Array.from([...rollColumns({ width: 4, height: 1, data: planes.data.slice(0, 4) }, turn / 8).data, 0, 0, 0, 0]) }
    expect(upsampledArgmax(turned, { width: 32, height: 1, cyclic: true })).toEqual(rollColumns({ width: 32, height: 1, data: cyclic }, turn))
  }
})
