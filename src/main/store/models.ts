import { StudioError } from '../../contract/errors.ts'
import type { Model } from '../../contract/schemas.ts'
import { modelSchema } from '../../contract/schemas.ts'
import type { SamSettings } from '../../core/goodsam/config.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { requireFreeName, resolveReference } from './reference.ts'
import { parseJson, parseRecord } from './rows.ts'

/** The id may be given where the files' folder is named after it. */
export type NewModel = Omit<Model, 'id' | 'createdAt'> & { readonly id?: string }

const SELECT = `
  SELECT id, name, kind, dialect, files, sha256, sam_settings AS samSettings, classes, created_at AS createdAt
  FROM models`

/** Throws `conflict` when the name is taken. */
export function addModel(db: WriteDb, model: NewModel): Model {
  requireFreeName(db, 'models', model.name)
  const added = parseRecord(modelSchema, { ...model, id: model.id ?? newId('model'), createdAt: db.now() }, 'model')
  db.run(
    `INSERT INTO models (id, name, kind, dialect, files, sha256, sam_settings, classes, created_at)
     VALUES (@id, @name, @kind, @dialect, @files, @sha256, @samSettings, @classes, @createdAt)`,
    {
      ...added,
      files: JSON.stringify(added.files),
      samSettings: added.samSettings === null ? null : JSON.stringify(added.samSettings),
    },
  )
  return added
}

/** Oldest first. */
export function listModels(db: ReadDb): Model[] {
  return db.all(`${SELECT} ORDER BY rowid`).map(toModel)
}

/** By id or unique name. Throws `not-found` with near names. */
export function getModel(db: ReadDb, reference: string): Model {
  const id = resolveReference(db, 'models', reference)
  return toModel(db.get(`${SELECT} WHERE id = @id`, { id }) ?? {})
}

/** The model with these files, or null: adding it again is no second model. */
export function findModelByContent(db: ReadDb, sha256: string): Model | null {
  const row = db.get(`${SELECT} WHERE sha256 = @sha256 ORDER BY rowid LIMIT 1`, { sha256 })
  return row === undefined ? null : toModel(row)
}

/** Throws `not-found`, `conflict` (it is no SAM). */
export function setSamSettings(db: WriteDb, reference: string, settings: SamSettings): Model {
  const { id, kind, name } = getModel(db, reference)
  if (kind !== 'sam') throw new StudioError('conflict', `"${name}" is a TA: it has no mask filters. Choose a SAM model.`)
  db.run('UPDATE models SET sam_settings = @settings WHERE id = @id', { id, settings: JSON.stringify(settings) })
  return getModel(db, id)
}

/** Throws `not-found`, `conflict`. */
export function renameModel(db: WriteDb, reference: string, name: string): Model {
  const { id } = getModel(db, reference)
  requireFreeName(db, 'models', name, id)
  db.run('UPDATE models SET name = @name WHERE id = @id', { id, name })
  return getModel(db, id)
}

/**
 * Forgets the model and returns it, so that the caller can remove its files after the transaction.
 * Throws `not-found`, and `conflict` while a labelling run names it.
 */
export function removeModel(db: WriteDb, reference: string): Model {
  const model = getModel(db, reference)
  const run = db.get('SELECT name FROM labelling_runs WHERE sam_id = @id OR ta_id = @id LIMIT 1', { id: model.id })
  if (run !== undefined) {
    throw new StudioError('conflict', `The model "${model.name}" made the labelling run "${String(run.name)}". Remove that run first.`)
  }
  db.run('DELETE FROM models WHERE id = @id', { id: model.id })
  return model
}

function toModel(row: Row): Model {
  return parseRecord(modelSchema, { ...row, files: parseJson(row.files), samSettings: parseJson(row.samSettings) }, 'model')
}
