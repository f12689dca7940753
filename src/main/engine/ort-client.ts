import { Worker } from 'node:worker_threads'
import { StudioError } from '../../contract/errors.ts'
import { entryFile } from '../entries.ts'
import { transferablesOf } from '../workers/transfer.ts'
import type { OrtRequest, OrtResponse, OrtResults } from './ort-messages.ts'

type WithoutId<Request> = Request extends { readonly id: number } ? Omit<Request, 'id'> : never
type Ask = WithoutId<OrtRequest>

export interface AskOptions {
  readonly signal?: AbortSignal
  readonly urgent?: boolean
}

/** The thread that runs onnxruntime, seen from the engine's main thread. */
export interface OrtClient {
  /**
   * Requests are carried out in the order of these calls, urgent ones before all others. Rejects with OrtError when
   * onnxruntime refuses, with the signal's reason when it aborts before the request's turn.
   */
  ask<A extends Ask>(request: A, options?: AskOptions): Promise<OrtResults[A['type']]>
  /** requests not yet answered */
  pending(): number
  close(): Promise<void>
}

/** onnxruntime refused or failed: the message is its own. */
export class OrtError extends Error {
  override readonly name = 'OrtError'
}

interface Waiting {
  readonly request: OrtRequest
  readonly options: AskOptions
  readonly resolve: (result: never) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Requests in the thread's own queue: one that runs, the quick ones beside it and one that follows without a gap. The
 * others wait here, where an abort can still take them back.
 */
const POSTED_AT_ONCE = 3

export function startOrtThread(onCrash: (error: Error) => void): OrtClient {
  const worker = new Worker(entryFile('ort-thread'), { name: 'onnxruntime' })
  const queue: Waiting[] = []
  const posted = new Map<number, Waiting>()
  let nextId = 1
  let closed = false

  worker.on('message', (response: OrtResponse) => {
    const waiting = posted.get(response.id)
    posted.delete(response.id)
    post()
    if (response.ok) waiting?.resolve(response.result as never)
    else waiting?.reject(new OrtError(response.message))
  })
  worker.on('error', fail)
  worker.on('exit', (code) => {
    if (!closed) fail(new Error(`the onnxruntime thread ended with code ${code}`))
  })

  function fail(error: Error): void {
    const reason = new StudioError('engine', `onnxruntime's thread failed: ${error.message}`, { cause: error })
    for (const waiting of [...posted.values(), ...queue]) waiting.reject(reason)
    posted.clear()
    queue.length = 0
    if (!closed) onCrash(error)
  }

  function post(): void {
    while (posted.size < POSTED_AT_ONCE) {
      const urgent = queue.findIndex((waiting) => waiting.options.urgent)
      const [next] = queue.splice(Math.max(0, urgent), 1)
      if (next === undefined) return
      const { signal } = next.options
      if (signal?.aborted) {
        next.reject(signal.reason)
        continue
      }
      posted.set(next.request.id, next)
      // tensors that only the thread will use are moved there
      worker.postMessage(next.request, next.request.type === 'store' ? transferablesOf(next.request.tensors) : [])
    }
  }

  return {
    ask: (request, options = {}) =>
      new Promise((resolve, reject) => {
        queue.push({ request: { ...request, id: nextId++ } as OrtRequest, options, resolve, reject })
        post()
      }),
    pending: () => posted.size + queue.length,
    async close() {
      closed = true
      await worker.terminate()
    },
  }
}
