import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { toWireError } from '../../contract/errors.ts'
import type { Panorama, PanoramaResult, RefusedFile } from '../../contract/schemas.ts'
import { classCount } from '../../core/labels/label-set.ts'
import type { Confusion } from '../../core/metrics/confusion.ts'
import { addScores, emptyTotals, type PanoramaScores } from '../../core/metrics/panorama-scores.ts'
import { forEachItem, type ItemIo } from '../jobs/for-each-item.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import { JobInterrupted } from '../jobs/job-handler.ts'
import { getDataset } from '../store/datasets.ts'
import { getScores, recordScores, scoredPanoramas, unscoredPanoramas } from '../store/evaluation-panoramas.ts'
import {
  failEvaluation, finishEvaluation, getEvaluationSummary, providerOfEvaluation, reopenEvaluation, type EvaluationSummary,
} from '../store/evaluations.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { getPanorama } from '../store/panoramas.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { predictorOf, subjectPlanSchema, digest, type SubjectPlan } from './evaluation-subject.ts'
import { evaluationOf, truthOf } from './evaluation-truth.ts'
import { indexTruth, type TruthIndex } from './import-truth.ts'
import { predictPanorama, recordPrediction, type PredictedPanorama, type PredictionTools } from './predict-panorama.ts'
import { allResults, unfinishedReason } from './run-results.ts'

export interface EvaluationPipeline extends PredictionTools {
  readonly pool: LabelPool
}

export const evaluatePayloadSchema = z.object({ evaluationId: z.string(), plan: subjectPlanSchema })
export type EvaluatePayload = z.infer<typeof evaluatePayloadSchema>

/**
 * Scores a student, a TA or a labelling run against the truth of a dataset (METHOD section 6). A panorama that is scored is
 * a committed row and never done again; all numbers come from the rows when the last one is in. Panoramas without truth,
 * or whose truth does not fit, are named in the result's `skipped` and cost no inference.
 */
export function evaluateJobHandler(tools: EvaluationPipeline, onDone: (evaluation: EvaluationSummary) => void): JobHandler {
  const { store } = tools
  return {
    async run(_job, context) {
      const { evaluationId, plan } = evaluatePayloadSchema.parse(context.payload)
      store.transaction((db) => reopenEvaluation(db, evaluationId))
      try {
        await evaluate(tools, { evaluation: getEvaluationSummary(store.read, evaluationId), plan }, context)
        onDone(getEvaluationSummary(store.read, evaluationId))
      } catch (error) {
        if (!(error instanceof JobInterrupted) && !context.signal.aborted) {
          store.transaction((db) => failEvaluation(db, evaluationId, toWireError(error).message))
        }
        throw error
      }
    },
    retryFailed: (_db, { failed }) => failed,
  }
}

interface Plan {
  readonly evaluation: EvaluationSummary
  readonly plan: SubjectPlan
}

async function evaluate(tools: EvaluationPipeline, { evaluation, plan }: Plan, context: JobContext): Promise<void> {
  const { store, pool } = tools
  const labelSet = getLabelSet(store.read, getDataset(store.read, evaluation.datasetId).labelSetId)
  const index = evaluation.truth === null ? null : await indexTruth(evaluation.truth, new Set(), context.signal)
  const mapOf = await labelMaps(tools, evaluation, plan)
  const skipped: RefusedFile[] = []
  const pending = unscoredPanoramas(store.read, evaluation.id)
  const scored = scoredPanoramas(store.read, evaluation.id).length

  await forEachItem<(typeof pending)[number], Scored | RefusedFile>(context, {
    noun: 'panorama',
    counts: { total: scored + pending.length, done: scored, failed: 0 },
    pending,
    nameOf: ({ name }) => name,
    async compute({ panoramaId }, io) {
      const panorama = getPanorama(store.read, panoramaId)
      // before the network: a panorama without truth need not be predicted
      const truth = await checkedTruth(tools, { panorama, labelSet, index })
      if ('message' in truth) return truth
      const map = await mapOf(panorama, io)
      if ('message' in map) return map
      const { label, rolled } = map
      const input = { prediction: { label, rolled }, truth, labelSet, projection: panorama.projection }
      const scores = await pool.run('evaluate', input, { signal: context.signal })
      if ('problem' in scores) return refused(panorama, scores.problem)
      for (const warning of map.predicted?.warnings ?? []) context.log('warn', `${panorama.name}: ${warning}`)
      return { truth: truth.sha256, map, scores }
    },
    wasComputed: (result) => 'scores' in result && result.map.predicted?.cached !== true,
    finish(db, { panoramaId }, result) {
      if ('message' in result) {
        skipped.push(result)
        return
      }
      const { truth, map: { hash, predicted }, scores } = result
      if (predicted !== null) recordPrediction(db, predicted)
      recordScores(db, evaluation.id, { panoramaId, prediction: hash, truth, scores, milliseconds: predicted?.milliseconds ?? null })
    },
    fail(_db, { name }, { code, message }) {
      skipped.push({ file: name, code, message })
    },
  })
  await conclude(tools, { evaluation, labelSet, skipped })
}

interface Scored {
  readonly truth: string
  readonly map: ScoredMap
  readonly scores: PanoramaScores
}

