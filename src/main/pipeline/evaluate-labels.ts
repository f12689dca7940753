import type { Evaluation, Panorama, RefusedFile } from '../../contract/schemas.ts'
import { classCount } from '../../core/labels/label-set.ts'
import { addScores, emptyTotals, type PanoramaScores } from '../../core/metrics/panorama-scores.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { evaluationOf, truthOf } from './evaluation-truth.ts'
import { indexTruth, type TruthIndex } from './import-truth.ts'
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

  const totals = emptyTotals(classCount(labelSet))
  const skipped: RefusedFile[] = []
  const results = await allResults(store, run)
  let done = 0
  await inParallel(results, pool.threads, async (result) => {
    signal?.throwIfAborted()
    if (result.artifacts === null) {
      skipped.push(unfinishedReason(result))
    } else {
      const panorama = getPanorama(store.read, result.panoramaId)
      const scores = await scoreLabels(tools, { panorama, fusion: result.artifacts.fusion, labelSet, index }, signal)
      if ('problem' in scores) skipped.push({ file: panorama.name, code: 'bad-file', message: scores.problem })
      else addScores(totals, scores)
    }
    onProgress?.(++done, results.length)
  })
  // panoramas end in any order, the answer should not depend on it
  skipped.sort((a, b) => (a.file < b.file ? -1 : 1))
  return evaluationOf(totals, { what: `the labelling run "${run.name}"`, labelSet, skipped })
}

interface Scored {
  readonly panorama: Panorama
  readonly fusion: string
  readonly labelSet: LabelSetRecord
  readonly index: TruthIndex | null
}

async function scoreLabels(
  { artifacts, pool }: EvaluationTools, { panorama, fusion, labelSet, index }: Scored, signal: AbortSignal | undefined,
): Promise<PanoramaScores | { problem: string }> {
  const truth = await truthOf(artifacts, panorama, index)
  if ('problem' in truth) return truth
  const { projection } = panorama
  return pool.run('evaluate', { prediction: { fusion: await artifacts.read(fusion) }, truth, labelSet, projection }, { signal })
}
