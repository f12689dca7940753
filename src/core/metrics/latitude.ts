import type { Equirectangular } from '../geometry/equirectangular.ts'

/** cos(latitude) of every row's centre: the solid angle of its pixels, relative to one at the horizon. */
export function solidAngleRowWeights(height: number, projection: Equirectangular): Float64Array {
  throw new Error(`not built yet ${height} ${projection.vfovDeg}`)
}

export interface LatitudeBand {
  readonly fromDeg: number
  readonly toDeg: number
  /** rows y0 <= y < y1 whose centres lie in the band */
  readonly y0: number
  readonly y1: number
}

/** Bands of `bandDeg` degrees (default 30) of -90..90, only those in which the panorama has rows; from the bottom up. */
export function latitudeBands(height: number, projection: Equirectangular, bandDeg?: number): LatitudeBand[] {
  throw new Error(`not built yet ${height} ${projection.vfovDeg} ${bandDeg}`)
}
