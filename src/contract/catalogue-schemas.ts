import { z } from 'zod'
import './schema-runtime.ts'

/** Records of the catalogue: published models for real streets, fetched from a model hub when somebody asks for one. */

export const catalogueEntrySchema = z.object({
  /** the hub's repository, "owner/name": what an entry is asked for by */
  repo: z.string(),
  /** init: first weights of students */
  kind: z.enum(['sam', 'ta', 'init']),
  /** what it is and what it was trained on, in a sentence */
  summary: z.string(),
  /** under which its publisher gives it */
  licence: z.string(),
  /** its page on the hub */
  page: z.string(),
  /** what is fetched, as the hub names it */
  files: z.array(z.string()),
  /** the model of this workspace that it was added as */
  modelId: z.string().nullable(),
  /** init: the downloaded file on the host's machine, which students can begin with */
  weightsFile: z.string().nullable(),
})
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>

/** What the hub says about an entry at the moment. */
export const catalogueFilesSchema = z.object({
  files: z.array(z.object({ name: z.string(), bytes: z.int() })),
  /** of all of them */
  bytes: z.int(),
})
export type CatalogueFiles = z.infer<typeof catalogueFilesSchema>
