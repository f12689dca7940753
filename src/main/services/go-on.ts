import type { Job } from '../../contract/schemas.ts'
import type { JobRunner } from '../jobs/job-runner.ts'

/** Makes an unfinished job go on where it stopped, whatever stopped it: the same request was made again. */
export function goOn(jobs: JobRunner, { id, state }: Job): void {
  if (state === 'paused') jobs.resume(id)
  else if (state !== 'queued' && state !== 'running') jobs.retry(id)
}
