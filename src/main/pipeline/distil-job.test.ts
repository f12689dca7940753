import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StudioError } from '../../contract/errors.ts'
import type { TrainingEvent } from '../../contract/training-schemas.ts'
import { DISTILLATION_DEFAULTS } from '../../core/goodsam/distillation-config.ts'
import { openArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine } from '../engine/protocol.ts'
import type { TrainEvent, TrainRequest, TrainResponse } from '../engine/training-protocol.ts'
import { createJobRunner } from '../jobs/job-runner.ts'
import { gate, manualClock, until } from '../jobs/jobs.fixture.ts'
import { createFeed } from '../services/feed.ts'
import { listCheckpoints } from '../store/checkpoints.ts'
import { listDistillationPanoramas, setTrainingData } from '../store/distillation-panoramas.ts'
import { addDistillation, getDistillation } from '../store/distillations.ts'
import { addJob } from '../store/jobs.ts'
import { lossCurve } from '../store/loss-points.ts'
import { findStudentOf } from '../store/students.ts'
import { addTestRun, makeWorkspace } from '../store/workspace.fixture.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { checkLabels, distilJobHandler } from './distil-job.ts'
import type { DistilTools, LearningRateFactor } from './distil-tools.ts'

type TrainOptions = Parameters<Engine['train']>[1]
/** What the engine does at each call of `train`. */
type Script = (tell: (event: TrainEvent) => void, call: { readonly request: TrainRequest; readonly options: TrainOptions; readonly save: (step: number, best?: boolean) => Promise<void> }) => Promise<TrainResponse>

