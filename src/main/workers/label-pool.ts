import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { fromWireError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import type { LabelTask, LabelTaskInput, LabelTaskKind, LabelTaskOutput } from './label-tasks.ts'
import type { TaskAnswer } from './worker-answer.ts'

/** The host's worker threads for label maps. */
export interface LabelPool {
  /** how many tasks run at the same time: more than that need not be prepared */
  readonly threads: number
  /** Runs one task; rejects with the StudioError it threw, or with an AbortError. */
  run<K extends LabelTaskKind>(
    kind: K, input: LabelTaskInput<K>, options?: { readonly signal?: AbortSignal },
  ): Promise<LabelTaskOutput<K>>
  close(): Promise<void>
}

/** An idle worker ends after this long: a host that exports once a day keeps no threads. */
const IDLE_MS = 30_000

/** Starts no thread before the first task. */
export function createLabelPool(threads = Math.max(1, Math.min(4, availableParallelism() - 1))): LabelPool {
  const pool = new Piscina({
    filename: entryFile('label-worker'),
    name: 'runLabelTask',
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    // an idle worker that sleeps in Atomics.wait could not collect its garbage, and tasks last milliseconds anyway
    atomics: 'disabled',
  })
  return {
    threads,
    async run(kind, input, { signal } = {}) {
      const task = { kind, input } as LabelTask
      const answer = (await pool.run(task, signal ? { signal } : {})) as TaskAnswer
      if (!answer.ok) throw fromWireError(answer.error)
      return answer.output as never
    },
    close: () => pool.destroy(),
  }
}