/** A label map to be scored: raster bundles. */
interface ScoredMap {
  readonly hash: string
  readonly label: Uint8Array
  readonly rolled: Uint8Array | null
  /** null: it is a labelling run's */
  readonly predicted: PredictedPanorama | null
}

type LabelMaps = (panorama: Panorama, io: ItemIo) => Promise<ScoredMap | RefusedFile>

function labelMaps(tools: EvaluationPipeline, evaluation: EvaluationSummary, plan: SubjectPlan): Promise<LabelMaps> {
  return plan.kind === 'run' ? mapsOfRun(tools, plan.runId) : mapsOfNetwork(tools, evaluation, plan)
}

async function mapsOfNetwork(tools: EvaluationPipeline, { id }: EvaluationSummary, plan: Exclude<SubjectPlan, { kind: 'run' }>): Promise<LabelMaps> {
  const predictor = await predictorOf(tools, plan, providerOfEvaluation(tools.store.read, id))
  return async (panorama, { signal, progress }) => {
    const predicted = await predictPanorama(tools, { predictor, panorama }, { signal, onProgress: ({ fraction, message }) => progress(fraction, message) })
    const { prediction, rolled } = predicted
    return { hash: prediction.hash, label: prediction.content, rolled: rolled?.content ?? null, predicted }
  }
}

async function mapsOfRun({ store, artifacts, pool }: EvaluationPipeline, runId: string): Promise<LabelMaps> {
  const results = new Map<string, PanoramaResult>()
  for (const result of await allResults(store, getLabellingRun(store.read, runId))) results.set(result.panoramaId, result)
  return async ({ id, name }, { signal }) => {
    const result = results.get(id)
    if (result === undefined) return { file: name, code: 'pending', message: `${name} was imported after the labelling run. Label it, then evaluate again.` }
    if (result.artifacts === null) return unfinishedReason(result)
    const label = await pool.run('labelsOf', { fusion: await artifacts.read(result.artifacts.fusion) }, { signal })
    const { hash } = await artifacts.put(label)
    return { hash, label, rolled: null, predicted: null }
  }
}

/** The truth as an artifact's bytes with their hash, or why there is none. */
async function checkedTruth(
  { artifacts, pool }: EvaluationPipeline,
  { panorama, labelSet, index }: { readonly panorama: Panorama; readonly labelSet: LabelSetRecord; readonly index: TruthIndex | null },
): Promise<{ readonly artifact: Uint8Array; readonly sha256: string } | RefusedFile> {
  const truth = await truthOf(artifacts, panorama, index)
  if ('problem' in truth) return refused(panorama, truth.problem)
  const read = 'artifact' in truth ? truth : await pool.run('readTruth', { truth, labelSet, size: panorama })
  if ('problem' in read) return refused(panorama, read.problem)
  return { artifact: read.artifact, sha256: createHash('sha256').update(read.artifact).digest('hex') }
}

function refused({ name }: Panorama, message: string): RefusedFile {
  return { file: name, code: 'bad-file', message }
}

/** Rows read in one turn of the event loop. */
const ROWS_PER_TURN = 50

/** Adds up what the panoramas scored, of this attempt and of earlier ones, and writes the result. */
async function conclude(
  { store }: EvaluationPipeline,
  { evaluation, labelSet, skipped }: { readonly evaluation: EvaluationSummary; readonly labelSet: LabelSetRecord; readonly skipped: readonly RefusedFile[] },
): Promise<void> {
  const totals = emptyTotals(classCount(labelSet))
  const made: { image: string; truth: string; prediction: string }[] = []
  const times: number[] = []
  for (const [index, panoramaId] of scoredPanoramas(store.read, evaluation.id).entries()) {
    if (index % ROWS_PER_TURN === 0) await nextTurn()
    const { prediction, truth, scores, milliseconds } = getScores(store.read, evaluation.id, panoramaId)
    addScores(totals, scores)
    made.push({ image: getPanorama(store.read, panoramaId).image, truth, prediction })
    if (milliseconds !== null) times.push(milliseconds)
  }
  const { kind, name } = evaluation.subject
  const result = evaluationOf(totals, { what: `the ${SUBJECT_WORDS[kind]} "${name}" on "${evaluation.datasetName}"`, labelSet, skipped })
  const hashes = {
    ...evaluation.hashes,
    images: digest(made.map(({ image }) => image)), truth: digest(made.map(({ truth }) => truth)), predictions: digest(made.map(({ prediction }) => prediction)),
  }
  const millisecondsPerPanorama = times.length > 0 ? times.reduce((sum, time) => sum + time, 0) / times.length : null
  store.transaction((db) => finishEvaluation(db, evaluation.id, { result, confusion: rows(totals.confusion), hashes, millisecondsPerPanorama }))
}

export const SUBJECT_WORDS = { student: 'student', ta: 'TA', run: 'labelling run' } as const

/** By truth; the last column counts predictions of no class. */
function rows({ classes, counts }: Confusion): number[][] {
  return Array.from({ length: classes }, (_, truth) => [...counts.subarray(truth * (classes + 1), (truth + 1) * (classes + 1))])
}
