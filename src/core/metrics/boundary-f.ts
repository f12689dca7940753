import type { Raster } from '../raster/raster.ts'

/** Boundary pixels by class, and how many of them lie within the tolerance of the other map's. Add panoramas up. */
export interface BoundaryCounts {
  readonly classes: number
  readonly truth: Float64Array
  readonly truthMatched: Float64Array
  readonly prediction: Float64Array
  readonly predictionMatched: Float64Array
}

export interface BoundaryOptions {
  /** columns wrap */
  readonly cyclic: boolean
  /** fraction of the diagonal, default 0.0075 */
  readonly tolerance?: number
}

export function emptyBoundaryCounts(classes: number): BoundaryCounts {
  const column = () => new Float64Array(classes)
  return { classes, truth: column(), truthMatched: column(), prediction: column(), predictionMatched: column() }
}

/**
 * Adds one panorama, in place: boundaries of each class between labelled pixels, matched within the tolerance
 * (Euclidean, around the seam where cyclic). Pixels whose truth is 255 bound nothing and are not boundary.
 */
export function addToBoundaryCounts(
  counts: BoundaryCounts,
  truth: Raster,
  prediction: Raster,
  options: BoundaryOptions,
): void {
  throw new Error(`not built yet ${counts.classes} ${truth.width} ${prediction.width} ${options.cyclic}`)
}

/** F = 2PR / (P + R) by class (null: no boundary in either map), and the mean over the others. */
export function boundaryScores(counts: BoundaryCounts): { f: readonly (number | null)[]; meanF: number | null } {
  throw new Error(`not built yet ${counts.classes}`)
}
