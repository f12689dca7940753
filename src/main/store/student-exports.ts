import { StudioError } from '../../contract/errors.ts'
import { studentExportSchema, type ExportedFile, type StudentExport } from '../../contract/training-schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { removeJobsOf, requireNoActiveJob } from './jobs.ts'
import { parseJson, parseRecord } from './rows.ts'

export interface NewStudentExport {
  /** where the job must know it beforehand */
  readonly id?: string
  readonly studentId: string
  readonly jobId: string
  /** absolute */
  readonly folder: string
}

export interface FinishedExport {
  readonly zip: { readonly hash: string; readonly bytes: number } | null
  readonly files: readonly ExportedFile[]
  readonly warnings: readonly string[]
}

/** An export whose job was cancelled before it began to work, or while it did, has nothing to show. */
const SELECT = `
  SELECT e.id, e.student_id AS studentId, s.name AS studentName, e.job_id AS jobId,
    CASE WHEN e.status = 'pending' AND j.state = 'cancelled' THEN 'failed' ELSE e.status END AS status,
    CASE WHEN e.status = 'pending' AND j.state = 'cancelled' THEN 'It was cancelled.' ELSE e.error END AS error,
    e.folder, e.zip, e.zip_bytes AS zipBytes, e.files, e.warnings, e.created_at AS createdAt
  FROM student_exports e JOIN students s ON s.id = e.student_id JOIN jobs j ON j.id = e.job_id`

export function addStudentExport(db: WriteDb, { id = newId('export'), studentId, jobId, folder }: NewStudentExport): StudentExport {
  db.run(
    `INSERT INTO student_exports (id, student_id, job_id, folder, created_at) VALUES (@id, @studentId, @jobId, @folder, @createdAt)`,
    { id, studentId, jobId, folder, createdAt: db.now() },
  )
  return getStudentExport(db, id)
}

/** Newest first; of one student or of all. */
export function listStudentExports(db: ReadDb, studentId: string | null): StudentExport[] {
  return db.all(`${SELECT} WHERE @studentId IS NULL OR e.student_id = @studentId ORDER BY e.rowid DESC`, { studentId }).map(toExport)
}

/** Throws `not-found`. */
export function getStudentExport(db: ReadDb, id: string): StudentExport {
  const row = db.get(`${SELECT} WHERE e.id = @id`, { id })
  if (row === undefined) throw new StudioError('not-found', `There is no export "${id}" in this workspace. It may have been removed.`)
  return toExport(row)
}

/** The zip must be in the store already: file first, row second. Throws `not-found` when the export was removed meanwhile. */
export function finishStudentExport(db: WriteDb, id: string, { zip, files, warnings }: FinishedExport): StudentExport {
  db.run(
    `UPDATE student_exports SET status = 'done', error = NULL, zip = @zip, zip_bytes = @zipBytes, files = @files, warnings = @warnings WHERE id = @id`,
    { id, zip: zip?.hash ?? null, zipBytes: zip?.bytes ?? null, files: JSON.stringify(files), warnings: JSON.stringify(warnings) },
  )
  return getStudentExport(db, id)
}

export function failStudentExport(db: WriteDb, id: string, message: string): void {
  db.run(`UPDATE student_exports SET status = 'failed', error = @message WHERE id = @id`, { id, message })
}

/** Its job goes to work (again). */
export function reopenStudentExport(db: WriteDb, id: string): void {
  db.run(`UPDATE student_exports SET status = 'pending', error = NULL WHERE id = @id`, { id })
}

/** Forgets the export; the files in its folder stay. Throws `not-found`, and `conflict` while its job is not finished. */
export function removeStudentExport(db: WriteDb, id: string): StudentExport {
  const removed = getStudentExport(db, id)
  requireNoActiveJob(db, id, `the export of "${removed.studentName}"`)
  db.run('DELETE FROM student_exports WHERE id = @id', { id })
  removeJobsOf(db, id)
  return removed
}

/** The student whose export this zip is, or null where the artifact is no export. */
export function findStudentOfZip(db: ReadDb, hash: string): string | null {
  const row = db.get('SELECT s.name FROM student_exports e JOIN students s ON s.id = e.student_id WHERE e.zip = @hash LIMIT 1', { hash })
  return row === undefined ? null : String(row.name)
}

function toExport(row: Row): StudentExport {
  return parseRecord(studentExportSchema, { ...row, files: parseJson(row.files), warnings: parseJson(row.warnings) }, 'export')
}
