import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Job } from '../../contract/schemas.ts'
import type { WriteDb } from '../store/database.ts'
import type { NewJobLogLine } from '../store/job-log.ts'
import { appendJobLog, JOB_LOG_LINES } from '../store/job-log.ts'
import { getJobPayload, updateJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import type { Clock } from './clock.ts'
import { createItemRate } from './item-rate.ts'
import type { JobContext, JobPart, LogLevel } from './job-handler.ts'
import { JobInterrupted } from './job-handler.ts'
import { createThrottle } from './throttle.ts'

const EVENT_INTERVAL_MS = 100
const WHOLE: JobPart = { from: 0, to: 1, secondsAfter: 0 }
/** Log lines reach the disk at every checkpoint, and at the latest after this. */
const LOG_INTERVAL_MS = 250

/** The job that runs now: what its row does not hold (rate, time left, what it is doing) and its handler's context. */
export interface LiveJob {
  readonly id: string
  readonly context: JobContext
  /** the row, with what only the running process knows */
  describe(row: Job): Job
  /** ends the run: at the next safe point, or at once */
  interrupt(when: 'at safe point' | 'now'): void
  /** takes a wish to end at the next safe point back */
  goOn(): void
  /** a transaction that also writes the log lines that wait */
  record(write: (db: WriteDb) => void): void
  /** no more events, timers or lines after this */
  close(): void
}

export interface LiveJobOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: (level: LogLevel, message: string) => void
  /** the job's description changed */
  readonly changed: () => void
}

export function createLiveJob(id: string, { store, clock, log, changed }: LiveJobOptions): LiveJob {
  const abort = new AbortController()
  let stop = new AbortController()
  const rate = createItemRate()
  const events = createThrottle(EVENT_INTERVAL_MS, changed)
  const logWriter = createThrottle(LOG_INTERVAL_MS, () => {
    try {
      record(() => {})
    } catch (error) {
      log('error', `The log of job ${id} could not be written: ${String(error)}`)
    }
  })
  let lines: NewJobLogLine[] = []
  let wanted = false
  let fraction = 0
  let message: string | null = null
  let part = WHOLE

  function record(write: (db: WriteDb) => void): void {
    const { length } = lines
    store.transaction((db) => {
      write(db)
      if (length > 0) appendJobLog(db, id, lines.slice(0, length))
    })
    lines = lines.slice(length)
  }

  function describe(row: Job): Job {
    const left = row.total - row.done - fraction
    const { share, etaSeconds } = part.now ?? {
      share: row.total > 0 ? Math.min(1, (row.done + fraction) / row.total) : fraction,
      etaSeconds: row.total > 0 ? rate.secondsFor(left) : null,
    }
    return {
      ...row,
      message: message ?? row.message,
      progress: part.from + (part.to - part.from) * share,
      itemsPerMinute: rate.itemsPerMinute(),
      etaSeconds: etaSeconds === null ? null : etaSeconds + part.secondsAfter,
    }
  }

  const context: JobContext = {
    payload: getJobPayload(store.read, id),
    signal: abort.signal,
    get stopping() {
      return stop.signal
    },
    clock,
    async safePoint() {
      await nextTurn()
      abort.signal.throwIfAborted()
      if (wanted) throw new JobInterrupted()
    },
    checkpoint(counts, write) {
      record((db) => {
        write?.(db)
        updateJob(db, id, { ...counts, message: message ?? undefined })
        // an item was finished: the job gets on, whatever ended earlier processes
        if (write !== undefined && counts.done !== undefined) updateJob(db, id, { crashes: 0 })
      })
      fraction = 0
      events.request()
    },
    progress(now) {
      fraction = Math.min(1, Math.max(0, now.fraction ?? fraction))
      message = now.message ?? message
      part = now.part ?? part
      events.request()
    },
    itemTook(milliseconds) {
      rate.add(milliseconds)
      events.request()
    },
    log(level, text) {
      log(level, text)
      lines.push({ at: new Date(clock.now()).toISOString(), level, message: text })
      // a disk that stays full must not fill the memory
      if (lines.length > JOB_LOG_LINES) lines.shift()
      logWriter.request()
      events.request()
    },
  }

  return {
    id,
    context,
    describe,
    interrupt(when) {
      wanted = true
      stop.abort(new JobInterrupted())
      if (when === 'now') abort.abort(new JobInterrupted())
    },
    goOn() {
      wanted = false
      if (stop.signal.aborted && !abort.signal.aborted) stop = new AbortController()
    },
    record,
    close() {
      events.close()
      logWriter.close()
    },
  }
}