/** A distillation of ten steps with an engine that follows a script; data are prepared, labels known. */
async function scene(...scripts: readonly Script[]) {
  const workspace = makeWorkspace()
  const folder = mkdtempSync(join(tmpdir(), 'distil-job-'))
  const { store } = workspace
  const artifacts = openArtifactStore(folder)
  const training = createFeed<TrainingEvent>()
  const learningRates = createFeed<LearningRateFactor>()
  const clock = manualClock()
  const requests: TrainRequest[] = []
  const text = async (content: string): Promise<string> => (await artifacts.put(new TextEncoder().encode(content))).hash
  let call = 0
  const train: Engine['train'] = async (request, options) => {
    requests.push(request)
    const save = async (step: number, best = false): Promise<void> => {
      const [weights, state, network] = await Promise.all([text(`weights ${step}`), text(`state ${step}`), text(`network ${step}`)])
      options.onEvent({ type: 'checkpoint', step, weights, state, network, bytes: 30, loss: 1, score: null, best })
    }
    return scripts[Math.min(call++, scripts.length - 1)]!((event) => options.onEvent(event), { request, options, save })
  }
  const pool = { threads: 1, run: () => Promise.resolve(new Float64Array(256).fill(1)) } as unknown as LabelPool
  const tools = { store, artifacts, engine: { train } as unknown as Engine, pool, changes: { emit: () => {} }, training, learningRates, version: '1.0.0' } as unknown as DistilTools
  const runner = createJobRunner({ store, clock, handlers: { distil: distilJobHandler(tools, { backoffMs: [10, 20] }) } })
  const data = await text('data')
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a', 'b', 'c']))
  let id = ''
  const job = runner.submit((db) => {
    const added = addJob(db, { kind: 'distil', title: 'Distil', subjectId: null, payload: null, total: 10 })
    ;({ id } = addDistillation(db, {
      name: 'one', labellingRunId: run.id, labellingRunName: run.name, datasetId: run.datasetId, architecture: { kind: 'segformer', size: 'mini' },
      classes: 19, parameters: 5, init: { kind: 'random' }, config: { ...DISTILLATION_DEFAULTS, steps: 10, keepCheckpoints: 0 }, provider: 'cpu',
      jobId: added.id, scoreKind: null, estimatedPeakBytes: null, warnings: [],
      panoramas: panoramas.map((panorama, index) => ({ panoramaId: panorama.id, heldOut: index === 2, weight: 1 })),
    }))
    for (const { id: panoramaId } of panoramas) setTrainingData(db, { distillationId: id, panoramaId }, data)
    db.run('UPDATE jobs SET payload = @payload, subject_id = @id WHERE id = @job', { payload: JSON.stringify({ distillationId: id }), id, job: added.id })
    return added
  })
  return {
    store, artifacts, runner, requests, training, learningRates, clock, id, job,
    run: () => getDistillation(store.read, id),
    steps: () => lossCurve(store.read, id, { afterStep: 0, most: 1000 }).map(({ step }) => step),
    async [Symbol.asyncDispose]() {
      await runner.stop()
      workspace[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const started = (step: number): TrainEvent => ({ type: 'started', provider: 'cpu', parameters: 5, peakBytes: 100, step })
const point = (step: number): TrainEvent => ({
  type: 'point', waitShare: 0.01, point: { step, loss: 1 / step, terms: { image: 1 }, learningRate: 1e-4, gradientNorm: 1, imagesPerSecond: 4 },
})
const steps = (tell: (event: TrainEvent) => void, from: number, to: number): void => {
  for (let step = from; step <= to; step++) tell(point(step))
}

const crash: Script = async () => {
  throw new StudioError('engine', 'The engine died.')
}
const progress: Script = async (tell, { save }) => {
  tell(started(0))
  steps(tell, 1, 5)
  await save(5)
  throw new StudioError('engine', 'The engine died.')
}
const pixels = (...counts: number[]): Float64Array => Float64Array.from({ length: 256 }, (_, id) => counts[id] ?? 0)

test('what the engine tells becomes rows: points, checkpoint, student; data are released at the end', async () => {
  await using it = await scene(async (tell, { save }) => {
    tell(started(0))
    steps(tell, 1, 10)
    await save(10, true)
    return { reason: 'finished', step: 10 }
  })
  it.runner.start()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'done', done: 10, total: 10 })
  expect(it.steps()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(it.run()).toMatchObject({ step: 10, actualProvider: 'cpu', waitShare: 0.01, loss: 0.1 })
  const student = findStudentOf(it.store.read, it.id)
  expect(student).toMatchObject({ name: 'one', step: 10, classes: 19, parameters: 5, weights: listCheckpoints(it.store.read, it.id)[0]!.weights })
  expect(it.run().studentId).toBe(student!.id)
  expect(listDistillationPanoramas(it.store.read, it.id).map(({ data }) => data)).toEqual([null, null, null])
  expect(it.requests[0]).toMatchObject({ name: 'one', classes: 19, network: null, weights: null, resume: null, batch: 2, threads: 0 })
  expect(it.requests[0]!.panoramas.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(it.requests[0]!.pictured.map(({ name }) => name)).toEqual(['c', 'a', 'b'])
})

test('a crash costs what is behind the last checkpoint: it is dropped and computed again', async () => {
  await using it = await scene(
    async (tell, { save }) => {
      tell(started(0))
      steps(tell, 1, 4)
      await save(4)
      steps(tell, 5, 7)
      throw new StudioError('engine', 'The engine died.')
    },
    async (tell, { request, save }) => {
      expect(request.resume).toBe(listCheckpoints(it.store.read, it.id)[0]!.state)
      tell(started(4))
      expect(it.steps()).toEqual([1, 2, 3, 4])
      steps(tell, 5, 10)
      await save(10)
      return { reason: 'finished', step: 10 }
    },
  )
  it.runner.start()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'done' })
  expect(it.steps()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(it.clock.slept).toEqual([10])
  // keepCheckpoints 0: the first one and its files are gone
  expect(listCheckpoints(it.store.read, it.id).map(({ step }) => step)).toEqual([10])
  expect(await it.artifacts.has(it.requests[1]!.resume!)).toBe(false)
})

test('three crashes without a checkpoint in between end the job; progress counts anew', async () => {
  await using it = await scene(crash, crash, progress, crash, crash)
  it.runner.start()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'failed', errorCode: 'engine', error: 'The engine died.' })
  expect(it.requests).toHaveLength(5)
  expect(it.clock.slept).toEqual([10, 20, 10, 20])
  // a person tries again: from the checkpoint
  it.runner.retry(it.job.id)
  await it.runner.settled(it.job.id)
  expect(it.requests[5]!.resume).not.toBeNull()
})

test.each(['bad-model', 'storage', 'workspace-damaged'] as const)('an error of kind %s is no crash: it ends the job, the last checkpoint stays', async (code) => {
  await using it = await scene(async (tell, { save }) => {
    tell(started(0))
    steps(tell, 1, 3)
    await save(3)
    steps(tell, 4, 5)
    throw new StudioError(code, 'It cannot go on.')
  })
  it.runner.start()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'failed', errorCode: code, error: 'It cannot go on.' })
  expect(it.requests).toHaveLength(1)
  expect(listCheckpoints(it.store.read, it.id).map(({ step }) => step)).toEqual([3])
  expect(findStudentOf(it.store.read, it.id)).toMatchObject({ step: 3 })
})

