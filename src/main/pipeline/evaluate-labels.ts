import { StudioError } from '../../contract/errors.ts'
import type { Evaluation, Panorama, RefusedFile } from '../../contract/schemas.ts'
import { boundaryScores, emptyBoundaryCounts, type BoundaryCounts } from '../../core/metrics/boundary-f.ts'
import { confusionScores, emptyConfusion, type Confusion } from '../../core/metrics/confusion.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import type { PanoramaScores, TruthFile } from '../workers/label-tasks.ts'
import { indexTruth, readTruthBytes, type TruthIndex } from './import-truth.ts'
import { inParallel } from './in-parallel.ts'
import { allResults, unfinishedReason } from './run-results.ts'

export interface EvaluationTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly pool: LabelPool
}

export interface EvaluationRequest {
  /** id, name or "last" */
  readonly run: string
  /** a folder of label maps, matched by name; null: the truth that was imported with the dataset */
  readonly truth: string | null
}

export interface EvaluationOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Scores the pseudo-labels of a run against truth (METHOD section 6): one global confusion matrix over all labelled
 * panoramas, whatever their review says; truth 255 is not counted, classes absent from truth and prediction are left
 * out of the mean. Panoramas without truth, or whose truth does not fit, are named in `skipped`.
 *
 * Seam consistency is measured on the stored maps, without labelling rolled panoramas again: the share of rows whose
 * label goes on across the seam over the same share between all other neighbouring columns, at most 1, averaged over the
 * cyclic panoramas. 1: the seam cannot be told from any other column.
 *
 * Throws `not-found` (run), `bad-file` (truth folder), `bad-input` when nothing can be scored, `workspace-damaged`.
 */
export async function evaluateLabels(
  tools: EvaluationTools, request: EvaluationRequest, options: EvaluationOptions = {},
): Promise<Evaluation> {
  const { store, pool } = tools
  const { signal, onProgress } = options
  const run = getLabellingRun(store.read, request.run)
  const labelSet = getLabelSet(store.read, getDataset(store.read, run.datasetId).labelSetId)
  const index = request.truth === null ? null : await indexTruth(request.truth, new Set(), signal)

  const total = emptyTotal(labelSet)
  const skipped: RefusedFile[] = []
  const results = await allResults(store, run)
  let done = 0
  await inParallel(results, pool.threads, async (result) => {
    signal?.throwIfAborted()
    if (result.artifacts === null) {
      skipped.push(unfinishedReason(result))
    } else {
      const panorama = getPanorama(store.read, result.panoramaId)
      const scores = await scorePanorama(tools, { panorama, fusion: result.artifacts.fusion, labelSet, index }, signal)
      if ('problem' in scores) skipped.push({ file: panorama.name, code: 'bad-file', message: scores.problem })
      else addScores(total, scores)
    }
    onProgress?.(++done, results.length)
  })
  // panoramas end in any order, the answer should not depend on it
  skipped.sort((a, b) => (a.file < b.file ? -1 : 1))
  return summarise(total, { runName: run.name, labelSet, skipped })
}

interface Scored {
  readonly panorama: Panorama
  readonly fusion: string
  readonly labelSet: LabelSetRecord
  readonly index: TruthIndex | null
}

async function scorePanorama(
  { artifacts, pool }: EvaluationTools, { panorama, fusion, labelSet, index }: Scored, signal: AbortSignal | undefined,
): Promise<PanoramaScores | { problem: string }> {
  const truth = index === null ? await importedTruth(artifacts, panorama) : await truthFromFolder(index, panorama)
  if ('problem' in truth) return truth
  const { projection } = panorama
  return pool.run('evaluate', { fusion: await artifacts.read(fusion), truth, labelSet, projection }, { signal })
}

async function importedTruth(artifacts: ArtifactStore, { name, truth }: Panorama): Promise<{ artifact: Uint8Array } | { problem: string }> {
  if (truth !== null) return { artifact: await artifacts.read(truth) }
  return { problem: `${name} was imported without truth. Import its folder again with the labels folder, or name a truth folder here.` }
}

