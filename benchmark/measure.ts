import { isDeepStrictEqual } from 'node:util'
import type { Client, Input } from '../src/contract/procedures.ts'
import type { LabellingRun, LabelStats } from '../src/contract/schemas.ts'
import type { EvaluationRecord } from '../src/contract/training-schemas.ts'
import { TA_REFINEMENT } from '../src/core/goodsam/distillation-config.ts'
import { allPages } from '../src/main/cli/all-pages.ts'
import { followJob } from '../src/main/cli/studio-session.ts'
import { digestOf } from './digest.ts'
import { labelled, queueOffline, type LabellingRequest } from './labelling.ts'
import type { Finding } from './measurement.ts'
import { readInstances, withPerfectMasks } from './perfect-masks.ts'
import { meanOf } from './results.ts'
import { effectiveLosses, labelsAt, settingsRead, type LabelSpec, type StudentSubject, type Subject, TA_ALONE } from './rows.ts'
import { DATASETS, MODELS, type Setting, sourceName } from './setting.ts'
import type { BenchmarkSize } from './sizes.ts'
import { PERFECT_MASKS_VERSION, ROWS_VERSION, stageVersions, TARGETS_VERSION } from './stage-versions.ts'
import { readTruth, relabelled } from './truth-labels.ts'

/** Measures a row with one seed through the product. What an earlier attempt finished is not done again. */
export async function measure(setting: Setting, subject: Subject, seed: number): Promise<Finding> {
  const { models: { parameters } } = setting
  switch (subject.kind) {
    case 'truth': return { ...await scoreOfRun(setting, await truthLabels(setting, DATASETS.evaluation), DATASETS.evaluation), parameters: null, msPerPanorama: null }
    case 'perfect-masks': return { ...await scoreOfRun(setting, await perfectLabels(setting, subject.labels, DATASETS.evaluation), DATASETS.evaluation), parameters: null, msPerPanorama: null }
    case 'source': return { ...await scoreOf(setting, { ta: sourceName(setting.size) }, 'whole'), parameters: parameters.source }
    case 'ta': return { ...await scoreOf(setting, { ta: MODELS.ta }, subject.mode), parameters: parameters.ta }
    case 'labels': {
      const dataset = datasetOf(subject)
      const run = await labelsOf(setting, subject.labels, dataset)
      return { ...await scoreOfRun(setting, run, dataset), parameters: parameters.ta + (subject.labels.sam ? parameters.sam : 0) }
    }
    case 'refined-labels': {
      const ta = await refinedTaOf(setting, subject.of, seed)
      const run = await labelled(setting.bench, { ...requestOf(setting, subject.of.labels, DATASETS.evaluation), name: `labels of ${ta}`, ta })
      return { ...await scoreOfRun(setting, run, DATASETS.evaluation), parameters: parameters.ta + parameters.sam }
    }
    case 'student': {
      const { id, parameters: learned } = await studentOf(setting, subject, seed)
      return { ...await scoreOf(setting, { student: id }, 'whole'), parameters: learned }
    }
  }
}

/** The part of a training's configuration that the benchmark decides; the rest are the product's defaults. */
export function trainingConfig(subject: StudentSubject, { student: settings, refinementSteps }: Pick<BenchmarkSize, 'student' | 'refinementSteps'>, seed: number): Input<'distillations.start'>['config'] {
  const { steps } = settings
  return {
    ...settings, seed, losses: effectiveLosses(subject),
    // all panoramas teach, and the last weights count: no held-out panorama's score chooses among them
    heldOut: 0,
    checkpointEvery: Math.max(1, Math.ceil(steps / CHECKPOINTS)), keepCheckpoints: 0, validateEvery: steps, sampleEvery: steps,
    ...(subject.refineTa === true ? { taRefinement: { ...TA_REFINEMENT, steps: refinementSteps } } : {}),
  }
}

/** A killed training loses at most this part of its steps. */
const CHECKPOINTS = 12

