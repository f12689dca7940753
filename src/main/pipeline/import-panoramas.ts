import { StudioError } from '../../contract/errors.ts'
import type { ImportSummary, RefusedFile } from '../../contract/schemas.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { forEachItem } from '../jobs/for-each-item.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import type { WriteDb } from '../store/database.ts'
import { getDataset } from '../store/datasets.ts'
import { forgetRefusedFiles, listRefusedFiles, recordImportedFile } from '../store/import-files.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import type { Store } from '../store/open-store.ts'
import {
  addPanoramas, findPanoramaByFile, freePanoramaName, getPanorama, setTruth, type NewPanorama,
} from '../store/panoramas.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { normaliseImage, readSource } from './import-image.ts'
import { importRequestSchema, planImport, type ImportItem, type ImportRequest } from './import-plan.ts'
import { resolveProjection } from './import-projection.ts'
import { readTruthBytes, type LabelMapFile } from './import-truth.ts'

export interface ImportTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly pool: LabelPool
}

/** What became of one file; its artifacts are in the store, its rows are not. */
type Outcome =
  | { readonly kind: 'panorama'; readonly panorama: Omit<NewPanorama, 'name'> }
  | { readonly kind: 'duplicate'; readonly of: { readonly id: string; readonly name: string } }
  | { readonly kind: 'truth'; readonly panoramaId: string; readonly truth: string | null; readonly warnings: readonly string[] }

/** The job kind "import": one item per file, resumable; its payload is an ImportRequest. */
export function createImportHandler(tools: ImportTools): JobHandler {
  return {
    async run(job, context) {
      const request = importRequestSchema.parse(context.payload)
      await importPanoramas(tools, request, { context, isFirstAttempt: job.attempts <= 1 })
    },
    retryFailed: (db, job) => (job.subjectId === null ? 0 : forgetRefusedFiles(db, job.subjectId)),
  }
}

/**
 * Imports a folder of panoramas into a dataset. A file that cannot be used is recorded with its reason and the others go
 * on; a file whose content is in the dataset already is skipped. Artifacts are written first, then the rows of a file in
 * one transaction, so an import that is stopped anywhere leaves whole panoramas and goes on with the next file.
 *
 * Throws `bad-file` (no image there, or none that can be used), `storage` (disk full, read-only), `not-found`, and what
 * ends a job at a safe point.
 */
export async function importPanoramas(
  tools: ImportTools, request: ImportRequest, job: { readonly context: JobContext; readonly isFirstAttempt: boolean },
): Promise<ImportSummary> {
  const { store } = tools
  const { context } = job
  const { datasetId } = request
  const labelSet = getLabelSet(store.read, getDataset(store.read, datasetId).labelSetId)
  context.progress({ message: `Looking for images in ${request.folder}` })
  const plan = await planImport(store, request, { signal: context.signal, retryRefused: job.isFirstAttempt })

  const summary = { imported: 0, duplicates: 0, warnings: [] as string[] }
  const warn = (warning: string): void => {
    summary.warnings.push(warning)
    context.log('warn', warning)
  }
  plan.warnings.forEach(warn)
  recordRefused(context, datasetId, plan.refused)

  const refused = plan.settled.refused + plan.refused.length
  const settled = plan.settled.files + plan.refused.length
  await forEachItem<ImportItem, Outcome>(context, {
    noun: 'file',
    counts: { total: settled + plan.items.length, done: settled, failed: refused },
    pending: plan.items,
    nameOf: ({ file }) => file.display,
    async compute(item, { signal }) {
      const outcome = await importFile(tools, { request, item, labelSet }, signal)
      warningsOf(item, outcome).forEach(warn)
      return outcome
    },
    wasComputed: (outcome) => outcome.kind === 'panorama',
    finish(db, item, outcome) {
      writeOutcome(db, datasetId, item, outcome)
      if (outcome.kind === 'panorama') summary.imported++
      if (outcome.kind === 'duplicate') summary.duplicates++
    },
    fail(db, { file, panoramaId }, { code, message }) {
      // a panorama that was imported before stays imported though its truth could not be stored
      if (panoramaId === null) recordImportedFile(db, datasetId, { file: file.display, outcome: 'refused', code, message })
    },
  })
  return { dataset: getDataset(store.read, datasetId), ...summary, refused: listRefusedFiles(store.read, datasetId) }
}

function recordRefused(context: JobContext, datasetId: string, refused: readonly RefusedFile[]): void {
  for (const { message } of refused) context.log('error', message)
  context.checkpoint({}, (db) => {
    for (const file of refused) recordImportedFile(db, datasetId, { ...file, outcome: 'refused' })
  })
}

