import { StudioError } from '../../contract/errors.ts'
import type { Provider, ProviderSetting } from '../../contract/schemas.ts'
import { distillationRunSchema, type DistillationRun, type InitialWeights, type StudentArchitecture } from '../../contract/training-schemas.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import type { ReadDb, Row, SqlValue, WriteDb } from './database.ts'
import { addDistillationPanoramas, type DistillationPanorama } from './distillation-panoramas.ts'
import { newId } from './ids.ts'
import { removeJobsOf, requireNoActiveJob } from './jobs.ts'
import { requireFreeName, resolveReference } from './reference.ts'
import { asCount, parseJson, parseRecord } from './rows.ts'

export interface NewDistillation {
  /** where the job must know it beforehand */
  readonly id?: string
  readonly name: string
  /** distil where omitted */
  readonly task?: DistillationRun['task']
  /** of refine-ta: the run that it is the first stage of */
  readonly parentId?: string
  readonly labellingRunId: string
  readonly labellingRunName: string
  readonly datasetId: string
  readonly architecture: StudentArchitecture
  readonly classes: number
  /** numbers that are learned */
  readonly parameters: number
  readonly init: InitialWeights
  readonly config: DistillationConfig
  readonly provider: ProviderSetting
  readonly jobId: string
  readonly scoreKind: DistillationRun['scoreKind']
  readonly estimatedPeakBytes: number | null
  readonly warnings: readonly string[]
  readonly panoramas: readonly DistillationPanorama[]
}

/** What a run that is under way changes of its row. */
export interface DistillationPatch {
  readonly step?: number
  readonly batch?: number
  readonly accumulate?: number
  readonly actualProvider?: Provider
  readonly machine?: string
  readonly learningRateFactor?: number
  readonly imagesPerSecond?: number
  readonly waitShare?: number
  readonly estimatedPeakBytes?: number
  readonly parameters?: number
  readonly refinedTaId?: string
  readonly labellingRunId?: string
  readonly labellingRunName?: string
}

const COLUMN_OF: Readonly<Record<keyof DistillationPatch, string>> = {
  step: 'step', batch: 'batch', accumulate: 'accumulate', actualProvider: 'actual_provider', machine: 'machine',
  learningRateFactor: 'learning_rate_factor', imagesPerSecond: 'images_per_second', waitShare: 'wait_share',
  estimatedPeakBytes: 'estimated_peak_bytes', parameters: 'parameters',
  refinedTaId: 'refined_ta_id', labellingRunId: 'labelling_run_id', labellingRunName: 'labelling_run_name',
}

/** The word that means the newest run wherever a run is named. */
const LAST = 'last'
/** Distinct warnings that a run keeps: the job's log has all. */
const MOST_WARNINGS = 20

const SELECT = `
  SELECT d.id, d.name, d.task, d.parent_id AS parentId, d.refined_ta_id AS refinedTaId, d.labelling_run_id AS labellingRunId, d.labelling_run_name AS labellingRunName, d.dataset_id AS datasetId,
    d.architecture, d.init, d.config, d.batch, d.accumulate, d.provider, d.actual_provider AS actualProvider,
    d.job_id AS jobId, d.step, d.score_kind AS scoreKind, d.learning_rate_factor AS learningRateFactor,
    d.images_per_second AS imagesPerSecond, d.wait_share AS waitShare, d.estimated_peak_bytes AS estimatedPeakBytes,
    d.warnings, d.created_at AS createdAt,
    (SELECT id FROM students WHERE distillation_id = d.id ORDER BY rowid LIMIT 1) AS studentId,
    (SELECT count(*) FROM distillation_panoramas WHERE distillation_id = d.id AND held_out = 0) AS panoramas,
    (SELECT count(*) FROM distillation_panoramas WHERE distillation_id = d.id AND held_out = 1) AS heldOut,
    (SELECT loss FROM loss_points WHERE distillation_id = d.id ORDER BY step DESC LIMIT 1) AS loss,
    (SELECT max(score) FROM score_points WHERE distillation_id = d.id) AS bestScore
  FROM distillations d`

/** Adds a run that has not begun. Throws `conflict` when the name is taken, `bad-input` for the name "last". */
export function addDistillation(db: WriteDb, run: NewDistillation): DistillationRun {
  requireDistillationName(db, run.name)
  const id = run.id ?? newId('distil')
  const { name, labellingRunId, labellingRunName, datasetId, architecture, classes, parameters, init, config, provider, jobId, scoreKind, estimatedPeakBytes } = run
  db.run(
    `INSERT INTO distillations (id, name, task, parent_id, labelling_run_id, labelling_run_name, asked_run_id, dataset_id, architecture, network, classes,
       parameters, init, init_weights, config, batch, accumulate, provider, job_id, score_kind, estimated_peak_bytes, warnings, created_at)
     VALUES (@id, @name, @task, @parentId, @labellingRunId, @labellingRunName, @labellingRunId, @datasetId, @architecture, @network, @classes,
       @parameters, @init, @initWeights, @config, @batch, @accumulate, @provider, @jobId, @scoreKind, @estimatedPeakBytes, @warnings, @createdAt)`,
    {
      id, name, labellingRunId, labellingRunName, datasetId, classes, parameters, provider, jobId, scoreKind, estimatedPeakBytes,
      task: run.task ?? 'distil',
      parentId: run.parentId ?? null,
      architecture: JSON.stringify(architecture),
      network: architecture.kind === 'onnx' ? architecture.model : null,
      init: JSON.stringify(init),
      initWeights: 'weights' in init ? init.weights : null,
      config: JSON.stringify(config),
      batch: config.batch,
      accumulate: config.accumulate,
      warnings: JSON.stringify(run.warnings.slice(0, MOST_WARNINGS)),
      createdAt: db.now(),
    },
  )
  addDistillationPanoramas(db, id, run.panoramas)
  return getDistillation(db, id)
}

