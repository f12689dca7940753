import { z } from 'zod'
import { hashSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { parseRecord } from './rows.ts'

export interface DistillationPanorama {
  readonly panoramaId: string
  /** scored, not trained on */
  readonly heldOut: boolean
  /** how much its pixels count */
  readonly weight: number
}

const recordSchema = z.object({
  panoramaId: z.string(),
  name: z.string(),
  cyclic: z.boolean(),
  heldOut: z.boolean(),
  weight: z.number(),
  /** artifact with image and targets at the training size; null until it was made, and when the run has ended */
  data: hashSchema.nullable(),
})
export type DistillationPanoramaRecord = z.infer<typeof recordSchema>

export function addDistillationPanoramas(db: WriteDb, distillationId: string, panoramas: readonly DistillationPanorama[]): void {
  for (const { panoramaId, heldOut, weight } of panoramas) {
    db.run(
      `INSERT INTO distillation_panoramas (distillation_id, panorama_id, held_out, weight)
       VALUES (@distillationId, @panoramaId, @heldOut, @weight)`,
      { distillationId, panoramaId, heldOut: Number(heldOut), weight },
    )
  }
}

/** In the order in which they were added: a run that goes on draws the same samples. */
export function listDistillationPanoramas(db: ReadDb, distillationId: string): DistillationPanoramaRecord[] {
  return db
    .all(
      `SELECT x.panorama_id AS panoramaId, p.name, p.projection ->> '$.cyclic' AS cyclic, x.held_out AS heldOut, x.weight, x.data
       FROM distillation_panoramas x JOIN panoramas p ON p.id = x.panorama_id
       WHERE x.distillation_id = @distillationId ORDER BY x.rowid`,
      { distillationId },
    )
    .map((row) => parseRecord(recordSchema, { ...row, cyclic: row.cyclic === 1, heldOut: row.heldOut === 1 }, 'panorama of a distillation run'))
}

/** The artifact must be in the store already: file first, row second. */
export function setTrainingData(db: WriteDb, key: { readonly distillationId: string; readonly panoramaId: string }, data: string | null): void {
  db.run(
    'UPDATE distillation_panoramas SET data = @data WHERE distillation_id = @distillationId AND panorama_id = @panoramaId',
    { ...key, data },
  )
}

/** A run that has ended needs no data any more: what nothing else keeps is collected. */
export function releaseTrainingData(db: WriteDb, distillationId: string): void {
  db.run('UPDATE distillation_panoramas SET data = NULL WHERE distillation_id = @distillationId', { distillationId })
}
