import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Provider, ProviderSetting } from '../../contract/schemas.ts'
import { startEngineLife } from './engine-life.ts'
import type { EngineTransport } from './engine-transport.ts'
import type { ProbeResult } from './messages.ts'
import type { EngineStatus } from './protocol.ts'

type ProviderReport = EngineStatus['providers'][number]
type Accelerator = Exclude<Provider, 'cpu'>

const ACCELERATORS: readonly Accelerator[] = ['cuda', 'webgpu']

/** Which execution provider runs, measured: each accelerator is tried in a process of its own, which it may crash. */
export interface ProviderChoice {
  /** the provider to use, and a warning where it is not the one that was asked for */
  settle(setting: ProviderSetting): Promise<{ readonly provider: Provider; readonly warning: string | null }>
  /** what is known so far */
  reports(): ProviderReport[]
  /** tries all of them, for a person who asks */
  probeAll(): Promise<void>
  /** gives a provider up: it failed while it worked */
  giveUp(provider: Provider, why: string): void
  /** try them anew */
  forget(): void
}

interface Verdict {
  readonly available: boolean
  readonly detail: string
  readonly probe: ProbeResult | null
}

export interface ProviderChoiceOptions {
  readonly launch: () => EngineTransport
  readonly cpuThreads: () => number
  readonly onLog: (line: string) => void
  readonly onChange: () => void
}

/** A software renderer may be a hundred times slower than the CPU provider; a real device is well below this. */
const MUST_TAKE_LESS_THAN = 0.8
/** TF32 convolutions differ by about a thousandth. */
const LARGEST_DIFFERENCE = 0.01
const PROBE_TIMEOUT_MS = 60_000

export function createProviderChoice(options: ProviderChoiceOptions): ProviderChoice {
  const verdicts = new Map<Accelerator, Verdict>()
  let probing: Promise<void> = Promise.resolve()

  /** One after the other: they would disturb each other's times. */
  function probe(providers: readonly Accelerator[]): Promise<void> {
    probing = probing.then(() => probeNow(providers))
    return probing
  }

  async function probeNow(providers: readonly Accelerator[]): Promise<void> {
    for (const provider of providers) {
      if (verdicts.has(provider)) continue
      verdicts.set(provider, await tryProvider(provider, options))
      options.onChange()
    }
  }

  async function settle(setting: ProviderSetting): Promise<{ provider: Provider; warning: string | null }> {
    if (setting === 'cpu') return { provider: 'cpu', warning: null }
    if (setting === 'auto') {
      await probe(ACCELERATORS)
      return { provider: fastest(verdicts), warning: null }
    }
    await probe([setting])
    const verdict = verdicts.get(setting)
    if (verdict?.available) return { provider: setting, warning: null }
    return { provider: 'cpu', warning: `${setting} was asked for and does not run here, the CPU is used: ${verdict?.detail ?? 'not tried'}` }
  }

  return {
    settle,
    reports: () => [cpuReport(verdicts), ...ACCELERATORS.map((provider) => report(provider, verdicts.get(provider)))],
    probeAll: () => probe(ACCELERATORS),
    giveUp(provider, why) {
      if (provider === 'cpu') return
      verdicts.set(provider, { available: false, detail: why, probe: null })
      options.onChange()
    },
    forget: () => verdicts.clear(),
  }
}

function fastest(verdicts: ReadonlyMap<Accelerator, Verdict>): Provider {
  let best: { provider: Provider; milliseconds: number } = { provider: 'cpu', milliseconds: Infinity }
  for (const [provider, { available, probe }] of verdicts) {
    if (!available || probe === null || !beatsCpu(probe)) continue
    if (probe.providerMs < best.milliseconds) best = { provider, milliseconds: probe.providerMs }
  }
  return best.provider
}

function beatsCpu(probe: ProbeResult): boolean {
  return probe.providerMs < MUST_TAKE_LESS_THAN * probe.cpuMs
}

function cpuReport(verdicts: ReadonlyMap<Accelerator, Verdict>): ProviderReport {
  const measured = [...verdicts.values()].find((verdict) => verdict.probe !== null)?.probe
  return { provider: 'cpu', available: true, detail: measured ? `${inMs(measured.cpuMs)} on the probe` : 'always works' }
}

function report(provider: Accelerator, verdict: Verdict | undefined): ProviderReport {
  if (verdict === undefined) return { provider, available: false, detail: 'not tried yet' }
  return { provider, available: verdict.available, detail: verdict.detail }
}

async function tryProvider(provider: Accelerator, options: ProviderChoiceOptions): Promise<Verdict> {
  const missing = provider === 'cuda' ? missingCuda() : null
  if (missing !== null) return { available: false, detail: missing, probe: null }
  const life = startEngineLife(options.launch(), { silenceMs: PROBE_TIMEOUT_MS, onBeat: () => {}, onLog: options.onLog })
  // onnxruntime blocks its thread only, so the process would beat on for ever: a time limit besides the heartbeat
  const limit = setTimeout(() => void life.kill(`no answer within ${PROBE_TIMEOUT_MS / 1000} s`), PROBE_TIMEOUT_MS)
  try {
    await life.ready
    life.configure(options.cpuThreads())
    return judge(await life.call('probe', { provider }, { what: `trying ${provider}` }))
  } catch (error) {
    return { available: false, detail: explain(provider, error), probe: null }
  } finally {
    clearTimeout(limit)
    await life.kill('the probe is over')
  }
}

function judge(probe: ProbeResult): Verdict {
  if (probe.difference > LARGEST_DIFFERENCE) {
    return { available: false, detail: `computes wrong numbers (off by ${(100 * probe.difference).toPrecision(2)} % on the probe): update the GPU driver`, probe }
  }
  const times = `${inMs(probe.providerMs)} on the probe, CPU ${inMs(probe.cpuMs)}`
  return { available: true, detail: beatsCpu(probe) ? times : `works, but no faster than the CPU: ${times}`, probe }
}

function inMs(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`
}

/** onnxruntime's sentences are for its makers; the common ones in words for its users. */
function explain(provider: Accelerator, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('WebGPU adapter')) {
    return 'no GPU was found: WebGPU needs a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS)'
  }
  if (provider === 'cuda' && message.includes('shared library')) {
    return `the CUDA libraries could not be loaded; CUDA 12, cuDNN 9 and an NVIDIA driver are needed (${message})`
  }
  return message.split('\n')[0]
}

const INSTALL_CUDA = 'CUDA libraries are not installed: run `npm run -s goodsam -- engine install-cuda`'

/** Why CUDA cannot even be tried. */
function missingCuda(): string | null {
  if (process.platform === 'darwin' || process.arch !== 'x64') return 'CUDA needs Linux or Windows on x64'
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  const library = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so'
  const file = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch, library)
  return existsSync(file) ? null : INSTALL_CUDA
}
