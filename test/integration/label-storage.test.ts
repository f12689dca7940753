import { chmod, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/contract/procedures.ts'
import type { PanoramaResult } from '../../src/contract/schemas.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { finished, settled } from '../support/jobs.ts'
import { writePaintedPanorama } from '../support/painted-panoramas.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Labelling on disks that fail, with the engine process and the tiny models of test/fixtures/models. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const SAM = [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let workspace: string
let studio: Studio | null = null

beforeEach(async () => {
  folder = await temporaryFolder()
  workspace = join(folder.path, 'workspace')
})
afterEach(async () => {
  await studio?.close()
  studio = null
  await folder.remove()
})

async function open(): Promise<Client> {
  studio = await composeStudio({ workspace, create: true, queue: 'all' })
  return studio.client
}

async function addModels(client: Client): Promise<void> {
  await client.call('models.add', { kind: 'sam', files: SAM, name: 'wand' })
  await client.call('models.add', { kind: 'ta', files: [join(MODELS, 'colour-ta.onnx')], name: 'colours' })
}

/** A dataset of painted panoramas; `rolls` by name. */
async function importPainted(client: Client, name: string, rolls: Readonly<Record<string, number>>): Promise<string> {
  const images = join(folder.path, name)
  for (const [panorama, roll] of Object.entries(rolls)) await writePaintedPanorama(images, panorama, roll)
  const { datasetId, jobId } = await client.call('datasets.import', { folder: images, name, labelsFolder: null, hfovDeg: null, vfovDeg: null })
  await finished(client, jobId)
  return datasetId
}

function label(client: Client, dataset: string): Promise<{ runId: string; jobId: string }> {
  return client.call('runs.start', {
    dataset, sam: 'wand', ta: 'colours', recipe: 'goodsam', name: null, theta: null, samSettings: { pointsPerSide: 4 }, provider: 'cpu',
  })
}

async function resultsOf(client: Client, run: string): Promise<Record<string, PanoramaResult>> {
  const { results } = await client.call('runs.results', { run, sort: 'name', offset: 0, limit: 100 })
  return Object.fromEntries(results.map((result) => [result.name, result]))
}

describe('an image that was replaced on the disk', () => {
  it('fails its panorama alone, says what to do, and that repairs it', async () => {
    const client = await open()
    await addModels(client)
    const datasetId = await importPainted(client, 'street', { corner: 0, crossing: 136 })
    const { panoramas } = await client.call('panoramas.list', { dataset: datasetId, offset: 0, limit: 10 })
    const artifacts = openArtifactStore(join(workspace, 'artifacts'))
    const [corner, crossing] = panoramas
    // a valid image of the right size: only its content tells
    await chmod(artifacts.path(corner.image), 0o644)
    await writeFile(artifacts.path(corner.image), await artifacts.read(crossing.image))

    const { runId, jobId } = await label(client, 'street')
    expect(await finished(client, jobId)).toMatchObject({ done: 2, failed: 1 })
    const results = await resultsOf(client, runId)
    expect(results.crossing).toMatchObject({ status: 'done' })
    expect(results.corner).toMatchObject({ status: 'failed', error: expect.stringMatching(new RegExp(`${corner.image} is damaged.*Import .*again`)) as string })

    await importPainted(client, 'street again', { corner: 0 })
    await client.call('jobs.retry', { jobId })
    expect(await settled(client, jobId)).toMatchObject({ state: 'done', done: 2, failed: 0 })
  })
})

describe('a full disk', () => {
  it('fails the panorama that did not fit, by name, leaves nothing half-written, and with more space it is labelled', async () => {
    const artifacts = join(workspace, 'artifacts')
    const disk = mountSmallDisk(artifacts, '64m')
    if (disk === null) return
    try {
      const client = await open()
      await addModels(client)
      await importPainted(client, 'labelled before', { corner: 0, square: 72 })
      await importPainted(client, 'street', { corner: 0, crossing: 133, square: 72 })
      // what these two need is in the cache then, and only the one between them needs space
      await finished(client, (await label(client, 'labelled before')).jobId)
      const before = await artifactCount(artifacts)
      // room for some of its windows, so that the disk fills in the middle of them
      const filler = join(artifacts, 'filler')
      await writeFile(filler, new Uint8Array((await freeBytes(artifacts)) - 64 * 1024))

      const { runId, jobId } = await label(client, 'street')
      expect(await finished(client, jobId)).toMatchObject({ done: 3, failed: 1 })
      const results = await resultsOf(client, runId)
      expect(results).toMatchObject({
        corner: { status: 'done' },
        square: { status: 'done' },
        crossing: { status: 'failed', artifacts: null, error: expect.stringMatching(/disk is full\. Free space/) as string },
      })
      const log = await client.call('jobs.log', { jobId, afterSeq: 0 })
      expect(log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([`crossing: ${results.crossing.error}`])
      expect(await readdir(join(artifacts, 'tmp'))).toEqual([])
      // some of its windows were written before the disk was full
      expect(await artifactCount(artifacts)).toBeGreaterThan(before)
      await expectEveryArtifactWhole(artifacts)

      await rm(filler)
      await client.call('jobs.retry', { jobId })
      expect(await settled(client, jobId)).toMatchObject({ state: 'done', done: 3, failed: 0 })
      expect((await resultsOf(client, runId)).crossing).toMatchObject({ status: 'done', error: null })
      expect(await readdir(join(artifacts, 'tmp'))).toEqual([])
      await expectEveryArtifactWhole(artifacts)
    } finally {
      await studio?.close()
      studio = null
      disk.unmount()
    }
  })

  it('takes no model: half a copy is removed, and with more space the model is added', async () => {
    const models = join(workspace, 'models')
    await mkdir(models, { recursive: true })
    // one page holds the first file of the two and not the second
    const disk = mountSmallDisk(models, '8k')
    if (disk === null) return
    try {
      const client = await open()
      const add = { kind: 'sam' as const, files: SAM, name: 'wand' }
      await writeFile(join(models, 'filler'), new Uint8Array(4096))
      await expect(client.call('models.add', add)).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/disk is full\. Free space/) as string })
      expect(await readdir(models)).toEqual(['filler'])
      expect(await client.call('models.list', {})).toEqual([])

      await rm(join(models, 'filler'))
      const { id } = await client.call('models.add', add)
      expect(await readdir(models)).toEqual([id])
      expect((await readdir(join(models, id))).length).toBe(2)
    } finally {
      await studio?.close()
      studio = null
      disk.unmount()
    }
  })
})

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

async function artifactCount(root: string): Promise<number> {
  return (await openArtifactStore(root).usage()).artifacts
}

async function expectEveryArtifactWhole(root: string): Promise<void> {
  const store = openArtifactStore(root)
  for await (const { hash } of store.list()) await expect(store.read(hash)).resolves.toBeInstanceOf(Uint8Array)
}
