import { lossPointSchema, type LossPoint } from '../../contract/training-schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { asCount, parseRecord } from './rows.ts'

/** Terms that a loss may have, each with its column. */
const TERMS = ['image', 'window', 'confident', 'boundary', 'ensemble', 'consistency'] as const

/** Appends to the curve of a run. A step that is there already was computed again: its point is replaced. */
export function addLossPoints(db: WriteDb, distillationId: string, points: readonly LossPoint[]): void {
  for (const { step, loss, terms, learningRate, gradientNorm, imagesPerSecond } of points) {
    db.run(
      `INSERT OR REPLACE INTO loss_points (distillation_id, step, loss, ${TERMS.join(', ')}, learning_rate, gradient_norm, images_per_second)
       VALUES (@distillationId, @step, @loss, ${TERMS.map((term) => `@${term}`).join(', ')}, @learningRate, @gradientNorm, @imagesPerSecond)`,
      {
        distillationId, step, loss, learningRate, gradientNorm, imagesPerSecond,
        ...Object.fromEntries(TERMS.map((term) => [term, terms[term] ?? null])),
      },
    )
  }
}

/** Drops the points behind a step: a run that goes on from a checkpoint computes them again. */
export function dropLossPointsAfter(db: WriteDb, distillationId: string, step: number): void {
  db.run('DELETE FROM loss_points WHERE distillation_id = @distillationId AND step > @step', { distillationId, step })
}

const COLUMNS = ['loss', ...TERMS, 'learning_rate', 'gradient_norm', 'images_per_second']
const RANGE = 'FROM loss_points WHERE distillation_id = @distillationId AND step > @after AND step <= @to'
const MEAN = `SELECT max(step) AS step, ${COLUMNS.map((column) => `avg(${column}) AS ${column}`).join(', ')} ${RANGE}`

/**
 * The curve behind a step, thinned to at most `most` points: each is the mean of the same number of neighbouring steps
 * (the last of what is left) and stands at the last of them.
 */
export function lossCurve(db: ReadDb, distillationId: string, { afterStep, most }: { readonly afterStep: number; readonly most: number }): LossPoint[] {
  const ends = db.get(`SELECT min(step) AS first, max(step) AS last ${RANGE}`, { distillationId, after: afterStep, to: Number.MAX_SAFE_INTEGER })
  const first = asCount(ends?.first)
  const last = asCount(ends?.last)
  const stride = Math.max(1, Math.ceil((last - first + 1) / most))
  const points: LossPoint[] = []
  // a mean of each range by itself: grouping all of the curve would sort it first
  for (let after = first - 1; after < last; after += stride) {
    const mean = db.get(MEAN, { distillationId, after, to: after + stride })
    if (mean !== undefined && mean.step !== null) points.push(toPoint(mean))
  }
  return points
}

function toPoint(row: Row): LossPoint {
  const point = {
    step: row.step,
    loss: row.loss,
    terms: Object.fromEntries(TERMS.filter((term) => row[term] !== null).map((term) => [term, row[term]])),
    learningRate: row.learning_rate,
    gradientNorm: row.gradient_norm,
    imagesPerSecond: row.images_per_second,
  }
  return parseRecord(lossPointSchema, point, 'point of a loss curve')
}
