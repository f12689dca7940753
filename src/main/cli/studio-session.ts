import { resolve } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { Client } from '../../contract/procedures.ts'
import type { Job } from '../../contract/schemas.ts'
import { composeStudio, type Studio } from '../compose.ts'
import { duration, note } from './output.ts'

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

interface ProgressLine {
  count(done: number, total: number): void
  show(job: Job): void
  print(line: string): void
  end(): void
}

/** Where an item takes long, what happens meanwhile is noted so often. */
const QUIET_MS = 10_000

/** One line that is rewritten on a terminal; elsewhere a line per finished item, or per hundredth of very many, and one now and then. */
function createProgressLine(): ProgressLine {
  const terminal = process.stderr.isTTY
  let lastLine = -1
  let notedAt = 0
  let drawn = false
  const clear = (): void => {
    if (drawn) process.stderr.write('\r\u001b[K')
    drawn = false
  }
  const draw = (done: number, total: number, line: string): void => {
    if (terminal) {
      clear()
      process.stderr.write(line.slice(0, (process.stderr.columns ?? 80) - 1))
      drawn = true
      return
    }
    const at = total > 100 ? Math.floor((100 * done) / total) : done
    if (total === 0 || (at === lastLine && performance.now() - notedAt < QUIET_MS)) return
    lastLine = at
    notedAt = performance.now()
    note(line)
  }
  return {
    show(job) {
      const eta = job.etaSeconds === null ? '' : `, ${duration(job.etaSeconds)} left`
      draw(job.done, job.total, `${job.done}/${job.total} (${Math.round(job.progress * 100)} %)${eta}  ${job.message}`)
    },
    count: (done, total) => draw(done, total, `${done}/${total}`),
    print(line) {
      clear()
      note(line)
    },
    end: clear,
  }
}
