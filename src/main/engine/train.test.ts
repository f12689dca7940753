import { expect, test } from 'vitest'
import { paintedTrainingData, QUICK, TINY } from '../../../test/support/training-panoramas.ts'
import { StudioError } from '../../contract/errors.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import type { TrainingPool } from '../workers/training-pool.ts'
import { train, type TrainParts } from './train.ts'
import type { TrainingClient } from './training-client.ts'
import { TrainingFailure } from './training-failure.ts'
import type { OpenTraining, StepOutcome, StepRequest, TrainingCalls, TrainingProgress } from './training-messages.ts'
import type { SettledTrainRequest } from './messages.ts'
import type { TrainEvent } from './training-protocol.ts'

/** What a run does about shortages, failures and scores needs no onnxruntime: a thread that answers as a test says. */

const FINE: StepOutcome = { loss: 1, terms: { image: 1 }, gradientNorm: 2, finite: true }
const NOT_FINITE: StepOutcome = { ...FINE, loss: NaN, finite: false }

interface Script {
  readonly open?: (request: OpenTraining, time: number) => Partial<TrainingCalls['open']['response']>
  readonly step?: (request: StepRequest, time: number) => StepOutcome
  /** of the held-out panorama, one after the other: the share of its pixels that are right */
  readonly scores?: readonly number[]
  readonly save?: (progress: TrainingProgress) => void
}

async function run(script: Script, { config = {}, request = {}, parts = {}, signal = new AbortController().signal }: {
  config?: Partial<DistillationConfig>; request?: Partial<SettledTrainRequest>; parts?: Partial<TrainParts>; signal?: AbortSignal
} = {}) {
  const events: TrainEvent[] = []
  const opens: OpenTraining[] = []
  const steps: StepRequest[] = []
  const saves: TrainingProgress[] = []
  const scores = [...(script.scores ?? [])]
  let ended = false
  const answers = {
    open(asked: OpenTraining) {
      opens.push(asked)
      return { parameters: 10, peakBytes: 1000 * asked.batch, from: opens.length > 1 ? 'live' as const : 'start' as const, progress: null, ...script.open?.(asked, opens.length) }
    },
    step(asked: StepRequest) {
      steps.push(asked)
      return script.step?.(asked, steps.length) ?? FINE
    },
    explain: () => 'The first NaN comes out of Log node "risky".',
    predict: () => ({ classes: 19, width: 1, height: 1, data: new Float32Array(19) }),
    save({ progress }: { progress: TrainingProgress }) {
      script.save?.(progress)
      saves.push(progress)
      return { weights: `weights-${progress.step}`, state: `state-${progress.step}`, network: `network-${progress.step}`, bytes: 1 }
    },
    close: () => null,
  }
  const thread: TrainingClient = {
    ask: async (call, asked) => answers[call](asked as never) as never,
    end: async () => {
      ended = true
    },
  }
  const pool: TrainingPool = {
    async run(kind) {
      if (kind === 'load') return paintedTrainingData(0) as never
      if (kind !== 'score') return 0 as never
      const right = scores.shift() ?? 0
      return Float64Array.from({ length: 19 * 20 }, (_, cell) => (cell === 0 ? 100 * right : cell === 1 ? 100 - 100 * right : 0)) as never
    },
    close: async () => {},
  }
  const panorama = { panoramaId: 'a', name: 'a', cyclic: true, data: 'a'.repeat(64), weight: 1 }
  const full = { ...QUICK, ...TINY, steps: 4, warmupSteps: 0, schedule: 'constant' as const, ...config }
  const response = await train(
    { startThread: () => thread, pool, availableBytes: () => 1e9, cacheBytes: 1e9, failedProviders: {}, ...parts },
    {
      name: 'a run', artifactsRoot: '/nowhere', architecture: { kind: 'segformer', size: 'mini' }, classes: 19, palette: [], network: null, weights: null,
      config: full, batch: full.batch, accumulate: full.accumulate, panoramas: [panorama], heldOut: [panorama], scoreKind: null, pictured: [],
      resume: null, learningRateFactor: 1, provider: 'cpu', threads: 1, ...request,
    },
    { signal, pause: new AbortController().signal, onEvent: (event) => events.push(event), learningRateFactor: () => 1 },
  ).catch((error: unknown) => error)
  expect(ended, 'the thread is ended however the run does').toBe(true)
  return { response, events, opens, steps, saves, of: (type: TrainEvent['type']) => events.filter((event) => event.type === type) }
}

function withoutGpu({ provider }: OpenTraining) {
  if (provider === 'webgpu') throw new TrainingFailure('runtime', 'no kernel')
  return {}
}

test('short of memory in a step: half the batch, twice the micro-batches, the same update again', async () => {
  const { response, opens, of, saves } = await run({
    step(_request, time) {
      if (time === 3) throw new TrainingFailure('memory', 'Failed to allocate memory for requested buffer of size 99')
      return FINE
    },
  }, { config: { batch: 4 } })
  expect(response).toEqual({ reason: 'finished', step: 4 })
  expect(opens.map(({ batch, accumulate }) => [batch, accumulate])).toEqual([[4, 1], [2, 2]])
  expect(of('batch')).toMatchObject([{ batch: 2, accumulate: 2, message: expect.stringContaining('buffer of size 99') as string }])
  expect(of('point')).toHaveLength(4)
  expect(saves.at(-1)).toMatchObject({ step: 4, cursor: 16 })
})

