import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { Panorama, PanoramaResult } from '../../../contract/schemas.ts'
import { useStudio } from './studio.ts'

const PAGE = 1000

/** Whole lists of which the contract gives pages: records are small, pixels are elsewhere. */
async function everyPage<T>(page: (offset: number) => Promise<{ readonly total: number; readonly items: readonly T[] }>): Promise<readonly T[]> {
  const all: T[] = []
  for (;;) {
    const { total, items } = await page(all.length)
    all.push(...items)
    if (items.length === 0 || all.length >= total) return all
  }
}

/** All panoramas of a dataset, by name. */
export function usePanoramas(dataset: string, options: { readonly enabled?: boolean } = {}): UseQueryResult<readonly Panorama[]> {
  const { client } = useStudio()
  return useQuery({
    queryKey: ['panoramas.list', dataset, 'all'],
    enabled: options.enabled ?? true,
    queryFn: ({ signal }) => everyPage(async (offset) => {
      const { total, panoramas } = await client.call('panoramas.list', { dataset, offset, limit: PAGE }, { signal })
      return { total, items: panoramas }
    }),
  })
}

/** The cache key of useResults. */
export function resultsKey(run: string): readonly unknown[] {
  return ['runs.results', run, 'all']
}

/** All results of a labelling run, by name. */
export function useResults(run: string): UseQueryResult<readonly PanoramaResult[]> {
  const { client } = useStudio()
  return useQuery({
    queryKey: resultsKey(run),
    queryFn: ({ signal }) => everyPage(async (offset) => {
      const { total, results } = await client.call('runs.results', { run, sort: 'name', offset, limit: PAGE }, { signal })
      return { total, items: results }
    }),
  })
}
