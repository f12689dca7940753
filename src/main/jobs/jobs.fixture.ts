import type { Job } from '../../contract/schemas.ts'
import { addJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import type { Clock } from './clock.ts'
import type { JobContext, JobHandler, LogLevel } from './job-handler.ts'
import type { JobRunner } from './job-runner.ts'
import { createJobRunner } from './job-runner.ts'

/** Runners and handlers for tests. */

/** A clock that a test moves; sleeping moves it, too. */
export function manualClock(): Clock & { advance(milliseconds: number): void; readonly slept: number[] } {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    advance(milliseconds) {
      now += milliseconds
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted()
      slept.push(milliseconds)
      now += milliseconds
    },
  }
}

/** A runner whose jobs of both kinds run this. */
export function runnerOf(
  store: Store, run: (job: Job, context: JobContext) => Promise<void>,
  options: { readonly clock?: Clock; readonly retryFailed?: JobHandler['retryFailed']; readonly log?: (level: LogLevel, message: string) => void } = {},
): JobRunner {
  const handler: JobHandler = { run, retryFailed: options.retryFailed ?? (() => 0) }
  return createJobRunner({ store, handlers: { import: handler, label: handler }, clock: options.clock, log: options.log })
}

export function submit(runner: JobRunner, title: string, options: { readonly payload?: unknown; readonly total?: number } = {}): Job {
  return runner.submit((db) => addJob(db, { kind: 'label', title, subjectId: null, payload: options.payload ?? null, total: options.total }))
}

/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Resolves when the condition holds; fails after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('Waited five seconds in vain.')
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
}
