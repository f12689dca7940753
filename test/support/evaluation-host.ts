import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Input } from '../../src/contract/procedures.ts'
import type { Job } from '../../src/contract/schemas.ts'
import type { EvaluationRecord, Student } from '../../src/contract/training-schemas.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine } from '../../src/main/engine/protocol.ts'
import { createJobRunner } from '../../src/main/jobs/job-runner.ts'
import { evaluateJobHandler } from '../../src/main/pipeline/evaluate-job.ts'
import { createImportHandler } from '../../src/main/pipeline/import-panoramas.ts'
import { createChangeFeed } from '../../src/main/services/change-feed.ts'
import type { ServiceContext } from '../../src/main/services/context.ts'
import { evaluationServices } from '../../src/main/services/evaluations.ts'
import { modelServices } from '../../src/main/services/models.ts'
import { getDataset } from '../../src/main/store/datasets.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { addStudent } from '../../src/main/store/students.ts'
import { createLabelPool } from '../../src/main/workers/label-pool.ts'
import { startEngine } from '../integration/engine-fixtures.ts'
import type { LabelWorkspace } from './label-workspace.ts'

/** A host that imports and evaluates, with the real engine. */
export interface EvaluationHost extends LabelWorkspace {
  readonly services: ReturnType<typeof evaluationServices> & ReturnType<typeof modelServices>
  /** names of the panoramas that the engine was asked to segment */
  readonly segmented: readonly string[]
  start(request: Partial<Input<'evaluations.start'>> & Pick<Input<'evaluations.start'>, 'subject'>): Promise<{ evaluationId: string; jobId: string }>
  /** starts, waits for the end of its job and returns both */
  evaluate(request: Parameters<EvaluationHost['start']>[0]): Promise<{ record: EvaluationRecord; job: Job }>
}

export function openEvaluationHost(root: string): EvaluationHost {
  const store = openStore(join(root, 'workspace'), { create: true })
  const artifacts = openArtifactStore(store.paths.artifacts)
  const pool = createLabelPool(1)
  const real = startEngine()
  const segmented: string[] = []
  const engine: Engine = {
    ...real,
    segment: (request, options) => {
      segmented.push(request.panoramaName)
      return real.segment(request, options)
    },
  }
  const runner = createJobRunner({
    store,
    handlers: { import: createImportHandler({ store, artifacts, pool }), evaluate: evaluateJobHandler({ store, artifacts, engine, pool }, () => {}) },
  })
  const context = {
    store, artifacts, engine, jobs: runner, pool, changes: createChangeFeed(), version: '1.2.3', enqueue: () => runner.start(),
  } as unknown as ServiceContext
  const services = { ...evaluationServices(context), ...modelServices(context) }
  const call = { signal: new AbortController().signal }
  const start: EvaluationHost['start'] = async (request) =>
    services['evaluations.start']({ dataset: null, truth: null, mode: 'whole', provider: 'cpu', ...request }, call)
  return {
    root, store, artifacts, pool, runner, services, segmented, start,
    async evaluate(request) {
      const { evaluationId, jobId } = await start(request)
      const job = await runner.settled(jobId)
      return { job, record: await services['evaluations.get']({ evaluationId }, call) }
    },
    async close() {
      await runner.stop()
      await Promise.all([engine.stop(), pool.close()])
      store.close()
    },
  }
}

/** A student whose network is a file. */
export async function addStudentFrom(
  { store, artifacts }: Pick<EvaluationHost, 'store' | 'artifacts'>, file: string, changes: Partial<Parameters<typeof addStudent>[1]> = {},
): Promise<Student> {
  const { hash } = await artifacts.put(await readFile(file))
  return store.transaction((db) =>
    addStudent(db, {
      name: 'mini', architecture: { kind: 'segformer', size: 'mini' }, labelSetId: 'cityscapes', classes: 19, parameters: 57,
      distillationId: 'distil_gone', labellingRunId: null, labellingRunName: null, datasetId: getDataset(db, 'streets').id, init: { kind: 'random' },
      weights: hash, network: hash, step: 10, height: 128, width: 256, score: null, scoreKind: null, provenance: {}, ...changes,
    }))
}
