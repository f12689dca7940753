import type { CatalogueEntry } from '../../../../contract/catalogue-schemas.ts'
import type { BuiltinModel } from '../../../../contract/generated-schemas.ts'
import type { ModelDialect, ModelFile, ModelKind } from '../../../../contract/schemas.ts'

/** Models in words. */
export const KINDS: Readonly<Record<ModelKind, { readonly short: string; readonly name: string; readonly what: string }>> = {
  sam: { short: 'SAM', name: 'SAM', what: 'Finds masks, without classes. Two files: encoder and decoder.' },
  ta: { short: 'TA', name: 'Teacher assistant', what: 'Knows classes, from ordinary street images. One file.' },
}

export const DIALECTS: Readonly<Record<ModelDialect, string>> = {
  'sam-transformers-js': 'transformers.js SAM', 'sam-official': 'official SAM decoder', semantic: 'semantic network',
}

export const ROLES: Readonly<Record<ModelFile['role'], string>> = {
  encoder: 'Encoder', decoder: 'Decoder', network: 'Network', 'external-data': 'External data',
}

export const BUILTIN_KINDS: Readonly<Record<BuiltinModel['kind'], string>> = { sam: 'SAM', ta: 'TA', init: 'first weights' }

/** Where the catalogue is shown; no model has this id. */
export const CATALOGUE_ID = 'catalogue'
export const CATALOGUE_HREF = `/models/${CATALOGUE_ID}`

/** What built-in models are good for, and what to get for everything else; where a link can stand: `BuiltinLimits`. */
export const BUILTIN_LIMITS = 'knows generated streets; for real ones choose from the catalogue (Models, “Models for real streets”).'

/** Kinds of published models in the catalogue, in its order. */
export const CATALOGUE_KINDS: Readonly<Record<CatalogueEntry['kind'], { readonly title: string; readonly what: string; readonly others: string }>> = {
  sam: { title: 'SAM', what: 'finds masks, without classes', others: 'larger ones' },
  ta: { title: 'Teacher assistants', what: 'know the classes of street scenes', others: 'other resolutions and sizes' },
  init: { title: 'First weights', what: 'what a student begins with', others: 'other sizes' },
}

/** The folder of the workspace in which a download looks for files before it asks the hub. */
export function downloadFolder(workspace: string, repo: string): string {
  const separator = workspace.includes('\\') ? '\\' : '/'
  return [workspace.replace(/[/\\]+$/, ''), 'downloads', repo.replace('/', '--')].join(separator)
}
