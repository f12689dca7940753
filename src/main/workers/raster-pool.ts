import { Piscina } from 'piscina'
import { fromWireError, StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import type { RasterTask, TaskInput, TaskKind, TaskOutput } from './raster-tasks.ts'
import type { TaskAnswer } from './raster-worker.ts'
import { transferablesOf } from './transfer.ts'

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
  const pool = new Piscina({
    filename: entryFile('raster-worker'),
    name: 'runTask',
    minThreads: threads,
    maxThreads: threads,
    // an idle worker that sleeps in Atomics.wait could not collect its garbage, and tasks last milliseconds anyway
    atomics: 'disabled',
    // onnxruntime goes first where cores are few: what it waits for was prepared windows ago
    niceIncrement: 5,
  })
  return {
    async run(kind, input, { move = false } = {}) {
      const task = { kind, input } as RasterTask
      const answer = await pool.run(task, { transferList: move ? transferablesOf(input) : [] }).then(
        (result) => result as TaskAnswer,
        (cause: unknown) => {
          // not an answer: the thread itself is gone, most likely for want of memory
          const reason = cause instanceof Error ? cause.message : String(cause)
          throw new StudioError('engine', `A worker thread failed at ${kind}: ${reason}.`, { cause })
        },
      )
      if (!answer.ok) throw fromWireError(answer.error)
      return answer.output as never
    },
    close: () => pool.destroy(),
  }
}