test('a pause is told to the engine at once; taken back, the training goes on', async () => {
  const [reached, mayEnd] = [gate(), gate()]
  await using it = await scene(
    async (tell, { options, save }) => {
      tell(started(0))
      steps(tell, 1, 2)
      reached.open()
      await until(() => options.control.pause.aborted)
      await save(2)
      await mayEnd.opened
      return { reason: 'paused', step: 2 }
    },
    async (tell, { options, save }) => {
      expect(options.control.pause.aborted).toBe(false)
      tell(started(2))
      steps(tell, 3, 4)
      await save(4)
      it.runner.pause(it.job.id)
      expect(options.control.pause.aborted).toBe(true)
      return { reason: 'paused', step: 4 }
    },
    async (tell, { save }) => {
      tell(started(4))
      steps(tell, 5, 10)
      await save(10)
      return { reason: 'finished', step: 10 }
    },
  )
  it.runner.start()
  await reached.opened
  it.runner.pause(it.job.id)
  it.runner.resume(it.job.id)
  mayEnd.open()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'paused', done: 4 })
  it.runner.resume(it.job.id)
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'done' })
  expect(it.steps()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a learning-rate factor reaches the training; a smaller batch and warnings are kept', async () => {
  const factors: number[] = []
  await using it = await scene(
    async (tell, { options }) => {
      const stop = options.control.onLearningRateFactor((factor) => factors.push(factor))
      tell(started(0))
      tell({ type: 'batch', batch: 1, accumulate: 2, message: 'Memory was short.' })
      tell({ type: 'warning', message: 'webgpu failed and the CPU took over.' })
      it.learningRates.emit({ distillationId: it.id, factor: 0.5 })
      it.learningRates.emit({ distillationId: 'another', factor: 0.1 })
      stop()
      it.learningRates.emit({ distillationId: it.id, factor: 0.25 })
      throw new StudioError('engine', 'The engine died.')
    },
    async (_tell, { request }) => {
      expect(request).toMatchObject({ batch: 1, accumulate: 2 })
      return { reason: 'early', step: 7 }
    },
  )
  it.runner.start()
  expect(await it.runner.settled(it.job.id)).toMatchObject({ state: 'done' })
  expect(factors).toEqual([0.5])
  expect(it.run()).toMatchObject({ batch: 1, accumulate: 2, warnings: ['Memory was short.', 'webgpu failed and the CPU took over.'] })
})

test('labels that teach nothing are refused; panoramas and classes that teach nothing are named', () => {
  const said: string[] = []
  const options = { classes: ['road', 'sidewalk', 'car'], say: (message: string) => said.push(message) }
  checkLabels([{ name: 'a', pixels: pixels(5, 0, 0) }, { name: 'b', pixels: pixels() }], options)
  expect(said).toEqual([
    '1 of 2 panoramas have no labelled pixel and teach nothing (first: b).',
    'The labels never show sidewalk, car: the student cannot learn them.',
  ])
  expect(() => checkLabels([{ name: 'b', pixels: pixels() }], options)).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringContaining('nothing to learn') }))
})