async function truthFromFolder(index: TruthIndex, { name, split }: Panorama): Promise<TruthFile | { problem: string }> {
  const found = index.find([name], [split])
  if (found === 'ambiguous') return { problem: `${name} has several label maps of its name in ${index.folder}. Keep one, or put them in folders named after the splits.` }
  if (found === null) {
    return { problem: `${name} has no label map in ${index.folder} (${index.count} found). Name it ${name}_gtFine_labelTrainIds.png or ${name}_gtFine_labelIds.png.` }
  }
  try {
    return await readTruthBytes(found)
  } catch (error) {
    if (error instanceof StudioError && error.code === 'bad-file') return { problem: error.message }
    throw error
  }
}

/** Counts of all panoramas so far. */
interface Total {
  panoramas: number
  readonly confusion: Confusion
  readonly solidAngle: Confusion
  readonly bands: Map<number, { readonly fromDeg: number; readonly toDeg: number; readonly confusion: Confusion }>
  readonly boundary: BoundaryCounts
  readonly seams: number[]
}

function emptyTotal(labelSet: LabelSetRecord): Total {
  const classes = 1 + Math.max(...labelSet.classes.map(({ trainId }) => trainId))
  return {
    panoramas: 0, confusion: emptyConfusion(classes), solidAngle: emptyConfusion(classes), bands: new Map(),
    boundary: emptyBoundaryCounts(classes), seams: [],
  }
}

function addScores(total: Total, scores: PanoramaScores): void {
  total.panoramas++
  addTo(total.confusion.counts, scores.confusion.counts)
  addTo(total.solidAngle.counts, scores.solidAngle.counts)
  for (const { fromDeg, toDeg, confusion } of scores.bands) {
    const band = total.bands.get(fromDeg) ?? { fromDeg, toDeg, confusion: emptyConfusion(confusion.classes) }
    addTo(band.confusion.counts, confusion.counts)
    total.bands.set(fromDeg, band)
  }
  for (const column of ['truth', 'truthMatched', 'prediction', 'predictionMatched'] as const) {
    addTo(total.boundary[column], scores.boundary[column])
  }
  if (scores.seam !== null) total.seams.push(seamContinuity(scores.seam))
}

/** Rows that go on across the seam, relative to other columns; 1 where even other columns never go on. */
function seamContinuity({ acrossSeam, elsewhere }: { acrossSeam: number; elsewhere: number }): number {
  return elsewhere >= 1 ? 1 : Math.min(1, (1 - acrossSeam) / (1 - elsewhere))
}

function addTo(sum: Float64Array, part: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i]
}

function summarise(
  total: Total, { runName, labelSet, skipped }: { runName: string; labelSet: LabelSetRecord; skipped: readonly RefusedFile[] },
): Evaluation {
  const scores = confusionScores(total.confusion)
  const solidAngle = confusionScores(total.solidAngle)
  if (scores.miou === null || scores.pixelAccuracy === null || solidAngle.miou === null) {
    const reason = total.panoramas > 0 ? 'The truth holds no labelled pixel: every pixel is 255.' : skipped[0]?.message ?? 'It has no panoramas.'
    throw new StudioError('bad-input', `Nothing of the labelling run "${runName}" can be scored. ${reason}`)
  }
  return {
    panoramas: total.panoramas,
    skipped: [...skipped],
    miou: scores.miou,
    pixelAccuracy: scores.pixelAccuracy,
    solidAngleMiou: solidAngle.miou,
    perClass: labelSet.classes.map(({ trainId, name }) => ({
      trainId, name, iou: scores.iou[trainId], pixels: scores.truthPixels[trainId],
    })),
    latitudeBands: [...total.bands.values()]
      .sort((a, b) => a.fromDeg - b.fromDeg)
      .map(({ fromDeg, toDeg, confusion }) => ({ fromDeg, toDeg, miou: confusionScores(confusion).miou })),
    boundaryF: boundaryScores(total.boundary).meanF,
    seamConsistency: total.seams.length > 0 ? total.seams.reduce((sum, seam) => sum + seam, 0) / total.seams.length : null,
  }
}
