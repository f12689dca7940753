import { fromWireError, StudioError } from '../../contract/errors.ts'
import type { EngineTransport } from './engine-transport.ts'
import { HEARTBEAT_MS, isEngineMessage, LAST_WORDS } from './messages.ts'
import type { EngineCall, EngineCalls, EngineMessage, HostMessage } from './messages.ts'
import type { EngineProgress } from './protocol.ts'
import type { TrainEvent, TrainOrder } from './training-protocol.ts'

export type Beat = Omit<Extract<EngineMessage, { type: 'heartbeat' }>, 'type'>

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: EngineProgress) => void
  readonly onEvents?: (events: readonly TrainEvent[]) => void
  /** once, with what gives the call orders while it runs */
  readonly onBegin?: (give: (order: TrainOrder) => void) => void
  /** for the error when the process dies meanwhile: "labelling x.png" */
  readonly what: string
}

/** One life of the engine process: calls and answers, heartbeat, end. */
export interface EngineLife {
  readonly pid: number | null
  /** rejects with `engine` when it ends before it is ready */
  readonly ready: Promise<{ readonly onnxruntimeVersion: string }>
  /** resolves with the reason when it has ended */
  readonly ended: Promise<string>
  call<C extends EngineCall>(call: C, request: EngineCalls[C]['request'], options: CallOptions): Promise<EngineCalls[C]['response']>
  configure(cpuThreads: number): void
  pending(): number
  beat(): Beat | null
  /** ends it; `why` is what its calls are told */
  kill(why: string): Promise<void>
}

export interface LifeOptions {
  /** without a sign of life for so long it is taken for dead */
  readonly silenceMs: number
  readonly onBeat: (beat: Beat) => void
  readonly onLog: (line: string) => void
}

interface Pending {
  readonly options: CallOptions
  readonly resolve: (response: never) => void
  readonly reject: (error: unknown) => void
}

export function startEngineLife(transport: EngineTransport, options: LifeOptions): EngineLife {
  const pending = new Map<number, Pending>()
  const ready = Promise.withResolvers<{ onnxruntimeVersion: string }>()
  const ended = Promise.withResolvers<string>()
  let nextId = 1
  let beat: Beat | null = null
  let why: string | null = null
  let alive = true
  let silentTicks = 0
  let lastWords: string | null = null

  // nobody may be waiting for it
  ready.promise.catch(() => {})

  transport.onLog((line) => {
    // its own farewell says more than the signal does
    if (line.startsWith(LAST_WORDS)) lastWords = line.slice(LAST_WORDS.length)
    options.onLog(line)
  })
  transport.onMessage((message) => {
    if (!isEngineMessage(message)) return
    silentTicks = 0
    switch (message.type) {
      case 'ready':
        ready.resolve({ onnxruntimeVersion: message.onnxruntimeVersion })
        return
      case 'heartbeat': {
        const { type: _, ...rest } = message
        beat = rest
        options.onBeat(rest)
        return
      }
      case 'progress':
        pending.get(message.id)?.options.onProgress?.(message.progress)
        return
      case 'events':
        pending.get(message.id)?.options.onEvents?.(message.events)
        return
      case 'done':
        settle(message.id)?.resolve(message.response as never)
        return
      case 'failed':
        settle(message.id)?.reject(fromWireError(message.error))
    }
  })
  transport.onExit((reason) => {
    alive = false
    clearInterval(watch)
    const story = why ?? `it ended unexpectedly (${lastWords ?? reason})`
    ready.reject(new StudioError('engine', `The engine process did not start: ${story}.`))
    for (const call of pending.values()) {
      call.reject(new StudioError('engine', `The engine process failed while ${call.options.what}: ${story}. It is started again; try once more.`))
    }
    pending.clear()
    ended.resolve(story)
  })

  // ticks, not clock time: a machine that slept has not been silent
  const tickMs = Math.min(HEARTBEAT_MS, options.silenceMs)
  const watch = setInterval(() => {
    silentTicks++
    if (silentTicks * tickMs > options.silenceMs) {
      why ??= `it gave no sign of life for ${Math.round(options.silenceMs / 1000)} s`
      transport.kill()
    }
  }, tickMs)
  watch.unref()

  function settle(id: number): Pending | undefined {
    const call = pending.get(id)
    pending.delete(id)
    return call
  }

  function post(message: HostMessage): void {
    transport.post(message)
  }

  return {
    pid: transport.pid(),
    ready: ready.promise,
    ended: ended.promise,
    call(call, request, callOptions) {
      return new Promise((resolve, reject) => {
        if (!alive) {
          reject(new StudioError('engine', `The engine process has ended before ${callOptions.what}: try once more.`))
          return
        }
        const { signal } = callOptions
        const id = nextId++
        // it answers once it is at a safe point, with `cancelled`
        const cancel = (): void => post({ type: 'cancel', id })
        signal?.addEventListener('abort', cancel, { once: true })
        const done = <Value>(settleCall: (value: Value) => void) => (value: Value): void => {
          signal?.removeEventListener('abort', cancel)
          settleCall(value)
        }
        pending.set(id, { options: callOptions, resolve: done(resolve), reject: done(reject) })
        post({ type: 'call', id, call, request } as HostMessage)
        if (signal?.aborted) cancel()
        callOptions.onBegin?.((order) => post({ type: 'order', id, order }))
      })
    },
    configure: (cpuThreads) => post({ type: 'configure', cpuThreads }),
    pending: () => pending.size,
    beat: () => beat,
    async kill(reason) {
      why ??= reason
      if (alive) transport.kill()
      await ended.promise
    },
  }
}
