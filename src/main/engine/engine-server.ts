import { access } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { StudioError, toWireError } from '../../contract/errors.ts'
import type { Provider } from '../../contract/schemas.ts'
import { createRasterPool } from '../workers/raster-pool.ts'
import { convertNetwork, measureNetworks } from './export-networks.ts'
import type { EngineParts } from './label-context.ts'
import { labelPanorama } from './label-panorama.ts'
import type { LabelOptions } from './label-panorama.ts'
import { HEARTBEAT_MS } from './messages.ts'
import type { EngineCall, EngineCalls, EngineMessage, HostMessage, SettledLabelRequest, SettledSegmentRequest } from './messages.ts'
import { OrtError, startOrtThread } from './ort-client.ts'
import type { LabelPanoramaResponse, ModelSignature } from './protocol.ts'
import { probeProvider } from './provider-probe.ts'
import { onProviderOrCpu, withFallback } from './provider-fallback.ts'
import { segmentPanorama } from './segment-panorama.ts'
import { createSessions } from './sessions.ts'
import { createSharedBuffers } from './shared-buffers.ts'
import type { SegmentResponse, TrainOrder } from './training-protocol.ts'
import { createTrainingServer, type ServedTraining } from './training-server.ts'

/** The engine process's end of the line to its host. */
export interface EngineChannel {
  post(message: EngineMessage): void
  onMessage(listener: (message: HostMessage) => void): void
}

/** What a call has beside its request. */
type ServedCall = LabelOptions & ServedTraining

interface RunningCall {
  readonly stop: AbortController
  readonly order: (order: TrainOrder) => void
}

/** Shared memory kept for the next panorama: enough for probabilities of a panorama of 8192 px. */
const KEEP_SHARED_BYTES = 512 * 1024 * 1024
/** Workers beyond this find nothing to do: onnxruntime is the bottleneck. */
const MOST_WORKERS = 4

/**
 * Answers a host's calls: this thread only listens, orders and beats its heart; onnxruntime has a thread of its own and
 * pixels are worked on by a pool. `die` ends the process when it cannot go on.
 */
export function serveEngine(channel: EngineChannel, options: { readonly onnxruntimeVersion: string; readonly die: (reason: string) => void }): void {
  const cores = availableParallelism()
  let threads = cores
  const ort = startOrtThread((error) => options.die(error.message))
  const parts: EngineParts = {
    ort,
    sessions: createSessions(ort, threads),
    pool: createRasterPool(Math.max(1, Math.min(MOST_WORKERS, cores))),
    buffers: createSharedBuffers(KEEP_SHARED_BYTES),
  }
  const failedProviders: Partial<Record<Provider, string>> = {}
  const training = createTrainingServer(failedProviders)
  const running = new Map<number, RunningCall>()
  let lastWork: Promise<unknown> = Promise.resolve()

  /** Panoramas one after the other: each has the machine to itself. */
  function inTurn<Response>(signal: AbortSignal, work: () => Promise<Response>): Promise<Response> {
    const working = lastWork.then(() => {
      signal.throwIfAborted()
      return work()
    })
    lastWork = working.catch(() => {})
    return working
  }

  function label(request: SettledLabelRequest, call: LabelOptions): Promise<LabelPanoramaResponse> {
    return inTurn(call.signal, () =>
      withFallback(request.provider, failedProviders, (provider) => labelPanorama(parts, { ...request, provider }, call)))
  }

  function segment(request: SettledSegmentRequest, call: LabelOptions): Promise<SegmentResponse> {
    return inTurn(call.signal, async () => {
      const { result, warning } = await onProviderOrCpu(request.provider, failedProviders, (provider) =>
        segmentPanorama(parts, { ...request, provider }, call))
      return warning === null ? result : { ...result, warnings: [warning, ...result.warnings] }
    })
  }

  const calls: { [C in EngineCall]: (request: EngineCalls[C]['request'], call: ServedCall) => Promise<EngineCalls[C]['response']> } = {
    inspect: ({ path }) => inspectModel(parts, path),
    probe: ({ provider }) => probeProvider(ort, provider, threads).catch(asEngineError),
    label,
    segment,
    train: (request, call) => inTurn(call.signal, async () => {
      // a training has the machine to itself
      await parts.sessions.closeAll()
      return training.train(request, call)
    }),
    convertNetwork: (request, call) => inTurn(call.signal, () => convertNetwork({ ...parts, threads }, request, call)),
    measureNetworks: (request, call) => inTurn(call.signal, () => measureNetworks({ ...parts, threads }, request, call)),
    estimateTraining: (request) => training.estimate(request),
  }

  async function answer(message: Extract<HostMessage, { type: 'call' }>): Promise<void> {
    const { id } = message
    const stop = new AbortController()
    const orders = createOrders()
    running.set(id, { stop, order: orders.give })
    const call: ServedCall = {
      signal: stop.signal,
      onProgress: (progress) => channel.post({ type: 'progress', id, progress }),
      onEvents: (events) => channel.post({ type: 'events', id, events }),
      onOrder: orders.take,
    }
    try {
      const respond = calls[message.call] as (request: unknown, call: ServedCall) => Promise<EngineCalls[EngineCall]['response']>
      channel.post({ type: 'done', id, response: await respond(message.request, call) })
    } catch (error) {
      channel.post({ type: 'failed', id, error: toWireError(error) })
    } finally {
      running.delete(id)
    }
  }

  function beat(): void {
    const provider = training.provider() ?? parts.sessions.lastProvider()
    channel.post({ type: 'heartbeat', rssBytes: process.memoryUsage.rss(), provider, failedProviders })
  }

  channel.onMessage((message) => {
    switch (message.type) {
      case 'configure':
        threads = message.cpuThreads || cores
        parts.sessions.setThreads(threads)
        return
      case 'call':
        void answer(message)
        return
      case 'cancel':
        running.get(message.id)?.stop.abort(new StudioError('cancelled', 'Cancelled.'))
        return
      case 'order':
        running.get(message.id)?.order(message.order)
    }
  })
  setInterval(beat, HEARTBEAT_MS)
  channel.post({ type: 'ready', onnxruntimeVersion: options.onnxruntimeVersion })
  beat()
}

/** Orders wait for whoever takes them: a call may be given some before its turn. */
function createOrders(): { give: (order: TrainOrder) => void; take: (listener: (order: TrainOrder) => void) => void } {
  const waiting: TrainOrder[] = []
  let listener: (order: TrainOrder) => void = (order) => waiting.push(order)
  return {
    give: (order) => listener(order),
    take(next) {
      listener = next
      for (const order of waiting.splice(0)) next(order)
    },
  }
}

async function inspectModel({ ort }: EngineParts, path: string): Promise<ModelSignature> {
  await access(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `${path} cannot be read: check that the file exists and that you may read it.`, { cause })
  })
  try {
    return await ort.ask({ type: 'inspect', path })
  } catch (error) {
    if (!(error instanceof OrtError)) throw error
    throw new StudioError(
      'bad-model',
      `${basename(path)} is not a model that onnxruntime can open (${error.message.replace(/^Load model from .* failed:/, '')}). Give an .onnx file, with its .onnx_data file beside it where it has one.`,
      { cause: error },
    )
  }
}

function asEngineError(error: unknown): never {
  throw new StudioError('engine', error instanceof Error ? error.message : String(error), { cause: error })
}
