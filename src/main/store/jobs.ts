import type { ErrorCode } from '../../contract/errors.ts'
import { StudioError } from '../../contract/errors.ts'
import type { Job, JobState } from '../../contract/schemas.ts'
import { jobSchema } from '../../contract/schemas.ts'
import type { ReadDb, Row, SqlValue, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { asCount, parseJson, parseRecord } from './rows.ts'

export interface NewJob {
  /** where the subject must know it beforehand */
  readonly id?: string
  readonly kind: Job['kind']
  readonly title: string
  /** the labelling run or dataset it works on */
  readonly subjectId: string | null
  /** what its handler needs to know; goes through JSON */
  readonly payload: unknown
  /** items, where they are known beforehand */
  readonly total?: number
}

/** What a runner changes in a job's row. */
export interface JobPatch {
  readonly state?: JobState
  readonly stopping?: Job['stopping']
  readonly done?: number
  readonly failed?: number
  readonly total?: number
  readonly message?: string
  readonly error?: string | null
  readonly errorCode?: ErrorCode | null
  readonly attempts?: number
  readonly crashes?: number
  readonly startedAt?: string | null
  readonly finishedAt?: string | null
}

const COLUMN_OF: Readonly<Record<keyof JobPatch, string>> = {
  state: 'state', stopping: 'stopping', done: 'done', failed: 'failed', total: 'total', message: 'message', error: 'error',
  errorCode: 'error_code', attempts: 'attempts', crashes: 'crashes', startedAt: 'started_at', finishedAt: 'finished_at',
}

const SELECT = `
  SELECT id, kind, title, state, stopping, subject_id AS subjectId, done, failed, total, message, error,
    error_code AS errorCode, attempts, created_at AS createdAt, started_at AS startedAt, finished_at AS finishedAt
  FROM jobs`

/** Puts a job at the end of the queue. */
export function addJob(db: WriteDb, job: NewJob): Job {
  const id = job.id ?? newId('job')
  const { kind, title, subjectId, total = 0 } = job
  db.run(
    `INSERT INTO jobs (id, kind, title, state, subject_id, payload, total, created_at)
     VALUES (@id, @kind, @title, 'queued', @subjectId, @payload, @total, @createdAt)`,
    { id, kind, title, subjectId, total, payload: JSON.stringify(job.payload ?? null), createdAt: db.now() },
  )
  return getJob(db, id)
}

/** Newest first. Rate and time left are the runner's to know: null here. */
export function listJobs(db: ReadDb): Job[] {
  return db.all(`${SELECT} ORDER BY seq DESC`).map(toJob)
}

/** Throws `not-found`. */
export function getJob(db: ReadDb, id: string): Job {
  const row = db.get(`${SELECT} WHERE id = @id`, { id })
  if (row === undefined) throw new StudioError('not-found', `There is no job "${id}" in this workspace. It may have been removed with its run or dataset.`)
  return toJob(row)
}

/** What its handler was told. */
export function getJobPayload(db: ReadDb, id: string): unknown {
  return parseJson(db.get('SELECT payload FROM jobs WHERE id = @id', { id })?.payload)
}

/** The oldest job that waits, or null. */
export function nextQueuedJob(db: ReadDb): Job | null {
  const row = db.get(`${SELECT} WHERE state = 'queued' ORDER BY seq LIMIT 1`)
  return row === undefined ? null : toJob(row)
}

/** Jobs in a state, oldest first. */
export function listJobsInState(db: ReadDb, state: JobState): Job[] {
  return db.all(`${SELECT} WHERE state = @state ORDER BY seq`, { state }).map(toJob)
}

/** Processes that died under the job since it last finished an item. */
export function countCrashes(db: ReadDb, id: string): number {
  return asCount(db.get('SELECT crashes FROM jobs WHERE id = @id', { id })?.crashes)
}

/** Throws `not-found`. */
export function updateJob(db: WriteDb, id: string, patch: JobPatch): Job {
  const entries = Object.entries(patch).filter((entry): entry is [keyof JobPatch, SqlValue] => entry[1] !== undefined)
  if (entries.length > 0) {
    const assignments = entries.map(([key]) => `${COLUMN_OF[key]} = @${key}`).join(', ')
    db.run(`UPDATE jobs SET ${assignments} WHERE id = @id`, { ...Object.fromEntries(entries), id })
  }
  return getJob(db, id)
}

/** Throws `conflict` while a job on this subject waits, runs or is paused. `what` is named in the message. */
export function requireNoActiveJob(db: ReadDb, subjectId: string, what: string): void {
  const row = db.get(
    `SELECT title FROM jobs WHERE subject_id = @subjectId AND state IN ('queued', 'running', 'paused') LIMIT 1`, { subjectId },
  )
  if (row === undefined) return
  throw new StudioError('conflict', `The job "${String(row.title)}" works on ${what}. Wait for it or cancel it, then try again.`)
}

/** Removes the finished jobs on a subject that is gone, with their logs; one that made labels, too, stays with them. */
export function removeJobsOf(db: WriteDb, subjectId: string): void {
  db.run('DELETE FROM jobs WHERE subject_id = @subjectId AND id NOT IN (SELECT job_id FROM labelling_runs)', { subjectId })
}

function toJob(row: Row): Job {
  const total = asCount(row.total)
  const finished = row.state === 'done' ? 1 : 0
  const progress = total > 0 ? Math.min(1, asCount(row.done) / total) : finished
  return parseRecord(jobSchema, { ...row, progress, itemsPerMinute: null, etaSeconds: null }, 'job')
}
