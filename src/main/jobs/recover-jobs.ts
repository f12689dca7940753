import { appendJobLog } from '../store/job-log.ts'
import { countCrashes, listJobsInState, updateJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'

/** A job under which so many processes died without finishing an item waits for a person. */
const CRASHES_ALLOWED = 3

/**
 * Puts jobs that a dead process left running back into the queue: whoever opens the workspace is alone with it, so nobody
 * runs them. Finished items are recorded and stay finished.
 */
export function recoverJobs(store: Store): void {
  store.transaction((db) => {
    for (const job of listJobsInState(db, 'running')) {
      const crashes = countCrashes(db, job.id) + 1
      const say = (message: string): void => appendJobLog(db, job.id, [{ at: db.now(), level: 'warn', message }])
      if (job.stopping === 'cancel') {
        updateJob(db, job.id, { state: 'cancelled', stopping: null, finishedAt: db.now() })
        say('The program ended before the job was cancelled; it is cancelled now.')
      } else if (job.stopping === 'pause') {
        updateJob(db, job.id, { state: 'paused', stopping: null, crashes })
        say('The program ended before the job was paused; it is paused now.')
      } else if (crashes >= CRASHES_ALLOWED) {
        updateJob(db, job.id, { state: 'paused', crashes })
        say(`The program ended ${crashes} times during the same item (${job.message}). The job is paused: resume it to try again.`)
      } else {
        updateJob(db, job.id, { state: 'queued', crashes })
        say('The program ended while this job ran. It goes on with the next unfinished item.')
      }
    }
  })
}
