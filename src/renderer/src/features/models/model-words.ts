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
