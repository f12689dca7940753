import { scorePointSchema, type ScorePoint } from '../../contract/training-schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { parseRecord } from './rows.ts'

/** Scores of the held-out panoramas while a student is trained. A step that was scored before is scored anew. */
export function addScorePoint(db: WriteDb, distillationId: string, { step, score }: ScorePoint): void {
  db.run('INSERT OR REPLACE INTO score_points (distillation_id, step, score) VALUES (@distillationId, @step, @score)', { distillationId, step, score })
}

/** In order of the steps. */
export function listScorePoints(db: ReadDb, distillationId: string, afterStep: number): ScorePoint[] {
  return db
    .all('SELECT step, score FROM score_points WHERE distillation_id = @distillationId AND step > @afterStep ORDER BY step', { distillationId, afterStep })
    .map((row) => parseRecord(scorePointSchema, row, 'score'))
}

/** Drops the scores behind a step: a run that goes on from a checkpoint computes them again. */
export function dropScorePointsAfter(db: WriteDb, distillationId: string, step: number): void {
  db.run('DELETE FROM score_points WHERE distillation_id = @distillationId AND step > @step', { distillationId, step })
}
