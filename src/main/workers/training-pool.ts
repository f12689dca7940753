import { createEngineWorkers } from './engine-workers.ts'
import type { TrainingTaskInput, TrainingTaskKind, TrainingTaskOutput } from './training-tasks.ts'

/** The threads beside a training. */
export interface TrainingPool {
  /** Runs one task; rejects with the StudioError it threw. Tasks start in the order they were asked for. */
  run<K extends TrainingTaskKind>(kind: K, input: TrainingTaskInput<K>): Promise<TrainingTaskOutput<K>>
  close(): Promise<void>
}

/** An idle worker ends after this long: between two trainings there is nothing to do. */
const IDLE_MS = 30_000

/** Starts no thread before the first task. */
export function createTrainingPool(threads: number): TrainingPool {
  const workers = createEngineWorkers({ file: 'training-worker', name: 'runTrainingTask', minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS })
  return {
    run: async (kind, input) => (await workers.run({ kind, input })) as never,
    close: workers.close,
  }
}
