import type { Dataset } from '../../contract/schemas.ts'
import { datasetSchema } from '../../contract/schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { removeJobsOf, requireNoActiveJob } from './jobs.ts'
import { requireFreeName, resolveReference } from './reference.ts'
import { parseJson, parseRecord } from './rows.ts'

export interface NewDataset {
  /** where a job must know it beforehand */
  readonly id?: string
  readonly name: string
  /** the imported folder, absolute */
  readonly folder: string
  readonly labelSetId: string
  /** how its panoramas are drawn; none: they are imported */
  readonly generated?: Dataset['generated']
}

const SELECT = `
  SELECT id, name, folder, label_set_id AS labelSetId, generated, created_at AS createdAt,
    (SELECT count(*) FROM panoramas WHERE dataset_id = datasets.id) AS panoramas,
    (SELECT count(*) FROM panoramas WHERE dataset_id = datasets.id AND truth IS NOT NULL) AS withTruth,
    (SELECT count(*) FROM import_files WHERE dataset_id = datasets.id AND outcome = 'refused') AS refused
  FROM datasets`

/** Throws `conflict` when the name is taken. */
export function addDataset(db: WriteDb, dataset: NewDataset): Dataset {
  requireFreeName(db, 'datasets', dataset.name)
  const id = dataset.id ?? newId('ds')
  const { name, folder, labelSetId, generated = null } = dataset
  db.run(
    `INSERT INTO datasets (id, name, folder, label_set_id, generated, created_at) VALUES (@id, @name, @folder, @labelSetId, @generated, @createdAt)`,
    { id, name, folder, labelSetId, generated: generated === null ? null : JSON.stringify(generated), createdAt: db.now() },
  )
  return getDataset(db, id)
}

/** Oldest first. */
export function listDatasets(db: ReadDb): Dataset[] {
  return db.all(`${SELECT} ORDER BY rowid`).map(toDataset)
}

/** By id or unique name. Throws `not-found` with near names. */
export function getDataset(db: ReadDb, reference: string): Dataset {
  const id = resolveReference(db, 'datasets', reference)
  return toDataset(db.get(`${SELECT} WHERE id = @id`, { id }) ?? {})
}

/** The dataset of this name, or null. */
export function findDatasetByName(db: ReadDb, name: string): Dataset | null {
  const row = db.get(`${SELECT} WHERE name = @name`, { name })
  return row === undefined ? null : toDataset(row)
}

/** Throws `not-found`, `conflict`. */
export function renameDataset(db: WriteDb, reference: string, name: string): Dataset {
  const { id } = getDataset(db, reference)
  requireFreeName(db, 'datasets', name, id)
  db.run('UPDATE datasets SET name = @name WHERE id = @id', { id, name })
  return getDataset(db, id)
}

/**
 * Removes the dataset with its panoramas, labelling runs, results and reviews, distillation runs and evaluations; students
 * and the imported folder stay.
 * Throws `not-found`, and `conflict` while a job works on it.
 */
export function removeDataset(db: WriteDb, reference: string): void {
  const { id, name } = getDataset(db, reference)
  const made = db.all(
    `SELECT id FROM labelling_runs WHERE dataset_id = @id UNION ALL SELECT id FROM distillations WHERE dataset_id = @id
     UNION ALL SELECT id FROM evaluations WHERE dataset_id = @id`,
    { id },
  )
  const subjects = [id, ...made.map((row) => String(row.id))]
  for (const subject of subjects) requireNoActiveJob(db, subject, `the dataset "${name}"`)
  db.run('DELETE FROM datasets WHERE id = @id', { id })
  for (const subject of subjects) removeJobsOf(db, subject)
}

function toDataset(row: Row): Dataset {
  return parseRecord(datasetSchema, { ...row, generated: parseJson(row.generated) }, 'dataset')
}
