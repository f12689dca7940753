import { z } from 'zod'
import { TOUR_STEPS, TOUR_SUBJECTS, tourSettingsSchema } from '../../contract/tour-schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { parseJson, parseRecord } from './rows.ts'

/** What is written down of a tour; how far its steps are, their jobs say. */
const tourRecordSchema = z.object({
  id: z.string(),
  startedAt: z.string(),
  settings: tourSettingsSchema,
  state: z.enum(['running', 'stopped', 'done']),
  /** jobs by step, in the order in which they run */
  jobs: z.partialRecord(z.enum(TOUR_STEPS), z.array(z.string())),
  skipped: z.array(z.enum(TOUR_STEPS)),
  datasetId: z.string().nullable(),
  runId: z.string().nullable(),
  distillationId: z.string().nullable(),
  evaluations: z.partialRecord(z.enum(TOUR_SUBJECTS), z.string()),
  firstLabelAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  /** why a step could not begin */
  error: z.string().nullable(),
})
export type TourRecord = z.infer<typeof tourRecordSchema>

export function addTour(db: WriteDb, settings: TourRecord['settings']): TourRecord {
  const tour: TourRecord = {
    id: newId('tour'), startedAt: db.now(), settings, state: 'running', jobs: {}, skipped: [], datasetId: null, runId: null, distillationId: null,
    evaluations: {}, firstLabelAt: null, finishedAt: null, error: null,
  }
  const { id, startedAt, ...record } = tour
  db.run('INSERT INTO tours (id, record, created_at) VALUES (@id, @record, @startedAt)', { id, startedAt, record: JSON.stringify(record) })
  return tour
}

/** The newest, or null. */
export function lastTour(db: ReadDb): TourRecord | null {
  const row = db.get('SELECT id, record, created_at AS startedAt FROM tours ORDER BY rowid DESC LIMIT 1')
  return row === undefined ? null : toTour(row)
}

export function getTour(db: ReadDb, id: string): TourRecord {
  return toTour(db.get('SELECT id, record, created_at AS startedAt FROM tours WHERE id = @id', { id }) ?? {})
}

export function updateTour(db: WriteDb, id: string, patch: Partial<Omit<TourRecord, 'id' | 'startedAt'>>): TourRecord {
  const tour = { ...getTour(db, id), ...patch }
  const { id: _, startedAt, ...record } = tour
  db.run('UPDATE tours SET record = @record WHERE id = @id', { id, record: JSON.stringify(record) })
  return { ...tour, id, startedAt }
}

function toTour({ id, startedAt, record }: Row): TourRecord {
  return parseRecord(tourRecordSchema, { ...(parseJson(record) as object | null), id, startedAt }, 'tour')
}
