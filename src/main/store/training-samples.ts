import { trainingSampleSchema, type TrainingSample } from '../../contract/training-schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { parseRecord } from './rows.ts'

/** Pictures of the same panoramas every so many updates. The artifacts must be in the store already: file first, row second. */
export function addTrainingSample(db: WriteDb, distillationId: string, sample: Omit<TrainingSample, 'name'>): void {
  const { step, panoramaId, image, pseudoLabel, student, difference, agreement } = sample
  db.run(
    `INSERT OR REPLACE INTO training_samples (distillation_id, step, panorama_id, image, pseudo_label, student, difference, agreement)
     VALUES (@distillationId, @step, @panoramaId, @image, @pseudoLabel, @student, @difference, @agreement)`,
    { distillationId, step, panoramaId, image, pseudoLabel, student, difference, agreement },
  )
}

/** In order of the steps, then of the panoramas' names. */
export function listTrainingSamples(db: ReadDb, distillationId: string): TrainingSample[] {
  return db
    .all(
      `SELECT s.step, s.panorama_id AS panoramaId, p.name, s.image, s.pseudo_label AS pseudoLabel, s.student, s.difference, s.agreement
       FROM training_samples s JOIN panoramas p ON p.id = s.panorama_id
       WHERE s.distillation_id = @distillationId ORDER BY s.step, p.sort_key, p.name`,
      { distillationId },
    )
    .map((row) => parseRecord(trainingSampleSchema, row, 'training sample'))
}

/** Drops the pictures behind a step: a run that goes on from a checkpoint makes them again. */
export function dropTrainingSamplesAfter(db: WriteDb, distillationId: string, step: number): void {
  db.run('DELETE FROM training_samples WHERE distillation_id = @distillationId AND step > @step', { distillationId, step })
}
