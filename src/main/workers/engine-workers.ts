import { Piscina } from 'piscina'
import { fromWireError, StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import { transferablesOf } from './transfer.ts'
import type { TaskAnswer } from './worker-answer.ts'

export interface EngineWorkersOptions {
  /** the entry that the threads run, and the function in it */
  readonly file: Parameters<typeof entryFile>[0]
  readonly name: string
  readonly minThreads: number
  readonly maxThreads: number
  /** an idle thread beyond `minThreads` ends after so many milliseconds */
  readonly idleTimeout?: number
}

/** Worker threads of the engine process: what the raster pool and the training pool share. */
export interface EngineWorkers {
  /** Rejects with the StudioError that the task threw. `move`: typed arrays in the input are moved, the caller loses them. */
  run(task: { readonly kind: string; readonly input: unknown }, options?: { readonly move?: boolean }): Promise<unknown>
  close(): Promise<void>
}

export function createEngineWorkers({ file, ...options }: EngineWorkersOptions): EngineWorkers {
  const pool = new Piscina({
    ...options,
    filename: entryFile(file),
    // an idle worker that sleeps in Atomics.wait could not collect its garbage, and tasks last milliseconds anyway
    atomics: 'disabled',
    // onnxruntime goes first where cores are few: what it waits for was prepared windows or batches ago
    niceIncrement: 5,
  })
  return {
    async run(task, { move = false } = {}) {
      const answer = await pool.run(task, { transferList: move ? transferablesOf(task.input) : [] }).then(
        (result) => result as TaskAnswer,
        (cause: unknown) => {
          // not an answer: the thread itself is gone, most likely for want of memory
          const reason = cause instanceof Error ? cause.message : String(cause)
          throw new StudioError('engine', `A worker thread failed at ${task.kind}: ${reason}.`, { cause })
        },
      )
      if (!answer.ok) throw fromWireError(answer.error)
      return answer.output
    },
    close: () => pool.destroy(),
  }
}
