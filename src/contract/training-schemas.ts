import { z } from 'zod'
import { evaluationSchema, hashSchema, jobSchema, providerSchema, providerSettingSchema } from './schemas.ts'

/** Records of distillation, students, evaluation and export, as the hosts, the window and the command line see them. */

/** Mini, Tiny, Small = SegFormer with MiT-B0, B1, B2. */
export const studentSizeSchema = z.enum(['mini', 'tiny', 'small'])
export type StudentSize = z.infer<typeof studentSizeSchema>

export const studentArchitectureSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('segformer'), size: studentSizeSchema }),
  /** any ONNX file whose operators have gradient rules; `model` is its artifact */
  z.object({ kind: z.literal('onnx'), model: hashSchema, name: z.string() }),
])
export type StudentArchitecture = z.infer<typeof studentArchitectureSchema>

/** Where the first weights come from. */
export const initialWeightsSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('random') }),
  /** a safetensors file (nvidia/mit-b*, nvidia/segformer-*, our own); `weights` is its artifact */
  z.object({ kind: z.literal('file'), weights: hashSchema, name: z.string() }),
  z.object({ kind: z.literal('student'), studentId: z.string(), weights: hashSchema, name: z.string() }),
  /** the numbers in the ONNX file that is the student */
  z.object({ kind: z.literal('network') }),
])
export type InitialWeights = z.infer<typeof initialWeightsSchema>

const lossTermSchema = z.object({ on: z.boolean(), weight: z.number().min(0).max(1000) })

/** Multi-level Knowledge Adaptation: METHOD section 5. Defaults in core/goodsam/distillation-config.ts. */
export const distillationConfigSchema = z.object({
  /** pixels of a training sample; multiples of 32 */
  height: z.int().min(32).max(4096).multipleOf(32),
  width: z.int().min(32).max(8192).multipleOf(32),
  batch: z.int().min(1).max(64),
  /** micro-batches whose gradients are added up before an update */
  accumulate: z.int().min(1).max(64),
  /** updates of the weights */
  steps: z.int().min(1).max(10_000_000),
  learningRate: z.number().positive().max(1),
  weightDecay: z.number().min(0).max(1),
  warmupSteps: z.int().min(0),
  schedule: z.enum(['polynomial', 'cosine', 'constant']),
  /** largest gradient norm; null: not clipped */
  clipNorm: z.number().positive().nullable(),
  /** moving average of the weights, which is what is kept; null: the weights themselves */
  emaDecay: z.number().min(0).max(1).nullable(),
  seed: z.int().min(0),
  losses: z.object({ image: lossTermSchema, window: lossTermSchema, confident: lossTermSchema, boundary: lossTermSchema }),
  /** how much pixels of accepted panoramas count; those of others count 1 */
  acceptedWeight: z.number().min(0).max(100),
  augmentation: z.object({
    /** random roll about the vertical axis (full panoramas only) */
    yaw: z.boolean(),
    flip: z.boolean(),
    /** strength of brightness, contrast, saturation and hue changes, 0..1 */
    jitter: z.number().min(0).max(1),
    /** random zoom between these factors, cut to the training size */
    scale: z.tuple([z.number().min(0.5).max(4), z.number().min(0.5).max(4)]).readonly(),
  }),
  /** windows whose ensemble labels count in a sample, drawn anew each time; null: all of them */
  windowsPerSample: z.int().min(1).nullable(),
  /** share of the panoramas that is not trained on but scores the student, 0..0.5 */
  heldOut: z.number().min(0).max(0.5),
  /** updates between two scores of the held-out panoramas */
  validateEvery: z.int().min(1),
  /** ends after so many scores without a better one; null: never */
  patience: z.int().min(1).nullable(),
  checkpointEvery: z.int().min(1),
  /** checkpoints kept beside the best and the last */
  keepCheckpoints: z.int().min(0).max(1000),
  /** updates between two sample pictures */
  sampleEvery: z.int().min(1),
  /** updates of the optional first stage that adapts a trainable TA (L_CC and both CE terms); null: none */
  taRefinement: z.object({ steps: z.int().min(1), learningRate: z.number().positive().max(1) }).nullable(),
})
export type DistillationConfig = z.infer<typeof distillationConfigSchema>

/** What a person says of a configuration; the rest is chosen to suit. A refinement without steps: as many as this machine does in some minutes. */
export const askedConfigSchema = distillationConfigSchema.partial().extend({
  taRefinement: distillationConfigSchema.shape.taRefinement.unwrap().extend({ steps: z.int().min(1).nullable() }).nullable().optional(),
})
export type AskedConfig = z.infer<typeof askedConfigSchema>

