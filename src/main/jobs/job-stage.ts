import { createItemRate } from './item-rate.ts'
import type { JobContext, JobCounts, JobPart } from './job-handler.ts'

/**
 * The context for a stage of a job that comes before what the job counts: its items are counted here, so that the job's own
 * counts stay at none, and show as progress and time left within `part`.
 */
export function stageContext(context: JobContext, part: Omit<JobPart, 'now'>, total: number): JobContext {
  const rate = createItemRate()
  let counts: Pick<JobCounts, 'done' | 'total'> = { done: 0, total }
  let fraction = 0
  const tell = (message?: string): void => {
    const share = counts.total > 0 ? (counts.done + fraction) / counts.total : fraction
    context.progress({ message, part: { ...part, now: { share, etaSeconds: rate.secondsFor(counts.total - counts.done - fraction) } } })
  }
  const own: Pick<JobContext, 'checkpoint' | 'itemTook' | 'progress'> = {
    checkpoint(changed, write) {
      context.checkpoint({ done: 0 }, write)
      counts = { done: changed.done ?? counts.done, total: changed.total ?? counts.total }
      fraction = 0
      tell()
    },
    itemTook(milliseconds) {
      rate.add(milliseconds)
      tell()
    },
    progress(now) {
      fraction = Math.min(1, Math.max(0, now.fraction ?? fraction))
      tell(now.message)
    },
  }
  return Object.create(context, Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { value }]))) as JobContext
}
