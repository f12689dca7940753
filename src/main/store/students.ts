import { StudioError } from '../../contract/errors.ts'
import { studentSchema, type Student } from '../../contract/training-schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newestMiou } from './evaluations.ts'
import { newId } from './ids.ts'
import { requireFreeName, resolveReference } from './reference.ts'
import { parseJson, parseRecord } from './rows.ts'

export type NewStudent = Omit<Student, 'id' | 'miou' | 'createdAt'> & {
  /** what the model card says: configuration, teachers, hashes */
  readonly provenance: unknown
}

/** What a better checkpoint changes. */
export type StudentWeights = Pick<Student, 'weights' | 'network' | 'step' | 'score'>

/** The word that means the newest student wherever a student is named. */
const LAST = 'last'

const SELECT = `
  SELECT s.id, s.name, s.architecture, s.label_set_id AS labelSetId, s.classes, s.parameters, s.distillation_id AS distillationId,
    (SELECT id FROM labelling_runs WHERE id = s.labelling_run_id) AS labellingRunId, s.labelling_run_name AS labellingRunName,
    (SELECT id FROM datasets WHERE id = s.dataset_id) AS datasetId, s.init, s.weights, s.network, s.step, s.height, s.width,
    s.score, s.score_kind AS scoreKind, s.created_at AS createdAt,
    ${newestMiou('s')} AS miou
  FROM students s`

/** Throws `conflict` when the name is taken, `bad-input` for the name "last". */
export function addStudent(db: WriteDb, student: NewStudent): Student {
  requireStudentName(db, student.name)
  const id = newId('student')
  const { architecture, init, provenance, ...rest } = student
  db.run(
    `INSERT INTO students (id, name, architecture, label_set_id, classes, parameters, distillation_id, labelling_run_id,
       labelling_run_name, dataset_id, init, weights, network, step, height, width, score, score_kind, provenance, created_at)
     VALUES (@id, @name, @architecture, @labelSetId, @classes, @parameters, @distillationId, @labellingRunId,
       @labellingRunName, @datasetId, @init, @weights, @network, @step, @height, @width, @score, @scoreKind, @provenance, @createdAt)`,
    {
      ...rest, id,
      architecture: JSON.stringify(architecture), init: JSON.stringify(init), provenance: JSON.stringify(provenance), createdAt: db.now(),
    },
  )
  return getStudent(db, id)
}

/** Newest first. */
export function listStudents(db: ReadDb): Student[] {
  return db.all(`${SELECT} ORDER BY s.rowid DESC`).map(toStudent)
}

/** By id, unique name, or "last" for the newest. Throws `not-found` with near names. */
export function getStudent(db: ReadDb, reference: string): Student {
  const newest = reference === LAST ? db.get('SELECT id FROM students ORDER BY rowid DESC LIMIT 1') : undefined
  const id = newest === undefined ? resolveReference(db, 'students', reference) : String(newest.id)
  return toStudent(db.get(`${SELECT} WHERE s.id = @id`, { id }) ?? {})
}

/** The student that a distillation run made, or null before its first checkpoint. */
export function findStudentOf(db: ReadDb, distillationId: string): Student | null {
  const row = db.get(`${SELECT} WHERE s.distillation_id = @distillationId ORDER BY s.rowid LIMIT 1`, { distillationId })
  return row === undefined ? null : toStudent(row)
}

/** What the model card says about where the student comes from, as it was written when the student was made. */
export function studentProvenance(db: ReadDb, id: string): unknown {
  return parseJson(db.get('SELECT provenance FROM students WHERE id = @id', { id })?.provenance)
}

/** The artifacts must be in the store already: file first, row second. */
export function setStudentWeights(db: WriteDb, id: string, { weights, network, step, score }: StudentWeights): Student {
  db.run('UPDATE students SET weights = @weights, network = @network, step = @step, score = @score WHERE id = @id', { id, weights, network, step, score })
  return getStudent(db, id)
}

/** Throws `not-found`, `conflict`, `bad-input`. */
export function renameStudent(db: WriteDb, reference: string, name: string): Student {
  const { id } = getStudent(db, reference)
  requireStudentName(db, name, id)
  db.run('UPDATE students SET name = @name WHERE id = @id', { id, name })
  return getStudent(db, id)
}

/**
 * Removes the student and what is said of its exports; files that were exported stay, and so do its evaluations.
 * Throws `not-found`, and `conflict` while it is trained, evaluated or exported.
 */
export function removeStudent(db: WriteDb, reference: string): Student {
  const student = getStudent(db, reference)
  const active = db.get(
    `SELECT title FROM jobs WHERE state IN ('queued', 'running', 'paused') AND id IN (
       SELECT job_id FROM distillations WHERE id = @distillationId
       UNION SELECT job_id FROM evaluations WHERE subject_kind = 'student' AND subject_id = @id
       UNION SELECT job_id FROM student_exports WHERE student_id = @id) LIMIT 1`,
    { id: student.id, distillationId: student.distillationId },
  )
  if (active !== undefined) {
    throw new StudioError('conflict', `The job "${String(active.title)}" works on the student "${student.name}". Wait for it or cancel it, then try again.`)
  }
  const exports = db.all('SELECT job_id AS jobId FROM student_exports WHERE student_id = @id', { id: student.id })
  db.run('DELETE FROM students WHERE id = @id', { id: student.id })
  for (const { jobId } of exports) db.run('DELETE FROM jobs WHERE id = @id', { id: String(jobId) })
  return student
}

function requireStudentName(db: ReadDb, name: string, exceptId: string | null = null): void {
  if (name === LAST) throw new StudioError('bad-input', 'A student cannot be named "last": that word means the newest student. Choose another name.')
  requireFreeName(db, 'students', name, exceptId)
}

function toStudent(row: Row): Student {
  return parseRecord(studentSchema, { ...row, architecture: parseJson(row.architecture), init: parseJson(row.init) }, 'student')
}
