import type { CatalogueEntry } from '../../../../contract/catalogue-schemas.ts'
import type { Job } from '../../../../contract/schemas.ts'

/** Kinds of entries in the order in which they are shown. */
export const CATALOGUE_GROUPS: readonly CatalogueEntry['kind'][] = ['sam', 'ta', 'init']

/** So many of a kind are shown where there is little room. */
const FIRST = 2

export type EntryStage =
  | { readonly kind: 'offered' }
  | { readonly kind: 'active'; readonly job: Job }
  | { readonly kind: 'failed'; readonly job: Job }
  /** its model is in the workspace, or its weights are */
  | { readonly kind: 'there' }

/**
 * How far an entry is; of its jobs the newest counts. `watched`: the job that a person sees at work; when it is done, the entry is not
 * offered again for the moment until the catalogue says that it is there.
 */
export function entryStage({ repo, modelId, weightsFile }: Pick<CatalogueEntry, 'repo' | 'modelId' | 'weightsFile'>, jobs: readonly Job[], watched: string | null = null): EntryStage {
  const [job] = jobs.filter(({ kind, subjectId }) => kind === 'download' && subjectId === repo).sort((a, b) => b.createdAt.localeCompare(a.createdAt))
  if (job?.state === 'queued' || job?.state === 'running' || job?.state === 'paused') return { kind: 'active', job }
  if (modelId !== null || weightsFile !== null) return { kind: 'there' }
  if (job?.state === 'done' && job.id === watched) return { kind: 'active', job }
  return job?.state === 'failed' ? { kind: 'failed', job } : { kind: 'offered' }
}

/** The entries of a kind that are always shown: the first ones, and those of which a person has asked something; and the others. */
export function foldedEntries(entries: readonly CatalogueEntry[], jobs: readonly Job[]): { readonly first: readonly CatalogueEntry[]; readonly rest: readonly CatalogueEntry[] } {
  const isFirst = (entry: CatalogueEntry): boolean => entries.indexOf(entry) < FIRST || entryStage(entry, jobs).kind !== 'offered'
  const rest = entries.filter((entry) => !isFirst(entry))
  // a fold that hides one line saves none
  return rest.length < 2 ? { first: entries, rest: [] } : { first: entries.filter(isFirst), rest }
}

/** Downloads that are under way or wait. */
export function activeDownloads(jobs: readonly Job[]): readonly Job[] {
  return jobs.filter(({ kind, state }) => kind === 'download' && (state === 'queued' || state === 'running' || state === 'paused'))
}
