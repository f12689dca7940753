import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset, LabellingRun, LabelStats, Model, Panorama } from '../../contract/schemas.ts'
import { RECIPES, SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import type { WriteDb } from './database.ts'
import { addDataset } from './datasets.ts'
import { addJob, updateJob } from './jobs.ts'
import { addLabellingRun } from './labelling-runs.ts'
import { addModel } from './models.ts'
import type { Store } from './open-store.ts'
import { openStore } from './open-store.ts'
import type { NewPanorama } from './panoramas.ts'
import { addPanoramas } from './panoramas.ts'

/** Workspaces and records for tests. */

export interface TestWorkspace extends Disposable {
  readonly folder: string
  readonly store: Store
}

/** A new workspace in a temporary folder; its clock moves one second at every reading. */
export function makeWorkspace(): TestWorkspace {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-'))
  const store = openStore(folder, { create: true, now: tickingClock() })
  return {
    folder,
    store,
    [Symbol.dispose]() {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function tickingClock(): () => Date {
  let milliseconds = Date.parse('2026-01-01T00:00:00Z')
  return () => new Date((milliseconds += 1000))
}

/** The SHA-256 of a text: a hash that looks like an artifact's. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function aPanorama(name: string, changes: Partial<NewPanorama> = {}): NewPanorama {
  return {
    name,
    split: 'default',
    width: 2048,
    height: 1024,
    fileSha256: hashOf(`file of ${name}`),
    image: hashOf(`image of ${name}`),
    imageBytes: 1000,
    mediaType: 'image/webp',
    truth: null,
    projection: { kind: 'equirectangular', hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true, source: 'aspect' },
    warnings: [],
    ...changes,
  }
}

export function addTestModel(db: WriteDb, kind: Model['kind'], name: string = kind): Model {
  return addModel(db, {
    name,
    kind,
    dialect: kind === 'sam' ? 'sam-transformers-js' : 'semantic',
    files: [{
      role: kind === 'sam' ? 'encoder' : 'network', name: 'model.onnx', bytes: 10, sha256: hashOf(`file of ${name}`),
      inputs: [{ name: 'pixel_values', type: 'float32', shape: ['batch', 3, 64, 64] }], outputs: [],
    }],
    sha256: hashOf(`model ${name}`),
    samSettings: kind === 'sam' ? SAM_DEFAULTS : null,
    classes: kind === 'sam' ? null : 19,
  })
}

export interface TestRun {
  readonly dataset: Dataset
  readonly panoramas: readonly Panorama[]
  readonly run: LabellingRun
}

/** A dataset of panoramas named so (added here unless it is there), both models, and a labelling run whose job has ended. */
export function addTestRun(
  db: WriteDb, names: readonly string[], runName = 'a run', dataset = addDataset(db, { name: `dataset of ${runName}`, folder: '/photos', labelSetId: CITYSCAPES.id }),
): TestRun {
  const panoramas = addPanoramas(db, dataset.id, names.map((name) => aPanorama(name)))
  const sam = addTestModel(db, 'sam', `sam of ${runName}`)
  const ta = addTestModel(db, 'ta', `ta of ${runName}`)
  const job = addJob(db, { kind: 'label', title: `Label ${dataset.name}`, subjectId: null, payload: {} })
  updateJob(db, job.id, { state: 'done' })
  const run = addLabellingRun(db, {
    name: runName, datasetId: dataset.id, samId: sam.id, taId: ta.id, config: RECIPES.goodsam, samSettings: SAM_DEFAULTS,
    provider: 'auto', jobId: job.id,
  })
  return { dataset: { ...dataset, panoramas: panoramas.length }, panoramas, run }
}

export const SOME_STATS: LabelStats = {
  masks: 12, coverage: 0.75, meanConfidence: 0.5, disagreement: 0.25, consistency: 0.125, seconds: 3, ortSeconds: 2.5,
  provider: 'cpu', cached: { embeddings: 0, masks: false, semantics: false },
}

/** What a stage made, by a name of one's own. */
export function artifactsOf(text: string): { masks: string; semantics: string; boundary: string; fusion: string } {
  return {
    masks: hashOf(`masks ${text}`), semantics: hashOf(`semantics ${text}`), boundary: hashOf(`boundary ${text}`),
    fusion: hashOf(`fusion ${text}`),
  }
}
