import { afterEach, expect, test, vi } from 'vitest'
import { DEFAULT_SETTINGS } from '../../contract/schemas.ts'
import type { LabelStats, Provider } from '../../contract/schemas.ts'
import { RECIPES } from '../../core/goodsam/config.ts'
import { createEngine } from './engine.ts'
import type { EngineLimits } from './engine.ts'
import { type EngineTransport, type LaunchOptions, TRAINING_ENVIRONMENT } from './engine-transport.ts'
import type { EngineMessage, HostMessage, ProbeResult } from './messages.ts'
import type { Engine, EngineStatus, LabelPanoramaRequest, LabelPanoramaResponse } from './protocol.ts'
import type { TrainRequest } from './training-protocol.ts'

/** A process that is not there: what the engine does about starts, silence and death needs no onnxruntime. */
class FakeProcess implements EngineTransport {
  readonly posted: HostMessage[] = []
  killed = false
  private tellHost: (message: unknown) => void = () => {}
  private tellExit: (reason: string) => void = () => {}
  private readonly behaviour: (message: HostMessage, process: FakeProcess) => void

  constructor(behaviour: (message: HostMessage, process: FakeProcess) => void, ready: boolean) {
    this.behaviour = behaviour
    if (ready) setTimeout(() => this.say({ type: 'ready', onnxruntimeVersion: '9.9.9' }), 1)
  }
  pid(): number {
    return 4711
  }
  post(message: HostMessage): void {
    this.posted.push(message)
    setTimeout(() => this.behaviour(message, this), 0)
  }
  say(message: EngineMessage): void {
    if (!this.killed) this.tellHost(message)
  }
  beat(rssBytes: number): void {
    this.say({ type: 'heartbeat', rssBytes, provider: 'cpu', failedProviders: {} })
  }
  kill(): void {
    this.die('signal SIGKILL')
  }
  die(reason: string): void {
    if (this.killed) return
    this.killed = true
    setTimeout(() => this.tellExit(reason), 0)
  }
  onMessage(listener: (message: unknown) => void): void {
    this.tellHost = listener
  }
  onExit(listener: (reason: string) => void): void {
    this.tellExit = listener
  }
  onLog(): void {}
}

const STATS: LabelStats = {
  masks: 1, coverage: 1, meanConfidence: 1, disagreement: 0, consistency: 0, seconds: 1, ortSeconds: 1, provider: 'cpu',
  cached: { embeddings: 0, masks: false, semantics: false },
}
const RESPONSE: LabelPanoramaResponse = {
  artifacts: { masks: null, semantics: 'a'.repeat(64), boundary: null, fusion: 'b'.repeat(64) }, embeddings: [], stats: STATS, warnings: [],
}
const REQUEST: LabelPanoramaRequest = {
  panoramaName: 'street', image: { path: '/street.png', sha256: '', width: 8, height: 4, cyclic: true }, artifactsRoot: '/artifacts', sam: null,
  ta: { sha256: 'c'.repeat(64), dialect: 'semantic', paths: { network: '/ta.onnx' }, name: 'ta' },
  config: RECIPES.goodsam, provider: 'cpu', cached: { masks: null, semantics: null, boundary: null, fusion: null, embeddings: [] },
  keepEmbeddings: false,
}

const engines: Engine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()))
})

/** Answers calls at once; `replies` overrules by call. */
function polite(replies: { label?: (id: number, process: FakeProcess) => void; probe?: ProbeResult | 'dies' } = {}) {
  return (message: HostMessage, process: FakeProcess): void => {
    if (message.type !== 'call') return
    const { id } = message
    if (message.call === 'label' && replies.label) replies.label(id, process)
    else if (message.call === 'label') process.say({ type: 'done', id, response: RESPONSE })
    else if (message.call === 'train') process.say({ type: 'done', id, response: { reason: 'finished', step: 1 } })
    else if (message.call === 'inspect') process.say({ type: 'done', id, response: { inputs: [], outputs: [] } })
    else if (replies.probe === 'dies') process.die('signal SIGSEGV')
    else if (replies.probe) process.say({ type: 'done', id, response: replies.probe })
    else process.say({ type: 'failed', id, error: { code: 'engine', message: 'Failed to get a WebGPU adapter: No supported adapters' } })
  }
}

function start(
  behaviour: (message: HostMessage, process: FakeProcess) => void,
  options: { limits?: Partial<EngineLimits>; recycleBytes?: number; ready?: (launch: number) => boolean } = {},
): { engine: Engine; processes: FakeProcess[]; launches: (LaunchOptions | undefined)[]; statuses: EngineStatus[] } {
  const processes: FakeProcess[] = []
  const launches: (LaunchOptions | undefined)[] = []
  const engine = createEngine({
    launch: (asked) => {
      launches.push(asked)
      processes.push(new FakeProcess(behaviour, options.ready?.(processes.length) ?? true))
      return processes.at(-1)!
    },
    settings: { provider: DEFAULT_SETTINGS.provider, cpuThreads: 0, recycleBytes: options.recycleBytes ?? 1e12 },
    limits: { backoffMs: 1, ...options.limits },
  })
  engines.push(engine)
  const statuses: EngineStatus[] = []
  engine.onStatus((status) => statuses.push(status))
  return { engine, processes, launches, statuses }
}

