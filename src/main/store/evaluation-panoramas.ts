import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { hashSchema } from '../../contract/schemas.ts'
import { confusionScores, type Confusion } from '../../core/metrics/confusion.ts'
import type { PanoramaScores } from '../../core/metrics/panorama-scores.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { parseJson, parseRecord } from './rows.ts'

/** A panorama of an evaluation: the label map that was scored, and what it scored against which truth. */
export interface ScoredPanorama {
  readonly panoramaId: string
  /** artifact: raster bundle */
  readonly prediction: string
  /** SHA-256 of the truth's file or artifact */
  readonly truth: string
  readonly scores: PanoramaScores
  /** of inference; null where there was none */
  readonly milliseconds: number | null
}

const countsSchema = z.array(z.number())
/** As the column holds them; miou and pixelAccuracy are there for lists. */
const scoresSchema = z.object({
  truth: hashSchema,
  miou: z.number().nullable(),
  pixelAccuracy: z.number().nullable(),
  classes: z.int(),
  confusion: countsSchema,
  solidAngle: countsSchema,
  bands: z.array(z.object({ fromDeg: z.number(), toDeg: z.number(), confusion: countsSchema })),
  boundary: z.object({ truth: countsSchema, truthMatched: countsSchema, prediction: countsSchema, predictionMatched: countsSchema }),
  seam: z.number().nullable(),
})

/** The prediction must be in the artifact store already: file first, row second. */
export function recordScores(db: WriteDb, evaluationId: string, scored: ScoredPanorama): void {
  const { panoramaId, prediction, scores, milliseconds } = scored
  db.run(
    `INSERT OR REPLACE INTO evaluation_panoramas (evaluation_id, panorama_id, prediction, scores, milliseconds)
     VALUES (@evaluationId, @panoramaId, @prediction, @scores, @milliseconds)`,
    { evaluationId, panoramaId, prediction, milliseconds, scores: JSON.stringify(toColumn(scored.truth, scores)) },
  )
}

/** The panoramas of the dataset that the evaluation has not scored yet, in natural order of the names. */
export function unscoredPanoramas(db: ReadDb, evaluationId: string): { panoramaId: string; name: string }[] {
  return db
    .all(
      `SELECT p.id AS panoramaId, p.name FROM evaluations e JOIN panoramas p ON p.dataset_id = e.dataset_id
       WHERE e.id = @evaluationId AND NOT EXISTS (
         SELECT 1 FROM evaluation_panoramas x WHERE x.evaluation_id = e.id AND x.panorama_id = p.id AND x.scores IS NOT NULL)
       ORDER BY p.sort_key, p.name`,
      { evaluationId },
    )
    .map((row) => ({ panoramaId: String(row.panoramaId), name: String(row.name) }))
}

/** The panoramas that the evaluation has scored, in natural order of the names: sums do not depend on what came first. */
export function scoredPanoramas(db: ReadDb, evaluationId: string): string[] {
  return db
    .all(
      `SELECT x.panorama_id AS panoramaId FROM evaluation_panoramas x JOIN panoramas p ON p.id = x.panorama_id
       WHERE x.evaluation_id = @evaluationId AND x.scores IS NOT NULL ORDER BY p.sort_key, p.name`,
      { evaluationId },
    )
    .map((row) => String(row.panoramaId))
}

/** Throws `not-found`. */
export function getScores(db: ReadDb, evaluationId: string, panoramaId: string): ScoredPanorama {
  const row = db.get(
    `SELECT prediction, scores, milliseconds FROM evaluation_panoramas
     WHERE evaluation_id = @evaluationId AND panorama_id = @panoramaId AND scores IS NOT NULL`,
    { evaluationId, panoramaId },
  )
  if (row === undefined) throw new StudioError('not-found', 'The panorama or its evaluation was removed meanwhile: evaluate again.')
  const milliseconds = row.milliseconds === null ? null : Number(row.milliseconds)
  return { panoramaId, prediction: String(row.prediction), milliseconds, ...fromColumn(row.scores) }
}

/** How long the network took for a prediction that is cached now, where that was measured. */
export function measuredMilliseconds(db: ReadDb, prediction: string, network: string): number | null {
  const row = db.get(
    `SELECT x.milliseconds FROM evaluation_panoramas x JOIN evaluations e ON e.id = x.evaluation_id
     WHERE x.prediction = @prediction AND x.milliseconds IS NOT NULL AND e.hashes ->> '$.network' = @network ORDER BY x.rowid DESC LIMIT 1`,
    { prediction, network },
  )
  return row === undefined ? null : Number(row.milliseconds)
}

function toColumn(truth: string, { confusion, solidAngle, bands, boundary, seam }: PanoramaScores): z.infer<typeof scoresSchema> {
  const { miou, pixelAccuracy } = confusionScores(confusion)
  return {
    truth, miou, pixelAccuracy, classes: confusion.classes, confusion: [...confusion.counts], solidAngle: [...solidAngle.counts],
    bands: bands.map(({ fromDeg, toDeg, confusion: band }) => ({ fromDeg, toDeg, confusion: [...band.counts] })),
    boundary: {
      truth: [...boundary.truth], truthMatched: [...boundary.truthMatched],
      prediction: [...boundary.prediction], predictionMatched: [...boundary.predictionMatched],
    },
    seam,
  }
}

function fromColumn(column: unknown): Pick<ScoredPanorama, 'truth' | 'scores'> {
  const { truth, classes, boundary, seam, ...counts } = parseRecord(scoresSchema, parseJson(column), 'score of a panorama')
  const matrix = (values: readonly number[]): Confusion => ({ classes, counts: Float64Array.from(values) })
  return {
    truth,
    scores: {
      confusion: matrix(counts.confusion), solidAngle: matrix(counts.solidAngle),
      bands: counts.bands.map(({ fromDeg, toDeg, confusion }) => ({ fromDeg, toDeg, confusion: matrix(confusion) })),
      boundary: {
        classes, truth: Float64Array.from(boundary.truth), truthMatched: Float64Array.from(boundary.truthMatched),
        prediction: Float64Array.from(boundary.prediction), predictionMatched: Float64Array.from(boundary.predictionMatched),
      },
      seam,
    },
  }
}
