import type { z } from 'zod'
import { jobLogLineSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { asCount, parseRecord } from './rows.ts'

export type JobLogLine = z.infer<typeof jobLogLineSchema>
export type NewJobLogLine = Pick<JobLogLine, 'at' | 'level' | 'message'>

/** Lines kept of each job's log: the last ones. */
export const JOB_LOG_LINES = 1000

/** Appends lines; the oldest are dropped beyond JOB_LOG_LINES. */
export function appendJobLog(db: WriteDb, jobId: string, lines: readonly NewJobLogLine[]): void {
  let seq = asCount(db.get('SELECT max(seq) AS last FROM job_log WHERE job_id = @jobId', { jobId })?.last)
  for (const { at, level, message } of lines) {
    seq++
    db.run('INSERT INTO job_log (job_id, seq, at, level, message) VALUES (@jobId, @seq, @at, @level, @message)', { jobId, seq, at, level, message })
  }
  db.run('DELETE FROM job_log WHERE job_id = @jobId AND seq <= @last', { jobId, last: seq - JOB_LOG_LINES })
}

/** Lines after a sequence number (0: all), oldest first. */
export function listJobLog(db: ReadDb, jobId: string, afterSeq: number): JobLogLine[] {
  return db
    .all('SELECT job_id AS jobId, seq, at, level, message FROM job_log WHERE job_id = @jobId AND seq > @afterSeq ORDER BY seq', { jobId, afterSeq })
    .map((row) => parseRecord(jobLogLineSchema, row, 'job log line'))
}
