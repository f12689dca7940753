import type { Change } from '../../contract/schemas.ts'

/** Tells the windows which queries are stale. */
export interface ChangeFeed {
  emit(area: Change['area'], id?: string | null): void
  /** calls the listener until the signal aborts */
  listen(listener: (change: Change) => void, signal: AbortSignal): void
}

export function createChangeFeed(): ChangeFeed {
  const listeners = new Set<(change: Change) => void>()
  return {
    emit(area, id = null) {
      for (const listener of listeners) listener({ area, id })
    },
    listen(listener, signal) {
      if (signal.aborted) return
      listeners.add(listener)
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true })
    },
  }
}
