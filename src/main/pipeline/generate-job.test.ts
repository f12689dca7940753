import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeGreyPng } from '../../core/formats/indexed-png.ts'
import { openArtifactStore, type ArtifactStore } from '../artifacts/artifact-store.ts'
import { createJobRunner, type JobRunner } from '../jobs/job-runner.ts'
import { createChangeFeed } from '../services/change-feed.ts'
import type { ServiceContext } from '../services/context.ts'
import { startGenerating } from '../services/generate.ts'
import { addDataset, getDataset, removeDataset } from '../store/datasets.ts'
import { openStore, type Store } from '../store/open-store.ts'
import { listPanoramas } from '../store/panoramas.ts'
import type { SynthPool } from '../workers/synth-pool.ts'
import { generateJobHandler } from './generate-job.ts'
import { hiddenTruth, removeTruthLeftovers, truthFolder, truthMap } from './generate-truth.ts'

const STREETS = { seed: 3, style: 'target', width: 64, height: 32, vfovDeg: null } as const

let folder: string
let store: Store
let artifacts: ArtifactStore
let runner: JobRunner
let drawn: number[]
let atOnce: number
let mostAtOnce: number
/** what drawing a street does beside drawing it */
let onDraw: (index: number) => void

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'generate-'))
  store = openStore(folder, { create: true })
  artifacts = openArtifactStore(store.paths.artifacts)
  drawn = []
  atOnce = mostAtOnce = 0
  onDraw = () => {}
  runner = createJobRunner({ store, handlers: { generate: generateJobHandler({ store, artifacts, openPool: paper }) } })
  runner.start()
})
afterEach(async () => {
  await runner.stop()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Three threads that draw grey: image and truth are the street's number. */
function paper(): SynthPool {
  return {
    threads: 3,
    async draw({ request: { index, width, height } }, { signal }) {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await wait(2)
      atOnce--
      signal.throwIfAborted()
      onDraw(index)
      drawn.push(index)
      const bytes = writeGreyPng({ width, height, data: new Uint8Array(width * height).fill(index) })
      return { milliseconds: 2, files: [{ kind: 'labelTrainIds', bytes }, { kind: 'image', bytes }] }
    },
    close: async () => {},
  }
}

function generate(panoramas: number, name: string | null = null, streets: Partial<Parameters<typeof startGenerating>[1]> = {}): { datasetId: string; jobId: string } {
  const context = { store, artifacts, jobs: runner, changes: createChangeFeed(), enqueue: () => runner.start() } as unknown as ServiceContext
  return startGenerating(context, { ...STREETS, ...streets, panoramas, name })
}

test('panoramas come with their place on the sphere, and their truth lies beside them, in no row', async () => {
  const { datasetId, jobId } = generate(7)
  expect(await runner.settled(jobId)).toMatchObject({ state: 'done', done: 7, failed: 0, total: 7 })
  // a street for every thread, and one more that waits while another is recorded
  expect(mostAtOnce).toBe(4)
  expect(drawn.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6])
  const dataset = getDataset(store.read, datasetId)
  expect(dataset).toMatchObject({ name: 'Generated streets', panoramas: 7, withTruth: 0, generated: { ...STREETS, vfovDeg: 180 } })
  const { panoramas } = listPanoramas(store.read, datasetId, { offset: 0, limit: 10 })
  expect(panoramas[4]).toMatchObject({
    name: 'streets_000003_000004', split: 'train', width: 64, height: 32, truth: null,
    projection: { kind: 'equirectangular', hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true },
  })
  const truth = hiddenTruth(store, dataset)
  expect(truth).toBe(join(folder, 'truth', datasetId))
  expect(readdirSync(truth!)).toHaveLength(7)
  expect(readFileSync(join(truth!, 'streets_000003_000004_gtFine_labelTrainIds.png')).equals(await artifacts.read(panoramas[4]!.image) as Buffer)).toBe(true)
  expect(await artifacts.has((await truthMap({ store, artifacts }, panoramas[4]!.id))!)).toBe(true)
})

test('what was paused, cancelled or closed goes on with the next panorama', async () => {
  onDraw = (index) => {
    if (index === 4) runner.pause(jobId)
  }
  const { datasetId, jobId } = generate(20, 'streets')
  expect(await runner.settled(jobId)).toMatchObject({ state: 'paused' })
  const { panoramas } = getDataset(store.read, datasetId)
  expect(panoramas).toBeGreaterThan(0)
  expect(panoramas).toBeLessThan(20)

  onDraw = (index) => {
    if (index === 12) runner.cancel(jobId)
  }
  drawn = []
  runner.resume(jobId)
  expect(await runner.settled(jobId)).toMatchObject({ state: 'cancelled' })
  // nothing that had a row was drawn again
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(panoramas)

  onDraw = () => {}
  const again = generate(20, 'streets')
  expect(again.datasetId).toBe(datasetId)
  expect(await runner.settled(again.jobId)).toMatchObject({ state: 'done', done: 20 })
  expect(getDataset(store.read, datasetId).panoramas).toBe(20)
})

test('a panorama that cannot be drawn is tried again when the job is', async () => {
  onDraw = (index) => {
    if (index === 1) throw new Error('no street there')
  }
  const { datasetId, jobId } = generate(3)
  expect(await runner.settled(jobId)).toMatchObject({ state: 'done', done: 3, failed: 1 })
  expect(getDataset(store.read, datasetId).panoramas).toBe(2)
  onDraw = () => {}
  runner.retry(jobId)
  expect(await runner.settled(jobId)).toMatchObject({ state: 'done', done: 3, failed: 0 })
  expect(getDataset(store.read, datasetId).panoramas).toBe(3)
})

test('a name of other streets, or of imported panoramas, is not taken over', async () => {
  await runner.settled(generate(1, 'mine').jobId)
  expect(() => generate(1, 'mine', { seed: 4 })).toThrow(/drawn with other settings/)
  store.transaction((db) => addDataset(db, { name: 'photos', folder: '/photos', labelSetId: 'cityscapes' }))
  expect(() => generate(1, 'photos')).toThrow(/imported panoramas/)
  expect(hiddenTruth(store, getDataset(store.read, 'photos'))).toBeNull()
  // more of the same are added
  await runner.settled(generate(2, 'mine').jobId)
  expect(getDataset(store.read, 'mine').panoramas).toBe(2)
})

test('truth whose dataset is gone is removed at the next start, that of others stays', async () => {
  const { datasetId, jobId } = generate(1)
  const other = generate(1)
  await runner.settled(jobId)
  await runner.settled(other.jobId)
  store.transaction((db) => removeDataset(db, datasetId))
  await removeTruthLeftovers(store)
  expect(readdirSync(join(folder, 'truth')).toSorted()).toEqual([other.datasetId])
  expect(readdirSync(truthFolder(store, other.datasetId))).toHaveLength(1)
})