function label(engine: Engine, provider: LabelPanoramaRequest['provider'] = 'cpu', signal = new AbortController().signal): Promise<LabelPanoramaResponse> {
  return engine.labelPanorama({ ...REQUEST, provider }, { signal, onProgress: () => {} })
}

function providersAsked(processes: FakeProcess[]): Provider[] {
  return processes.flatMap((process) => process.posted).filter((m) => m.type === 'call' && m.call === 'label').map((m) => (m as { request: { provider: Provider } }).request.provider)
}

test('starts with the first call, once, and says so', async () => {
  const { engine, processes, statuses } = start(polite())
  expect(engine.status().state).toBe('stopped')
  expect(processes).toHaveLength(0)
  await Promise.all([label(engine), label(engine), engine.inspectModel('/x.onnx')])
  expect(processes).toHaveLength(1)
  expect(statuses.map((status) => status.state)).toEqual(expect.arrayContaining(['starting', 'busy', 'ready']))
  expect(engine.status()).toMatchObject({ state: 'ready', pid: 4711, onnxruntimeVersion: '9.9.9', restarts: 0 })
})

test('a process that dies: its calls reject with engine, the next one is answered by another process', async () => {
  let deaths = 0
  const { engine, processes } = start(polite({
    label: (id, process) => (deaths++ === 0 ? process.die('signal SIGKILL') : process.say({ type: 'done', id, response: RESPONSE })),
  }))
  await expect(label(engine)).rejects.toMatchObject({ code: 'engine', message: expect.stringContaining('labelling street') as string })
  await expect(label(engine)).resolves.toEqual(RESPONSE)
  expect(processes).toHaveLength(2)
  expect(engine.status()).toMatchObject({ state: 'ready', restarts: 1 })
})

test('after too many deaths in a row nobody tries again until a person restarts it', async () => {
  let healthy = false
  const { engine, processes } = start(polite({
    label: (id, process) => (healthy ? process.say({ type: 'done', id, response: RESPONSE }) : process.die('signal SIGSEGV')),
  }), { limits: { mostCrashes: 3 } })
  for (let attempt = 0; attempt < 3; attempt++) await expect(label(engine)).rejects.toThrow('SIGSEGV')
  const launched = processes.length
  await expect(label(engine)).rejects.toThrow('3 times in a row')
  expect(engine.status().state).toBe('failed')
  expect(processes).toHaveLength(launched)
  healthy = true
  await engine.restart()
  await expect(label(engine)).resolves.toEqual(RESPONSE)
})

test('waits longer after each death', async () => {
  const { engine, processes } = start(polite({ label: (_, process) => process.die('exit code 1') }), { limits: { backoffMs: 40, longestBackoffMs: 1000 } })
  const waits: number[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const asked = performance.now()
    await expect(label(engine)).rejects.toThrow('exit code 1')
    waits.push(performance.now() - asked)
  }
  expect(waits[1]).toBeGreaterThanOrEqual(38)
  expect(waits[2]).toBeGreaterThanOrEqual(78)
  expect(processes.length).toBeGreaterThanOrEqual(3)
})

test('a silent process is replaced', async () => {
  const { engine, processes } = start(polite({ label: () => {} }), { limits: { silenceMs: 50 } })
  await expect(label(engine)).rejects.toThrow('no sign of life')
  expect(processes[0].killed).toBe(true)
})

test('a process that beats is left alone however long it works', async () => {
  const { engine, processes } = start(polite({
    label: (id, process) => {
      const beating = setInterval(() => process.beat(1), 10)
      setTimeout(() => {
        clearInterval(beating)
        process.say({ type: 'done', id, response: RESPONSE })
      }, 300)
    },
  }), { limits: { silenceMs: 100 } })
  await expect(label(engine)).resolves.toEqual(RESPONSE)
  expect(processes).toHaveLength(1)
})

