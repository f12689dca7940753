import { z } from 'zod'
import { catalogueEntrySchema, catalogueFilesSchema } from './catalogue-schemas.ts'
import { builtinModelNameSchema, builtinModelSchema, generatedStreetsSchema } from './generated-schemas.ts'
import {
  callProgressSchema, changeSchema, datasetSchema, engineStatusSchema, evaluationSchema, folderListingSchema,
  fusionConfigSchema, goodsamConfigSchema, hashSchema, jobLogLineSchema, jobSchema, labelSetSchema,
  labellingRunSchema, labelsExportSchema, modelKindSchema, modelSchema, panoramaResultSchema, panoramaSchema,
  projectionSchema, providerSettingSchema, recipeSchema, refusedFileSchema, reviewVerdictSchema, samSettingsSchema,
  settingsSchema, windowGeometrySchema, workspaceInfoSchema,
} from './schemas.ts'
import {
  askedConfigSchema, checkpointSchema, comparisonSchema, curveSchema, distillationConfigSchema, distillationRunSchema, estimateSchema,
  evaluationRecordSchema, inferenceModeSchema, studentExportSchema, studentSchema, studentSizeSchema, trainingEventSchema,
  trainingSampleSchema,
} from './training-schemas.ts'
import { tourSchema, tourSettingsSchema, tourStepNameSchema } from './tour-schemas.ts'

/**
 * THE contract: what a window, a script or a test may ask of a host. Name -> kind, input, output.
 * Pixels do not travel here; they are fetched by URL as artifacts (see artifactUrl in the links).
 */

interface Call<Kind extends 'query' | 'mutation', I extends z.ZodType, O extends z.ZodType> {
  readonly kind: Kind
  readonly input: I
  readonly output: O
}
interface Subscription<I extends z.ZodType, O extends z.ZodType> {
  readonly kind: 'subscription'
  readonly input: I
  /** one event */
  readonly output: O
  /**
   * Events with the same key replace one another while a subscriber is slow, so its backlog is bounded by the number
   * of keys.
   */
  readonly conflateBy: (event: z.infer<O>) => string
}

function query<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Call<'query', I, O> {
  return { kind: 'query', input, output }
}
function mutation<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Call<'mutation', I, O> {
  return { kind: 'mutation', input, output }
}
function subscription<I extends z.ZodType, O extends z.ZodType>(
  input: I, output: O, conflateBy: (event: z.infer<O>) => string,
): Subscription<I, O> {
  return { kind: 'subscription', input, output, conflateBy }
}

const nothing = z.object({})
/** an id, or a unique name */
const reference = z.string().min(1)
/** What is to be distilled, as a person says it: `distillations.estimate` and `distillations.start` take the same. */
const distillationRequest = z.object({
  run: reference,
  /** a size, or the path of an ONNX file on the host's machine whose operators have gradient rules */
  student: z.union([studentSizeSchema, z.object({ onnx: z.string() })]),
  /** random; the built-in weights for a student of size Mini; a safetensors file's path on the host's machine; an earlier student (fine-tune) */
  init: z.union([z.literal('random'), z.literal('builtin'), z.object({ file: z.string() }), z.object({ student: reference })]),
  config: askedConfigSchema,
  name: z.string().min(1).max(100).nullable(),
  /** null: the workspace's setting */
  provider: providerSettingSchema.nullable(),
})

