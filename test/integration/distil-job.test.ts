import { writeFile } from 'node:fs/promises'
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
  return pointOf(client, ({ distillationId: id, point }) => id === distillationId && point !== null && point.step >= step)
}

function pointOf(client: Studio['client'], is: (event: TrainingEvent) => boolean): Promise<void> {
  return new Promise((settle) => {
    const end = client.subscribe('on.training', {}, (event) => {
      if (!is(event)) return
      end()
      settle()
    })
  })
}

it('what cannot be distilled is refused before it starts, with the remedy', async () => {
  const { client } = studio
  const error = (changes: Partial<Input<'distillations.start'>>) =>
    client.call('distillations.start', { ...request('never'), ...changes }).then(() => 'nothing', (failure: unknown) => failure)
  const config = (changes: Input<'distillations.start'>['config']) => error({ config: { ...request('never').config, ...changes } })
  const file = join(folder.path, 'no-weights.safetensors')
  await writeFile(file, 'nothing')
  const off = { on: false, weight: 1 }
  expect(await error({ run: 'other' })).toMatchObject({ code: 'not-found' })
  expect(await error({ init: { file: join(folder.path, 'gone.safetensors') } })).toMatchObject({ code: 'bad-file', message: expect.stringContaining('gone.safetensors') })
  expect(await error({ init: { file } })).toMatchObject({ code: expect.stringMatching(/^bad-/), message: expect.stringContaining('no-weights.safetensors') })
  expect(await error({ student: { onnx: folder.path } })).toMatchObject({ code: 'bad-file', message: expect.stringContaining('folder') })
  expect(await error({ student: { onnx: file } })).toMatchObject({ code: 'bad-model' })
  expect(await error({ student: { onnx: join(MODELS, 'wand-sam/vision_encoder.onnx') } })).toMatchObject({ code: 'bad-model' })
  expect(await config({ height: 100 })).toMatchObject({ code: 'bad-input', message: expect.stringContaining('32') })
  expect(await config({ losses: { image: off, window: off, confident: off, boundary: off } })).toMatchObject({ code: 'bad-input', message: expect.stringContaining('off') })
  expect(await error({ name: 'last' })).toMatchObject({ code: 'bad-input' })
  expect(await error({ name: 'first', config: { ...request('first').config, seed: 99 } })).toMatchObject({ code: 'conflict' })

  const results = await client.call('runs.results', { run: 'labels', sort: 'name', offset: 0, limit: 10 })
  const review = async (verdict: 'rejected' | null) => {
    for (const { panoramaId } of results.results) await client.call('reviews.set', { run: 'labels', panoramaId, verdict })
  }
  await review('rejected')
  expect(await error({})).toMatchObject({ code: 'bad-input', message: expect.stringContaining('4 rejected in the review') })
  await review(null)
})

it('one runs, the other waits; a learning-rate factor is heard while it runs; a run can be cancelled, and only then removed', async () => {
  const { client } = studio
  const constant = { schedule: 'constant', warmupSteps: 0, learningRate: 1e-4, steps: 100_000, checkpointEvery: 1000, validateEvery: 1000, sampleEvery: 1000 } as const
  const one = await client.call('distillations.start', request('long', constant))
  const two = await client.call('distillations.start', request('waits', { ...constant, seed: 2 }))
  await reached(client, one.distillationId, 1)
  expect((await client.call('jobs.get', { jobId: two.jobId })).state).toBe('queued')
  expect(await client.call('distillations.setLearningRateFactor', { distillation: 'long', factor: 0.5 })).toMatchObject({ learningRateFactor: 0.5 })
  await pointOf(client, ({ distillationId, point }) => distillationId === one.distillationId && Math.abs((point?.learningRate ?? 0) / 5e-5 - 1) < 1e-6)
  expect(await client.call('distillations.remove', { distillation: 'long' }).catch((error: unknown) => error)).toMatchObject({ code: 'conflict' })
  for (const { jobId } of [two, one]) {
    await client.call('jobs.cancel', { jobId })
    expect((await settled(client, jobId)).state).toBe('cancelled')
  }
  expect(await client.call('distillations.setLearningRateFactor', { distillation: 'long', factor: 1 }).catch((error: unknown) => error)).toMatchObject({ code: 'conflict' })
  await client.call('distillations.remove', { distillation: 'long' })
  await client.call('distillations.remove', { distillation: 'waits' })
})

