import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client, Input } from '../../src/contract/procedures.ts'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { seededRandom } from '../bench/seeded-random.ts'
import { finished, settled } from '../support/jobs.ts'
import { writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Distillation on machines that fail: processes killed, numbers that overflow, labels that teach nothing. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const SAM = [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let images: string
let workspace: string

beforeAll(async () => {
  folder = await temporaryFolder()
  images = join(folder.path, 'street')
  for (const [index, name] of ['a', 'b', 'c'].entries()) await writePaintedPanorama(images, name, 128 * index)
  workspace = join(folder.path, 'workspace')
  const studio = await openLabelled(workspace)
  await studio.close()
})
afterAll(() => folder?.remove())

/** A workspace with the finished labelling run "labels", on one thread of the CPU. */
async function openLabelled(path: string): Promise<Studio> {
  const studio = await composeStudio({ workspace: path, create: true, queue: 'all' })
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

function open(path: string, queue: 'all' | 'asked' = 'all'): Promise<Studio> {
  return composeStudio({ workspace: path, create: false, queue })
}

function request(name: string, config: Input<'distillations.start'>['config'] = {}): Input<'distillations.start'> {
  const rare = 100_000
  return {
    run: 'labels', student: 'mini', init: 'random', name, provider: 'cpu',
    config: { height: 64, width: 128, batch: 1, steps: 24, heldOut: 0, validateEvery: rare, sampleEvery: rare, checkpointEvery: 5, keepCheckpoints: 0, warmupSteps: 2, emaDecay: 0.9, ...config },
  }
}

/** The curve without its speed, and the weights that were kept. */
async function outcome(client: Client, name: string): Promise<unknown> {
  const { points } = await client.call('distillations.curve', { distillation: name, afterStep: 0, maxPoints: 1000 })
  const { weights } = await client.call('students.get', { student: name })
  return { points: points.map((point) => ({ ...point, imagesPerSecond: 0 })), weights }
}

interface Life {
  /** steps until something is killed */
  readonly steps: number
  readonly delayMs: number
  readonly victim: 'host' | 'engine'
}

/** Runs a host until the job ends, or until it is killed; says how. */
async function live(run: { readonly distillationId: string; readonly jobId: string }, life: Life): Promise<string> {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'distil-host.ts'), workspace, run.distillationId], { stdio: ['ignore', 'pipe', 'inherit'] })
  let ended = 'killed'
  let enginePid = 0
  let steps = 0
  const kill = (): void => {
    if (life.victim === 'engine') process.kill(enginePid, 'SIGKILL')
    else host.kill('SIGKILL')
  }
  createInterface(host.stdout).on('line', (line) => {
    const [what, value] = line.split(' ')
    if (what === 'engine') enginePid = Number(value)
    if (what === 'step' && ++steps === life.steps) setTimeout(kill, life.delayMs)
    if (what !== run.jobId || !['done', 'failed', 'paused'].includes(value)) return
    ended = value
    host.kill('SIGTERM')
    setTimeout(() => host.kill('SIGKILL'), 200)
  })
  await once(host, 'close')
  return ended
}

test('kill -9 of host and engine at random moments: the same curve and weights as of an uninterrupted run, bit for bit', async () => {
  const studio = await open(workspace, 'asked')
  const whole = await studio.client.call('distillations.start', request('whole'))
  await studio.client.call('jobs.start', { jobId: whole.jobId })
  await finished(studio.client, whole.jobId)
  const parts = await studio.client.call('distillations.start', request('parts'))
  await studio.close()

  const random = seededRandom(7)
  for (const victim of ['host', 'host', 'engine'] as const) {
    const ended = await live(parts, { victim, steps: 2 + Math.floor(3 * random()), delayMs: Math.floor(400 * random()) })
    // a host outlives its engine, and brings the run to its end
    expect(ended).toBe(victim === 'host' ? 'killed' : 'done')
  }

  const after = await open(workspace, 'asked')
  try {
    expect(await outcome(after.client, 'parts')).toEqual(await outcome(after.client, 'whole'))
    expect((await after.client.call('jobs.get', { jobId: parts.jobId })).state).toBe('done')
  } finally {
    await after.close()
  }
}, 900_000)

test('numbers that overflow: it stops, says at which step and what to do, and keeps the last good checkpoint', async () => {
  const studio = await open(workspace)
  try {
    const { client } = studio
    // weight decay of 50 times the weights: they grow 49-fold with each update
    const run = await client.call('distillations.start', request('wild', {
      steps: 1000, checkpointEvery: 3, learningRate: 0.5, weightDecay: 1, schedule: 'constant', warmupSteps: 0, emaDecay: null,
    }))
    await stepReached(client, run.distillationId, 4)
    await client.call('distillations.setLearningRateFactor', { distillation: 'wild', factor: 100 })
    const job = await settled(client, run.jobId)
    expect(job.state).toBe('failed')
    const step = Number(/stopped at step (\d+)/.exec(job.error ?? '')?.[1])
    expect(job.error).toMatch(/learning rate/)
    const checkpoints = await client.call('distillations.checkpoints', { distillation: 'wild' })
    expect(checkpoints.at(-1)!.step).toBeLessThan(step)
    const { weights } = await client.call('students.get', { student: 'wild' })
    expect(weights).toBe(checkpoints.at(-1)!.weights)
    const { tensors } = readSafetensors(await openArtifactStore(join(workspace, 'artifacts')).read(weights))
    const wild = Object.entries(tensors).filter(([, { data }]) => data instanceof Float32Array && !data.every((value) => Number.isFinite(value)))
    expect(wild.map(([name]) => name)).toEqual([])
  } finally {
    await studio.close()
  }
})

test('labels that are not there, and students of other classes, are refused; classes that are never shown are named', async () => {
  const studio = await open(workspace, 'asked')
  try {
    const { client } = studio
    await client.call('runs.start', {
      dataset: 'street', sam: null, ta: 'colours', recipe: 'goodsam', name: 'not begun', theta: null, samSettings: null, provider: 'cpu',
    })
    const refused = (changes: Partial<Input<'distillations.start'>>): Promise<unknown> =>
      client.call('distillations.start', { ...request('never'), ...changes }).then(() => null, (error: unknown) => error)
    expect(await refused({ run: 'not begun' })).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/not labelled/) as string })
    expect(await refused({ student: { onnx: join(MODELS, 'three-class-ta.onnx') } })).toMatchObject({ code: 'bad-model', message: expect.stringMatching(/3 .*19/) as string })
    const { warnings } = await client.call('distillations.get', { distillation: 'wild' })
    expect(warnings.join(' ')).toMatch(/The labels never show .*bicycle/)
  } finally {
    await studio.close()
  }
})

function stepReached(client: Client, distillationId: string, step: number): Promise<void> {
  return new Promise((reached) => {
    const end = client.subscribe('on.training', {}, (event) => {
      if (event.distillationId !== distillationId || (event.point?.step ?? 0) < step) return
      end()
      reached()
    })
  })
}
