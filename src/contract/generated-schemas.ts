import { z } from 'zod'
import './schema-runtime.ts'

/** Records of what comes with the program: generated streets and the models that know them. */

/** `source`: the world of ordinary street images that teachers are trained in; `target`: the one that panoramas are taken in. */
export const streetStyleSchema = z.enum(['source', 'target'])

/** How generated streets are drawn; the same gives the same pixels. */
export const generatedStreetsSchema = z.object({
  seed: z.int().min(0).max(2 ** 32 - 1),
  style: streetStyleSchema,
  width: z.int().min(64).max(16384),
  height: z.int().min(32).max(8192),
  /** degrees of the whole height, the horizon in the middle */
  vfovDeg: z.number().positive().max(180),
})
export type GeneratedStreets = z.infer<typeof generatedStreetsSchema>

export const builtinModelNameSchema = z.enum(['nano-sam', 'street-ta', 'mit-b0'])
export type BuiltinModelName = z.infer<typeof builtinModelNameSchema>

/** A model that comes with the program. It knows generated streets. */
export const builtinModelSchema = z.object({
  name: builtinModelNameSchema,
  /** init: first weights of students */
  kind: z.enum(['sam', 'ta', 'init']),
  /** what it is and what it was trained on, in a sentence */
  summary: z.string(),
  /** its files; null: they are missing from this installation */
  bytes: z.int().nullable(),
  /** the model of this workspace that it was added as */
  modelId: z.string().nullable(),
})
export type BuiltinModel = z.infer<typeof builtinModelSchema>
