import type { Raster } from '../raster/raster.ts'

/** Share of equal pixels of two label maps (of the same size), within columns x0 <= x < x1 modulo the width; 0..1. */
export function labelAgreement(a: Raster, b: Raster, columns?: { readonly x0: number; readonly x1: number }): number {
  throw new Error(`not built yet ${a.width} ${b.width} ${columns?.x0}`)
}

/**
 * Seam consistency (METHOD section 6): agreement of a prediction with the prediction of the same panorama rolled by half
 * a turn (`rollColumns(panorama, width / 2)`; rolled back here), in a band around the seam. `bandFraction` of the width
 * (default 1/16), half on either side.
 */
export function seamConsistency(prediction: Raster, ofRolled: Raster, bandFraction = 1 / 16): number {
  throw new Error(`not built yet ${prediction.width} ${ofRolled.width} ${bandFraction}`)
}

/**
 * For one stored map: share of rows whose label changes across the seam, and the same averaged over all other pairs of
 * neighbouring columns. A map without a seam has about the same on both.
 */
export function seamChanges(label: Raster): { acrossSeam: number; elsewhere: number } {
  throw new Error(`not built yet ${label.width}`)
}
