import { StudioError } from '../../contract/errors.ts'
import type { LabelStats, PanoramaResult, StageArtifacts } from '../../contract/schemas.ts'
import { panoramaResultSchema } from '../../contract/schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { asCount, parseJson, parseRecord } from './rows.ts'

/** The verdict that counts is the journal's last row. */
const COLUMNS = `
  x.run_id AS runId, x.panorama_id AS panoramaId, p.name, x.status, x.error, x.masks, x.semantics, x.boundary, x.fusion,
  x.stats, x.doubt,
  (SELECT verdict FROM reviews WHERE run_id = x.run_id AND panorama_id = x.panorama_id ORDER BY seq DESC LIMIT 1) AS review`

/** CROSS JOIN fixes the order of the loops: along the index that is already sorted, so that a page costs a page. */
const BY_NAME = `
  FROM labelling_runs r CROSS JOIN panoramas p CROSS JOIN panorama_results x
  WHERE r.id = @runId AND p.dataset_id = r.dataset_id AND x.run_id = r.id AND x.panorama_id = p.id`
const BY_DOUBT = `
  FROM panorama_results x CROSS JOIN panoramas p
  WHERE x.run_id = @runId AND p.id = x.panorama_id`
const IN_NAME_ORDER = 'ORDER BY p.sort_key, p.name'

/** One page, in natural order of the names or the most doubtful first (what has no doubt yet comes last). */
export function listResults(
  db: ReadDb, runId: string,
  page: { readonly sort: 'name' | 'doubt'; readonly offset: number; readonly limit: number },
): { total: number; results: PanoramaResult[] } {
  const total = asCount(db.get('SELECT count(*) AS n FROM panorama_results WHERE run_id = @runId', { runId })?.n)
  const query = page.sort === 'name'
    ? `SELECT ${COLUMNS} ${BY_NAME} ${IN_NAME_ORDER}`
    : `SELECT ${COLUMNS} ${BY_DOUBT} ORDER BY x.doubt DESC, x.rowid`
  const rows = db.all(`${query} LIMIT @limit OFFSET @offset`, { runId, limit: page.limit, offset: page.offset })
  return { total, results: rows.map(toResult) }
}

/** Throws `not-found`. */
export function getResult(db: ReadDb, runId: string, panoramaId: string): PanoramaResult {
  const row = db.get(`SELECT ${COLUMNS} ${BY_DOUBT} AND x.panorama_id = @panoramaId`, { runId, panoramaId })
  if (row === undefined) throw new StudioError('not-found', `The labelling run "${runId}" has no panorama "${panoramaId}".`)
  return toResult(row)
}

/** What a job still has to label, in natural order of the names. */
export function pendingPanoramas(db: ReadDb, runId: string): { panoramaId: string; name: string }[] {
  return db
    .all(`SELECT p.id AS panoramaId, p.name ${BY_NAME} AND x.status = 'pending' ${IN_NAME_ORDER}`, { runId })
    .map((row) => ({ panoramaId: String(row.panoramaId), name: String(row.name) }))
}

/** Counts by status. */
export function countResults(db: ReadDb, runId: string): { total: number; done: number; failed: number } {
  const row = db.get(
    `SELECT count(*) AS total, sum(status = 'done') AS done, sum(status = 'failed') AS failed FROM panorama_results WHERE run_id = @runId`,
    { runId },
  )
  return { total: asCount(row?.total), done: asCount(row?.done), failed: asCount(row?.failed) }
}

/** The artifacts must be in the store already: file first, row second. Doubt is 0..1, high: look at it first. */
export function finishResult(
  db: WriteDb, key: { readonly runId: string; readonly panoramaId: string },
  result: { readonly artifacts: StageArtifacts; readonly stats: LabelStats; readonly doubt: number },
): void {
  const { masks, semantics, boundary, fusion } = result.artifacts
  update(
    db,
    `status = 'done', error = NULL, masks = @masks, semantics = @semantics, boundary = @boundary, fusion = @fusion,
     stats = @stats, mean_confidence = @meanConfidence, doubt = @doubt`,
    {
      ...key, masks, semantics, boundary, fusion,
      stats: JSON.stringify(result.stats),
      meanConfidence: result.stats.meanConfidence,
      doubt: result.doubt,
    },
  )
}

export function failResult(db: WriteDb, key: { readonly runId: string; readonly panoramaId: string }, message: string): void {
  update(
    db,
    `status = 'failed', error = @message, masks = NULL, semantics = NULL, boundary = NULL, fusion = NULL, stats = NULL,
     mean_confidence = NULL, doubt = NULL`,
    { ...key, message },
  )
}

/** Makes the failed results pending again. Returns how many there were. */
export function resetFailedResults(db: WriteDb, runId: string): number {
  return db.run(`UPDATE panorama_results SET status = 'pending', error = NULL WHERE run_id = @runId AND status = 'failed'`, { runId })
}

function update(db: WriteDb, assignments: string, parameters: Readonly<Record<string, string | number | null>>): void {
  const changed = db.run(`UPDATE panorama_results SET ${assignments} WHERE run_id = @runId AND panorama_id = @panoramaId`, parameters)
  if (changed === 0) throw new StudioError('not-found', 'The labelling run or the panorama was removed while it was being labelled.')
}

function toResult(row: Row): PanoramaResult {
  const { masks, semantics, boundary, fusion, ...rest } = row
  const artifacts = fusion === null ? null : { masks, semantics, boundary, fusion }
  return parseRecord(panoramaResultSchema, { ...rest, artifacts, stats: parseJson(row.stats) }, 'panorama result')
}
