import type { Client } from '../../src/contract/procedures.ts'
import type { Job } from '../../src/contract/schemas.ts'

/** Waits for the end of a job. Throws, with its log, when it did not end as done. */
export async function finished(client: Client, jobId: string): Promise<Job> {
  const job = await settled(client, jobId)
  if (job.state === 'done') return job
  const log = await client.call('jobs.log', { jobId, afterSeq: 0 })
  throw new Error(`Job "${job.title}" is ${job.state}: ${job.error}\n${log.map(({ message }) => message).join('\n')}`)
}

/** Waits until a job is done, failed, cancelled or paused. */
export function settled(client: Client, jobId: string): Promise<Job> {
  return new Promise((settle, fail) => {
    const onJob = (job: Job): void => {
      if (job.id !== jobId || !['done', 'failed', 'cancelled', 'paused'].includes(job.state)) return
      end()
      settle(job)
    }
    const end = client.subscribe('on.jobs', {}, onJob)
    client.call('jobs.get', { jobId }).then(onJob, fail)
  })
}
