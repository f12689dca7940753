import type { BuiltinModelName } from '../../contract/generated-schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'

/** Which models of the workspace are built-in ones. */
export interface BuiltinRow {
  readonly name: BuiltinModelName
  /** SHA-256 of the weights it was made from */
  readonly weights: string
  readonly modelId: string
}

export function findBuiltin(db: ReadDb, name: BuiltinModelName): BuiltinRow | null {
  const row = db.get('SELECT weights, model_id AS modelId FROM builtin_models WHERE name = @name', { name })
  return row === undefined ? null : { name, weights: String(row.weights), modelId: String(row.modelId) }
}

export function rememberBuiltin(db: WriteDb, { name, weights, modelId }: BuiltinRow): void {
  db.run('INSERT OR REPLACE INTO builtin_models (name, weights, model_id) VALUES (@name, @weights, @modelId)', { name, weights, modelId })
}
