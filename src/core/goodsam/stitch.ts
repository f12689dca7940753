import type { Raster } from '../raster/raster.ts'
import type { WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame } from './types.ts'

/**
 * S_TA^w (METHOD section 3): argmax of the overlap-weighted mean of p_i over all windows that see a pixel, and that mean
 * (0..255). Cosine window weights, cyclic columns. The mean is taken on a grid at the logits' stride, row by row, and
 * upsampled as it goes: memory is a few grid rows, whatever the panorama's size.
 *
 * Throws RangeError where the windows do not cover the frame or disagree on the number of classes.
 */
export function stitchSemantics(
  windows: readonly WindowProbabilities[],
  frame: PanoramaFrame,
): { label: Raster; confidence: Raster } {
  throw new Error(`not built yet ${windows.length} ${frame.widthPx}`)
}
