/** The other end of batch-workers.ts, in a thread. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { Batch } from './training-loop.ts'

type MakeBatch = (request: unknown) => Batch | Promise<Batch>

/** Answers requests with what `make` returns, one after the other; the batch's memory is handed over, not copied. */
export function serveBatches(make: MakeBatch): void {
  const port = parentPort
  if (port === null) throw new Error('Batches are served from a worker thread.')
  let last: Promise<void> = Promise.resolve()
  port.on('message', ({ id, request }: { readonly id: number; readonly request: unknown }) => {
    const before = last
    last = answer(port, { id, request, before, make })
  })
}

async function answer(port: MessagePort, { id, request, before, make }: { readonly id: number; readonly request: unknown; readonly before: Promise<void>; readonly make: MakeBatch }): Promise<void> {
  await before
  try {
    const batch = await make(request)
    const buffers = new Set(Object.values(batch).flatMap(({ data }) => ('buffer' in data ? [data.buffer as ArrayBuffer] : [])))
    port.postMessage({ id, batch }, [...buffers])
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
