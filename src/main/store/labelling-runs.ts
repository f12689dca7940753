import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, ProviderSetting } from '../../contract/schemas.ts'
import { labellingRunSchema } from '../../contract/schemas.ts'
import type { GoodsamConfig, SamSettings } from '../../core/goodsam/config.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { removeJobsOf, requireNoActiveJob } from './jobs.ts'
import { requireFreeName, resolveReference } from './reference.ts'
import { parseJson, parseRecord } from './rows.ts'

export interface NewLabellingRun {
  /** where the job must know it beforehand */
  readonly id?: string
  readonly name: string
  readonly datasetId: string
  /** null for a TA-only baseline run */
  readonly samId: string | null
  readonly taId: string
  readonly config: GoodsamConfig
  readonly samSettings: SamSettings | null
  readonly provider: ProviderSetting
  readonly jobId: string
  /** take the panoramas of this run instead of all of the dataset */
  readonly panoramasOfRun?: string
}

export interface NewRunWarning {
  readonly message: string
  /** "12 panoramas <did> (first: ...). <remedy>"; null: the message is true of the whole run */
  readonly shared: { readonly did: string; readonly remedy: string } | null
  /** the panorama's name */
  readonly panorama: string
}

/** Distinct warnings that a run keeps: more would tell nobody more. */
const MOST_WARNINGS = 20
/** As the column holds them. */
const keptWarningsSchema = z.array(
  z.union([z.string(), z.object({ did: z.string(), remedy: z.string(), first: z.string(), panoramas: z.int() })]),
)

/** The word that means the newest run wherever a run is named. */
const LAST = 'last'

const SELECT = `
  SELECT r.id, r.name, r.dataset_id AS datasetId, d.name AS datasetName, r.sam_id AS samId, r.ta_id AS taId, r.config,
    r.sam_settings AS samSettings, r.provider, r.job_id AS jobId, r.warnings, r.created_at AS createdAt,
    (SELECT count(*) FROM panorama_results WHERE run_id = r.id) AS panoramas,
    (SELECT count(*) FROM panorama_results WHERE run_id = r.id AND status = 'done') AS done,
    (SELECT count(*) FROM panorama_results WHERE run_id = r.id AND status = 'failed') AS failed,
    (SELECT avg(mean_confidence) FROM panorama_results WHERE run_id = r.id AND status = 'done') AS meanConfidence,
    (SELECT count(*) FROM reviews v WHERE v.run_id = r.id AND v.verdict = 'accepted' AND v.seq = (${lastReview('v')})) AS accepted,
    (SELECT count(*) FROM reviews v WHERE v.run_id = r.id AND v.verdict = 'rejected' AND v.seq = (${lastReview('v')})) AS rejected
  FROM labelling_runs r JOIN datasets d ON d.id = r.dataset_id`

function lastReview(of: string): string {
  return `SELECT max(seq) FROM reviews WHERE run_id = ${of}.run_id AND panorama_id = ${of}.panorama_id`
}

/**
 * Adds a run with a pending result for every panorama the dataset has now.
 * Throws `conflict` when the name is taken or the dataset has no panoramas, `bad-input` for the name "last".
 */
export function addLabellingRun(db: WriteDb, run: NewLabellingRun): LabellingRun {
  requireRunName(db, run.name)
  const id = run.id ?? newId('run')
  const { name, datasetId, samId, taId, provider, jobId } = run
  db.run(
    `INSERT INTO labelling_runs (id, name, dataset_id, sam_id, ta_id, config, sam_settings, provider, job_id, warnings, created_at)
     VALUES (@id, @name, @datasetId, @samId, @taId, @config, @samSettings, @provider, @jobId, '[]', @createdAt)`,
    {
      id, name, datasetId, samId, taId, provider, jobId,
      config: JSON.stringify(run.config),
      samSettings: run.samSettings === null ? null : JSON.stringify(run.samSettings),
      createdAt: db.now(),
    },
  )
  const added = run.panoramasOfRun === undefined
    ? db.run('INSERT INTO panorama_results (run_id, panorama_id) SELECT @id, id FROM panoramas WHERE dataset_id = @datasetId', { id, datasetId })
    : db.run('INSERT INTO panorama_results (run_id, panorama_id) SELECT @id, panorama_id FROM panorama_results WHERE run_id = @of', { id, of: run.panoramasOfRun })
  if (added === 0) throw new StudioError('conflict', 'There are no panoramas to label. Import a folder of images into the dataset first.')
  return getLabellingRun(db, id)
}

