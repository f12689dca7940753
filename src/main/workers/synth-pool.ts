import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { fromWireError, StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import type { DrawnStreet, DrawTask } from './synth-tasks.ts'
import type { TaskAnswer } from './worker-answer.ts'

/** Worker threads that draw generated streets: one per core. */
export interface SynthPool {
  readonly threads: number
  /** Draws one image. Rejects with the StudioError that drawing threw, or with an AbortError: its thread ends at once then. */
  draw(task: DrawTask, options: { readonly signal: AbortSignal }): Promise<DrawnStreet>
  close(): Promise<void>
}

/** An idle thread ends after this long. */
const IDLE_MS = 5_000

/** Starts no thread before the first image. */
export function createSynthPool(threads = availableParallelism()): SynthPool {
  const pool = new Piscina({
    filename: entryFile('synth-worker'), name: 'drawStreet', minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS,
    // an idle worker that sleeps in Atomics.wait could not collect its garbage, and tasks last a second anyway
    atomics: 'disabled',
  })
  return {
    threads,
    async draw(task, { signal }) {
      const answer = await pool.run(task, { signal }).then((result) => result as TaskAnswer, (cause: unknown) => {
        signal.throwIfAborted()
        // not an answer: the thread itself is gone, most likely for want of memory
        throw new StudioError('internal', `A thread that drew street ${task.request.index} ended (${cause instanceof Error ? cause.message : String(cause)}). Draw smaller images, or close other programs.`, { cause })
      })
      if (!answer.ok) throw fromWireError(answer.error)
      return answer.output as DrawnStreet
    },
    close: () => pool.destroy(),
  }
}
