import type { ErrorCode } from '../../contract/errors.ts'
import { StudioError, toWireError } from '../../contract/errors.ts'
import type { WriteDb } from '../store/database.ts'
import type { JobContext, JobCounts } from './job-handler.ts'
import { JobInterrupted } from './job-handler.ts'

/** A batch whose items are independent of one another. */
export interface Batch<Item, Result> {
  /** for people: "panorama" */
  readonly noun: string
  /** how far earlier attempts came */
  readonly counts: JobCounts
  /** the items that are not finished yet */
  readonly pending: Iterable<Item>
  nameOf(item: Item): string
  compute(item: Item, io: ItemIo): Promise<Result>
  /** false: it came out of a cache and says nothing about the speed. Default: computed */
  wasComputed?(result: Result): boolean
  /** writes the item's result; in one transaction with the job's counts */
  finish(db: WriteDb, item: Item, result: Result): void
  /** writes that the item failed; in one transaction with the job's counts */
  fail(db: WriteDb, item: Item, error: StudioError): void
}

export interface ItemIo {
  readonly signal: AbortSignal
  progress(fraction: number, message: string): void
}

export interface ForEachOptions {
  /** waits before an item is tried again after an engine error, in milliseconds: one per retry */
  readonly backoffMs?: readonly number[]
}

const BACKOFF_MS: readonly number[] = [500, 2000, 8000]
/** So many items in a row that fail in the same way are no accident of one item. */
const IN_A_ROW = 3
/** Causes that would fail every other item as well. */
const OF_NO_ITEM = { storage: 'could not be written', engine: 'failed with the engine' } as const satisfies Partial<Record<ErrorCode, string>>

/**
 * Works through the pending items one after the other. A finished item is recorded at once and never done again; an item
 * that fails is recorded with its error and the batch goes on.
 *
 * An error of the engine is tried again on the same item, with growing waits, before the item fails. A full disk, or an
 * engine that is gone for good, ends the batch after several items in a row: what is left stays pending.
 * Throws then, and when no item at all succeeded, with the last item's error code.
 */
export async function forEachItem<Item, Result>(
  context: JobContext, batch: Batch<Item, Result>, options: ForEachOptions = {},
): Promise<JobCounts> {
  const backoff = options.backoffMs ?? BACKOFF_MS
  let counts = batch.counts
  let failures: StudioError[] = []
  context.checkpoint(counts)

  for (const item of batch.pending) {
    await context.safePoint()
    const name = batch.nameOf(item)
    context.progress({ fraction: 0, message: name })
    try {
      const started = context.clock.now()
      const result = await computeWithRetries(context, batch, item, backoff)
      const next = { ...counts, done: counts.done + 1 }
      context.checkpoint(next, (db) => batch.finish(db, item, result))
      counts = next
      failures = []
      if (batch.wasComputed?.(result) ?? true) context.itemTook(context.clock.now() - started)
    } catch (error) {
      if (isInterruption(error, context)) throw error
      const failure = asStudioError(error)
      counts = { ...counts, done: counts.done + 1, failed: counts.failed + 1 }
      context.log('error', `${name}: ${failure.message}`)
      context.checkpoint(counts, (db) => batch.fail(db, item, failure))
      failures = [...failures, failure].slice(-IN_A_ROW)
      const { code, message } = failure
      if ((code === 'storage' || code === 'engine') && allAre(failures, code)) {
        throw new StudioError(code, `${IN_A_ROW} ${batch.noun}s in a row ${OF_NO_ITEM[code]}. ${message}`, { cause: failure })
      }
    }
  }

  const last = failures.at(-1)
  if (last !== undefined && counts.failed === counts.total) {
    const message = counts.total === 1 ? last.message : `None of the ${counts.total} ${batch.noun}s succeeded. The last one: ${last.message}`
    throw new StudioError(last.code, message, { cause: last })
  }
  return counts
}

async function computeWithRetries<Item, Result>(
  context: JobContext, batch: Batch<Item, Result>, item: Item, backoff: readonly number[],
): Promise<Result> {
  const name = batch.nameOf(item)
  const io: ItemIo = {
    signal: context.signal,
    progress: (fraction, message) => context.progress({ fraction, message: `${name}: ${message}` }),
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await batch.compute(item, io)
    } catch (error) {
      const wait = backoff[attempt]
      if (wait === undefined || !(error instanceof StudioError) || error.code !== 'engine') throw error
      if (isInterruption(error, context)) throw error
      context.log('warn', `${name}: ${error.message} Trying again in ${wait / 1000} s (${attempt + 1} of ${backoff.length}).`)
      context.progress({ fraction: 0, message: `${name}: waiting for the engine` })
      await context.clock.sleep(wait, context.signal)
    }
  }
}

function allAre(failures: readonly StudioError[], code: ErrorCode): boolean {
  return failures.length === IN_A_ROW && failures.every((failure) => failure.code === code)
}

/** Whatever is thrown after the signal aborted is the abort's doing. */
function isInterruption(error: unknown, context: JobContext): boolean {
  return error instanceof JobInterrupted || context.signal.aborted
}

function asStudioError(error: unknown): StudioError {
  if (error instanceof StudioError) return error
  const wire = toWireError(error)
  return new StudioError(wire.code, wire.message, { cause: error })
}
