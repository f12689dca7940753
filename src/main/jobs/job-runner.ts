import { StudioError, toWireError } from '../../contract/errors.ts'
import type { Job, JobState } from '../../contract/schemas.ts'
import type { WriteDb } from '../store/database.ts'
import type { JobLogLine } from '../store/job-log.ts'
import { listJobLog } from '../store/job-log.ts'
import type { JobPatch } from '../store/jobs.ts'
import { getJob, listJobs, listJobsInState, nextQueuedJob, updateJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import type { Clock } from './clock.ts'
import { REAL_CLOCK } from './clock.ts'
import type { JobHandler, LogLevel } from './job-handler.ts'
import { JobInterrupted } from './job-handler.ts'
import type { LiveJob } from './live-job.ts'
import { createLiveJob } from './live-job.ts'
import { recoverJobs } from './recover-jobs.ts'

export interface JobRunnerOptions {
  readonly store: Store
  /** by kind of job; a job of a kind without one fails */
  readonly handlers: Readonly<Partial<Record<Job['kind'], JobHandler>>>
  readonly clock?: Clock
  /** the program's own log */
  readonly log?: (level: LogLevel, message: string) => void
}

/**
 * Runs the jobs of a workspace, one at a time, first come, first served. The queue is in the store, so it survives the
 * process. Functions that take an id throw StudioError `not-found`, and `conflict` where the job's state does not allow it.
 */
export interface JobRunner {
  /** Adds a job in a transaction of the caller's making (addJob, and what belongs to it) and tells the listeners. */
  submit(add: (db: WriteDb) => Job): Job
  /** Starts working through the queue. `only`: this job (and those named so before), and no other that waits. */
  start(options?: { readonly only?: string }): void
  list(): Job[]
  get(id: string): Job
  /** Lines after a sequence number; 0: all that are kept. */
  log(id: string, afterSeq: number): JobLogLine[]
  /** A running job pauses at its next safe point and keeps what it finished. */
  pause(id: string): Job
  resume(id: string): Job
  /** Ends the item in work, too. */
  cancel(id: string): Job
  /** Runs the failed items again, and what was never reached. */
  retry(id: string): Job
  /** Resolves when the job is done, failed, cancelled or paused, or when the runner stops. */
  settled(id: string): Promise<Job>
  /** Called at every change of a job, at most ten times a second for progress. Returns the function that ends it. */
  onJob(listener: (job: Job) => void): () => void
  /** Ends the running job at once; it stays queued and goes on at the next start. */
  stop(): Promise<void>
}

const SETTLED: readonly JobState[] = ['done', 'failed', 'cancelled', 'paused']
/** How long to wait before the end of a job is written again, when the disk was full. */
const RECORD_AGAIN_MS = 2000

/** Makes a runner; jobs that a dead process left running are queued again. */
export function createJobRunner({ store, handlers, clock = REAL_CLOCK, log = () => {} }: JobRunnerOptions): JobRunner {
  function handlerOf({ kind }: Job): JobHandler {
    const handler = handlers[kind]
    if (handler === undefined) throw new StudioError('internal', `There is no handler for jobs of kind "${kind}".`)
    return handler
  }

  const listeners = new Set<(job: Job) => void>()
  const ended = new AbortController()
  let live: LiveJob | null = null
  /** the jobs that may run */
  let allowed: 'all' | Set<string> = new Set()
  let working: Promise<void> | null = null

  recoverJobs(store)

  const now = (): string => new Date(clock.now()).toISOString()
  const described = (row: Job): Job => (live !== null && live.id === row.id ? live.describe(row) : row)
  const get = (id: string): Job => described(getJob(store.read, id))

  function tell(id: string): void {
    const job = get(id)
    for (const listener of listeners) {
      try {
        listener(job)
      } catch (error) {
        log('error', `A listener of job ${id} failed: ${String(error)}`)
      }
    }
  }

  function announce(id: string): Job {
    tell(id)
    wake()
    return get(id)
  }

  function change(id: string, patch: JobPatch): Job {
    store.transaction((db) => updateJob(db, id, patch))
    return announce(id)
  }

  function nextJob(): Job | null {
    if (ended.signal.aborted) return null
    const may = allowed
    if (may === 'all') return nextQueuedJob(store.read)
    return listJobsInState(store.read, 'queued').find((job) => may.has(job.id)) ?? null
  }

  function wake(): void {
    if (working !== null || nextJob() === null) return
    working = workThroughQueue().finally(() => {
      working = null
      // a job may have come between the last look and here
      wake()
    })
  }

  async function workThroughQueue(): Promise<void> {
    for (let job = nextJob(); job !== null; job = nextJob()) {
      try {
        await runJob(job)
      } catch (error) {
        log('error', `Job ${job.id} could not be started: ${String(error)}`)
        await clock.sleep(RECORD_AGAIN_MS, ended.signal).catch(() => {})
      }
    }
  }

  async function runJob(queued: Job): Promise<void> {
    const { id } = queued
    const running = createLiveJob(id, { store, clock, log, changed: () => tell(id) })
    live = running
    try {
      running.record((db) =>
        updateJob(db, id, {
          state: 'running', stopping: null, error: null, errorCode: null, finishedAt: null,
          attempts: queued.attempts + 1, startedAt: queued.startedAt ?? now(),
        }))
      tell(id)
      running.context.log('info', queued.attempts === 0 ? 'Started.' : `Started again (attempt ${queued.attempts + 1}).`)
      const outcome = await outcomeOf(getJob(store.read, id), running)
      await recordEnd(running, outcome)
    } finally {
      running.close()
      live = null
    }
    tell(id)
  }

  /** What becomes of the job's row when its handler has ended. */
  async function outcomeOf(job: Job, running: LiveJob): Promise<JobPatch> {
    const { context } = running
    try {
      await handlerOf(job).run(job, context)
      context.log('info', 'Done.')
      return { state: 'done', stopping: null, message: '', finishedAt: now() }
    } catch (error) {
      const { stopping } = getJob(store.read, job.id)
      if (error instanceof JobInterrupted || context.signal.aborted) {
        if (stopping === 'cancel') {
          context.log('info', 'Cancelled. Finished items are kept.')
          return { state: 'cancelled', stopping: null, message: '', finishedAt: now() }
        }
        if (stopping === 'pause') {
          context.log('info', 'Paused.')
          return { state: 'paused', stopping: null, message: '' }
        }
        context.log('info', 'The program was closed. The job goes on when it is opened again.')
        return { state: 'queued', stopping: null, message: '' }
      }
      const { code, message } = toWireError(error)
      context.log('error', message)
      log('error', `Job ${job.id} failed: ${error instanceof Error ? (error.stack ?? message) : message}`)
      return { state: 'failed', stopping: null, error: message, errorCode: code, message: '', finishedAt: now() }
    }
  }

  /** Writes how the job ended. A full disk is waited for: the end of a job must not be lost. */
  async function recordEnd(running: LiveJob, outcome: JobPatch): Promise<void> {
    for (;;) {
      try {
        running.record((db) => updateJob(db, running.id, outcome))
        return
      } catch (error) {
        // left as running, the next start of the program takes it up
        if (ended.signal.aborted) return
        running.context.progress({ message: toWireError(error).message })
        await clock.sleep(RECORD_AGAIN_MS, ended.signal).catch(() => {})
      }
    }
  }

  function pause(id: string): Job {
    const job = get(id)
    if (job.state === 'paused') return job
    if (job.state === 'queued') return change(id, { state: 'paused' })
    if (job.state !== 'running' || job.stopping === 'cancel') return refuse(job, 'paused')
    const pausing = change(id, { stopping: 'pause' })
    live?.interrupt('at safe point')
    return pausing
  }

  function resume(id: string): Job {
    const job = get(id)
    if (job.state === 'queued') return job
    if (job.state === 'paused') return change(id, { state: 'queued', crashes: 0 })
    if (job.state !== 'running' || job.stopping === 'cancel') return refuse(job, 'resumed')
    live?.goOn()
    return change(id, { stopping: null })
  }

  function cancel(id: string): Job {
    const job = get(id)
    if (job.state === 'cancelled') return job
    if (job.state === 'queued' || job.state === 'paused') return change(id, { state: 'cancelled', message: '', finishedAt: now() })
    if (job.state !== 'running') return refuse(job, 'cancelled')
    const cancelled = change(id, { stopping: 'cancel' })
    live?.interrupt('now')
    return cancelled
  }

  function retry(id: string): Job {
    const job = get(id)
    if (job.state === 'queued' || job.state === 'running') return refuse(job, 'tried again')
    if (job.state === 'done' && job.failed === 0) {
      throw new StudioError('conflict', `Nothing failed in the job "${job.title}": there is nothing to try again.`)
    }
    store.transaction((db) => {
      handlerOf(job).retryFailed(db, job)
      updateJob(db, id, {
        state: 'queued', done: job.done - job.failed, failed: 0, error: null, errorCode: null, finishedAt: null, crashes: 0,
      })
    })
    return announce(id)
  }

  function settled(id: string): Promise<Job> {
    return new Promise((resolve, reject) => {
      const job = get(id)
      if (isSettled(job) || ended.signal.aborted) {
        resolve(job)
        return
      }
      const finish = (): void => {
        stopListening()
        ended.signal.removeEventListener('abort', whenStopped)
      }
      const stopListening = onJob((changed) => {
        if (changed.id !== id || !isSettled(changed)) return
        finish()
        resolve(changed)
      })
      const whenStopped = (): void => {
        finish()
        Promise.resolve(working).then(() => resolve(get(id)), reject)
      }
      ended.signal.addEventListener('abort', whenStopped)
    })
  }

  function onJob(listener: (job: Job) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    submit(add) {
      return announce(store.transaction(add).id)
    },
    start({ only } = {}) {
      if (only === undefined) allowed = 'all'
      else if (allowed !== 'all') allowed.add(only)
      wake()
    },
    list: () => listJobs(store.read).map(described),
    get,
    log(id, afterSeq) {
      get(id)
      if (live?.id === id) live.record(() => {})
      return listJobLog(store.read, id, afterSeq)
    },
    pause,
    resume,
    cancel,
    retry,
    settled,
    onJob,
    async stop() {
      ended.abort()
      live?.interrupt('now')
      await working
      listeners.clear()
    },
  }
}

function isSettled(job: Job): boolean {
  return SETTLED.includes(job.state)
}

function refuse(job: Job, wish: string): never {
  throw new StudioError('conflict', `The job "${job.title}" is ${job.state}: it cannot be ${wish}.`)
}
