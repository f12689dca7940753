import { radiansToDegrees } from '../geometry/angles.ts'
import { rowToPitch, type Equirectangular } from '../geometry/equirectangular.ts'

/** cos(latitude) of every row's centre: the solid angle of its pixels, relative to one at the horizon. */
export function solidAngleRowWeights(height: number, projection: Equirectangular): Float64Array {
  return Float64Array.from({ length: height }, (_, y) => Math.cos(rowToPitch(y + 0.5, height, projection)))
}

/** Of a band: what degrees, computed through radians, may be short of the edge they stand on. */
const ROUNDING = 1e-9

export interface LatitudeBand {
  readonly fromDeg: number
  readonly toDeg: number
  /** rows y0 <= y < y1 whose centres lie in the band */
  readonly y0: number
  readonly y1: number
}

/**
 * Bands of `bandDeg` degrees (default 30) of -90..90, only those in which the panorama has rows; from the bottom up. Every
 * row is in one band; a row centred on the edge of two is in the upper one. Where `bandDeg` does not divide 180, the last
 * band is narrower. Throws RangeError where `bandDeg` is not positive.
 */
export function latitudeBands(height: number, projection: Equirectangular, bandDeg = 30): LatitudeBand[] {
  if (!(bandDeg > 0 && bandDeg < Infinity)) throw new RangeError(`Latitude bands of ${bandDeg} degrees are not possible: give a positive number.`)
  const last = Math.ceil(180 / bandDeg - ROUNDING) - 1
  const bands: LatitudeBand[] = []
  let y1 = height
  while (y1 > 0) {
    const index = bandOf(y1 - 1)
    let y0 = y1 - 1
    while (y0 > 0 && bandOf(y0 - 1) === index) y0--
    bands.push({ fromDeg: index * bandDeg - 90, toDeg: Math.min(90, (index + 1) * bandDeg - 90), y0, y1 })
    y1 = y0
  }
  return bands

  function bandOf(y: number): number {
    const fromNadir = radiansToDegrees(rowToPitch(y + 0.5, height, projection)) + 90
    return Math.max(0, Math.min(last, Math.floor(fromNadir / bandDeg + ROUNDING)))
  }
}
