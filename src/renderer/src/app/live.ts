import { notifications } from '@mantine/notifications'
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Output } from '../../../contract/procedures.ts'
import type { Change, Job } from '../../../contract/schemas.ts'
import { failedText } from '../features/jobs/job-words.ts'
import { STALE, callKey, notifyDone } from './calls.ts'
import { useStudio, type Studio } from './studio.ts'

export type Connection = ReturnType<Studio['linkState']>

/**
 * Changes of an area are gathered this long, so that a run that finishes ten panoramas a second refreshes its list once
 * a second.
 */
const GATHER_MS = 200
const GATHER_RESULTS_MS = 1000

/** Keeps the cache true to the host for as long as the window is open; returns the state of the connection. */
export function useLiveUpdates(): Connection {
  const { client, linkState, onLinkState } = useStudio()
  const cache = useQueryClient()

  useEffect(() => {
    const stale = createStaleGatherer(cache)
    let wasLost = false
    const ends = [
      client.subscribe('on.changes', {}, (change) => stale.add(change.area), (state) => {
        // what changed meanwhile was not heard
        if (state === 'live' && wasLost) void cache.invalidateQueries()
        wasLost = state === 'lost'
      }),
      client.subscribe('on.jobs', {}, (job) => {
        const before = cache.getQueryData<Output<'jobs.list'>>(callKey('jobs.list', {}))?.find(({ id }) => id === job.id)
        if (before !== undefined) announceEnd(before, job)
        cache.setQueryData<Output<'jobs.list'>>(callKey('jobs.list', {}), (jobs) => (jobs === undefined ? jobs : withJob(jobs, job)))
        cache.setQueryData<Output<'jobs.get'>>(callKey('jobs.get', { jobId: job.id }), job)
      }),
      client.subscribe('on.engine', {}, (status) => {
        cache.setQueryData<Output<'engine.status'>>(callKey('engine.status', {}), status)
      }),
    ]
    return () => {
      for (const end of ends) end()
      stale.stop()
    }
  }, [client, cache])

  return useSyncExternalStore(onLinkState, linkState)
}

/** The list with the job in its new state: in its place, or first when it is new. */
export function withJob(jobs: readonly Job[], job: Job): Job[] {
  const at = jobs.findIndex(({ id }) => id === job.id)
  return at < 0 ? [job, ...jobs] : jobs.with(at, job)
}

/** A job that came to its end, wherever the person is looking. */
function announceEnd(before: Job, now: Job): void {
  if (before.state === now.state) return
  if (now.state === 'failed') notifications.show({ color: 'red', title: `${now.title} stopped`, message: now.error ?? 'The log says why.', autoClose: 12_000 })
  else if (now.state === 'done' && now.failed > 0) notifications.show({ color: 'yellow', title: `${now.title} is done`, message: failedText(now), autoClose: 8000 })
  else if (now.state === 'done') notifyDone(`${now.title} is done.`)
}

function createStaleGatherer(cache: QueryClient): { add: (area: Change['area']) => void; stop: () => void } {
  const timers = new Map<Change['area'], ReturnType<typeof setTimeout>>()
  const flush = (area: Change['area']): void => {
    timers.delete(area)
    const names = new Set<unknown>(STALE[area])
    void cache.invalidateQueries({ predicate: ({ queryKey }) => names.has(queryKey[0]) })
  }
  return {
    add: (area) => {
      if (!timers.has(area)) timers.set(area, setTimeout(() => flush(area), area === 'results' ? GATHER_RESULTS_MS : GATHER_MS))
    },
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
