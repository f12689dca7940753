import type { Implementation } from '../../contract/procedures.ts'
import type { Settings } from '../../contract/schemas.ts'
import type { EngineSettings } from '../engine/protocol.ts'
import { getSettings, setSettings } from '../store/settings.ts'
import type { ServiceContext } from './context.ts'

type EngineProcedures = 'engine.status' | 'engine.restart' | 'settings.get' | 'settings.set' | 'on.engine'

/** The part of the settings that the engine reads. */
export function engineSettings({ provider, cpuThreads, engineRecycleGiB }: Settings): EngineSettings {
  return { provider, cpuThreads, recycleBytes: engineRecycleGiB * 2 ** 30 }
}

export function engineServices({ store, engine, changes }: ServiceContext): Pick<Implementation, EngineProcedures> {
  return {
    'engine.status': () => engine.status(),
    'engine.restart': async () => {
      await engine.restart()
      return engine.status()
    },
    'settings.get': () => getSettings(store.read),
    'settings.set': (patch) => {
      const settings = store.transaction((db) => setSettings(db, patch))
      engine.configure(engineSettings(settings))
      changes.emit('settings')
      return settings
    },
    'on.engine': (_input, emit, signal) => {
      if (signal.aborted) return
      signal.addEventListener('abort', engine.onStatus(emit), { once: true })
    },
  }
}
