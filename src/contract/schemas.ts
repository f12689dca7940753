import { z } from 'zod'
import { ERROR_CODES } from './errors.ts'
import { generatedStreetsSchema } from './generated-schemas.ts'
import './schema-runtime.ts'

/** Records as the hosts, the window and the command line see them. Parsed at every edge. */

export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/)

export const labelSetSchema = z.object({
  id: z.string(),
  name: z.string(),
  classes: z.array(
    z.object({
      trainId: z.int(),
      name: z.string(),
      labelId: z.int(),
      color: z.tuple([z.int(), z.int(), z.int()]),
    }),
  ),
})

/** How the pixels of a panorama lie on the sphere. Degrees. */
export const projectionSchema = z.object({
  kind: z.literal('equirectangular'),
  hfovDeg: z.number().positive().max(360),
  vfovDeg: z.number().positive().max(180),
  /** rows from the image's middle down to the horizon; positive: the horizon lies below the middle */
  horizonOffsetPx: z.number(),
  /** columns wrap: the left and the right edge are the same meridian */
  cyclic: z.boolean(),
  /** where it came from: the file's own metadata, a guess from the aspect ratio, or a person */
  source: z.enum(['gpano', 'aspect', 'user']),
})
export type Projection = z.infer<typeof projectionSchema>

export const datasetSchema = z.object({
  id: z.string(),
  name: z.string(),
  folder: z.string(),
  labelSetId: z.string(),
  panoramas: z.int(),
  /** panoramas with imported truth */
  withTruth: z.int(),
  refused: z.int(),
  /** null: imported. Generated panoramas have a hidden truth: nothing learns from it, evaluations score against it */
  generated: generatedStreetsSchema.nullable(),
  createdAt: z.string(),
})
export type Dataset = z.infer<typeof datasetSchema>

export const panoramaSchema = z.object({
  id: z.string(),
  datasetId: z.string(),
  /** unique in the dataset; the stem of the exported files */
  name: z.string(),
  /** train, val, test or "default" */
  split: z.string(),
  width: z.int(),
  height: z.int(),
  /** SHA-256 of the file as it was imported */
  fileSha256: hashSchema,
  /** artifact with upright 8-bit RGB pixels */
  image: hashSchema,
  imageBytes: z.int(),
  mediaType: z.string(),
  /** artifact with the truth label map, where labels were imported */
  truth: hashSchema.nullable(),
  projection: projectionSchema,
  warnings: z.array(z.string()),
})
export type Panorama = z.infer<typeof panoramaSchema>

export const refusedFileSchema = z.object({
  file: z.string(),
  code: z.string(),
  message: z.string(),
})
export type RefusedFile = z.infer<typeof refusedFileSchema>

export const tensorInfoSchema = z.object({
  name: z.string(),
  type: z.string(),
  /** numbers are fixed, strings are symbolic dimensions */
  shape: z.array(z.union([z.int(), z.string()])),
})
export type TensorInfo = z.infer<typeof tensorInfoSchema>

export const samSettingsSchema = z.object({
  pointsPerSide: z.int().min(1).max(128),
  pointsPerBatch: z.int().min(1).max(1024),
  predIou: z.number().min(0).max(1),
  stability: z.number().min(0).max(1),
  stabilityOffset: z.number().min(0).max(20),
  boxNms: z.number().min(0).max(1),
  minAreaFraction: z.number().min(0).max(1),
})

export const modelKindSchema = z.enum(['sam', 'ta'])
export type ModelKind = z.infer<typeof modelKindSchema>

export const modelDialectSchema = z.enum(['sam-transformers-js', 'sam-official', 'semantic'])
export type ModelDialect = z.infer<typeof modelDialectSchema>

export const modelFileSchema = z.object({
  /** what the file is to the dialect */
  role: z.enum(['encoder', 'decoder', 'network', 'external-data']),
  name: z.string(),
  bytes: z.int(),
  sha256: hashSchema,
  inputs: z.array(tensorInfoSchema),
  outputs: z.array(tensorInfoSchema),
})
export type ModelFile = z.infer<typeof modelFileSchema>

export const modelSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: modelKindSchema,
  dialect: modelDialectSchema,
  files: z.array(modelFileSchema),
  /** SHA-256 over the files' hashes: the model's part of every cache key */
  sha256: hashSchema,
  /** mask filters; null for a TA */
  samSettings: samSettingsSchema.nullable(),
  /** channels of a TA's logits; null for SAM */
  classes: z.int().nullable(),
  createdAt: z.string(),
})
export type Model = z.infer<typeof modelSchema>

