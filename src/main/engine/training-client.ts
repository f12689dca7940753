import { Worker } from 'node:worker_threads'
import { fromWireError, StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import { TrainingFailure } from './training-failure.ts'
import type { TrainingAnswer, TrainingCall, TrainingCalls } from './training-messages.ts'

/** The thread that trains, seen from the engine's main thread. */
export interface TrainingClient {
  /** Calls are carried out in order. Rejects with TrainingFailure where onnxruntime fails, else with StudioError. */
  ask<C extends TrainingCall>(call: C, request: TrainingCalls[C]['request']): Promise<TrainingCalls[C]['response']>
  /** ends the thread, whatever it does */
  end(): Promise<void>
}

interface Waiting {
  readonly resolve: (response: never) => void
  readonly reject: (reason: unknown) => void
}

export function startTrainingThread(): TrainingClient {
  const worker = new Worker(entryFile('training-thread'), { name: 'training' })
  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let over: StudioError | null = null

  worker.on('message', (answer: TrainingAnswer) => {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (answer.ok) call?.resolve(answer.response as never)
    else call?.reject(answer.kind === 'studio' ? fromWireError(answer.error) : new TrainingFailure(answer.kind, answer.error.message))
  })
  worker.on('error', (error) => fail(error.message))
  worker.on('exit', (code) => fail(`it ended with code ${code}`))

  function fail(why: string): void {
    over ??= new StudioError('engine', `The thread that trains failed: ${why}.`)
    for (const call of waiting.values()) call.reject(over)
    waiting.clear()
  }

  return {
    ask: (call, request) =>
      new Promise((resolve, reject) => {
        if (over !== null) {
          reject(over)
          return
        }
        const id = nextId++
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, call, request }, [])
      }),
    async end() {
      over ??= new StudioError('engine', 'The thread that trains was ended.')
      await worker.terminate()
    },
  }
}
