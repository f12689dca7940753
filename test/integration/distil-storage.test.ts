import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { Client } from '../../src/contract/procedures.ts'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { finished, settled } from '../support/jobs.ts'
import { writePaintedPanorama } from '../support/painted-panoramas.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A distillation whose workspace lies on a disk that something else fills while it runs. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const SAM = [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')]
const STEPS = 60

/** Takes all that is left of a disk, to the last page. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  for (const size of [1 << 20, 1 << 12]) {
    const bytes = Buffer.alloc(size, 1)
    try {
      for (;;) writeSync(file, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(file)
}

async function labelled(workspace: string, images: string): Promise<Studio> {
  for (const [index, name] of ['a', 'b'].entries()) await writePaintedPanorama(images, name, 128 * index)
  const studio = await composeStudio({ workspace, create: true, queue: 'all' })
  const { client } = studio
  await client.call('settings.set', { provider: 'cpu', cpuThreads: 1 })
  await finished(client, (await client.call('datasets.import', { folder: images, name: 'street', labelsFolder: null, hfovDeg: null, vfovDeg: null })).jobId)
  await client.call('models.add', { kind: 'sam', files: SAM, name: 'wand' })
  await client.call('models.add', { kind: 'ta', files: [join(MODELS, 'colour-ta.onnx')], name: 'colours' })
  const run = await client.call('runs.start', {
    dataset: 'street', sam: 'wand', ta: 'colours', recipe: 'goodsam', name: 'labels', theta: null, samSettings: { pointsPerSide: 4 }, provider: 'cpu',
  })
  await finished(client, run.jobId)
  return studio
}

async function until<Value>(what: () => Promise<Value | null>): Promise<Value> {
  for (;;) {
    const value = await what()
    if (value !== null) return value
    await wait(50)
  }
}

/** The job as it is once it has met the full disk: ended, or waiting for room to write down that it has. */
function stopped(client: Client, jobId: string): Promise<string> {
  return until(async () => {
    const { state, error, message } = await client.call('jobs.get', { jobId })
    const said = error ?? message
    return state === 'failed' || /disk is full/.test(said) ? said : null
  })
}

test.each([
  // the first thing that cannot be written is a checkpoint; and where there is no room for a row either
  { what: 'the artifacts', small: 'workspace/artifacts', fails: /finished work is kept/ },
  { what: 'the whole workspace', small: 'workspace', fails: /disk is full/ },
])('a disk that is full when a checkpoint is written, with $what on it: the one before stays, and with room it goes on from there', async ({ small, fails }) => {
  const folder = await temporaryFolder()
  const workspace = join(folder.path, 'workspace')
  const mount = join(folder.path, small)
  const disk = mountSmallDisk(mount, '320m')
  if (disk === null) return
  const filler = join(mount, 'filler')
  const studio = await labelled(workspace, join(folder.path, 'street'))
  try {
    const { client } = studio
    const rare = 100_000
    const { distillationId: distillation, jobId } = await client.call('distillations.start', {
      run: 'labels', student: 'mini', init: 'random', name: 'full', provider: 'cpu',
      config: { height: 64, width: 128, batch: 1, steps: STEPS, heldOut: 0, validateEvery: rare, sampleEvery: rare, checkpointEvery: 10, keepCheckpoints: 0, warmupSteps: 2 },
    })
    const first = await until(async () => (await client.call('distillations.checkpoints', { distillation })).at(-1) ?? null)
    fill(filler)
    expect(await stopped(client, jobId)).toMatch(/disk is full/)
    const kept = (await client.call('distillations.checkpoints', { distillation })).at(-1)!
    expect(kept.step).toBeGreaterThanOrEqual(first.step)
    expect(kept.step).toBeLessThan(STEPS)
    // whole, whatever was half written
    const weights = readSafetensors(await openArtifactStore(join(workspace, 'artifacts')).read(kept.weights))
    expect(Object.keys(weights.tensors).length).toBeGreaterThan(100)
    expect((await client.call('students.get', { student: 'full' })).weights).toBe(kept.weights)

    rmSync(filler)
    const failed = await settled(client, jobId)
    expect(failed.error).toMatch(fails)
    expect(failed).toMatchObject({ state: 'failed', errorCode: 'storage', error: expect.stringMatching(/disk is full.*Free space there/) as string })
    await client.call('jobs.retry', { jobId })
    await finished(client, jobId)
    const { points } = await client.call('distillations.curve', { distillation, afterStep: 0, maxPoints: 1000 })
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
    expect((await client.call('distillations.checkpoints', { distillation })).at(-1)!.step).toBe(STEPS)
    const log = await client.call('jobs.log', { jobId, afterSeq: 0 })
    expect(log.map(({ message }) => message)).toContain(`Training on cpu from step ${kept.step}.`)
  } finally {
    rmSync(filler, { force: true })
    await studio.close()
    // busy where anything of the workspace is still open: its log, its store, an artifact
    disk.unmount()
    await folder.remove()
  }
}, 900_000)
