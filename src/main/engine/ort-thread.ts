/**
 * The only thread that runs onnxruntime: `session.run` blocks the thread that calls it. Requests are answered strictly
 * in the order they came. Tensors that several runs share (SAM's embeddings) stay here in named slots.
 */
import * as ort from 'onnxruntime-node'
import { parentPort } from 'node:worker_threads'
import { isFiniteData } from '../workers/finite.ts'
import { errorMessage, sessionOptions, signatureOf, stackTensors } from './ort-values.ts'
import type { OrtFeed, OrtRequest, OrtResponse, OrtResults, OrtRun, OrtRunResult, OrtTensor } from './ort-messages.ts'

if (parentPort === null) throw new Error('ort-thread must be started as a worker thread.')
const port = parentPort

const sessions = new Map<string, ort.InferenceSession>()
const slots = new Map<string, ort.Tensor>()

async function handle(request: OrtRequest): Promise<OrtResults[keyof OrtResults]> {
  switch (request.type) {
    case 'open': {
      const { model } = request.key
      const options = sessionOptions(request.key)
      const session = await (typeof model === 'string' ? ort.InferenceSession.create(model, options) : ort.InferenceSession.create(model, options))
      sessions.set(request.name, session)
      return signatureOf(session)
    }
    case 'inspect': {
      // optimising would cost time and change nothing that is asked for
      const session = await ort.InferenceSession.create(request.path, { executionProviders: ['cpu'], graphOptimizationLevel: 'disabled', logSeverityLevel: 3 })
      const signature = signatureOf(session)
      await session.release()
      return signature
    }
    case 'run':
      return run(request.run)
    case 'store':
      for (const { slot, tensor } of request.tensors) slots.set(slot, new ort.Tensor('float32', tensor.data, [...tensor.dims]))
      return null
    case 'drop':
      for (const slot of request.slots) slots.delete(slot)
      return null
    case 'release':
      for (const name of request.names) {
        await sessions.get(name)?.release()
        sessions.delete(name)
      }
      return null
  }
}

async function run(request: OrtRun): Promise<OrtRunResult> {
  const session = sessions.get(request.session)
  if (session === undefined) throw new Error(`session ${request.session} is not open`)
  const shared = Object.fromEntries(request.feeds.map((feed) => [feed.name, toTensor(feed)]))
  const fetched = new Map<string, OrtTensor[]>(request.fetch.map((name) => [name, []]))
  const wanted = [...new Set([...request.fetch, ...Object.keys(request.keep)])]
  let seconds = 0
  let notFinite: string | null = null
  for (const own of request.repetitions) {
    const feeds = { ...shared, ...Object.fromEntries(own.map((feed) => [feed.name, toTensor(feed)])) }
    const started = performance.now()
    const outputs = await session.run(feeds, wanted)
    seconds += (performance.now() - started) / 1000
    for (const name of wanted) {
      const tensor = outputs[name]
      if (!(tensor.data instanceof Float32Array)) throw new Error(`output ${name} is ${tensor.type}, not float32`)
      const slot = request.keep[name]
      if (slot !== undefined) {
        slots.set(slot, tensor as ort.Tensor)
        if (!isFiniteData(tensor.data)) notFinite ??= name
      }
      // what stays here must not be transferred away
      fetched.get(name)?.push({ dims: tensor.dims, data: slot === undefined ? tensor.data : tensor.data.slice() })
    }
  }
  const outputs = Object.fromEntries([...fetched].map(([name, tensors]) => [name, stackTensors(tensors)]))
  return { outputs, seconds, notFinite }
}

function toTensor(feed: OrtFeed): ort.Tensor {
  if ('slot' in feed) {
    const tensor = slots.get(feed.slot)
    if (tensor === undefined) throw new Error(`slot ${feed.slot} is empty`)
    return tensor
  }
  return new ort.Tensor(feed.type, feed.data, [...feed.dims])
}

function transferables(result: OrtResults[keyof OrtResults]): ArrayBuffer[] {
  if (result === null || !('seconds' in result)) return []
  return Object.values(result.outputs).map((tensor) => tensor.data.buffer).filter((buffer) => buffer instanceof ArrayBuffer)
}

async function answer(request: OrtRequest): Promise<void> {
  try {
    const result = await handle(request)
    port.postMessage({ id: request.id, ok: true, result } satisfies OrtResponse, transferables(result))
  } catch (error) {
    port.postMessage({ id: request.id, ok: false, message: errorMessage(error) } satisfies OrtResponse)
  }
}

let last: Promise<void> = Promise.resolve()
port.on('message', (request: OrtRequest) => {
  last = last.then(() => answer(request))
})