test('cancelling asks the process and waits for its answer', async () => {
  const running = new AbortController()
  const { engine, processes } = start((message, process) => {
    if (message.type === 'call') setTimeout(() => running.abort(), 5)
    if (message.type === 'cancel') process.say({ type: 'failed', id: message.id, error: { code: 'cancelled', message: 'Cancelled.' } })
  })
  await expect(label(engine, 'cpu', running.signal)).rejects.toMatchObject({ code: 'cancelled' })
  expect(processes[0].posted.map((message) => message.type)).toEqual(['configure', 'call', 'cancel'])
  await expect(label(engine, 'cpu', AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
})

test('a process that has grown is replaced between two panoramas, not before it did its share', async () => {
  const { engine, processes } = start(polite({
    label: (id, process) => {
      process.beat(1000)
      process.say({ type: 'done', id, response: RESPONSE })
    },
  }), { recycleBytes: 999, limits: { panoramasBeforeRecycling: 3 } })
  await label(engine)
  await label(engine)
  expect(processes).toHaveLength(1)
  expect(processes[0].killed).toBe(false)
  await label(engine)
  expect(processes[0].killed).toBe(true)
  await label(engine)
  expect(processes).toHaveLength(2)
  expect(engine.status().restarts).toBe(0)
})

test('trainings have a process with an allocator of its own; what is labelled next has another', async () => {
  const { engine, processes, launches } = start(polite())
  const control = { pause: new AbortController().signal, onLearningRateFactor: () => () => {} }
  const train = (): Promise<unknown> => engine.train({ name: 'mini', provider: 'cpu' } as TrainRequest, { signal: new AbortController().signal, onEvent: () => {}, control })
  await label(engine)
  await train()
  await train()
  await label(engine)
  expect(launches.map((asked) => asked?.env ?? {})).toEqual([{}, TRAINING_ENVIRONMENT, {}])
  expect(processes.map(({ killed }) => killed)).toEqual([true, true, false])
  expect(engine.status()).toMatchObject({ state: 'ready', restarts: 0 })
})

test.each([
  { name: 'a fast accelerator wins', probe: { cpuMs: 10, providerMs: 1, difference: 1e-4 }, chosen: 'webgpu' },
  { name: 'software rendering does not', probe: { cpuMs: 10, providerMs: 900, difference: 1e-6 }, chosen: 'cpu' },
  { name: 'nor does one that computes nonsense', probe: { cpuMs: 10, providerMs: 1, difference: 0.5 }, chosen: 'cpu' },
  { name: 'nor one that takes its process with it', probe: 'dies', chosen: 'cpu' },
] as const)('auto: $name', async ({ probe, chosen }) => {
  const { engine, processes } = start(polite({ probe }))
  await label(engine, 'auto')
  await label(engine, 'auto')
  expect(providersAsked(processes)).toEqual([chosen, chosen])
  // probes of their own processes, each once, and one process that works; a crash in a probe is no crash of the engine
  expect(processes.filter((process) => !process.killed)).toHaveLength(1)
  expect(engine.status().restarts).toBe(0)
  expect(engine.status().providers.map((report) => report.provider)).toEqual(['cpu', 'cuda', 'webgpu'])
})

test('a provider that was asked for and does not run: the CPU, with a warning that says why', async () => {
  const { engine, processes } = start(polite())
  const response = await label(engine, 'webgpu')
  expect(providersAsked(processes)).toEqual(['cpu'])
  expect(response.warnings).toEqual([{ message: expect.stringMatching(/webgpu was asked for.*no GPU was found/) as string, shared: null }])
  expect(engine.status().providers.find((report) => report.provider === 'webgpu')).toMatchObject({ available: false })
})

test('an accelerator that crashes the engine twice is given up', async () => {
  const { engine, processes } = start((message, process) => {
    const labelling = message.type === 'call' && message.call === 'label' ? message : null
    if (labelling?.request.provider === 'webgpu') process.die('signal SIGABRT')
    else polite({ probe: { cpuMs: 10, providerMs: 1, difference: 0 } })(message, process)
  })
  await expect(label(engine, 'webgpu')).rejects.toMatchObject({ code: 'engine' })
  await expect(label(engine, 'webgpu')).rejects.toMatchObject({ code: 'engine' })
  const response = await label(engine, 'webgpu')
  expect(response.warnings[0].message).toContain('crashed the engine 2 times')
  expect(providersAsked(processes)).toEqual(['webgpu', 'webgpu', 'cpu'])
})

test('stop ends the process, and calls after it are refused', async () => {
  const { engine, processes } = start(polite({ label: () => {} }))
  const running = label(engine)
  await vi.waitFor(() => expect(providersAsked(processes)).toHaveLength(1))
  const [outcome] = await Promise.allSettled([running, engine.stop()])
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'engine' } })
  expect(processes.every((process) => process.killed)).toBe(true)
  await expect(label(engine)).rejects.toThrow('was stopped')
  expect(engine.status().state).toBe('stopped')
})

test('stop while it starts leaves nothing behind', async () => {
  const { engine, processes } = start(polite(), { ready: () => false })
  const running = label(engine)
  await vi.waitFor(() => expect(processes).toHaveLength(1))
  await engine.stop()
  await expect(running).rejects.toMatchObject({ code: 'engine' })
  expect(processes.every((process) => process.killed)).toBe(true)
})
