import { StudioError } from '../../contract/errors.ts'
import type { Provider, ProviderSetting } from '../../contract/schemas.ts'
import { startEngineLife } from './engine-life.ts'
import type { Beat, EngineLife } from './engine-life.ts'
import { type EngineTransport, type LaunchOptions, TRAINING_ENVIRONMENT } from './engine-transport.ts'
import type { EngineCalls } from './messages.ts'
import { createProviderChoice } from './provider-choice.ts'
import type { Engine, EngineSettings, EngineStatus, LabelPanoramaRequest, LabelPanoramaResponse } from './protocol.ts'
import { callTraining } from './training-call.ts'
import type { SegmentRequest, SegmentResponse, TrainEvent, TrainRequest, TrainResponse } from './training-protocol.ts'

export interface EngineOptions {
  /** starts a process: forkEngine in Node, a utility process in Electron */
  readonly launch: (options?: LaunchOptions) => EngineTransport
  readonly settings: EngineSettings
  /** what the process prints */
  readonly onLog?: (line: string) => void
  readonly limits?: Partial<EngineLimits>
}

export interface EngineLimits {
  /** without a sign of life for so long the process is replaced */
  readonly silenceMs: number
  /** wait before the first restart after a crash; doubles with each further one */
  readonly backoffMs: number
  readonly longestBackoffMs: number
  /** crashes in a row after which nobody tries again until a person restarts it */
  readonly mostCrashes: number
  /** a process above its memory limit is not replaced before so many panoramas: a large model is not a leak */
  readonly panoramasBeforeRecycling: number
}

const LIMITS: EngineLimits = {
  silenceMs: 30_000,
  backoffMs: 250,
  longestBackoffMs: 30_000,
  mostCrashes: 5,
  panoramasBeforeRecycling: 20,
}

type ProgressOptions = Parameters<Engine['labelPanorama']>[1]
/** `what` it is, for the error when the process dies meanwhile */
type PanoramaCall = ProgressOptions & { readonly what: string }

/** Crashes under one accelerator after which it is no longer used. */
const MOST_PROVIDER_CRASHES = 2

/**
 * The host's side of the engine process: started when first needed, heard by its heartbeat, started again after a crash
 * (its calls reject with `engine`), replaced between two panoramas when it has grown too large. Nothing here blocks.
 */