export const procedures = {
  'workspace.info': query(nothing, workspaceInfoSchema),
  'workspace.collectGarbage': mutation(nothing, z.object({ removed: z.int(), bytes: z.int() })),
  /** folders and model files of the host's machine, for the import and add dialogs; null: the home folder */
  'files.list': query(z.object({ path: z.string().nullable() }), folderListingSchema),

  'labelSets.list': query(nothing, z.array(labelSetSchema)),

  'datasets.list': query(nothing, z.array(datasetSchema)),
  'datasets.import': mutation(
    z.object({
      folder: z.string(),
      name: z.string().min(1).max(100),
      labelsFolder: z.string().nullable(),
      hfovDeg: z.number().positive().max(360).nullable(),
      vfovDeg: z.number().positive().max(180).nullable(),
    }),
    z.object({ datasetId: z.string(), jobId: z.string() }),
  ),
  /** draws streets as a dataset; more panoramas of the same may be asked for later */
  'datasets.generate': mutation(
    generatedStreetsSchema.extend({
      /** null: one is found */
      name: z.string().min(1).max(100).nullable(),
      panoramas: z.int().min(1).max(100_000),
      /** null: pixels as high as wide */
      vfovDeg: generatedStreetsSchema.shape.vfovDeg.nullable(),
    }),
    z.object({ datasetId: z.string(), jobId: z.string() }),
  ),
  'datasets.refused': query(z.object({ dataset: reference }), z.array(refusedFileSchema)),
  'datasets.rename': mutation(z.object({ dataset: reference, name: z.string().min(1).max(100) }), datasetSchema),
  'datasets.remove': mutation(z.object({ dataset: reference }), nothing),
  'panoramas.list': query(
    z.object({ dataset: reference, offset: z.int().min(0), limit: z.int().min(1).max(1000) }),
    z.object({ total: z.int(), panoramas: z.array(panoramaSchema) }),
  ),
  'panoramas.get': query(z.object({ panoramaId: z.string() }), panoramaSchema),
  /** artifact with the truth label map: what was imported, or what a generated panorama hides; null: there is none */
  'panoramas.truth': query(z.object({ panoramaId: z.string() }), z.object({ map: hashSchema.nullable() })),
  'panoramas.setProjection': mutation(
    z.object({ panoramaIds: z.array(z.string()).min(1), projection: projectionSchema.omit({ source: true }) }),
    nothing,
  ),

  'models.list': query(nothing, z.array(modelSchema)),
  'models.add': mutation(
    z.object({ kind: modelKindSchema, files: z.array(z.string()).min(1), name: z.string().nullable() }),
    modelSchema,
  ),
  /** models that come with the program */
  'models.builtin': query(nothing, z.array(builtinModelSchema)),
  /** the model of that name; where it was added before, that one */
  'models.addBuiltin': mutation(z.object({ name: builtinModelNameSchema }), modelSchema),
  /** published models that can be downloaded; asks nobody */
  'models.catalogue': query(nothing, z.array(catalogueEntrySchema)),
  /** the sizes of an entry's files, asked of the hub */
  'models.catalogueFiles': query(z.object({ repo: z.string() }), catalogueFilesSchema),
  /** fetches an entry and adds it; one whose download was interrupted goes on */
  'models.download': mutation(z.object({ repo: z.string() }), z.object({ jobId: z.string() })),
  'models.setSamSettings': mutation(z.object({ model: reference, settings: samSettingsSchema }), modelSchema),
  'models.rename': mutation(z.object({ model: reference, name: z.string().min(1).max(100) }), modelSchema),
  'models.remove': mutation(z.object({ model: reference }), nothing),

  'runs.list': query(nothing, z.array(labellingRunSchema)),
  'runs.get': query(z.object({ run: reference }), labellingRunSchema),
  'runs.start': mutation(
    z.object({
      dataset: reference,
      /** null: TA only */
      sam: reference.nullable(),
      ta: reference,
      recipe: recipeSchema,
      /** sliding where left out */
      windows: windowGeometrySchema.optional(),
      name: z.string().nullable(),
      /** null: the recipe's default */
      theta: z.number().min(0).max(1).nullable(),
      samSettings: samSettingsSchema.partial().nullable(),
      /** null: the workspace's setting */
      provider: providerSettingSchema.nullable(),
    }),
    z.object({ runId: z.string(), jobId: z.string() }),
  ),
  /** re-fuses every panorama of a run with other fusion parameters: a new run that reuses all cached stages */
  'runs.refuse': mutation(
    z.object({ run: reference, fusion: fusionConfigSchema.partial() }),
    z.object({ runId: z.string(), jobId: z.string() }),
  ),
  'runs.rename': mutation(z.object({ run: reference, name: z.string().min(1).max(100) }), labellingRunSchema),
  'runs.remove': mutation(z.object({ run: reference }), nothing),
  'runs.results': query(
    z.object({
      run: reference,
      sort: z.enum(['name', 'doubt']),
      offset: z.int().min(0),
      limit: z.int().min(1).max(1000),
    }),
    z.object({ total: z.int(), results: z.array(panoramaResultSchema) }),
  ),
  'runs.result': query(z.object({ run: reference, panoramaId: z.string() }), panoramaResultSchema),
  'recipes.list': query(nothing, z.array(goodsamConfigSchema)),

  /** verdict null takes a review back */
  'reviews.set': mutation(
    z.object({ run: reference, panoramaId: z.string(), verdict: reviewVerdictSchema.nullable() }),
    panoramaResultSchema,
  ),

  'labels.export': mutation(
    z.object({
      run: reference,
      format: z.enum(['cityscapes', 'color', 'coco-panoptic']),
      /** null: a new folder under the workspace's exports/ */
      out: z.string().nullable(),
    }),
    labelsExportSchema,
  ),
  'labels.evaluate': mutation(
    z.object({ run: reference, /** null: the dataset's imported truth */ truth: z.string().nullable() }),
    evaluationSchema,
  ),

  'distillations.list': query(nothing, z.array(distillationRunSchema)),
  'distillations.get': query(z.object({ distillation: reference }), distillationRunSchema),
  /** the configuration that `start` would use where nothing else is said */
  'distillations.defaults': query(z.object({ run: reference.nullable() }), distillationConfigSchema),
  /** time and memory before the start; throws what `start` would throw */
  'distillations.estimate': query(distillationRequest, estimateSchema),
  'distillations.start': mutation(distillationRequest, z.object({ distillationId: z.string(), jobId: z.string() })),
  /** multiplies the schedule's learning rate from the next update on */
  'distillations.setLearningRateFactor': mutation(z.object({ distillation: reference, factor: z.number().positive().max(100) }), distillationRunSchema),
  'distillations.rename': mutation(z.object({ distillation: reference, name: z.string().min(1).max(100) }), distillationRunSchema),
  /** with its checkpoints, curve and samples; its student stays */
  'distillations.remove': mutation(z.object({ distillation: reference }), nothing),
  /** thinned to at most `maxPoints` by the mean of neighbours */
  'distillations.curve': query(z.object({ distillation: reference, afterStep: z.int(), maxPoints: z.int().min(2).max(20_000) }), curveSchema),
  'distillations.samples': query(z.object({ distillation: reference }), z.array(trainingSampleSchema)),
  'distillations.checkpoints': query(z.object({ distillation: reference }), z.array(checkpointSchema)),
  /** the student takes this checkpoint's weights */
  'distillations.useCheckpoint': mutation(z.object({ distillation: reference, checkpointId: z.string() }), studentSchema),

  'students.list': query(nothing, z.array(studentSchema)),
  'students.get': query(z.object({ student: reference }), studentSchema),
  'students.rename': mutation(z.object({ student: reference, name: z.string().min(1).max(100) }), studentSchema),
  'students.remove': mutation(z.object({ student: reference }), nothing),
  'students.export': mutation(
    z.object({ student: reference, /** null: a new folder under the workspace's exports/ */ out: z.string().nullable(), zip: z.boolean() }),
    z.object({ exportId: z.string(), jobId: z.string() }),
  ),
  'students.exports': query(z.object({ student: reference.nullable() }), z.array(studentExportSchema)),
  /** forgets it; the files in its folder stay */
  'students.removeExport': mutation(z.object({ exportId: z.string() }), nothing),

  'evaluations.list': query(nothing, z.array(evaluationRecordSchema.omit({ confusion: true, perPanorama: true }))),
  'evaluations.get': query(z.object({ evaluationId: z.string() }), evaluationRecordSchema),
  'evaluations.start': mutation(
    z.object({
      subject: z.union([z.object({ student: reference }), z.object({ ta: reference }), z.object({ run: reference })]),
      /** null: the dataset it was made from */
      dataset: reference.nullable(),
      /** a folder of label maps; null: the dataset's imported truth */
      truth: z.string().nullable(),
      mode: inferenceModeSchema,
      /** at which a TA sees a whole panorama, multiples of 32; nothing: as its file states, else as large as street images are */
      size: z.object({ height: z.int().min(32).multipleOf(32), width: z.int().min(32).multipleOf(32) }).nullable().optional(),
      provider: providerSettingSchema.nullable(),
    }),
    z.object({ evaluationId: z.string(), jobId: z.string() }),
  ),
  'evaluations.remove': mutation(z.object({ evaluationId: z.string() }), nothing),
  'evaluations.compare': query(z.object({ evaluationIds: z.array(z.string()).min(2).max(8) }), comparisonSchema),

  /** the last tour; null: there was none */
  'tour.get': query(nothing, z.object({ tour: tourSchema.nullable() })),
  /** begins one; the records of an earlier one stay. `conflict` while one runs */
  'tour.start': mutation(tourSettingsSchema.partial(), tourSchema),
  /** the step that is under way ends, a training after it has saved what it learned, and the next one begins with what there is */
  'tour.skip': mutation(z.object({ step: tourStepNameSchema }), tourSchema),
  /** cancels the step that is under way; what it finished is kept */
  'tour.stop': mutation(nothing, tourSchema),
  /** after a pause, a stop or a failure */
  'tour.goOn': mutation(nothing, tourSchema),

  'jobs.list': query(nothing, z.array(jobSchema)),
  'jobs.get': query(z.object({ jobId: z.string() }), jobSchema),
  'jobs.log': query(z.object({ jobId: z.string(), afterSeq: z.int() }), z.array(jobLogLineSchema)),
  /** puts a waiting job to work where the host only runs what it is asked for (command line) */
  'jobs.start': mutation(z.object({ jobId: z.string() }), jobSchema),
  'jobs.pause': mutation(z.object({ jobId: z.string() }), jobSchema),
  'jobs.resume': mutation(z.object({ jobId: z.string() }), jobSchema),
  'jobs.cancel': mutation(z.object({ jobId: z.string() }), jobSchema),
  /** runs the failed items again */
  'jobs.retry': mutation(z.object({ jobId: z.string() }), jobSchema),

  'engine.status': query(nothing, engineStatusSchema),
  'engine.restart': mutation(nothing, engineStatusSchema),
  'settings.get': query(nothing, settingsSchema),
  'settings.set': mutation(settingsSchema.partial(), settingsSchema),

  'on.jobs': subscription(nothing, jobSchema, (job) => job.id),
  'on.changes': subscription(nothing, changeSchema, (change) => `${change.area}/${change.id ?? ''}`),
  'on.callProgress': subscription(nothing, callProgressSchema, (progress) => `${progress.call}/${progress.runId}`),
  'on.training': subscription(nothing, trainingEventSchema, (event) => event.distillationId),
  'on.engine': subscription(nothing, engineStatusSchema, () => 'engine'),
} as const