test('a step that is known to need more than is free is not tried', async () => {
  const { opens, of } = await run({}, { config: { batch: 8 }, parts: { availableBytes: () => 2500 } })
  expect(opens.map(({ batch, accumulate }) => [batch, accumulate])).toEqual([[8, 1], [4, 2], [2, 4]])
  expect(of('batch')).toHaveLength(2)
  expect(of('started')).toHaveLength(1)
})

test('a batch of one that does not fit: an error that names what to change', async () => {
  const { response } = await run({
    step() {
      throw new TrainingFailure('memory', 'std::bad_alloc')
    },
  }, { config: { batch: 2 } })
  expect(response).toMatchObject({ code: 'bad-input', message: 'One panorama of 64x128 at a time is too much for the memory of this machine when mini is trained (std::bad_alloc). Choose a smaller training size or a smaller student.' })
})

test('a GPU that fails: the CPU goes on, loudly, and it is not tried again', async () => {
  const failedProviders = {}
  const first = await run({ open: withoutGpu }, { request: { provider: 'webgpu' }, parts: { failedProviders } })
  expect(first.response).toEqual({ reason: 'finished', step: 4 })
  expect(first.of('warning')).toEqual([{ type: 'warning', message: 'webgpu failed and the CPU took over: no kernel' }])
  expect(first.of('started')).toMatchObject([{ provider: 'cpu' }])
  const second = await run({ open: withoutGpu }, { request: { provider: 'webgpu' }, parts: { failedProviders } })
  expect(second.opens.map(({ provider }) => provider)).toEqual(['cpu'])
})

test('a state that is lost with its device: on from the last checkpoint', async () => {
  const progress = { step: 2, cursor: 4, best: null, scoresSinceBest: 0 }
  const { response, opens, of } = await run({
    open: (_request, time) => (time === 1 ? {} : { from: 'checkpoint', progress }),
    step(_request, time) {
      if (time === 4) throw new TrainingFailure('memory', 'the device is lost')
      return FINE
    },
  }, { config: { checkpointEvery: 2 } })
  expect(response).toEqual({ reason: 'finished', step: 4 })
  expect(opens.map(({ resume }) => resume)).toEqual([null, 'state-2'])
  expect(of('started')).toMatchObject([{ step: 0 }, { step: 2 }])
  expect(of('point').map((event) => event.type === 'point' && event.point.step)).toEqual([1, 2, 3, 3, 4])
})

test('a batch that is not finite is replaced by another; three in a row end the run, and the checkpoint stays', async () => {
  const once = await run({ step: (_request, time) => (time === 2 ? NOT_FINITE : FINE) })
  expect(once.response).toEqual({ reason: 'finished', step: 4 })
  expect(once.steps).toHaveLength(5)
  expect(once.saves.at(-1)).toMatchObject({ cursor: 10 })
  const ever = await run({ step: (_request, time) => (time > 2 ? NOT_FINITE : FINE) }, { config: { checkpointEvery: 2 } })
  expect(ever.steps).toHaveLength(5)
  expect(ever.response).toMatchObject({
    code: 'bad-model',
    message: 'Training stopped at step 3: the loss or its gradients are not finite, 3 times in a row. The first NaN comes out of Log node "risky". The checkpoint of step 2 is kept. Lower the learning rate or the largest gradient norm.',
  })
})

test('only the last micro-batch of an update is applied, and its point is their mean', async () => {
  const { steps, of } = await run({ step: (_request, time) => ({ ...FINE, loss: time, terms: { image: 2 * time } }) }, { config: { accumulate: 3, steps: 1 } })
  expect(steps.map(({ apply }) => apply)).toEqual([false, false, true])
  expect(of('point')).toMatchObject([{ point: { loss: 2, terms: { image: 4 } } }])
})

test('every better score is kept; without a better one for so long it ends', async () => {
  const { response, events } = await run({ scores: [0.5, 0.7, 0.6, 0.7, 0.9] }, { config: { steps: 100, validateEvery: 3, patience: 2 }, request: { scoreKind: 'agreement' } })
  expect(response).toEqual({ reason: 'early', step: 12 })
  expect(events.flatMap((event) => (event.type === 'checkpoint' ? [[event.step, event.score, event.best]] : []))).toEqual([[3, 0.5, true], [6, 0.7, true], [12, 0.7, false]])
})

test('a checkpoint that cannot be written ends the run with its reason, and is not told of', async () => {
  const { response, of } = await run({
    save({ step }) {
      if (step === 2) throw new StudioError('storage', 'The disk is full.')
    },
  }, { config: { checkpointEvery: 1 } })
  expect(response).toMatchObject({ code: 'storage', message: 'The disk is full.' })
  expect(of('checkpoint')).toMatchObject([{ step: 1, best: true }])
})

test('cancelled between two steps', async () => {
  const stop = new AbortController()
  const { response, steps } = await run({
    step(_request, time) {
      if (time === 2) stop.abort(new Error('stop'))
      return FINE
    },
  }, { signal: stop.signal })
  expect(response).toEqual(new Error('stop'))
  expect(steps).toHaveLength(2)
})
