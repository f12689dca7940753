import { expect, it } from 'vitest'
import { withPerfectMasks } from './perfect-masks.ts'

const raster = <D extends Uint8Array | Uint16Array>(data: D) => ({ width: 6, height: 2, data })

it('gives every connected region what the TA sees most in it, around the turn, and ignores what the TA ignores', () => {
  // thing 26001 goes across the seam; class 8 lies in two pieces
  const instances = raster(Uint16Array.of(
    26001, 8, 0, 0, 8, 26001,
    26001, 8, 0, 0, 8, 8,
  ))
  const ta = raster(Uint8Array.of(
    13, 8, 0, 1, 2, 14,
    13, 2, 0, 255, 8, 8,
  ))
  expect([...withPerfectMasks(ta, instances).data]).toEqual([
    13, 2, 0, 0, 8, 13,
    13, 2, 0, 0, 8, 8,
  ])
})

it('leaves a region that the TA ignores as a whole', () => {
  expect([...withPerfectMasks(raster(new Uint8Array(12).fill(255)), raster(new Uint16Array(12))).data]).toEqual(Array.from({ length: 12 }, () => 255))
})

it('counts by solid angle: four pixels at the poles are less than two at the horizon', () => {
  const ta = { width: 2, height: 4, data: Uint8Array.of(5, 5, 7, 7, 255, 255, 5, 5) }
  // sin(90) - sin(45) of the sphere against sin(45): 0.29 to 0.71
  expect([...withPerfectMasks(ta, { width: 2, height: 4, data: new Uint16Array(8) }).data]).toEqual(Array.from({ length: 8 }, () => 7))
})