it('a student that takes one size only is trained at that size', async () => {
  const { height: _height, width: _width, batch: _batch, ...config } = request('its own size').config
  const wanted = { ...request('its own size'), student: { onnx: join(MODELS, 'colour-ta.onnx') }, config }
  const { config: chosen } = await studio.client.call('distillations.estimate', wanted)
  expect(chosen).toMatchObject({ height: 64, width: 64, batch: 4 })
  await expect(studio.client.call('distillations.estimate', { ...wanted, config: { ...config, height: 128 } })).rejects.toThrow(/takes images of 64x64 only/)
})

it('a TA is refined first: it labels the panoramas again, and these labels are distilled', async () => {
  const { client } = studio
  const wanted = request('refined', { steps: 3, taRefinement: { steps: 4, learningRate: 1e-4 } })
  const estimate = await client.call('distillations.estimate', wanted)
  expect(estimate.warnings.join(' ')).toMatch(/First the TA is refined in 4 steps/)
  expect(estimate.refinement!.seconds).toBeCloseTo(4 * estimate.refinement!.secondsPerStep)
  expect(estimate.totalSeconds).toBeCloseTo(3 * estimate.secondsPerStep + estimate.refinement!.seconds)
  const left = await client.call('distillations.estimate', request('refined', { taRefinement: { steps: null, learningRate: 1e-4 } }))
  expect(left.config.taRefinement!.steps, 'a tiny TA, so many steps').toBe(1000)
  const shares: { readonly progress: number; readonly eta: number | null; readonly message: string }[] = []
  const endJobs = client.subscribe('on.jobs', {}, ({ progress, etaSeconds, message, done }) => done === 0 && shares.push({ progress, eta: etaSeconds, message }))
  const { distillationId, jobId } = await client.call('distillations.start', wanted)
  await pointOf(client, ({ point }) => 'consistency' in (point?.terms ?? {}))
  await client.call('jobs.pause', { jobId })
  expect(await settled(client, jobId)).toMatchObject({ state: 'paused' })
  // the same request again goes on with this run
  expect(await client.call('distillations.start', wanted)).toEqual({ distillationId, jobId })
  await finished(client, jobId)
  endJobs()
  const refining = shares.filter(({ message }) => message.startsWith('refining the TA: step'))
  expect(Math.max(...refining.map(({ progress }) => progress)), 'a stage has its share of the bar').toBeGreaterThan(0)
  expect(Math.max(...refining.map(({ progress }) => progress))).toBeLessThan(1)
  for (const { eta } of refining) expect(eta).toBeGreaterThan(0)
  const [run, refinement] = [await client.call('distillations.get', { distillation: distillationId }), await client.call('distillations.get', { distillation: 'refined, TA refined' })]
  expect(refinement).toMatchObject({ task: 'refine-ta', parentId: distillationId, step: 4, studentId: null, scoreKind: null, heldOut: 0 })
  expect(run).toMatchObject({ task: 'distil', step: 3, labellingRunName: 'labels, TA refined' })
  const ta = (await client.call('models.list', {})).find(({ id }) => id === refinement.refinedTaId)
  expect(ta).toMatchObject({ name: 'colours refined', kind: 'ta', classes: 19 })
  const labels = await client.call('runs.get', { run: 'labels, TA refined' })
  expect(labels).toMatchObject({ id: run.labellingRunId, taId: ta!.id, panoramas: 4, done: 4 })
  const { points } = await client.call('distillations.curve', { distillation: refinement.id, afterStep: 0, maxPoints: 100 })
  expect(points.map(({ terms }) => Object.keys(terms).toSorted())).toEqual(Array.from({ length: 4 }, () => ['confident', 'consistency', 'ensemble']))
  await client.call('distillations.remove', { distillation: distillationId })
  expect((await client.call('distillations.list', {})).filter(({ name }) => name.startsWith('refined'))).toEqual([])
  expect(await client.call('students.get', { student: 'refined' })).toMatchObject({ labellingRunName: 'labels, TA refined' })
})
