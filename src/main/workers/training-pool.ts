import { Piscina } from 'piscina'
import { fromWireError, StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import type { TaskAnswer } from './raster-worker.ts'
import type { TrainingTask, TrainingTaskInput, TrainingTaskKind, TrainingTaskOutput } from './training-tasks.ts'

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
  const pool = new Piscina({
    filename: entryFile('training-worker'),
    name: 'runTrainingTask',
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    atomics: 'disabled',
  })
  return {
    async run(kind, input) {
      const task = { kind, input } as TrainingTask
      const answer = await pool.run(task).then(
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
