import { notifications } from '@mantine/notifications'
import {
  QueryClient, keepPreviousData, useMutation, useQuery, type UseQueryResult,
} from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Change } from '../../../contract/schemas.ts'
import type { Input, NameOf, Output } from '../../../contract/procedures.ts'
import { describeError } from './errors.ts'
import { useStudio } from './studio.ts'

export type QueryName = NameOf<'query'>
export type MutationName = NameOf<'mutation'>

/** Nothing polls: an answer stays true until the host says that its area changed. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // networkMode: the host is this machine or the lab's, being offline does not matter
      queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false, networkMode: 'always' },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
}

/** Queries whose answers may be other after a change in an area. */
export const STALE: Readonly<Record<Change['area'], readonly QueryName[]>> = {
  datasets: ['datasets.list', 'datasets.refused', 'panoramas.list', 'panoramas.get', 'panoramas.truth', 'workspace.info', 'labelSets.list'],
  models: ['models.list', 'models.builtin', 'models.catalogue', 'workspace.info'],
  runs: ['runs.list', 'runs.get', 'runs.results', 'runs.result'],
  results: ['runs.results', 'runs.result', 'runs.get', 'runs.list', 'workspace.info'],
  reviews: ['runs.results', 'runs.result', 'runs.get', 'runs.list'],
  jobs: ['jobs.list', 'jobs.get'],
  // another hub has other files
  settings: ['settings.get', 'models.catalogueFiles'],
  engine: ['engine.status'],
  distillations: ['distillations.list', 'distillations.get', 'distillations.samples', 'distillations.checkpoints', 'workspace.info'],
  students: ['students.list', 'students.get'],
  evaluations: ['evaluations.list', 'evaluations.get', 'evaluations.compare', 'students.list', 'students.get'],
  exports: ['students.exports', 'workspace.info'],
  tour: ['tour.get'],
}

/** The cache key of a call. */
export function callKey<N extends QueryName>(name: N, input: Input<N>): readonly [N, Input<N>] {
  return [name, input]
}

export interface CallOptions {
  readonly enabled?: boolean
  /** show the former answer while another input is loading */
  readonly keepPrevious?: boolean
  /** ask again each time it is shown: for what can change without the host noticing (folders on its disk) */
  readonly fresh?: boolean
}

/** A query of the contract as cached state; refetched when the host reports a change. */
export function useCall<N extends QueryName>(name: N, input: Input<N>, options: CallOptions = {}): UseQueryResult<Output<N>> {
  const { client } = useStudio()
  return useQuery<Output<N>>({
    queryKey: callKey(name, input),
    queryFn: ({ signal }) => client.call(name, input, { signal }),
    enabled: options.enabled ?? true,
    ...(options.fresh === true ? { staleTime: 0 } : {}),
    placeholderData: options.keepPrevious === true ? keepPreviousData : undefined,
  })
}

export interface Action<N extends MutationName> {
  /** resolves with null when it failed; the failure has been shown */
  readonly run: (input: Input<N>) => Promise<Output<N> | null>
  readonly busy: boolean
  readonly error: unknown
  readonly reset: () => void
}

/**
 * A mutation of the contract. Failures pop up as a notification, unless the caller shows `error` itself
 * (`inline`).
 */
export function useAction<N extends MutationName>(name: N, options: { readonly inline?: boolean } = {}): Action<N> {
  const { client } = useStudio()
  const { mutateAsync, isPending, error, reset } = useMutation<Output<N>, unknown, Input<N>>({
    mutationFn: (input) => client.call(name, input),
  })
  const inline = options.inline === true
  const run = useCallback(
    async (input: Input<N>): Promise<Output<N> | null> => {
      try {
        return await mutateAsync(input)
      } catch (failure) {
        if (!inline) notifyError(failure)
        return null
      }
    },
    [mutateAsync, inline],
  )
  return { run, busy: isPending, error, reset }
}

export function notifyError(error: unknown): void {
  const { title, message, code } = describeError(error)
  if (code === 'cancelled') return
  notifications.show({ color: 'red', title, message, autoClose: 12_000 })
}

export function notifyDone(message: string, title?: string): void {
  notifications.show({ color: 'green', title, message, autoClose: 5000 })
}
