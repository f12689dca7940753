import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Panorama } from '../src/contract/schemas.ts'
import { decodePng } from '../src/core/formats/indexed-png.ts'
import { IGNORE_ID } from '../src/core/labels/label-set.ts'
import { solidAngleRowWeights } from '../src/core/metrics/latitude.ts'
import { connectedComponents } from '../src/core/raster/components.ts'
import type { Raster } from '../src/core/raster/raster.ts'
import { instanceFile } from './world.ts'

const CLASSES = 19

/**
 * The TA's map with one class for each region of the truth, the one that the TA sees most in it: what Cross-task
 * Complementary Fusion would give with a segmenter that finds every thing, and every connected piece of what is no thing,
 * exactly, and theta 0. Pixels count by their solid angle, as they do there: a full sphere. The bound for better masks beside the
 * same TA.
 */
export function withPerfectMasks(ta: Raster, instances: Raster<Uint16Array>): Raster {
  const { width, height, data } = ta
  const { labels, count } = connectedComponents(instances, { connectivity: 4, cyclic: true, background: null })
  const solidAngles = solidAngleRowWeights(height, { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 })
  const votes = new Float64Array((count + 1) * CLASSES)
  for (let pixel = 0; pixel < data.length; pixel++) {
    if (data[pixel] !== IGNORE_ID) votes[labels.data[pixel] * CLASSES + data[pixel]] += solidAngles[Math.floor(pixel / width)]
  }
  const majority = Uint8Array.from({ length: count + 1 }, (_, region) => {
    const shares = votes.subarray(region * CLASSES, (region + 1) * CLASSES)
    const most = shares.reduce((best, votesOfClass) => Math.max(best, votesOfClass), 0)
    return most === 0 ? IGNORE_ID : shares.indexOf(most)
  })
  return { width, height, data: data.map((_, pixel) => majority[labels.data[pixel]]) }
}

/** Cityscapes instance numbers of a panorama: class, or class x 1000 + thing. Throws where the file is missing, damaged or another image's. */
export async function readInstances(folder: string, { name, width, height }: Panorama): Promise<Raster<Uint16Array>> {
  const path = join(folder, instanceFile(name))
  const image = decodePng(await readFile(path))
  if (image.data instanceof Uint16Array && image.channels === 1 && image.width === width && image.height === height) return { width, height, data: image.data }
  throw new Error(`${path} is no instance map of ${width} x ${height} pixels: draw the streets again.`)
}