export const distillationRunSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** refine-ta: the first stage of a run whose configuration asks for a refined TA; it makes a TA, no student */
  task: z.enum(['distil', 'refine-ta']),
  /** of refine-ta: the run that it is the first stage of */
  parentId: z.string().nullable(),
  /** of refine-ta: the TA model that it made */
  refinedTaId: z.string().nullable(),
  /** null: it was removed */
  labellingRunId: z.string().nullable(),
  labellingRunName: z.string(),
  datasetId: z.string(),
  architecture: studentArchitectureSchema,
  init: initialWeightsSchema,
  config: distillationConfigSchema,
  /** batch and accumulation as they really run: halved and doubled where memory was short */
  batch: z.int(),
  accumulate: z.int(),
  /** what was asked for */
  provider: providerSettingSchema,
  /** what really runs; null until the first step */
  actualProvider: providerSchema.nullable(),
  jobId: z.string(),
  studentId: z.string().nullable(),
  /** updates done */
  step: z.int(),
  /** panoramas trained on, and held out */
  panoramas: z.int(),
  heldOut: z.int(),
  loss: z.number().nullable(),
  bestScore: z.number().nullable(),
  /** what scores the held-out panoramas */
  scoreKind: z.enum(['miou', 'agreement']).nullable(),
  /** set by a person while it runs; null: the schedule's */
  learningRateFactor: z.number().positive(),
  imagesPerSecond: z.number().nullable(),
  /** share of the time that the engine waited for samples, 0..1 */
  waitShare: z.number().nullable(),
  /** bytes a step needs, estimated before the start */
  estimatedPeakBytes: z.number().nullable(),
  warnings: z.array(z.string()),
  createdAt: z.string(),
})
export type DistillationRun = z.infer<typeof distillationRunSchema>

/** One update on the curve (or the mean of several, where the curve was thinned). */
export const lossPointSchema = z.object({
  step: z.int(),
  loss: z.number(),
  /** by level: image, window, confident, boundary; ensemble, confident, consistency where a TA is refined */
  terms: z.record(z.string(), z.number()),
  learningRate: z.number(),
  gradientNorm: z.number(),
  imagesPerSecond: z.number(),
})
export type LossPoint = z.infer<typeof lossPointSchema>

export const scorePointSchema = z.object({ step: z.int(), score: z.number() })
export type ScorePoint = z.infer<typeof scorePointSchema>

export const curveSchema = z.object({ points: z.array(lossPointSchema), scores: z.array(scorePointSchema) })
export type Curve = z.infer<typeof curveSchema>

/** The same panoramas every so many updates; all artifacts are PNG pictures in the label set's colours. */
export const trainingSampleSchema = z.object({
  step: z.int(),
  panoramaId: z.string(),
  name: z.string(),
  image: hashSchema,
  pseudoLabel: hashSchema,
  student: hashSchema,
  /** where they differ */
  difference: hashSchema,
  agreement: z.number(),
})
export type TrainingSample = z.infer<typeof trainingSampleSchema>

export const checkpointSchema = z.object({
  id: z.string(),
  distillationId: z.string(),
  step: z.int(),
  /** safetensors artifact with the network's parameters, Hugging Face's names */
  weights: hashSchema,
  /** safetensors artifact with optimiser state, random state and data cursor: what is needed to go on */
  state: hashSchema,
  bytes: z.int(),
  loss: z.number().nullable(),
  score: z.number().nullable(),
  best: z.boolean(),
  createdAt: z.string(),
})
export type Checkpoint = z.infer<typeof checkpointSchema>

export const studentSchema = z.object({
  id: z.string(),
  name: z.string(),
  architecture: studentArchitectureSchema,
  labelSetId: z.string(),
  classes: z.int(),
  /** numbers that are learned */
  parameters: z.int(),
  /** the distillation run it came from */
  distillationId: z.string(),
  labellingRunId: z.string().nullable(),
  labellingRunName: z.string().nullable(),
  /** null: it was removed */
  datasetId: z.string().nullable(),
  init: initialWeightsSchema,
  /** safetensors artifact of the chosen checkpoint (the best so far) */
  weights: hashSchema,
  /** .onnx artifact: float32, dynamic batch, height and width */
  network: hashSchema,
  step: z.int(),
  height: z.int(),
  width: z.int(),
  /** of the held-out panoramas while it was trained */
  score: z.number().nullable(),
  scoreKind: z.enum(['miou', 'agreement']).nullable(),
  /** mIoU of the newest evaluation with truth */
  miou: z.number().nullable(),
  createdAt: z.string(),
})
export type Student = z.infer<typeof studentSchema>