/** Writes down beforehand what labelling runs the rows need that no recipe's name says: each time the services would rest. */
export async function planRuns(setting: Setting, subjects: readonly Subject[]): Promise<void> {
  await queueOffline(setting.bench, subjects.flatMap((subject) => {
    if (subject.kind === 'labels') return [requestOf(setting, subject.labels, datasetOf(subject))]
    return subject.kind === 'student' && typeof subject.labels !== 'string' ? [requestOf(setting, subject.labels, DATASETS.training)] : []
  }))
}

function datasetOf({ on }: { readonly on: 'evaluation' | 'ablation' }): string {
  return on === 'evaluation' ? DATASETS.evaluation : DATASETS.ablation
}

function requestOf({ models, world, size }: Setting, wanted: LabelSpec, dataset: string): LabellingRequest {
  const labels = labelsAt(size, wanted)
  const name = `labels ${digestOf({ labels: settingsRead(labels), dataset, models: models.hashes, world: world.hash, stages: stageVersions() }).slice(0, 12)}`
  return { name, dataset, labels, sam: MODELS.sam, ta: MODELS.ta }
}

async function labelsOf(setting: Setting, labels: LabelSpec, dataset: string): Promise<LabellingRun> {
  return labelled(setting.bench, requestOf(setting, labels, dataset))
}

async function truthLabels({ bench, models, world }: Setting, dataset: 'training' | 'evaluation'): Promise<LabellingRun> {
  const name = `truth of ${dataset} ${digestOf({ models: models.hashes, world: world.hash }).slice(0, 12)}`
  return relabelled(bench, { name, dataset, labels: TA_ALONE, sam: MODELS.sam, ta: MODELS.ta }, (panorama) => readTruth(world[dataset].truth, panorama))
}

async function perfectLabels({ bench, models, world }: Setting, labels: LabelSpec, dataset: 'training' | 'evaluation'): Promise<LabellingRun> {
  const name = `perfect masks of ${dataset} ${digestOf({ version: PERFECT_MASKS_VERSION, labels: settingsRead(labels), ta: models.hashes.ta, world: world.hash, stages: stageVersions() }).slice(0, 12)}`
  return relabelled(bench, { name, dataset, labels, sam: MODELS.sam, ta: MODELS.ta }, async (panorama, ta) =>
    withPerfectMasks(await ta(), await readInstances(world[dataset].truth, panorama)))
}

function taughtLabels(setting: Setting, labels: StudentSubject['labels']): Promise<LabellingRun> {
  if (labels === 'truth') return truthLabels(setting, DATASETS.training)
  if (labels === 'perfect-masks') return perfectLabels(setting, TA_ALONE, DATASETS.training)
  return labelsOf(setting, labels, DATASETS.training)
}

/** The id of the TA that the student's training refines first. */
async function refinedTaOf(setting: Setting, subject: StudentSubject, seed: number): Promise<string> {
  const { run } = await studentOf(setting, subject, seed)
  const runs = await (await setting.bench.client()).call('distillations.list', {})
  const refined = runs.find(({ parentId, task }) => parentId === run && task === 'refine-ta')?.refinedTaId
  if (refined === undefined || refined === null) throw new Error('The training left no refined TA.')
  return refined
}

interface Taught {
  readonly id: string
  readonly parameters: number
  /** id of its training */
  readonly run: string
}

async function studentOf(setting: Setting, subject: StudentSubject, seed: number): Promise<Taught> {
  const { bench, size, models } = setting
  const { labels } = subject
  const run = await taughtLabels(setting, labels)
  const config = trainingConfig(subject, size, seed)
  const init = subject.init === 'random' ? 'random' : { file: models.source }
  const name = `student ${digestOf({ version: ROWS_VERSION, run: run.name, ...(typeof labels !== 'string' && labels.sam ? { targets: TARGETS_VERSION } : {}), student: subject.student, init: subject.init, source: models.hashes.source, config }).slice(0, 12)}`
  const client = await bench.client()
  const finished = await findStudent(client, name)
  if (finished !== null) return finished
  const { jobId } = await client.call('distillations.start', { run: run.id, student: subject.student, init, config, name, provider: null })
  await followJob(client, jobId)
  const made = await findStudent(client, name)
  if (made === null) throw new Error(`The distillation "${name}" ended without a student.`)
  return made
}

