/** Worker threads that make batches while the step runs. */
import { Worker } from 'node:worker_threads'
import type { ElementType, Tensor } from '../src/core/onnx/tensor.ts'
import type { Batch } from './training-loop.ts'

export interface BatchWorkers {
  /** Asks a worker for a batch: `request` is handed to the worker's function */
  make(request: unknown): Promise<Batch>
  close(): Promise<void>
}

interface Answer {
  readonly id: number
  readonly batch?: Readonly<Record<string, { readonly elementType: ElementType; readonly dims: readonly number[]; readonly data: Tensor['data'] }>>
  readonly error?: string
}

/**
 * Starts `count` threads with `file`, a module that calls `serveBatches` (batch-worker.ts); `data` is what it finds as `workerData`.
 * Requests go to the threads in turn. A thread that dies fails what it was asked for.
 */
export function startBatchWorkers(file: URL, data: unknown, count = 1): BatchWorkers {
  const waiting = new Map<number, { readonly worker: Worker; readonly resolve: (batch: Batch) => void; readonly reject: (error: Error) => void }>()
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(file, { workerData: data })
    // the caller's own work keeps the process alive
    worker.unref()
    const fail = (error: Error): void => {
      for (const [id, entry] of waiting) {
        if (entry.worker !== worker) continue
        waiting.delete(id)
        entry.reject(error)
      }
    }
    worker.on('message', ({ id, batch, error }: Answer) => {
      const entry = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0) for (const each of workers) each.unref()
      if (batch !== undefined) entry?.resolve(batch as Batch)
      else entry?.reject(new Error(error ?? 'A batch could not be made.'))
    })
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`A thread that makes batches ended (exit code ${code}).`)))
    return worker
  })
  let asked = 0
  return {
    make: (request) => new Promise((resolve, reject) => {
      const id = asked++
      const worker = workers[id % workers.length]
      waiting.set(id, { worker, resolve, reject })
      worker.ref()
      worker.postMessage({ id, request }, [])
    }),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
