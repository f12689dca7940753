import { availableParallelism, totalmem } from 'node:os'
import type { Provider } from '../../contract/schemas.ts'
import { createTrainingPool } from '../workers/training-pool.ts'
import type { SettledTrainRequest } from './messages.ts'
import { train } from './train.ts'
import { startTrainingThread } from './training-client.ts'
import { createEventQueue } from './training-events.ts'
import type { EstimateTrainingRequest, TrainEvent, TrainingEstimate, TrainOrder, TrainResponse } from './training-protocol.ts'

/** Trainings in the engine process. One at a time: the caller sees to that. */
export interface TrainingServer {
  train(request: SettledTrainRequest, call: ServedTraining): Promise<TrainResponse>
  estimate(request: EstimateTrainingRequest): Promise<TrainingEstimate>
  /** of the training under way; null where there is none */
  provider(): Provider | null
}

export interface ServedTraining {
  readonly signal: AbortSignal
  readonly onEvents: (events: readonly TrainEvent[]) => void
  /** calls the listener with what a person asks meanwhile, also with what was asked before */
  readonly onOrder: (listener: (order: TrainOrder) => void) => void
}

/** Decoded panoramas: 300 of 512x1024. */
const MOST_CACHE_BYTES = 2 * 2 ** 30
/** Of the machine's memory, where that is less. */
const CACHE_SHARE = 1 / 8

export function createTrainingServer(failedProviders: Partial<Record<Provider, string>>): TrainingServer {
  const cores = availableParallelism()
  const pool = createTrainingPool(Math.max(1, cores - 1))
  const parts = {
    startThread: startTrainingThread,
    pool,
    availableBytes: () => process.availableMemory(),
    cacheBytes: Math.min(MOST_CACHE_BYTES, CACHE_SHARE * totalmem()),
    failedProviders,
  }
  let provider: Provider | null = null
  return {
    async train(request, { signal, onEvents, onOrder }) {
      const pause = new AbortController()
      let factor = request.learningRateFactor
      onOrder((order) => {
        if (order.kind === 'pause') pause.abort()
        else factor = order.factor
      })
      const events = createEventQueue(onEvents)
      const onEvent = (event: TrainEvent): void => {
        if (event.type === 'started') provider = event.provider
        events.add(event)
      }
      try {
        const settled = { ...request, threads: request.threads || cores }
        return await train(parts, settled, { signal, pause: pause.signal, onEvent, learningRateFactor: () => factor })
      } finally {
        events.flush()
        provider = null
      }
    },
    provider: () => provider,
    estimate: ({ architecture, classes, network, weights, config, batch, accumulate, task = 'distil' }) =>
      pool.run('estimate', { source: { architecture, classes, network, weights, seed: config.seed }, plan: { task, config, batch, accumulate } }),
  }
}
