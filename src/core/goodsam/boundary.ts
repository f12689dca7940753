import type { Raster } from '../raster/raster.ts'
import type { GoodsamConfig } from './config.ts'
import type { PanoramaMasks, PanoramaSemantics } from './types.ts'

/**
 * B_ref, the refined boundary (METHOD section 4, boundary enhancement): pixels of B_SAM (the union of mask contours of all
 * windows) within r pixels of a label change of any S_i; gaps of up to r closed; width 1. Panorama size, 0 or 1, cyclic
 * where the windows go around. r is `boundaryRadiusFraction` of the window's height, at least 2 px.
 */
export function refineBoundary(
  masks: PanoramaMasks,
  semantics: PanoramaSemantics,
  config: Pick<GoodsamConfig, 'boundaryRadiusFraction'>,
): Raster {
  throw new Error(`not built yet ${masks.windows.length} ${semantics.classes} ${config.boundaryRadiusFraction}`)
}