export const recipeSchema = z.enum(['goodsam', 'goodsam++'])
/** rectangles of the panorama as the recipe has them, or undistorted views */
export const windowGeometrySchema = z.enum(['sliding', 'gnomonic'])
export const providerSettingSchema = z.enum(['auto', 'cpu', 'webgpu', 'cuda'])
export type ProviderSetting = z.infer<typeof providerSettingSchema>
export const providerSchema = z.enum(['cpu', 'webgpu', 'cuda'])
export type Provider = z.infer<typeof providerSchema>

export const fusionConfigSchema = z.object({
  theta: z.number().min(0).max(1),
  belowTheta: z.enum(['ta', 'majority', 'ignore']),
  uncovered: z.enum(['ta', 'ignore']),
  shares: z.enum(['window', 'panorama']),
  confidenceWeightedShares: z.boolean(),
  thetaPerAreaLevel: z.boolean(),
  areaLevels: z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]).readonly(),
})

export const goodsamConfigSchema = z.object({
  recipe: recipeSchema,
  windows: z.array(
    z.object({
      name: z.enum(['sliding', 'wide', 'tall', 'gnomonic']),
      widthFraction: z.number().positive().max(1),
      heightFraction: z.number().positive().max(1).nullable(),
      strideFraction: z.number().positive().max(1),
    }),
  ).readonly(),
  contextWeight: z.number().min(0).max(1),
  boundaryRadiusFraction: z.number().min(0).max(0.5),
  fusion: fusionConfigSchema,
})

export const jobStateSchema = z.enum(['queued', 'running', 'paused', 'done', 'failed', 'cancelled'])
export type JobState = z.infer<typeof jobStateSchema>

export const jobSchema = z.object({
  id: z.string(),
  kind: z.enum(['import', 'generate', 'label', 'distil', 'evaluate', 'export-student', 'download']),
  title: z.string(),
  state: jobStateSchema,
  /** asked to pause or cancel, takes effect at the next safe point */
  stopping: z.enum(['pause', 'cancel']).nullable(),
  /** items finished (failed ones included) of `total` */
  done: z.int(),
  failed: z.int(),
  total: z.int(),
  /** 0..1, moves within an item too */
  progress: z.number(),
  /** what it is doing now, for people */
  message: z.string(),
  itemsPerMinute: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  /** times it was started */
  attempts: z.int(),
  /** the labelling run, dataset, distillation run, evaluation, export or catalogue entry it works on */
  subjectId: z.string().nullable(),
  error: z.string().nullable(),
  errorCode: z.enum(ERROR_CODES).nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
})
export type Job = z.infer<typeof jobSchema>

export const jobLogLineSchema = z.object({
  jobId: z.string(),
  seq: z.int(),
  at: z.string(),
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
})
export type JobLogLine = z.infer<typeof jobLogLineSchema>

export const labellingRunSchema = z.object({
  id: z.string(),
  name: z.string(),
  datasetId: z.string(),
  datasetName: z.string(),
  /** null for a TA-only baseline run */
  samId: z.string().nullable(),
  taId: z.string(),
  config: goodsamConfigSchema,
  samSettings: samSettingsSchema.nullable(),
  provider: providerSettingSchema,
  jobId: z.string(),
  panoramas: z.int(),
  done: z.int(),
  failed: z.int(),
  accepted: z.int(),
  rejected: z.int(),
  meanConfidence: z.number().nullable(),
  warnings: z.array(z.string()),
  createdAt: z.string(),
})
export type LabellingRun = z.infer<typeof labellingRunSchema>

/** Hashes of the stages' artifacts; layouts in core/formats/bundles.ts. */
export const stageArtifactsSchema = z.object({
  /** null for a TA-only run */
  masks: hashSchema.nullable(),
  semantics: hashSchema,
  boundary: hashSchema.nullable(),
  fusion: hashSchema,
})
export type StageArtifacts = z.infer<typeof stageArtifactsSchema>

export const labelStatsSchema = z.object({
  masks: z.int(),
  /** share of pixels that some mask covers, 0..1 */
  coverage: z.number(),
  /** mean of the fused confidence, 0..1 */
  meanConfidence: z.number(),
  /** share of pixels on which the fused label and the TA differ, 0..1 */
  disagreement: z.number(),
  /** L_CC of the TA over overlapping windows, nats */
  consistency: z.number(),
  seconds: z.number(),
  /** seconds of these inside onnxruntime */
  ortSeconds: z.number(),
  provider: providerSchema,
  cached: z.object({
    /** windows whose embedding came from the cache */
    embeddings: z.int(),
    masks: z.boolean(),
    semantics: z.boolean(),
  }),
})
export type LabelStats = z.infer<typeof labelStatsSchema>

export const reviewVerdictSchema = z.enum(['accepted', 'rejected'])
export type ReviewVerdict = z.infer<typeof reviewVerdictSchema>