/** Newest first. */
export function listLabellingRuns(db: ReadDb): LabellingRun[] {
  return db.all(`${SELECT} ORDER BY r.rowid DESC`).map(toRun)
}

/** By id, unique name, or "last" for the newest. Throws `not-found` with near names. */
export function getLabellingRun(db: ReadDb, reference: string): LabellingRun {
  const newest = reference === LAST ? db.get('SELECT id FROM labelling_runs ORDER BY rowid DESC LIMIT 1') : undefined
  const id = newest === undefined ? resolveReference(db, 'labelling_runs', reference) : String(newest.id)
  return toRun(db.get(`${SELECT} WHERE r.id = @id`, { id }) ?? {})
}

/** Throws `not-found`, `conflict`, `bad-input`. */
export function renameLabellingRun(db: WriteDb, reference: string, name: string): LabellingRun {
  const { id } = getLabellingRun(db, reference)
  requireRunName(db, name, id)
  db.run('UPDATE labelling_runs SET name = @name WHERE id = @id', { id, name })
  return getLabellingRun(db, id)
}

/**
 * Adds a warning that labelling a panorama gave. One that is true of the whole run is kept once; one that panoramas share
 * is kept as their number and the first of them. What a run keeps is bounded, whatever its size: the job's log has all.
 * Throws `not-found`.
 */
export function addRunWarning(db: WriteDb, id: string, { message, shared, panorama }: NewRunWarning): void {
  const row = db.get('SELECT warnings FROM labelling_runs WHERE id = @id', { id })
  if (row === undefined) throw new StudioError('not-found', `There is no labelling run ${id}: it may have been removed.`)
  const kept = keptWarnings(row.warnings)
  const same = kept.findIndex((one) =>
    typeof one === 'string' ? shared === null && one === message : one.did === shared?.did && one.remedy === shared.remedy)
  const before = kept[same]
  if (typeof before === 'string' || (before === undefined && kept.length >= MOST_WARNINGS)) return
  if (before !== undefined) kept[same] = { ...before, panoramas: before.panoramas + 1 }
  else kept.push(shared === null ? message : { ...shared, first: panorama, panoramas: 1 })
  db.run('UPDATE labelling_runs SET warnings = @warnings WHERE id = @id', { id, warnings: JSON.stringify(kept) })
}

function keptWarnings(column: unknown): z.infer<typeof keptWarningsSchema> {
  return parseRecord(keptWarningsSchema, parseJson(column), 'list of warnings')
}

function warningText(kept: z.infer<typeof keptWarningsSchema>[number]): string {
  if (typeof kept === 'string') return kept
  const { did, remedy, first, panoramas } = kept
  return panoramas === 1 ? `${first} ${did}. ${remedy}` : `${panoramas} panoramas ${did} (first: ${first}). ${remedy}`
}

/**
 * Removes the run with its results, reviews and job. Throws `not-found`, and `conflict` while its job or that of a
 * distillation from it is not finished.
 */
export function removeLabellingRun(db: WriteDb, reference: string): void {
  const { id, name, jobId } = getLabellingRun(db, reference)
  // its own job may be a distillation that labels with a refined TA
  const distillations = db.all('SELECT id FROM distillations WHERE labelling_run_id = @id OR job_id = @jobId', { id, jobId })
  for (const subject of [id, ...distillations.map((row) => String(row.id))]) requireNoActiveJob(db, subject, `the labelling run "${name}"`)
  db.run('DELETE FROM labelling_runs WHERE id = @id', { id })
  removeJobsOf(db, id)
}

function requireRunName(db: ReadDb, name: string, exceptId: string | null = null): void {
  if (name === LAST) throw new StudioError('bad-input', 'A run cannot be named "last": that word means the newest run. Choose another name.')
  requireFreeName(db, 'labelling_runs', name, exceptId)
}

function toRun(row: Row): LabellingRun {
  const record = { ...row, config: parseJson(row.config), samSettings: parseJson(row.samSettings), warnings: keptWarnings(row.warnings).map(warningText) }
  return parseRecord(labellingRunSchema, record, 'labelling run')
}
