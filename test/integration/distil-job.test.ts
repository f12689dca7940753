import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Input } from '../../src/contract/procedures.ts'
import type { TrainingEvent } from '../../src/contract/training-schemas.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { finished, settled } from '../support/jobs.ts'
import { writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** From labels to a student through the contract: real store, jobs, workers and engine; painted panoramas. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let studio: Studio
let workspace: string

const open = async (): Promise<Studio> => {
  const opened = await composeStudio({ workspace, create: true, queue: 'all' })
  await opened.client.call('settings.set', { provider: 'cpu', cpuThreads: 1 })
  return opened
}

beforeAll(async () => {
  folder = await temporaryFolder()
  workspace = join(folder.path, 'workspace')
  const images = join(folder.path, 'street')
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) await writePaintedPanorama(images, name, 128 * index)
  studio = await open()
  const { client } = studio
  await finished(client, (await client.call('datasets.import', { folder: images, name: 'street', labelsFolder: null, hfovDeg: null, vfovDeg: null })).jobId)
  const sam = [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')]
  await client.call('models.add', { kind: 'sam', files: sam, name: 'wand' })
  await client.call('models.add', { kind: 'ta', files: [join(MODELS, 'colour-ta.onnx')], name: 'colours' })
  const run = await client.call('runs.start', {
    dataset: 'street', sam: 'wand', ta: 'colours', recipe: 'goodsam', name: 'labels', theta: null, samSettings: null, provider: 'cpu',
  })
  await finished(client, run.jobId)
})
afterAll(async () => {
  await studio?.close()
  await folder?.remove()
})

function request(name: string, config: Input<'distillations.start'>['config'] = {}): Input<'distillations.start'> {
  return {
    run: 'labels', student: 'mini', init: 'random', name, provider: null,
    config: { height: 64, width: 128, batch: 1, steps: 6, heldOut: 0.25, validateEvery: 3, checkpointEvery: 2, sampleEvery: 3, keepCheckpoints: 1, warmupSteps: 1, ...config },
  }
}

it('a student is trained, scored, pictured and kept; everything it did can be looked up', async () => {
  const { client } = studio
  const events: TrainingEvent[] = []
  const end = client.subscribe('on.training', {}, (event) => events.push(event))
  const estimate = await client.call('distillations.estimate', request('first'))
  expect(estimate).toMatchObject({ panoramas: 3, heldOut: 1, leftOut: [], measured: false })
  expect(estimate.parameters).toBeGreaterThan(3.7e6)
  expect(estimate.parameters).toBeLessThan(3.8e6)
  const { distillationId, jobId } = await client.call('distillations.start', request('first'))
  const job = await finished(client, jobId)
  expect(job).toMatchObject({ total: 6, done: 6, kind: 'distil', subjectId: distillationId })
  end()

  const run = await client.call('distillations.get', { distillation: 'first' })
  expect(run).toMatchObject({ step: 6, panoramas: 3, heldOut: 1, scoreKind: 'agreement', actualProvider: 'cpu', batch: 1 })
  expect(run.imagesPerSecond).toBeGreaterThan(0)
  const { points, scores } = await client.call('distillations.curve', { distillation: 'first', afterStep: 0, maxPoints: 1000 })
  expect(points.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6])
  expect(Object.keys(points[0]!.terms).toSorted()).toEqual(['boundary', 'confident', 'image', 'window'])
  expect(scores.map(({ step }) => step)).toEqual([3, 6])
  expect(run.bestScore).toBe(Math.max(...scores.map(({ score }) => score)))
  const samples = await client.call('distillations.samples', { distillation: 'first' })
  expect(samples.map(({ step, name }) => `${step}${name}`)).toHaveLength(8)
  const checkpoints = await client.call('distillations.checkpoints', { distillation: 'first' })
  const best = checkpoints.find((checkpoint) => checkpoint.best)
  expect(checkpoints.at(-1)!.step).toBe(6)
  expect(checkpoints.length).toBeLessThanOrEqual(3)
  const student = await client.call('students.get', { student: 'first' })
  expect(student).toMatchObject({ distillationId, step: best!.step, weights: best!.weights, classes: 19, height: 64, width: 128, scoreKind: 'agreement' })
  expect(run.studentId).toBe(student.id)
  for (const hash of [student.weights, student.network, samples[0]!.student]) expect(await studio.artifacts.open(hash)).not.toBeNull()

  const other = checkpoints.find((checkpoint) => !checkpoint.best)!
  expect(await client.call('distillations.useCheckpoint', { distillation: 'first', checkpointId: other.id })).toMatchObject({ id: student.id, step: other.step, weights: other.weights })
  expect(events.at(-1)).toMatchObject({ distillationId, jobState: 'done' })
  expect(events.some(({ point }) => point !== null)).toBe(true)
  // what was measured is known to the next estimate
  expect(await client.call('distillations.estimate', request('second'))).toMatchObject({ measured: true })
})

it('paused and resumed, also by another process, a run has the curve of one that was not', async () => {
  const { client } = studio
  const steps = 12
  const config = { steps, checkpointEvery: 5, validateEvery: 6, seed: 3 }
  const whole = await client.call('distillations.start', request('whole', config))
  await finished(client, whole.jobId)
  const parts = await client.call('distillations.start', request('parts', config))
  await reached(client, parts.distillationId, 2)
  await client.call('jobs.pause', { jobId: parts.jobId })
  expect(await settled(client, parts.jobId)).toMatchObject({ state: 'paused' })
  const paused = await client.call('distillations.get', { distillation: 'parts' })
  expect(paused.step).toBeLessThan(steps)
  expect((await client.call('distillations.checkpoints', { distillation: 'parts' })).at(-1)!.step).toBe(paused.step)
  await studio.close()

  studio = await open()
  const again = studio.client
  await again.call('jobs.resume', { jobId: parts.jobId })
  await reached(again, parts.distillationId, paused.step + 1)
  // the engine dies: the job takes up its last checkpoint
  process.kill((await again.call('engine.status', {})).pid!, 'SIGKILL')
  await finished(again, parts.jobId)
  const curve = (distillation: string) => again.call('distillations.curve', { distillation, afterStep: 0, maxPoints: 1000 })
  const [one, two] = [await curve('whole'), await curve('parts')]
  expect(two.points.map(({ step, loss }) => [step, loss])).toEqual(one.points.map(({ step, loss }) => [step, loss]))
  expect(two.scores).toEqual(one.scores)
  const [a, b] = [await again.call('students.get', { student: 'whole' }), await again.call('students.get', { student: 'parts' })]
  expect(b.weights).toBe(a.weights)
})

/** Waits until a run has made so many updates. */
function reached(client: Studio['client'], distillationId: string, step: number): Promise<void> {
  return new Promise((settle) => {
    const end = client.subscribe('on.training', {}, ({ distillationId: id, point }) => {
      if (id !== distillationId || point === null || point.step < step) return
      end()
      settle()
    })
  })
}
