import { join } from 'node:path'
import type { Job } from '../../src/contract/schemas.ts'
import type { Student, StudentExport } from '../../src/contract/training-schemas.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { ExportEngine } from '../../src/main/engine/export-protocol.ts'
import { createJobRunner, type JobRunner } from '../../src/main/jobs/job-runner.ts'
import type { ExportFileSystem } from '../../src/main/pipeline/export-folder.ts'
import { studentExportHandler } from '../../src/main/pipeline/export-student.ts'
import { createImportHandler } from '../../src/main/pipeline/import-panoramas.ts'
import { createChangeFeed } from '../../src/main/services/change-feed.ts'
import type { ServiceContext } from '../../src/main/services/context.ts'
import { studentExportServices } from '../../src/main/services/student-exports.ts'
import { getDataset } from '../../src/main/store/datasets.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { addStudent } from '../../src/main/store/students.ts'
import { createLabelPool } from '../../src/main/workers/label-pool.ts'
import { importFolder, type LabelWorkspace } from './label-workspace.ts'
import { writePaintedPanorama } from './painted-panoramas.ts'
import type { TrainedMini } from './trained-mini.ts'

/** A host that imports and exports, with the engine it is given. */
export interface ExportHost extends LabelWorkspace {
  readonly runner: JobRunner
  readonly services: ReturnType<typeof studentExportServices>
  /** waits for the end of the export's job */
  export(student: Student, options?: { readonly out?: string; readonly zip?: boolean }): Promise<{ readonly record: StudentExport; readonly job: Job }>
}

export interface ExportHostOptions {
  readonly engine: ExportEngine
  readonly fileSystem?: ExportFileSystem
}

export function openExportHost(root: string, { engine, fileSystem }: ExportHostOptions): ExportHost {
  const store = openStore(join(root, 'workspace'), { create: true })
  const artifacts = openArtifactStore(store.paths.artifacts)
  const pool = createLabelPool(1)
  const runner = createJobRunner({
    store,
    handlers: {
      import: createImportHandler({ store, artifacts, pool }),
      'export-student': studentExportHandler({ store, artifacts, engine, version: '1.2.3', fileSystem }, () => {}),
    },
  })
  const context = { store, artifacts, jobs: runner, pool, changes: createChangeFeed(), enqueue: () => runner.start() } as unknown as ServiceContext
  const services = studentExportServices(context)
  const call = { signal: new AbortController().signal }
  return {
    root, store, artifacts, pool, runner, services,
    async export(student, { out = null, zip = false } = {}) {
      const { exportId, jobId } = await services['students.export']({ student: student.id, out, zip }, call)
      const job = await runner.settled(jobId)
      const records = await services['students.exports']({ student: student.id }, call)
      return { job, record: records.find(({ id }) => id === exportId)! }
    },
    async close() {
      await runner.stop()
      await pool.close()
      store.close()
    },
  }
}

/** Painted panoramas as the dataset "streets". */
export async function importPainted(host: ExportHost, count = 5): Promise<void> {
  const folder = join(host.root, 'painted')
  for (let index = 0; index < count; index++) await writePaintedPanorama(folder, `street-${index}`, index * 100)
  await importFolder(host, folder)
}

export async function addMini(
  { store, artifacts }: Pick<ExportHost, 'store' | 'artifacts'>, { network, weights }: TrainedMini, changes: Partial<Parameters<typeof addStudent>[1]> = {},
): Promise<Student> {
  const [{ hash: networkHash }, { hash: weightsHash }] = [await artifacts.put(network), await artifacts.put(weights)]
  return store.transaction((db) =>
    addStudent(db, {
      name: 'mini', architecture: { kind: 'segformer', size: 'mini' }, labelSetId: 'cityscapes', classes: 19, parameters: 3_719_027,
      distillationId: 'distil_gone', labellingRunId: null, labellingRunName: 'night run', datasetId: getDataset(db, 'streets').id,
      init: { kind: 'random' }, weights: weightsHash, network: networkHash, step: 40, height: 64, width: 128, score: 0.9, scoreKind: 'agreement',
      provenance: PROVENANCE, ...changes,
    }))
}

const PROVENANCE = {
  program: '1.0.0',
  dataset: { id: 'ds_1', name: 'streets', labelSetId: 'cityscapes' },
  teachers: [
    { kind: 'sam', name: 'my sam', dialect: 'sam-transformers-js', sha256: 'a'.repeat(64), files: [{ name: 'sam_vit_b.onnx' }] },
    { kind: 'ta', name: 'espnetv2', dialect: 'semantic', sha256: 'b'.repeat(64), files: [{ name: 'network.onnx' }] },
  ],
}