function warningsOf({ file }: ImportItem, outcome: Outcome): readonly string[] {
  switch (outcome.kind) {
    case 'panorama':
      return outcome.panorama.warnings
    case 'duplicate':
      return [`${file.display} has the same content as the panorama "${outcome.of.name}" and was skipped.`]
    case 'truth':
      return outcome.warnings
  }
}

interface FileImport {
  readonly request: ImportRequest
  readonly item: ImportItem
  readonly labelSet: LabelSetRecord
}

/** Everything of one file but its rows. Throws `bad-file`, `storage`. */
async function importFile(tools: ImportTools, { request, item, labelSet }: FileImport, signal: AbortSignal): Promise<Outcome> {
  const { store, artifacts } = tools
  const { file } = item
  if (item.panoramaId !== null) return addTruth(tools, { item, labelSet, panoramaId: item.panoramaId }, signal)

  const source = await readSource(file.path, file.display, signal)
  const same = findPanoramaByFile(store.read, request.datasetId, source.sha256)
  if (same !== null) return { kind: 'duplicate', of: same }

  signal.throwIfAborted()
  const image = await normaliseImage(source.bytes, file.display)
  const { widthPx, heightPx } = image
  const { projection, warnings } = resolveProjection({
    widthPx, heightPx, xmp: image.xmp, hfovDeg: request.hfovDeg, vfovDeg: request.vfovDeg,
  })
  const truth = item.truth === null ? null
    : await storeTruth(tools, { labelMap: item.truth, labelSet, size: { width: widthPx, height: heightPx } }, signal)
  signal.throwIfAborted()
  const stored = await artifacts.put(image.bytes)
  return {
    kind: 'panorama',
    panorama: {
      split: file.split,
      width: widthPx,
      height: heightPx,
      fileSha256: source.sha256,
      image: stored.hash,
      imageBytes: stored.bytes,
      mediaType: image.mediaType,
      truth: truth?.hash ?? null,
      projection,
      warnings: [
        ...image.warnings,
        ...warnings.map((warning) => `${file.display}: ${warning}`),
        ...(truth?.warnings ?? []),
      ],
    },
  }
}

/** Truth for a panorama that was imported without. */
async function addTruth(
  tools: ImportTools, { item, labelSet, panoramaId }: { item: ImportItem; labelSet: LabelSetRecord; panoramaId: string }, signal: AbortSignal,
): Promise<Outcome> {
  const panorama = getPanorama(tools.store.read, panoramaId)
  const truth = item.truth === null ? null : await storeTruth(tools, { labelMap: item.truth, labelSet, size: panorama }, signal)
  return { kind: 'truth', panoramaId, truth: truth?.hash ?? null, warnings: truth?.warnings ?? [] }
}

/** The label map's artifact; a warning instead where it does not fit: the panorama is of use without truth, too. */
async function storeTruth(
  tools: ImportTools,
  { labelMap, labelSet, size }: { labelMap: LabelMapFile; labelSet: LabelSetRecord; size: { width: number; height: number } },
  signal: AbortSignal,
): Promise<{ hash: string | null; warnings: readonly string[] }> {
  try {
    const { width, height } = size
    const truth = await readTruthBytes(labelMap)
    const read = await tools.pool.run('readTruth', { truth, labelSet, size: { width, height } }, { signal })
    if ('problem' in read) return leftOut(read.problem)
    return { hash: (await tools.artifacts.put(read.artifact)).hash, warnings: [] }
  } catch (error) {
    if (error instanceof StudioError && error.code === 'bad-file') return leftOut(error.message)
    throw error
  }
}

function leftOut(problem: string): { hash: null; warnings: readonly string[] } {
  return { hash: null, warnings: [`${problem} The panorama was imported without truth.`] }
}

function writeOutcome(db: WriteDb, datasetId: string, item: ImportItem, outcome: Outcome): void {
  const { display } = item.file
  switch (outcome.kind) {
    case 'panorama': {
      const name = freePanoramaName(db, datasetId, item.name)
      const [{ id }] = addPanoramas(db, datasetId, [{ ...outcome.panorama, name }])
      recordImportedFile(db, datasetId, { file: display, outcome: 'imported', panoramaId: id })
      return
    }
    case 'duplicate':
      recordImportedFile(db, datasetId, { file: display, outcome: 'duplicate', panoramaId: outcome.of.id })
      return
    case 'truth':
      if (outcome.truth !== null) setTruth(db, outcome.panoramaId, outcome.truth)
  }
}
