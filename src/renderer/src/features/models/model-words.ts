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

/** What built-in models are good for, and what to get for everything else. */
export const BUILTIN_LIMITS =
  'knows generated streets; for real ones add a model from a hub (SAM: Xenova/slimsam-77-uniform or Xenova/sam-vit-base; ' +
  'TA: Xenova/segformer-b0-finetuned-cityscapes-1024-1024; first weights: nvidia/mit-b0).'
