import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Output } from '../../../contract/procedures.ts'
import type { Change, Job } from '../../../contract/schemas.ts'
import { STALE, callKey } from './calls.ts'
import { useStudio, type Studio } from './studio.ts'

export type Connection = ReturnType<Studio['linkState']>

/** Changes are gathered this long, so that a run that finishes ten panoramas a second refreshes a list once. */
const GATHER_MS = 200

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

function createStaleGatherer(cache: QueryClient): { add: (area: Change['area']) => void; stop: () => void } {
  const areas = new Set<Change['area']>()
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = (): void => {
    timer = null
    const names = new Set<unknown>([...areas].flatMap((area) => STALE[area]))
    areas.clear()
    void cache.invalidateQueries({ predicate: ({ queryKey }) => names.has(queryKey[0]) })
  }
  return {
    add: (area) => {
      areas.add(area)
      timer ??= setTimeout(flush, GATHER_MS)
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer)
    },
  }
}
