import { rollColumns } from '../geometry/roll.ts'
import type { Raster } from '../raster/raster.ts'
import { checkSameSize } from './label-maps.ts'

/**
 * Share of equal pixels of two label maps, within columns x0 <= x < x1 modulo the width; 0..1.
 * Throws RangeError where sizes differ, or there are no columns, or more than the maps have.
 */
export function labelAgreement(a: Raster, b: Raster, columns?: { readonly x0: number; readonly x1: number }): number {
  checkSameSize(a, b)
  const { width, height } = a
  const { x0, x1 } = columns ?? { x0: 0, x1: width }
  if (!Number.isInteger(x0) || !Number.isInteger(x1) || x1 <= x0 || x1 - x0 > width) {
    throw new RangeError(`Columns ${x0} to ${x1} are not columns of label maps ${width} pixels wide.`)
  }
  let equal = 0
  for (let x = x0; x < x1; x++) {
    const column = ((x % width) + width) % width
    for (let i = column; i < a.data.length; i += width) if (a.data[i] === b.data[i]) equal++
  }
  return equal / ((x1 - x0) * height)
}

/**
 * Seam consistency (METHOD section 6): agreement of a prediction with the prediction of the same panorama rolled by half
 * a turn (`rollColumns(panorama, Math.floor(width / 2))`; rolled back here), in a band around the seam. `bandFraction` of
 * the width (default 1/16), half on either side, at least a column each.
 * Throws RangeError where sizes differ or the band is wider than the panorama.
 */
export function seamConsistency(prediction: Raster, ofRolled: Raster, bandFraction?: number): number {
  return seamAgreement(prediction, rollColumns(ofRolled, -Math.floor(ofRolled.width / 2)), bandFraction)
}

/** `seamConsistency` of a prediction that has been rolled back already. */
export function seamAgreement(prediction: Raster, rolledBack: Raster, bandFraction = 1 / 16): number {
  const half = Math.max(1, Math.floor((prediction.width * bandFraction) / 2))
  return labelAgreement(prediction, rolledBack, { x0: -half, x1: half })
}

/**
 * For one stored map: share of rows whose label changes across the seam, and the same averaged over all other pairs of
 * neighbouring columns (0 where there is no other pair). A map without a seam has about the same on both.
 */
export function seamChanges(label: Raster): { acrossSeam: number; elsewhere: number } {
  const { width, height, data } = label
  let across = 0
  let elsewhere = 0
  for (let row = 0; row < data.length; row += width) {
    if (data[row] !== data[row + width - 1]) across++
    for (let i = row + 1; i < row + width; i++) if (data[i] !== data[i - 1]) elsewhere++
  }
  return { acrossSeam: across / height, elsewhere: width > 1 ? elsewhere / ((width - 1) * height) : 0 }
}

/** Rows that go on across the seam, relative to other columns, at most 1; 1 where even other columns never go on. */
export function seamContinuity({ acrossSeam, elsewhere }: { readonly acrossSeam: number; readonly elsewhere: number }): number {
  return elsewhere >= 1 ? 1 : Math.min(1, (1 - acrossSeam) / (1 - elsewhere))
}