export const panoramaResultSchema = z.object({
  runId: z.string(),
  panoramaId: z.string(),
  name: z.string(),
  status: z.enum(['pending', 'done', 'failed']),
  error: z.string().nullable(),
  artifacts: stageArtifactsSchema.nullable(),
  stats: labelStatsSchema.nullable(),
  /** 0..1, high: look at this one first (1 - mean confidence, raised by disagreement) */
  doubt: z.number().nullable(),
  review: reviewVerdictSchema.nullable(),
})
export type PanoramaResult = z.infer<typeof panoramaResultSchema>

export const providerReportSchema = z.object({
  provider: providerSchema,
  available: z.boolean(),
  /** why not, or how it was measured */
  detail: z.string(),
})

export const engineStatusSchema = z.object({
  state: z.enum(['stopped', 'starting', 'ready', 'busy', 'restarting', 'failed']),
  /** the one that really runs; null until a session was made */
  provider: providerSchema.nullable(),
  providers: z.array(providerReportSchema),
  onnxruntimeVersion: z.string().nullable(),
  pid: z.int().nullable(),
  rssBytes: z.int().nullable(),
  restarts: z.int(),
  message: z.string().nullable(),
})
export type EngineStatus = z.infer<typeof engineStatusSchema>

export const settingsSchema = z.object({
  provider: providerSettingSchema,
  /** threads of the CPU provider; 0: one per core */
  cpuThreads: z.int().min(0).max(256),
  /** disk kept for SAM embeddings, oldest dropped first */
  embeddingCacheGiB: z.number().min(0).max(100_000),
  /** the engine process is replaced when idle and above this */
  engineRecycleGiB: z.number().min(0.5).max(1024),
  /** address of the model hub, or of a mirror of it; empty: what HF_ENDPOINT says, else the Hugging Face hub */
  hubUrl: z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
})
export type Settings = z.infer<typeof settingsSchema>

export const DEFAULT_SETTINGS: Settings = {
  provider: 'auto',
  cpuThreads: 0,
  embeddingCacheGiB: 8,
  engineRecycleGiB: 6,
  hubUrl: '',
}

export const workspaceInfoSchema = z.object({
  path: z.string(),
  version: z.string(),
  schemaVersion: z.int(),
  artifactBytes: z.int(),
  artifacts: z.int(),
})

export const evaluationSchema = z.object({
  panoramas: z.int(),
  /** names of panoramas without truth, or whose truth does not fit, and why */
  skipped: z.array(refusedFileSchema),
  miou: z.number(),
  pixelAccuracy: z.number(),
  /** cos(latitude)-weighted */
  solidAngleMiou: z.number(),
  perClass: z.array(z.object({ trainId: z.int(), name: z.string(), iou: z.number().nullable(), pixels: z.int() })),
  latitudeBands: z.array(z.object({ fromDeg: z.number(), toDeg: z.number(), miou: z.number().nullable() })),
  boundaryF: z.number().nullable(),
  /** agreement across the seam band, 0..1; null where nothing is cyclic */
  seamConsistency: z.number().nullable(),
})
export type Evaluation = z.infer<typeof evaluationSchema>

export const labelsExportSchema = z.object({
  folder: z.string(),
  format: z.enum(['cityscapes', 'color', 'coco-panoptic']),
  panoramas: z.int(),
  files: z.int(),
  /** panoramas left out and why (rejected, not labelled yet) */
  skipped: z.array(refusedFileSchema),
})
export type LabelsExport = z.infer<typeof labelsExportSchema>

export const importSummarySchema = z.object({
  dataset: datasetSchema,
  imported: z.int(),
  duplicates: z.int(),
  refused: z.array(refusedFileSchema),
  warnings: z.array(z.string()),
})
export type ImportSummary = z.infer<typeof importSummarySchema>

/** Something in the workspace changed: queries about it are stale. */
export const changeSchema = z.object({
  area: z.enum(['datasets', 'models', 'runs', 'results', 'reviews', 'jobs', 'settings', 'engine', 'distillations', 'students', 'evaluations', 'exports', 'tour']),
  id: z.string().nullable(),
})
export type Change = z.infer<typeof changeSchema>

/** Progress of a call that takes a while (export, evaluation) and is no job: it ends with the call. */
export const callProgressSchema = z.object({
  call: z.enum(['labels.export', 'labels.evaluate']),
  runId: z.string(),
  done: z.int(),
  total: z.int(),
})
export type CallProgress = z.infer<typeof callProgressSchema>

/** A folder on the machine the host runs on, for choosing what to import. */
export const folderListingSchema = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  folders: z.array(z.object({ name: z.string(), path: z.string() })),
  images: z.int(),
  models: z.array(z.object({ name: z.string(), path: z.string() })),
  /** .safetensors files */
  weights: z.array(z.object({ name: z.string(), path: z.string() })),
})
export type FolderListing = z.infer<typeof folderListingSchema>
