import type { Job } from '../../contract/schemas.ts'
import type { WriteDb } from '../store/database.ts'
import type { Clock } from './clock.ts'

export type LogLevel = 'info' | 'warn' | 'error'

export interface JobCounts {
  /** items, finished or not */
  readonly total: number
  /** items finished, failed ones included */
  readonly done: number
  readonly failed: number
}

/** Does the work of one kind of job. */
export interface JobHandler {
  /**
   * Works until the job is finished; what earlier attempts finished is skipped. Resolves: done. Throws: failed, with the
   * error's message. Errors of `context.safePoint` and of an aborted signal must pass through.
   */
  run(job: Job, context: JobContext): Promise<void>
  /** Makes the failed items pending again, for a retry. Returns how many there were. */
  retryFailed(db: WriteDb, job: Job): number
}

/** Which part of the whole job is under way: jobs of one kind of item have one. */
export interface JobPart {
  /** of the job's progress, 0..1 */
  readonly from: number
  readonly to: number
  /** what the parts after this one are thought to take */
  readonly secondsAfter: number
  /** how far the part is (0..1), and for how long still; the job's counts say it where omitted */
  readonly now?: { readonly share: number; readonly etaSeconds: number | null }
}

/** What a handler may ask of the runner. Most handlers only need forEachItem. */
export interface JobContext {
  /** what the job was given when it was added */
  readonly payload: unknown
  /** aborts when the job is cancelled or the program closes; a pause waits for the next safe point */
  readonly signal: AbortSignal
  /**
   * Aborts when the job is to end at its next safe point, too, so that long work can hurry to one. A wish that is taken
   * back gives another signal: ask for it again after each safe point.
   */
  readonly stopping: AbortSignal
  readonly clock: Clock
  /**
   * A place where the job may end and later go on: all finished work is recorded. Ends the run (by an error that must
   * pass through) when a person asked for it; otherwise lets the event loop turn.
   */
  safePoint(): Promise<void>
  /** Records finished work and the job's counts in one transaction. */
  checkpoint(counts: Partial<JobCounts>, write?: (db: WriteDb) => void): void
  /** What is being done now. `fraction` is 0..1 of the current item, `part` lasts until another is given; nothing is written to the disk. */
  progress(now: { readonly fraction?: number | undefined; readonly message?: string | undefined; readonly part?: JobPart }): void
  /** Time that an item took which was really computed: the base of rate and time left. */
  itemTook(milliseconds: number): void
  log(level: LogLevel, message: string): void
}

/** Ends a run at a safe point. Only the runner throws and catches it. */
export class JobInterrupted extends Error {
  override readonly name = 'JobInterrupted'
}
