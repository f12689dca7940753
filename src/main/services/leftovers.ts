import { readdir, rm } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { Job } from '../../contract/schemas.ts'
import { importRequestSchema } from '../pipeline/import-plan.ts'
import type { ReadDb } from '../store/database.ts'
import { getJobPayload, listJobs } from '../store/jobs.ts'
import { listModels } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'

/** Files that a killed process or a finished import left behind. Rows are the truth: what none names goes. */

/** A failed import keeps its files: it can be tried again. */
const ENDED: ReadonlySet<Job['state']> = new Set(['done', 'cancelled'])

/** Model folders without a row: a copy that was interrupted. */
export async function removeModelLeftovers(store: Store): Promise<void> {
  const known = new Set(listModels(store.read).map(({ id }) => id))
  for (const name of await names(store.paths.models)) {
    if (!known.has(name)) await rm(join(store.paths.models, name), { recursive: true, force: true })
  }
}

/** At the start: files dropped on a browser window that no unfinished import needs. */
export async function removeSpentUploads(store: Store, uploadsFolder: string): Promise<void> {
  const unfinished = listJobs(store.read).filter(({ kind, state }) => kind === 'import' && !ENDED.has(state))
  const needed = new Set(unfinished.flatMap(({ id }) => batchesOf(store.read, id, uploadsFolder)))
  for (const name of await names(uploadsFolder)) {
    if (!needed.has(name)) await rm(join(uploadsFolder, name), { recursive: true, force: true })
  }
}

/** When an import ended: the files it was dropped with are artifacts by now. */
export async function removeUploadsOf(store: Store, uploadsFolder: string, job: Job): Promise<void> {
  if (job.kind !== 'import' || !ENDED.has(job.state)) return
  for (const name of batchesOf(store.read, job.id, uploadsFolder)) await rm(join(uploadsFolder, name), { recursive: true, force: true })
}

/** Folders of uploads that an import reads: the first step of its paths below the uploads folder. */
function batchesOf(db: ReadDb, jobId: string, uploadsFolder: string): string[] {
  const request = importRequestSchema.safeParse(getJobPayload(db, jobId))
  if (!request.success) return []
  const paths = [request.data.folder, request.data.labelsFolder].filter((path) => path !== null)
  const steps = paths.map((path) => relative(uploadsFolder, path).split(sep)[0])
  return steps.filter((step) => step !== '' && step !== '..' && !isAbsolute(step))
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
