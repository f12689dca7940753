import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'

type JobProcedures =
  | 'jobs.list' | 'jobs.get' | 'jobs.log' | 'jobs.start' | 'jobs.pause' | 'jobs.resume' | 'jobs.cancel' | 'jobs.retry' | 'on.jobs'

export function jobServices({ jobs, enqueue }: ServiceContext): Pick<Implementation, JobProcedures> {
  return {
    'jobs.list': () => jobs.list(),
    'jobs.get': ({ jobId }) => jobs.get(jobId),
    'jobs.log': ({ jobId, afterSeq }) => jobs.log(jobId, afterSeq),
    'jobs.start': ({ jobId }) => {
      const job = jobs.get(jobId)
      enqueue(jobId)
      return job
    },
    'jobs.pause': ({ jobId }) => jobs.pause(jobId),
    'jobs.resume': ({ jobId }) => {
      const job = jobs.resume(jobId)
      enqueue(jobId)
      return job
    },
    'jobs.cancel': ({ jobId }) => jobs.cancel(jobId),
    'jobs.retry': ({ jobId }) => {
      const job = jobs.retry(jobId)
      enqueue(jobId)
      return job
    },
    'on.jobs': (_input, emit, signal) => {
      if (signal.aborted) return
      signal.addEventListener('abort', jobs.onJob(emit), { once: true })
    },
  }
}