export const estimateSchema = z.object({
  /** the whole configuration that the request comes to: what was not said, chosen to suit the rest */
  config: distillationConfigSchema,
  parameters: z.int(),
  panoramas: z.int(),
  heldOut: z.int(),
  /** panoramas of the run that cannot be used (rejected, failed, not labelled), with the reason */
  leftOut: z.array(z.object({ reason: z.string(), count: z.int() })),
  peakBytes: z.number(),
  /** bytes of memory this machine has */
  memoryBytes: z.number(),
  /** measured on this machine, or estimated from arithmetic where nothing was measured yet */
  secondsPerStep: z.number(),
  measured: z.boolean(),
  /** of the stage that refines the TA first; null: there is none */
  refinement: z.object({ secondsPerStep: z.number(), measured: z.boolean(), seconds: z.number() }).nullable(),
  /** of both; labelling again with a refined TA is not in it */
  totalSeconds: z.number(),
  warnings: z.array(z.string()),
})
export type Estimate = z.infer<typeof estimateSchema>

/** What an evaluation scores. */
export const evaluationSubjectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('student'), id: z.string(), name: z.string() }),
  z.object({ kind: z.literal('ta'), id: z.string(), name: z.string() }),
  z.object({ kind: z.literal('run'), id: z.string(), name: z.string() }),
])
export type EvaluationSubject = z.infer<typeof evaluationSubjectSchema>

/** How a network sees a panorama: as a whole at its training size, or by sliding windows. */
export const inferenceModeSchema = z.enum(['whole', 'sliding'])
export type InferenceMode = z.infer<typeof inferenceModeSchema>

export const evaluationRecordSchema = z.object({
  id: z.string(),
  subject: evaluationSubjectSchema,
  datasetId: z.string(),
  datasetName: z.string(),
  /** folder the truth came from; null: imported with the dataset */
  truth: z.string().nullable(),
  /** null for a labelling run, whose maps are there already */
  mode: inferenceModeSchema.nullable(),
  jobId: z.string(),
  status: z.enum(['pending', 'done', 'failed']),
  error: z.string().nullable(),
  /** null until it is done */
  result: evaluationSchema.nullable(),
  /** pixels; rows: truth by trainId, columns: prediction by trainId, and one more for predictions of no class */
  confusion: z.array(z.array(z.number())).nullable(),
  perPanorama: z.array(z.object({
    panoramaId: z.string(), name: z.string(), miou: z.number().nullable(), pixelAccuracy: z.number().nullable(),
    /** artifact with the label map that was scored */
    prediction: hashSchema,
  })),
  /** SHA-256 by name of everything that made the numbers: network, settings, images, truth, predictions; `program` is its version */
  hashes: z.record(z.string(), z.string()),
  /** of inference, per panorama; null for a labelling run */
  millisecondsPerPanorama: z.number().nullable(),
  createdAt: z.string(),
})
export type EvaluationRecord = z.infer<typeof evaluationRecordSchema>

export const comparisonSchema = z.object({
  evaluations: z.array(evaluationRecordSchema.pick({ id: true, subject: true, datasetId: true, datasetName: true, mode: true, result: true })),
  /** by class: IoU of each evaluation in order */
  perClass: z.array(z.object({ trainId: z.int(), name: z.string(), iou: z.array(z.number().nullable()) })),
  /** panoramas that all of them scored: mIoU of each evaluation in order; sorted by the largest difference */
  perPanorama: z.array(z.object({ panoramaId: z.string(), name: z.string(), miou: z.array(z.number().nullable()), predictions: z.array(hashSchema) })),
})
export type Comparison = z.infer<typeof comparisonSchema>

export const exportedFileSchema = z.object({
  name: z.string(),
  bytes: z.int(),
  sha256: hashSchema,
  /** against the checkpoint, on panoramas of the dataset; null for files that are no network */
  parity: z.object({ maxDifference: z.number(), agreement: z.number(), least: z.number(), ok: z.boolean() }).nullable(),
  /** one panorama at the training size on this machine's CPU, median */
  latencyMs: z.number().nullable(),
})
export type ExportedFile = z.infer<typeof exportedFileSchema>

export const studentExportSchema = z.object({
  id: z.string(),
  studentId: z.string(),
  studentName: z.string(),
  jobId: z.string(),
  status: z.enum(['pending', 'done', 'failed']),
  error: z.string().nullable(),
  folder: z.string(),
  /** artifact of the zip file, to be downloaded; null where none was asked for */
  zip: hashSchema.nullable(),
  zipBytes: z.int().nullable(),
  files: z.array(exportedFileSchema),
  warnings: z.array(z.string()),
  createdAt: z.string(),
})
export type StudentExport = z.infer<typeof studentExportSchema>

/** What a distillation run does now: one event per update or so. */
export const trainingEventSchema = z.object({
  distillationId: z.string(),
  point: lossPointSchema.nullable(),
  score: scorePointSchema.nullable(),
  jobState: jobSchema.shape.state,
  message: z.string(),
  etaSeconds: z.number().nullable(),
})
export type TrainingEvent = z.infer<typeof trainingEventSchema>
