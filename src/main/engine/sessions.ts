import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { Provider } from '../../contract/schemas.ts'
import { samGeometry } from '../models/sam-geometry.ts'
import type { SamGeometry } from '../models/sam-geometry.ts'
import { taGeometry } from '../models/ta-geometry.ts'
import type { TaGeometry } from '../models/ta-geometry.ts'
import type { NamedSignature } from '../models/signatures.ts'
import { OrtError } from './ort-client.ts'
import type { AskOptions, OrtClient } from './ort-client.ts'
import type { OrtRun, OrtRunResult } from './ort-messages.ts'
import type { EngineModel } from './protocol.ts'

/** A provider other than the CPU failed: the caller starts again on the CPU, which shows whether it was the model. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure'
}

/** A network that is ready to run. */
export interface OpenNetwork {
  readonly session: string
  readonly signature: NamedSignature
  readonly provider: Provider
}

export interface OpenSam {
  readonly model: EngineModel
  readonly geometry: SamGeometry
  readonly encoder: OpenNetwork
  readonly decoder: OpenNetwork
}

export interface OpenTa {
  readonly model: EngineModel
  readonly geometry: TaGeometry
  readonly network: OpenNetwork
}

/** Sessions by (model, provider), made once: making and releasing them again and again leaks upstream. */
export interface Sessions {
  openSam(model: EngineModel, provider: Provider): Promise<OpenSam>
  openTa(model: EngineModel, provider: Provider): Promise<OpenTa>
  /**
   * Runs a network; rejects with bad-model naming model and output when the CPU cannot run it or an output is not
   * finite, with ProviderFailure when another provider cannot.
   */
  run(network: OpenNetwork, run: Omit<OrtRun, 'session'>, options: AskOptions): Promise<OrtRunResult>
  setThreads(threads: number): void
  /** gives all memory back: something else needs it */
  closeAll(): Promise<void>
  /** provider of the session that was made last */
  lastProvider(): Provider | null
}

/** Two models of two files each, on two providers. More than that is dropped, least recently used first. */
const KEEP_SESSIONS = 8

export function createSessions(ort: OrtClient, cpuThreads: number): Sessions {
  const open = new Map<string, Promise<OpenNetwork>>()
  let threads = cpuThreads
  let lastProvider: Provider | null = null

  async function network(model: EngineModel, role: keyof EngineModel['paths'], provider: Provider): Promise<OpenNetwork> {
    const session = `${model.sha256}/${role}/${provider}/${threads}`
    const known = open.get(session)
    // the most recently used one is the last
    open.delete(session)
    const opening = known ?? make(session, { model, role, provider })
    open.set(session, opening)
    // a memoised promise forgets a failure
    opening.catch(() => open.delete(session))
    const [oldest] = open.keys()
    if (open.size > KEEP_SESSIONS) {
      open.delete(oldest)
      await ort.ask({ type: 'release', names: [oldest] })
    }
    return opening
  }

  async function make(
    session: string,
    { model, role, provider }: { model: EngineModel; role: keyof EngineModel['paths']; provider: Provider },
  ): Promise<OpenNetwork> {
    const path = model.paths[role]
    if (path === undefined) throw new StudioError('bad-model', `Model ${model.name} has no ${role} file: add the model again with all its files.`)
    await assertReadable(path, model)
    try {
      const signature = await ort.ask({ type: 'open', name: session, key: { model: path, provider, threads } })
      lastProvider = provider
      return { session, provider, signature: { name: `${model.name} (${role})`, ...signature } }
    } catch (error) {
      if (!(error instanceof OrtError)) throw error
      if (provider !== 'cpu') throw new ProviderFailure(error.message, { cause: error })
      throw new StudioError('bad-model', `Model ${model.name}: onnxruntime cannot open ${basename(path)}: ${error.message}`, { cause: error })
    }
  }

  return {
    async openSam(model, provider) {
      if (model.dialect === 'semantic') throw new StudioError('bad-model', `Model ${model.name} is a TA, not a SAM: choose another.`)
      const encoder = await network(model, 'encoder', provider)
      const decoder = await network(model, 'decoder', provider)
      return { model, encoder, decoder, geometry: samGeometry(model.dialect, encoder.signature, decoder.signature) }
    },
    async openTa(model, provider) {
      if (model.dialect !== 'semantic') throw new StudioError('bad-model', `Model ${model.name} is a SAM, not a TA: choose another.`)
      const opened = await network(model, 'network', provider)
      return { model, network: opened, geometry: taGeometry(opened.signature) }
    },
    async run({ session, provider, signature }, run, options) {
      let result: OrtRunResult
      try {
        result = await ort.ask({ type: 'run', run: { ...run, session } }, options)
      } catch (error) {
        if (!(error instanceof OrtError)) throw error
        if (provider !== 'cpu') throw new ProviderFailure(error.message, { cause: error })
        throw new StudioError('bad-model', `Model ${signature.name} failed while running: ${error.message}`, { cause: error })
      }
      if (result.notFinite !== null) throw notFinite(signature.name, result.notFinite, provider)
      return result
    },
    setThreads(next) {
      threads = next
    },
    async closeAll() {
      const names = [...open.keys()]
      open.clear()
      if (names.length > 0) await ort.ask({ type: 'release', names })
    },
    lastProvider: () => lastProvider,
  }
}

/** What to throw when an output of a network holds NaN or an infinity. */
export function notFinite(network: string, output: string, provider: Provider): Error {
  const message = `Model ${network} computes numbers that are not finite (NaN or infinity) in its output ${output}`
  if (provider !== 'cpu') return new ProviderFailure(message)
  return new StudioError('bad-model', `${message}: the file is damaged or was exported in too low a precision. Export it again in float32.`)
}

async function assertReadable(path: string, model: EngineModel): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `Model ${model.name}: its file ${path} cannot be read. Put it back or add the model again.`, { cause })
  })
}