export function createEngine(options: EngineOptions): Engine {
  const limits: EngineLimits = { ...LIMITS, ...options.limits }
  const onLog = options.onLog ?? (() => {})
  const listeners = new Set<(status: EngineStatus) => void>()
  const providerCrashes = new Map<Provider, number>()
  let settings = options.settings
  let life: EngineLife | null = null
  /** started but not ready yet */
  let unready: EngineLife | null = null
  /** ended on purpose */
  const over = new WeakSet<EngineLife>()
  /** started to train: their allocator keeps what was freed */
  const trainers = new WeakSet<EngineLife>()
  let starting: Promise<EngineLife> | null = null
  let version: string | null = null
  let stopped = false
  let restarts = 0
  let crashes = 0
  let panoramas = 0
  let message: string | null = null
  /** stop() and restart() make what was under way before them void */
  let era = 0

  const choice = createProviderChoice({ launch: options.launch, cpuThreads: () => settings.cpuThreads, onLog, onChange: notify })

  function status(): EngineStatus {
    const beat = life?.beat() ?? null
    return {
      state: state(),
      provider: beat?.provider ?? null,
      providers: choice.reports(),
      onnxruntimeVersion: version,
      pid: life?.pid ?? null,
      rssBytes: beat?.rssBytes ?? null,
      restarts,
      message,
    }
  }

  function state(): EngineStatus['state'] {
    if (crashes >= limits.mostCrashes) return 'failed'
    if (starting !== null) return crashes > 0 ? 'restarting' : 'starting'
    if (life === null) return 'stopped'
    return life.pending() > 0 ? 'busy' : 'ready'
  }

  function notify(): void {
    const now = status()
    for (const listener of listeners) listener(now)
  }

  function alive(toTrain = false): Promise<EngineLife> {
    if (stopped) return Promise.reject(new StudioError('engine', 'The engine was stopped: restart it in Settings.'))
    if (crashes >= limits.mostCrashes) {
      const story = `The engine process failed ${crashes} times in a row (${message ?? 'no reason known'}).`
      return Promise.reject(new StudioError('engine', `${story} Choose another execution provider or model, then restart it in Settings.`))
    }
    if (life !== null) return Promise.resolve(life)
    if (starting === null) {
      starting = start(era, toTrain)
      notify()
    }
    return starting
  }

  async function start(startedIn: number, toTrain: boolean): Promise<EngineLife> {
    try {
      if (crashes > 0) await delay(Math.min(limits.longestBackoffMs, limits.backoffMs * 2 ** (crashes - 1)))
      if (era !== startedIn) throw new StudioError('engine', 'The engine was stopped while it started.')
      const started = startEngineLife(options.launch(toTrain ? { env: TRAINING_ENVIRONMENT } : {}), { silenceMs: limits.silenceMs, onBeat, onLog })
      if (toTrain) trainers.add(started)
      void started.ended.then((reason) => onEnd(started, reason))
      unready = started
      version = (await started.ready).onnxruntimeVersion
      started.configure(settings.cpuThreads)
      life = started
      panoramas = 0
      return started
    } finally {
      unready = null
      if (era === startedIn) starting = null
      notify()
    }
  }

  /** A process that is started to train, or one that is not; one of the other kind is replaced unless it has work to do. */
  async function aliveTo(what: 'train' | 'label'): Promise<EngineLife> {
    const toTrain = what === 'train'
    if (life !== null && trainers.has(life) !== toTrain && life.pending() === 0) await end(life, `there is something to ${what}`)
    return alive(toTrain)
  }

  function onBeat({ failedProviders }: Beat): void {
    for (const [provider, why] of Object.entries(failedProviders)) choice.giveUp(provider as Provider, `failed while it worked: ${why}`)
    notify()
  }

  function onEnd(ended: EngineLife, reason: string): void {
    const expected = over.has(ended)
    if (life === ended) life = null
    if (!expected) {
      crashes++
      restarts++
      message = reason
      onLog(`The engine process is gone: ${reason}.`)
      // at once, and for the same work: what comes next should not wait for it
      if (!stopped) alive(trainers.has(ended)).catch(() => {})
    }
    notify()
  }
  async function end(which: EngineLife | null, why: string): Promise<void> {
    if (which === null) return
    over.add(which)
    if (life === which) life = null
    await which.kill(why)
  }

  /** A process that has grown too large makes room for a new one, between two panoramas. */
  async function recycle(): Promise<void> {
    const rss = life?.beat()?.rssBytes ?? 0
    if (life === null || life.pending() > 0 || panoramas < limits.panoramasBeforeRecycling || rss <= settings.recycleBytes) return
    message = `replaced at ${(rss / 2 ** 30).toFixed(1)} GiB, after ${panoramas} panoramas`
    onLog(`The engine process is ${message}.`)
    await end(life, 'it was replaced')
    notify()
  }

  /** A call about one panorama, on the provider that its setting comes to. */
  async function onePanorama<C extends 'label' | 'segment'>(
    call: C,
    setting: ProviderSetting,
    panoramaCall: PanoramaCall & { readonly request: (provider: Provider) => EngineCalls[C]['request'] },
  ): Promise<{ readonly response: EngineCalls[C]['response']; readonly warning: string | null }> {
    const { signal, onProgress, what } = panoramaCall
    throwIfCancelled(signal)
    const { provider, warning } = await choice.settle(setting)
    const engine = await aliveTo('label')
    throwIfCancelled(signal)
    try {
      const answer = engine.call(call, panoramaCall.request(provider), { signal, onProgress, what })
      notify()
      const response = await answer
      crashes = 0
      panoramas++
      return { response, warning }
    } catch (error) {
      if (error instanceof StudioError && error.code === 'engine' && !over.has(engine)) countProviderCrash(provider)
      throw error
    } finally {
      await recycle()
      notify()
    }
  }

  async function labelPanorama(request: LabelPanoramaRequest, progress: ProgressOptions): Promise<LabelPanoramaResponse> {
    const { response, warning } = await onePanorama('label', request.provider, {
      ...progress, what: `labelling ${request.panoramaName}`, request: (provider) => ({ ...request, provider }),
    })
    return warning === null ? response : { ...response, warnings: [{ message: warning, shared: null }, ...response.warnings] }
  }

  async function segment(request: SegmentRequest, progress: ProgressOptions): Promise<SegmentResponse> {
    const { response, warning } = await onePanorama('segment', request.provider, {
      ...progress, what: `segmenting ${request.panoramaName}`, request: (provider) => ({ ...request, provider }),
    })
    return warning === null ? response : { ...response, warnings: [warning, ...response.warnings] }
  }

  async function train(request: TrainRequest, call: Parameters<Engine['train']>[1]): Promise<TrainResponse> {
    throwIfCancelled(call.signal)
    const { provider, warning } = await choice.settle(request.provider)
    const engine = await aliveTo('train')
    throwIfCancelled(call.signal)
    if (warning !== null) call.onEvent({ type: 'warning', message: warning })
    const onEvent = (event: TrainEvent): void => {
      // it got somewhere: what happens next is another story
      if (event.type === 'checkpoint') crashes = 0
      call.onEvent(event)
    }
    try {
      const answer = callTraining(engine, { ...request, provider }, { ...call, onEvent })
      notify()
      const response = await answer
      crashes = 0
      return response
    } catch (error) {
      if (error instanceof StudioError && error.code === 'engine' && !over.has(engine)) countProviderCrash(provider)
      throw error
    } finally {
      // what a training took is given back with the process
      panoramas = Math.max(panoramas, limits.panoramasBeforeRecycling)
      await recycle()
      notify()
    }
  }

  /** A call about a student's networks: always on the CPU. */
  async function exportCall<C extends 'convertNetwork' | 'measureNetworks'>(
    name: C, request: EngineCalls[C]['request'], call: PanoramaCall,
  ): Promise<EngineCalls[C]['response']> {
    throwIfCancelled(call.signal)
    const engine = await alive()
    throwIfCancelled(call.signal)
    try {
      const answer = engine.call(name, request, call)
      notify()
      const response = await answer
      crashes = 0
      return response
    } finally {
      await recycle()
      notify()
    }
  }

  function countProviderCrash(provider: Provider): void {
    const count = (providerCrashes.get(provider) ?? 0) + 1
    providerCrashes.set(provider, count)
    if (provider !== 'cpu' && count >= MOST_PROVIDER_CRASHES) {
      choice.giveUp(provider, `crashed the engine ${count} times`)
      crashes = 0
    }
  }

  async function endAll(why: string): Promise<void> {
    era++
    await Promise.all([end(life, why), end(unready, why)])
    await starting?.catch(() => {})
    starting = null
  }

  return {
    status,
    onStatus(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async inspectModel(path) {
      const engine = await alive()
      const signature = await engine.call('inspect', { path }, { what: `opening ${path}` })
      crashes = 0
      return signature
    },
    labelPanorama,
    segment,
    train,
    convertNetwork: (request, call) => exportCall('convertNetwork', request, { ...call, what: `converting ${request.name}` }),
    measureNetworks: (request, call) => exportCall('measureNetworks', request, { ...call, what: `measuring ${request.name}` }),
    async estimateTraining(request) {
      const engine = await alive()
      return engine.call('estimateTraining', request, { what: 'estimating a training' })
    },
    configure(next) {
      settings = next
      life?.configure(next.cpuThreads)
      notify()
    },
    async restart() {
      await endAll('it was restarted')
      stopped = false
      crashes = 0
      message = null
      providerCrashes.clear()
      choice.forget()
      await choice.probeAll()
      await alive()
    },
    async stop() {
      stopped = true
      await endAll('the engine was stopped')
      notify()
    },
  }
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.')
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
