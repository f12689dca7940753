import type { ReadDb, WriteDb } from './database.ts'

/** The ids of the workspace's models that came from the catalogue, by repository. */
export function catalogueModels(db: ReadDb): ReadonlyMap<string, string> {
  return new Map(db.all('SELECT repo, model_id AS modelId FROM catalogue_models').map(({ repo, modelId }) => [String(repo), String(modelId)]))
}

export function rememberCatalogueModel(db: WriteDb, { repo, modelId }: { readonly repo: string; readonly modelId: string }): void {
  db.run('INSERT OR REPLACE INTO catalogue_models (repo, model_id) VALUES (@repo, @modelId)', { repo, modelId })
}
