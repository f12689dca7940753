import { IGNORE_ID } from '../labels/label-set.ts'
import type { Raster } from '../raster/raster.ts'

/** Throws RangeError unless both label maps have the same size. */
export function checkSameSize(a: Raster, b: Raster): void {
  if (a.width === b.width && a.height === b.height) return
  throw new RangeError(`Label maps of ${a.width} x ${a.height} and ${b.width} x ${b.height} pixels cannot be compared.`)
}

/** Throws RangeError where an id of truth is neither one of the classes nor 255. */
export function checkTruthIds(ids: Uint8Array, classes: number): void {
  // looked up afterwards: a branch per pixel would cost more than the counting itself
  const seen = new Uint8Array(256)
  for (let i = 0; i < ids.length; i++) seen[ids[i]] = 1
  const unknown = seen.findIndex((isSeen, id) => isSeen === 1 && id >= classes && id !== IGNORE_ID)
  if (unknown >= 0) throw new RangeError(`Truth holds the id ${unknown}, which is neither one of ${classes} classes nor ${IGNORE_ID}.`)
}
