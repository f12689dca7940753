import { createEngineWorkers } from './engine-workers.ts'
import type { TaskInput, TaskKind, TaskOutput } from './raster-tasks.ts'

/** The engine's worker threads. */
export interface RasterPool {
  /**
   * Runs one task; rejects with the StudioError it threw. `move`: typed arrays in the input are moved to the worker, the
   * caller loses them. Tasks start in the order they were asked for.
   */
  run<K extends TaskKind>(kind: K, input: TaskInput<K>, options?: { readonly move?: boolean }): Promise<TaskOutput<K>>
  close(): Promise<void>
}

export function createRasterPool(threads: number): RasterPool {
  const workers = createEngineWorkers({ file: 'raster-worker', name: 'runTask', minThreads: threads, maxThreads: threads })
  return {
    run: async (kind, input, options) => (await workers.run({ kind, input }, options)) as never,
    close: workers.close,
  }
}
