import { StudioError } from '../../contract/errors.ts'
import type { Evaluation, ProviderSetting } from '../../contract/schemas.ts'
import { evaluationRecordSchema, type EvaluationRecord, type EvaluationSubject, type InferenceMode } from '../../contract/training-schemas.ts'
import type { ReadDb, Row, SqlValue, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { removeJobsOf, requireNoActiveJob } from './jobs.ts'
import { parseJson, parseRecord } from './rows.ts'

export interface NewEvaluation {
  /** where the job must know it beforehand */
  readonly id?: string
  readonly subject: EvaluationSubject
  readonly datasetId: string
  /** folder; null: imported with the dataset */
  readonly truth: string | null
  /** null for a labelling run */
  readonly mode: InferenceMode | null
  readonly provider: ProviderSetting
  readonly jobId: string
  /** of what is known before it starts */
  readonly hashes: Readonly<Record<string, string>>
}

export type EvaluationSummary = Omit<EvaluationRecord, 'confusion' | 'perPanorama'>

const SUMMARY = `
  e.id, e.subject_kind AS subjectKind, e.subject_id AS subjectId,
  coalesce(
    CASE e.subject_kind
      WHEN 'student' THEN (SELECT name FROM students WHERE id = e.subject_id)
      WHEN 'ta' THEN (SELECT name FROM models WHERE id = e.subject_id)
      ELSE (SELECT name FROM labelling_runs WHERE id = e.subject_id) END,
    e.subject_name) AS subjectName,
  e.dataset_id AS datasetId, d.name AS datasetName, e.truth, e.mode, e.job_id AS jobId, e.status, e.error, e.result, e.hashes,
  e.milliseconds_per_panorama AS millisecondsPerPanorama, e.created_at AS createdAt`
const FROM = 'FROM evaluations e JOIN datasets d ON d.id = e.dataset_id'

export function addEvaluation(db: WriteDb, evaluation: NewEvaluation): EvaluationSummary {
  const id = evaluation.id ?? newId('eval')
  const { subject, datasetId, truth, mode, provider, jobId, hashes } = evaluation
  db.run(
    `INSERT INTO evaluations (id, subject_kind, subject_id, subject_name, dataset_id, truth, mode, provider, job_id, hashes, created_at)
     VALUES (@id, @kind, @subjectId, @name, @datasetId, @truth, @mode, @provider, @jobId, @hashes, @createdAt)`,
    {
      id, kind: subject.kind, subjectId: subject.id, name: subject.name, datasetId, truth, mode, provider, jobId,
      hashes: JSON.stringify(hashes), createdAt: db.now(),
    },
  )
  return getEvaluationSummary(db, id)
}

/** Newest first. */
export function listEvaluations(db: ReadDb): EvaluationSummary[] {
  return db.all(`SELECT ${SUMMARY} ${FROM} ORDER BY e.rowid DESC`).map(toSummary)
}

/** Throws `not-found`. */
export function getEvaluationSummary(db: ReadDb, id: string): EvaluationSummary {
  const row = db.get(`SELECT ${SUMMARY} ${FROM} WHERE e.id = @id`, { id })
  if (row === undefined) throw new StudioError('not-found', `There is no evaluation "${id}" in this workspace. It may have been removed.`)
  return toSummary(row)
}

/** With the confusion matrix and what each panorama scored, in natural order of the names. Throws `not-found`. */
export function getEvaluation(db: ReadDb, id: string): EvaluationRecord {
  const summary = getEvaluationSummary(db, id)
  const confusion = parseJson(db.get('SELECT confusion FROM evaluations WHERE id = @id', { id })?.confusion)
  const perPanorama = db.all(
    `SELECT x.panorama_id AS panoramaId, p.name, x.scores ->> '$.miou' AS miou, x.scores ->> '$.pixelAccuracy' AS pixelAccuracy, x.prediction
     FROM evaluation_panoramas x JOIN panoramas p ON p.id = x.panorama_id
     WHERE x.evaluation_id = @id AND x.scores IS NOT NULL ORDER BY p.sort_key, p.name`,
    { id },
  )
  return parseRecord(evaluationRecordSchema, { ...summary, confusion, perPanorama }, 'evaluation')
}

/** What asks to run: the setting as it was given. */
export function providerOfEvaluation(db: ReadDb, id: string): ProviderSetting {
  return String(db.get('SELECT provider FROM evaluations WHERE id = @id', { id })?.provider) as ProviderSetting
}

/** Done. Throws `not-found` when it was removed meanwhile. */
export function finishEvaluation(
  db: WriteDb, id: string,
  outcome: Pick<EvaluationRecord, 'confusion' | 'hashes' | 'millisecondsPerPanorama'> & { readonly result: Evaluation },
): void {
  update(db, id, `status = 'done', error = NULL, result = @result, confusion = @confusion, hashes = @hashes, milliseconds_per_panorama = @ms`, {
    result: JSON.stringify(outcome.result), confusion: JSON.stringify(outcome.confusion), hashes: JSON.stringify(outcome.hashes),
    ms: outcome.millisecondsPerPanorama,
  })
}

export function failEvaluation(db: WriteDb, id: string, message: string): void {
  update(db, id, `status = 'failed', error = @message, result = NULL, confusion = NULL`, { message })
}

/** Its job goes to work (again). What panoramas scored stays. */
export function reopenEvaluation(db: WriteDb, id: string): void {
  update(db, id, `status = 'pending', error = NULL, result = NULL, confusion = NULL`, {})
}

function update(db: WriteDb, id: string, assignments: string, parameters: Readonly<Record<string, SqlValue>>): void {
  const changed = db.run(`UPDATE evaluations SET ${assignments} WHERE id = @id`, { ...parameters, id })
  if (changed === 0) throw new StudioError('not-found', 'The evaluation was removed while it was under way.')
}

/** Removes it with its job; cached predictions stay. Throws `not-found`, and `conflict` while its job is not finished. */
export function removeEvaluation(db: WriteDb, id: string): void {
  const { subject } = getEvaluationSummary(db, id)
  requireNoActiveJob(db, id, `the evaluation of "${subject.name}"`)
  db.run('DELETE FROM evaluations WHERE id = @id', { id })
  removeJobsOf(db, id)
}

/**
 * SQL for a column: mIoU of the newest evaluation of the student in row `student`, as its weights are now; its own dataset
 * counts before others. null where there is none.
 */
export function newestMiou(student: string): string {
  return `(SELECT e.result ->> '$.miou' FROM evaluations e
    WHERE e.subject_kind = 'student' AND e.subject_id = ${student}.id AND e.status = 'done' AND e.hashes ->> '$.network' = ${student}.network
    ORDER BY e.dataset_id IS ${student}.dataset_id DESC, e.rowid DESC LIMIT 1)`
}

function toSummary({ subjectKind, subjectId, subjectName, ...row }: Row): EvaluationSummary {
  const record = {
    ...row, subject: { kind: subjectKind, id: subjectId, name: subjectName }, result: parseJson(row.result), hashes: parseJson(row.hashes),
  }
  return parseRecord(evaluationRecordSchema.omit({ confusion: true, perPanorama: true }), record, 'evaluation')
}
