import type { Equirectangular } from '../geometry/equirectangular.ts'
import type { LabelSet } from '../labels/label-set.ts'
import type { Raster } from '../raster/raster.ts'
import { addToBoundaryCounts, boundaryScores, emptyBoundaryCounts, type BoundaryCounts } from './boundary-f.ts'
import { addToConfusion, confusionScores, emptyConfusion, type Confusion } from './confusion.ts'
import { latitudeBands, solidAngleRowWeights } from './latitude.ts'
import { seamAgreement, seamChanges, seamContinuity } from './seam.ts'

/** Counts of one panorama against its truth: all metrics of METHOD section 6 come from their sums. */
export interface PanoramaScores {
  readonly confusion: Confusion
  /** weighted by each row's solid angle */
  readonly solidAngle: Confusion
  readonly bands: readonly { readonly fromDeg: number; readonly toDeg: number; readonly confusion: Confusion }[]
  readonly boundary: BoundaryCounts
  /** seam consistency, 0..1; null where the panorama is not cyclic */
  readonly seam: number | null
}

export interface ScoreOptions {
  readonly classes: number
  readonly projection: Equirectangular & { readonly cyclic: boolean }
  /**
   * the prediction for the panorama turned by half a turn, turned back: seam consistency is their agreement around the
   * seam. null: there is just the one map, whose continuity across the seam is measured instead.
   */
  readonly rolled: Raster | null
}

/** Throws RangeError where sizes differ or truth holds an id that is neither a class nor 255. */
export function scorePanorama(truth: Raster, prediction: Raster, { classes, projection, rolled }: ScoreOptions): PanoramaScores {
  const { height } = prediction
  const confusion = emptyConfusion(classes)
  addToConfusion(confusion, truth, prediction)
  const solidAngle = emptyConfusion(classes)
  addToConfusion(solidAngle, truth, prediction, { rowWeights: solidAngleRowWeights(height, projection) })
  const bands = latitudeBands(height, projection).map(({ fromDeg, toDeg, y0, y1 }) => {
    const band = emptyConfusion(classes)
    addToConfusion(band, truth, prediction, { rows: { y0, y1 } })
    return { fromDeg, toDeg, confusion: band }
  })
  const boundary = emptyBoundaryCounts(classes)
  addToBoundaryCounts(boundary, truth, prediction, { cyclic: projection.cyclic })
  return { confusion, solidAngle, bands, boundary, seam: projection.cyclic ? seamOf(prediction, rolled) : null }
}

function seamOf(prediction: Raster, rolled: Raster | null): number {
  return rolled === null ? seamContinuity(seamChanges(prediction)) : seamAgreement(prediction, rolled)
}

/** Counts of all panoramas so far. */
export interface ScoreTotals {
  panoramas: number
  readonly confusion: Confusion
  readonly solidAngle: Confusion
  readonly bands: Map<number, { readonly fromDeg: number; readonly toDeg: number; readonly confusion: Confusion }>
  readonly boundary: BoundaryCounts
  readonly seams: number[]
}

export function emptyTotals(classes: number): ScoreTotals {
  return {
    panoramas: 0, confusion: emptyConfusion(classes), solidAngle: emptyConfusion(classes), bands: new Map(),
    boundary: emptyBoundaryCounts(classes), seams: [],
  }
}

/** Adds one panorama, in place. */
export function addScores(totals: ScoreTotals, scores: PanoramaScores): void {
  totals.panoramas++
  addTo(totals.confusion.counts, scores.confusion.counts)
  addTo(totals.solidAngle.counts, scores.solidAngle.counts)
  for (const { fromDeg, toDeg, confusion } of scores.bands) {
    const band = totals.bands.get(fromDeg) ?? { fromDeg, toDeg, confusion: emptyConfusion(confusion.classes) }
    addTo(band.confusion.counts, confusion.counts)
    totals.bands.set(fromDeg, band)
  }
  for (const column of ['truth', 'truthMatched', 'prediction', 'predictionMatched'] as const) {
    addTo(totals.boundary[column], scores.boundary[column])
  }
  if (scores.seam !== null) totals.seams.push(scores.seam)
}

function addTo(sum: Float64Array, part: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i]
}

/** The metrics of METHOD section 6 over all panoramas that were added. */
export interface Scores {
  readonly panoramas: number
  readonly miou: number
  readonly pixelAccuracy: number
  readonly solidAngleMiou: number
  readonly perClass: { trainId: number; name: string; iou: number | null; pixels: number }[]
  readonly latitudeBands: { fromDeg: number; toDeg: number; miou: number | null }[]
  readonly boundaryF: number | null
  /** mean over the cyclic panoramas */
  readonly seamConsistency: number | null
}

/** null where truth holds no labelled pixel. */
export function summariseTotals(totals: ScoreTotals, labelSet: LabelSet): Scores | null {
  const scores = confusionScores(totals.confusion)
  const solidAngle = confusionScores(totals.solidAngle)
  if (scores.miou === null || scores.pixelAccuracy === null || solidAngle.miou === null) return null
  const { seams } = totals
  return {
    panoramas: totals.panoramas,
    miou: scores.miou,
    pixelAccuracy: scores.pixelAccuracy,
    solidAngleMiou: solidAngle.miou,
    perClass: labelSet.classes.map(({ trainId, name }) => ({
      trainId, name, iou: scores.iou[trainId], pixels: scores.truthPixels[trainId],
    })),
    latitudeBands: [...totals.bands.values()]
      .sort((a, b) => a.fromDeg - b.fromDeg)
      .map(({ fromDeg, toDeg, confusion }) => ({ fromDeg, toDeg, miou: confusionScores(confusion).miou })),
    boundaryF: boundaryScores(totals.boundary).meanF,
    seamConsistency: seams.length > 0 ? seams.reduce((sum, seam) => sum + seam, 0) / seams.length : null,
  }
}
