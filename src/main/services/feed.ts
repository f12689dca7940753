/** Events of one kind for whoever listens now. */
export interface Feed<Event> {
  emit(event: Event): void
  /** calls the listener until the signal aborts */
  listen(listener: (event: Event) => void, signal: AbortSignal): void
}

export function createFeed<Event>(): Feed<Event> {
  const listeners = new Set<(event: Event) => void>()
  return {
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    listen(listener, signal) {
      if (signal.aborted) return
      listeners.add(listener)
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true })
    },
  }
}
