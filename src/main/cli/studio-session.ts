import { resolve } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { Client } from '../../contract/procedures.ts'
import type { Job } from '../../contract/schemas.ts'
import { composeStudio, type Studio } from '../compose.ts'
import { createProgressLine } from './progress-line.ts'

/** Opens the workspace, does the work through the contract, closes the workspace whatever happens. */
export async function withStudio<T>(
  workspace: string, work: (client: Client, studio: Studio) => Promise<T>, options: { create?: boolean } = {},
): Promise<T> {
  const studio = await composeStudio({
    workspace: resolve(workspace),
    create: options.create ?? false,
    // jobs of an earlier process wait for the window or for the same command again
    queue: 'asked',
  })
  try {
    return await work(studio.client, studio)
  } finally {
    await studio.close()
  }
}

/**
 * Follows a job to its end with progress on stderr. Ctrl+C pauses the job, so that the same command continues it.
 * Warnings that were `told` already are not repeated. Throws when the job failed as a whole, was cancelled or paused.
 */
export async function followJob(client: Client, jobId: string, told: readonly string[] = []): Promise<Job> {
  const progress = createProgressLine()
  let lastSeq = 0
  const said = new Set(told)
  const showLog = async (): Promise<void> => {
    for (const { seq, level, message, at } of await client.call('jobs.log', { jobId, afterSeq: lastSeq })) {
      // two looks at the log may overlap
      if (seq <= lastSeq) continue
      lastSeq = seq
      // an earlier command has told its own; what every attempt says is said once
      if (level === 'info' || Date.parse(at) < performance.timeOrigin || said.has(message)) continue
      said.add(message)
      progress.print(`${level === 'warn' ? 'warning' : level}: ${message}`)
    }
  }
  const pause = (): void => void client.call('jobs.pause', { jobId }).catch(() => {})
  process.on('SIGINT', pause)
  try {
    const job = await new Promise<Job>((settle, fail) => {
      const onJob = (seen: Job): void => {
        if (seen.id !== jobId) return
        progress.show(seen)
        // whoever called says it
        if (seen.state === 'failed' && seen.error !== null) said.add(seen.error)
        // a line that cannot be shown is no reason to end the command; the whole log is read once more at the end
        showLog().catch(() => {})
        if (['done', 'failed', 'cancelled', 'paused'].includes(seen.state)) {
          end()
          settle(seen)
        }
      }
      const end = client.subscribe('on.jobs', {}, onJob)
      client.call('jobs.get', { jobId }).then(onJob, fail)
    })
    await showLog()
    progress.end()
    if (job.state === 'failed') throw new StudioError(job.errorCode ?? 'internal', job.error ?? 'The job failed.')
    if (job.state === 'cancelled') throw new StudioError('cancelled', 'The job was cancelled.')
    if (job.state === 'paused') throw new StudioError('cancelled', 'Paused: what is finished is kept. Run the same command again to continue.')
    return job
  } finally {
    process.off('SIGINT', pause)
  }
}

/** Runs a call that takes a while with its progress on stderr. */
export async function withProgress<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const line = createProgressLine()
  const end = client.subscribe('on.callProgress', {}, ({ done, total }) => line.count(done, total))
  try {
    return await work()
  } finally {
    end()
    line.end()
  }
}