async function findStudent(client: Client, name: string): Promise<Taught | null> {
  const run = (await client.call('distillations.list', {})).find((one) => one.name === name)
  if (run === undefined || run.studentId === null || run.step < run.config.steps) return null
  const { id, parameters } = await client.call('students.get', { student: run.studentId })
  return { id, parameters, run: run.id }
}

/** What a network scores on the evaluation panoramas. */
async function scoreOf({ bench }: Setting, subject: Input<'evaluations.start'>['subject'], mode: 'whole' | 'sliding'): Promise<Omit<Finding, 'parameters'>> {
  const client = await bench.client()
  return finding(await evaluated(client, { subject, mode, dataset: DATASETS.evaluation, truth: null }))
}

/** What the labels of a run score; those of training panoramas against truth that the product does not have. */
async function scoreOfRun({ bench, world }: Setting, run: LabellingRun, dataset: string): Promise<Omit<Finding, 'parameters'>> {
  const client = await bench.client()
  const truth = dataset === DATASETS.evaluation ? null : world.training.truth
  const record = await evaluated(client, { subject: { run: run.id }, mode: 'whole', dataset: null, truth })
  return { ...finding(record), msPerPanorama: await labellingMs(client, run) }
}

async function evaluated(client: Client, request: Omit<Input<'evaluations.start'>, 'provider'>): Promise<EvaluationRecord> {
  const { evaluationId, jobId } = await client.call('evaluations.start', { ...request, provider: null })
  await followJob(client, jobId)
  return client.call('evaluations.get', { evaluationId })
}

function finding({ result, subject, millisecondsPerPanorama }: EvaluationRecord): Omit<Finding, 'parameters'> {
  if (result === null) throw new Error(`The evaluation of "${subject.name}" ended without a result.`)
  if (result.skipped.length > 0) throw new Error(`${result.skipped.length} panoramas could not be scored: ${result.skipped[0].message}`)
  const { miou, pixelAccuracy, solidAngleMiou, boundaryF, seamConsistency, latitudeBands, perClass, panoramas } = result
  return {
    miou, pixelAccuracy, solidAngleMiou, boundaryF, seam: seamConsistency, latitude: latitudeBands, panoramas,
    perClass: perClass.map(({ trainId, name, iou }) => ({ trainId, name, iou })),
    msPerPanorama: millisecondsPerPanorama,
  }
}

/**
 * What labelling a panorama takes: TA and masks, each where it did not come from the cache, in this run or in others that ask for
 * the same of it. null: nowhere.
 */
async function labellingMs(client: Client, { samId, taId, samSettings, config }: LabellingRun): Promise<number | null> {
  const { windows, contextWeight } = config
  const runs = (await client.call('runs.list', {})).filter((other) =>
    other.taId === taId && isDeepStrictEqual([other.config.windows, other.config.contextWeight], [windows, contextWeight]))
  const ta = meanOf((await statsOf(client, runs.filter((other) => other.samId === null))).filter(({ cached }) => !cached.semantics).map(({ seconds }) => 1000 * seconds))
  if (samId === null) return ta
  const withMasks = await statsOf(client, runs.filter((other) => other.samId === samId && isDeepStrictEqual(other.samSettings, samSettings)))
  return meanOf(withMasks.filter(({ cached }) => !cached.masks && cached.embeddings === 0).map(({ cached, seconds }) => {
    if (!cached.semantics) return 1000 * seconds
    return ta === null ? null : 1000 * seconds + ta
  }))
}

async function statsOf(client: Client, runs: readonly LabellingRun[]): Promise<LabelStats[]> {
  const found: LabelStats[] = []
  for (const { id } of runs) {
    const results = await allPages((offset, limit) =>
      client.call('runs.results', { run: id, sort: 'name', offset, limit }).then(({ results: items, total }) => ({ items, total })))
    found.push(...results.flatMap(({ stats }) => (stats === null ? [] : [stats])))
  }
  return found
}
