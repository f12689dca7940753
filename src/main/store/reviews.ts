import { z } from 'zod'
import type { ReviewVerdict } from '../../contract/schemas.ts'
import { reviewVerdictSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { getResult } from './panorama-results.ts'
import { parseRecord } from './rows.ts'

const reviewSchema = z.object({ seq: z.int(), verdict: reviewVerdictSchema.nullable(), at: z.string() })
/** One line of the journal; verdict null: the review was taken back. */
export type Review = z.infer<typeof reviewSchema>

/** Appends to the journal: nothing is ever overwritten, the last line counts. Throws `not-found`. */
export function appendReview(
  db: WriteDb, key: { readonly runId: string; readonly panoramaId: string }, verdict: ReviewVerdict | null,
): void {
  getResult(db, key.runId, key.panoramaId)
  db.run('INSERT INTO reviews (run_id, panorama_id, verdict, at) VALUES (@runId, @panoramaId, @verdict, @at)', {
    ...key, verdict, at: db.now(),
  })
}

/** The whole history of one result, oldest first. */
export function listReviews(db: ReadDb, runId: string, panoramaId: string): Review[] {
  return db
    .all('SELECT seq, verdict, at FROM reviews WHERE run_id = @runId AND panorama_id = @panoramaId ORDER BY seq', { runId, panoramaId })
    .map((row) => parseRecord(reviewSchema, row, 'review'))
}
