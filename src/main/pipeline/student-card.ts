import { availableParallelism, cpus } from 'node:os'
import { basename } from 'node:path'
import { z } from 'zod'
import type { ExportedFile, Student } from '../../contract/training-schemas.ts'
import { distillationConfigSchema, initialWeightsSchema } from '../../contract/training-schemas.ts'
import { classNames } from '../../core/formats/hugging-face.ts'
import { knownLicence } from '../../core/formats/known-licences.ts'
import type { CardEvaluation, CardTeacher, ModelCard } from '../../core/formats/model-card.ts'
import { studentConfig, STUDENTS } from '../../core/networks/segformer/config.ts'
import { listEvaluations } from '../store/evaluations.ts'
import type { LabelSetRecord } from '../store/label-sets.ts'
import type { Store } from '../store/open-store.ts'
import { studentProvenance } from '../store/students.ts'

/** Evaluations that a card tells of. */
const MOST_EVALUATIONS = 3

/** As it was written when the student was made (distilled-student.ts); what an older program did not write is left out. */
const provenanceSchema = z.object({
  distillation: z.object({
    name: z.string(), config: distillationConfigSchema, actualProvider: z.string().nullable(), panoramas: z.int(), heldOut: z.int(), init: initialWeightsSchema,
  }),
  dataset: z.object({ name: z.string() }),
  labellingRun: z.object({
    name: z.string(), accepted: z.int(), rejected: z.int(), meanConfidence: z.number().nullable(),
    config: z.looseObject({ recipe: z.string(), windows: z.array(z.looseObject({ name: z.string(), widthFraction: z.number() })), fusion: z.looseObject({ theta: z.number(), belowTheta: z.string(), uncovered: z.string().optional() }) }),
  }).nullable(),
  teachers: z.array(z.object({ kind: z.enum(['sam', 'ta']), name: z.string(), sha256: z.string(), files: z.array(z.object({ name: z.string() }).loose()).catch([]) })),
}).partial()
type Provenance = z.infer<typeof provenanceSchema>

export interface CardSubject {
  readonly student: Student
  readonly labelSet: LabelSetRecord
  readonly files: readonly ExportedFile[]
  readonly parityPanoramas: number
  readonly warnings: readonly string[]
  readonly program: string
}

/** What the README of an exported student says. */
export function cardOf({ read }: Pick<Store, 'read'>, subject: CardSubject): ModelCard {
  const { student, labelSet, files, parityPanoramas, warnings, program } = subject
  const parsed = provenanceSchema.safeParse(studentProvenance(read, student.id))
  const provenance: Provenance = parsed.success ? parsed.data : {}
  return {
    name: student.name,
    architecture: architectureWords(student),
    transformers: student.architecture.kind === 'segformer',
    parameters: student.parameters,
    classes: classNames(labelSet),
    labelSet: labelSet.name,
    height: student.height, width: student.width, step: student.step,
    score: student.score === null || student.scoreKind === null ? null : { kind: student.scoreKind, value: student.score },
    weightsSha256: student.weights,
    dataset: provenance.dataset?.name ?? 'not recorded',
    labellingRun: student.labellingRunName ?? provenance.labellingRun?.name ?? 'not recorded',
    labelling: labellingFacts(provenance.labellingRun ?? null),
    distillation: distillationFacts(provenance.distillation),
    configuration: { labelling: provenance.labellingRun?.config ?? null, distillation: provenance.distillation?.config ?? null },
    teachers: teachersOf(student, provenance),
    evaluations: evaluationsOf(read, student),
    files: files.filter(({ name }) => name !== 'README.md'),
    parityPanoramas, machine: machineWords(), warnings, program,
  }
}

function architectureWords({ architecture }: Student): string {
  if (architecture.kind === 'onnx') return `"${architecture.name}" (ONNX)`
  const size = architecture.size
  return `SegFormer with the encoder MiT-${STUDENTS[size].toUpperCase()} (${size[0].toUpperCase()}${size.slice(1)}; ${studentConfig(size, 2).depths.reduce((sum, depth) => sum + depth, 0)} blocks)`
}

function labellingFacts(run: Provenance['labellingRun'] | null): readonly (readonly [string, string])[] {
  if (!run) return []
  const { config: { recipe, windows, fusion }, accepted, rejected, meanConfidence } = run
  return [
    ['recipe', recipe],
    ['windows', windows.map(({ name, widthFraction }) => `${name} (${(360 * widthFraction).toFixed(0)} degrees wide)`).join(', ')],
    ['theta', `${fusion.theta} (below it: ${fusion.belowTheta}; where no mask is: ${fusion.uncovered ?? 'ta'})`],
    ['mean confidence', meanConfidence === null ? '-' : `${(100 * meanConfidence).toFixed(1)} %`],
    ['reviewed', `${accepted} accepted, ${rejected} rejected`],
  ]
}

function distillationFacts(run: Provenance['distillation']): readonly (readonly [string, string])[] {
  if (run === undefined) return []
  const { name, config, panoramas, heldOut, actualProvider, init } = run
  const losses = Object.entries(config.losses).filter(([, { on }]) => on).map(([term, { weight }]) => `${term} x ${weight}`)
  return [
    ['run', name],
    ['panoramas', `${panoramas} to learn from, ${heldOut} held out`],
    ['initial weights', 'name' in init ? init.name : init.kind],
    ['size', `${config.height}x${config.width}, ${config.batch} x ${config.accumulate} per update`],
    ['losses', losses.join(', ')],
    ['learning rate', `${config.learningRate}, ${config.schedule}, ${config.warmupSteps} steps of warm-up`],
    ['seed', String(config.seed)],
    ['computed on', actualProvider ?? '-'],
  ]
}

function teachersOf({ init }: Student, { teachers = [] }: Provenance): readonly CardTeacher[] {
  const models = teachers.map(({ kind, name, sha256, files }): CardTeacher => ({
    role: kind === 'sam' ? 'SAM' : 'TA', name, sha256, licence: knownLicence([name, ...files.map((file) => file.name)]),
  }))
  return init.kind === 'random' || init.kind === 'network' ? models
    : [...models, { role: 'initial weights', name: init.name, sha256: init.weights, licence: init.kind === 'file' ? knownLicence([init.name]) : 'that of the student it was' }]
}

/** The newest of each kind. Scores of weights that the student had before are not its own. */
function evaluationsOf(read: Store['read'], student: Student): readonly CardEvaluation[] {
  const own = listEvaluations(read).filter(({ subject, status, hashes }) =>
    subject.kind === 'student' && subject.id === student.id && status === 'done' && hashes.network === student.network)
  const newest = own.filter((one, index) => index === own.findIndex(({ datasetId, truth, mode }) => datasetId === one.datasetId && truth === one.truth && mode === one.mode))
  return newest.slice(0, MOST_EVALUATIONS).flatMap(({ result, datasetId, datasetName, truth, mode, createdAt }) => (result === null ? [] : [{
    ...result, dataset: datasetName, mode: mode === 'sliding' ? 'by sliding windows' : 'as a whole', at: createdAt,
    // its name alone: where it lies is nobody's business
    truth: truth === null ? null : basename(truth), learnedFrom: datasetId === student.datasetId,
  }]))
}

function machineWords(): string {
  const [cpu] = cpus()
  return `${cpu?.model.trim() || 'unknown'}, ${availableParallelism()} threads`
}
