import { z } from 'zod'
import { generatedStreetsSchema } from './generated-schemas.ts'

/** The tour: the whole job once on generated streets with the built-in models, each step the job that a person would start. */

/** In their order. `score-teachers`: what there is before a student learned anything. */
export const TOUR_STEPS = ['draw', 'label', 'score-teachers', 'distil', 'score-student'] as const
export const tourStepNameSchema = z.enum(TOUR_STEPS)
export type TourStepName = z.infer<typeof tourStepNameSchema>

/** What is scored against the hidden truth. `source`: the network that the student begins as, which never saw these streets. */
export const TOUR_SUBJECTS = ['source', 'ta', 'labels', 'student'] as const
export const tourSubjectSchema = z.enum(TOUR_SUBJECTS)
export type TourSubject = z.infer<typeof tourSubjectSchema>

export const tourSettingsSchema = generatedStreetsSchema.omit({ vfovDeg: true, style: true }).extend({
  panoramas: z.int().min(2).max(1000),
  /** training size, multiples of 32 */
  trainHeight: z.int().min(32).max(4096).multipleOf(32),
  trainWidth: z.int().min(32).max(8192).multipleOf(32),
  /** updates of the student; null: as many as fit into the tour's minutes on this machine */
  steps: z.int().min(1).max(1_000_000).nullable(),
})
export type TourSettings = z.infer<typeof tourSettingsSchema>

export const DEFAULT_TOUR_SETTINGS: TourSettings = {
  panoramas: 12, width: 1024, height: 512, seed: 1, trainHeight: 256, trainWidth: 512, steps: null,
}

export const tourStepSchema = z.object({
  name: tourStepNameSchema,
  state: z.enum(['waiting', 'running', 'paused', 'stopped', 'failed', 'done', 'skipped']),
  /** its jobs, in the order in which they run; empty: not begun */
  jobIds: z.array(z.string()),
  /** what went wrong before or in a job */
  error: z.string().nullable(),
  /** it can be left as it is, and the next one begins with what there is */
  canSkip: z.boolean(),
})
export type TourStep = z.infer<typeof tourStepSchema>

export const tourSchema = z.object({
  id: z.string(),
  /** paused, stopped and failed ones go on when they are told to */
  state: z.enum(['running', 'paused', 'stopped', 'failed', 'done']),
  settings: tourSettingsSchema,
  steps: z.array(tourStepSchema),
  /** null: not made yet, or removed */
  datasetId: z.string().nullable(),
  runId: z.string().nullable(),
  distillationId: z.string().nullable(),
  studentId: z.string().nullable(),
  /** by what is scored; those that are not begun, or were removed, are missing */
  evaluations: z.array(z.object({ subject: tourSubjectSchema, evaluationId: z.string() })),
  startedAt: z.string(),
  /** when the first panorama was labelled */
  firstLabelAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
})
export type Tour = z.infer<typeof tourSchema>