export type Procedures = typeof procedures
export type ProcedureName = keyof Procedures
export type NameOf<Kind> = { [N in ProcedureName]: Procedures[N]['kind'] extends Kind ? N : never }[ProcedureName]
export type CallName = NameOf<'query' | 'mutation'>
export type SubscriptionName = NameOf<'subscription'>
export type Input<N extends ProcedureName> = z.input<Procedures[N]['input']>
export type Output<N extends ProcedureName> = z.output<Procedures[N]['output']>

/** Long calls end early through the signal. */
export interface CallContext {
  readonly signal: AbortSignal
}

/** What the services implement: one function per procedure. */
export type Implementation = {
  [N in CallName]: (input: z.output<Procedures[N]['input']>, context: CallContext) => Promise<Output<N>> | Output<N>
} & {
  /** calls `emit` for every event until the signal aborts */
  [N in SubscriptionName]: (
    input: z.output<Procedures[N]['input']>, emit: (event: Output<N>) => void, signal: AbortSignal,
  ) => void
}

/** What a caller holds: the same calls, over whatever link. */
export interface Client {
  call<N extends CallName>(name: N, input: Input<N>, options?: { signal?: AbortSignal }): Promise<Output<N>>
  /** returns a function that ends the subscription; reconnects silently when the link comes back */
  subscribe<N extends SubscriptionName>(
    name: N, input: Input<N>, onEvent: (event: Output<N>) => void, onState?: (state: 'live' | 'lost') => void,
  ): () => void
}