/** Newest first. */
export function listDistillations(db: ReadDb): DistillationRun[] {
  return db.all(`${SELECT} ORDER BY d.rowid DESC`).map(toDistillation)
}

/** By id, unique name, or "last" for the newest. Throws `not-found` with near names. */
export function getDistillation(db: ReadDb, reference: string): DistillationRun {
  const newest = reference === LAST ? db.get('SELECT id FROM distillations ORDER BY rowid DESC LIMIT 1') : undefined
  const id = newest === undefined ? resolveReference(db, 'distillations', reference) : String(newest.id)
  return toDistillation(db.get(`${SELECT} WHERE d.id = @id`, { id }) ?? {})
}

/** What the row holds for its job alone. */
export function getDistillationNumbers(db: ReadDb, id: string): { readonly classes: number; readonly parameters: number } {
  const row = db.get('SELECT classes, parameters FROM distillations WHERE id = @id', { id })
  return { classes: asCount(row?.classes), parameters: asCount(row?.parameters) }
}

/** The labelling run that a person asked for, also where its labels were made anew with a refined TA. */
export function askedLabellingRun(db: ReadDb, id: string): string {
  return String(db.get('SELECT asked_run_id AS run FROM distillations WHERE id = @id', { id })?.run)
}

/** The refinement of the TA that is the first stage of a run, or null before it began. */
export function findRefinement(db: ReadDb, parentId: string): DistillationRun | null {
  const row = db.get(`${SELECT} WHERE d.parent_id = @parentId ORDER BY d.rowid LIMIT 1`, { parentId })
  return row === undefined ? null : toDistillation(row)
}

/** Throws `not-found`, `conflict`, `bad-input`. */
export function renameDistillation(db: WriteDb, reference: string, name: string): DistillationRun {
  const { id } = getDistillation(db, reference)
  requireDistillationName(db, name, id)
  db.run('UPDATE distillations SET name = @name WHERE id = @id', { id, name })
  return getDistillation(db, id)
}

/** Throws `not-found`: the run was removed meanwhile. */
export function updateDistillation(db: WriteDb, id: string, patch: DistillationPatch): void {
  const entries = Object.entries(patch).filter((entry): entry is [keyof DistillationPatch, SqlValue] => entry[1] !== undefined)
  if (entries.length === 0) return
  const assignments = entries.map(([key]) => `${COLUMN_OF[key]} = @${key}`).join(', ')
  const changed = db.run(`UPDATE distillations SET ${assignments} WHERE id = @id`, { ...Object.fromEntries(entries), id })
  if (changed === 0) throw new StudioError('not-found', `There is no distillation run ${id}: it may have been removed.`)
}

/** Adds a sentence to what a person should know about the run. */
export function addDistillationWarning(db: WriteDb, id: string, message: string): void {
  const { warnings } = getDistillation(db, id)
  if (warnings.includes(message) || warnings.length >= MOST_WARNINGS) return
  db.run('UPDATE distillations SET warnings = @warnings WHERE id = @id', { id, warnings: JSON.stringify([...warnings, message]) })
}

/**
 * Removes the run with its curve, samples, checkpoints and job; its student stays. Throws `not-found`, and `conflict`
 * while its job is not finished.
 */
export function removeDistillation(db: WriteDb, reference: string): void {
  const { id, name, parentId } = getDistillation(db, reference)
  for (const subject of [id, ...(parentId === null ? [] : [parentId])]) requireNoActiveJob(db, subject, `the distillation run "${name}"`)
  db.run('DELETE FROM distillations WHERE id = @id', { id })
  removeJobsOf(db, id)
}

/**
 * Seconds that an image of an update took on a machine: of the newest run with this architecture, this size and
 * this provider. null: never measured.
 */
export function measuredSecondsPerImage(
  db: ReadDb, like: { readonly machine: string; readonly architecture: StudentArchitecture; readonly height: number; readonly width: number; readonly provider: ProviderSetting },
): number | null {
  const { machine, architecture, height, width, provider } = like
  const row = db.get(
    `SELECT images_per_second AS rate FROM distillations
     WHERE machine = @machine AND architecture = @architecture AND config ->> '$.height' = @height AND config ->> '$.width' = @width
       AND images_per_second > 0 AND (provider = @provider OR actual_provider = @provider)
     ORDER BY rowid DESC LIMIT 1`,
    { machine, architecture: JSON.stringify(architecture), height, width, provider },
  )
  return typeof row?.rate === 'number' ? 1 / row.rate : null
}

function requireDistillationName(db: ReadDb, name: string, exceptId: string | null = null): void {
  if (name === LAST) throw new StudioError('bad-input', 'A run cannot be named "last": that word means the newest run. Choose another name.')
  requireFreeName(db, 'distillations', name, exceptId)
}

function toDistillation(row: Row): DistillationRun {
  const record = {
    ...row, architecture: parseJson(row.architecture), init: parseJson(row.init), config: parseJson(row.config), warnings: parseJson(row.warnings),
  }
  return parseRecord(distillationRunSchema, record, 'distillation run')
}
