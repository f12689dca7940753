import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Dataset, Job, LabellingRun, LabelStats, Panorama, RefusedFile } from '../../src/contract/schemas.ts'
import { encodeFusion } from '../../src/core/formats/bundles.ts'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import type { FusedPanorama } from '../../src/core/goodsam/types.ts'
import { openArtifactStore, type ArtifactStore, type ArtifactStoreOptions } from '../../src/main/artifacts/artifact-store.ts'
import { createJobRunner, type JobRunner } from '../../src/main/jobs/job-runner.ts'
import type { ImportRequest } from '../../src/main/pipeline/import-plan.ts'
import { createImportHandler } from '../../src/main/pipeline/import-panoramas.ts'
import { addDataset, findDatasetByName, getDataset } from '../../src/main/store/datasets.ts'
import { listRefusedFiles } from '../../src/main/store/import-files.ts'
import { addJob } from '../../src/main/store/jobs.ts'
import { addLabellingRun } from '../../src/main/store/labelling-runs.ts'
import { addModel } from '../../src/main/store/models.ts'
import { openStore, type Store } from '../../src/main/store/open-store.ts'
import { finishResult } from '../../src/main/store/panorama-results.ts'
import { listPanoramas } from '../../src/main/store/panoramas.ts'
import { createLabelPool, type LabelPool } from '../../src/main/workers/label-pool.ts'

/** A workspace with the real store, artifacts, jobs and label workers, and no engine. */
export interface LabelWorkspace {
  readonly root: string
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly pool: LabelPool
  readonly runner: JobRunner
  close(): Promise<void>
}

/** One pool for all tests of a file: starting a thread costs more than a test. */
const pool = createLabelPool(2)

export async function openLabelWorkspace(options: { root?: string } & ArtifactStoreOptions = {}): Promise<LabelWorkspace> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'goodsam-labels-')))
  const store = openStore(join(root, 'workspace'), { create: true })
  const artifacts = openArtifactStore(store.paths.artifacts, options)
  const noLabelling = { run: () => Promise.reject(new Error('no labelling here')), retryFailed: () => 0 }
  const runner = createJobRunner({ store, handlers: { import: createImportHandler({ store, artifacts, pool }), label: noLabelling } })
  return {
    root, store, artifacts, pool, runner,
    async close() {
      await runner.stop()
      store.close()
      if (options.root === undefined) await rm(root, { recursive: true, force: true })
    },
  }
}

export interface ImportedFolder {
  readonly job: Job
  readonly dataset: Dataset
  readonly panoramas: readonly Panorama[]
  readonly byName: ReadonlyMap<string, Panorama>
  readonly refused: readonly RefusedFile[]
  /** warnings and errors of the job's log */
  readonly log: readonly string[]
}

export type ImportOptions = Partial<Omit<ImportRequest, 'datasetId' | 'folder'>> & { readonly dataset?: string }

/** Puts an import into the queue, as the services do. */
export function submitImport(workspace: LabelWorkspace, folder: string, options: ImportOptions = {}): Job {
  const { dataset = 'streets', ...request } = options
  return workspace.runner.submit((db) => {
    const { id } = findDatasetByName(db, dataset) ?? addDataset(db, { name: dataset, folder, labelSetId: 'cityscapes' })
    const payload: ImportRequest = { labelsFolder: null, hfovDeg: null, vfovDeg: null, ...request, datasetId: id, folder }
    return addJob(db, { kind: 'import', title: `Import ${dataset}`, subjectId: id, payload })
  })
}

/** Runs an import to its end. */
export async function importFolder(workspace: LabelWorkspace, folder: string, options: ImportOptions = {}): Promise<ImportedFolder> {
  const { id } = submitImport(workspace, folder, options)
  workspace.runner.start()
  await workspace.runner.settled(id)
  return importedState(workspace, id)
}

export function importedState(workspace: LabelWorkspace, jobId: string): ImportedFolder {
  const { store, runner } = workspace
  const job = runner.get(jobId)
  const dataset = getDataset(store.read, job.subjectId!)
  const { panoramas } = listPanoramas(store.read, dataset.id, { offset: 0, limit: 1000 })
  return {
    job, dataset, panoramas,
    byName: new Map(panoramas.map((panorama) => [panorama.name, panorama])),
    refused: listRefusedFiles(store.read, dataset.id),
    log: runner.log(jobId, 0).filter(({ level }) => level !== 'info').map(({ message }) => message),
  }
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (condition()) return
    await wait(10)
  }
  throw new Error(`It did not come to this: ${what}`)
}

/** What a failed write must not leave behind: temporary files, or rows whose artifacts are missing or damaged. */
export async function expectWhole({ store, artifacts }: LabelWorkspace): Promise<{ temporary: string[]; unreadable: string[] }> {
  const unreadable: string[] = []
  for (const row of store.read.all('SELECT name, image, truth FROM panoramas')) {
    for (const hash of [row.image, row.truth]) {
      if (typeof hash === 'string') await artifacts.read(hash).catch(() => unreadable.push(String(row.name)))
    }
  }
  return { temporary: await readdir(join(artifacts.root, 'tmp')), unreadable }
}

export const WHOLE = { temporary: [], unreadable: [] }

const STATS: LabelStats = {
  masks: 1, coverage: 1, meanConfidence: 0.5, disagreement: 0, consistency: 0, seconds: 1, ortSeconds: 1, provider: 'cpu',
  cached: { embeddings: 0, masks: false, semantics: false },
}

/** A labelling run over a dataset whose results are given: by panorama name; the others stay pending. */
export async function addRun(
  workspace: LabelWorkspace, dataset: string, results: Readonly<Record<string, FusedPanorama>>, name = 'run 1',
): Promise<LabellingRun> {
  const { store, artifacts } = workspace
  const { id: datasetId } = getDataset(store.read, dataset)
  const { panoramas } = listPanoramas(store.read, datasetId, { offset: 0, limit: 1000 })
  const run = store.transaction((db) => {
    const model = addModel(db, {
      name: `model of ${name}`, kind: 'ta', dialect: 'semantic', files: [], sha256: 'ab'.repeat(32), samSettings: null, classes: 19,
    })
    const job = addJob(db, { kind: 'label', title: name, subjectId: null, payload: null })
    return addLabellingRun(db, {
      name, datasetId, samId: null, taId: model.id, config: { ...RECIPES.goodsam, windows: [...RECIPES.goodsam.windows] } as never,
      samSettings: null, provider: 'cpu', jobId: job.id,
    })
  })
  for (const panorama of panoramas) {
    const fused = results[panorama.name]
    if (!fused) continue
    const { hash } = await artifacts.put(encodeFusion(fused))
    store.transaction((db) =>
      finishResult(db, { runId: run.id, panoramaId: panorama.id }, {
        artifacts: { masks: null, semantics: hash, boundary: null, fusion: hash }, stats: STATS, doubt: 0.5,
      }))
  }
  return run
}
