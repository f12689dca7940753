import { createClient } from './client.ts'
import { serveContract, type DispatcherOptions } from './dispatcher.ts'
import type { Client, Implementation } from './procedures.ts'
import type { Port } from './protocol.ts'

export interface PortPair {
  readonly client: Port
  readonly host: Port
  /** closes both ends */
  close(): void
}

/**
 * A link within one process. Messages are cloned and arrive in a later microtask, as they would over a real link, so
 * that code tested here holds there.
 */
export function createPortPair(): PortPair {
  const closeListeners: (() => void)[] = []
  const toHost: ((message: unknown) => void)[] = []
  const toClient: ((message: unknown) => void)[] = []
  let open = true

  const end = (incoming: ((message: unknown) => void)[], outgoing: ((message: unknown) => void)[]): Port => ({
    send(message) {
      if (!open) return
      const copy: unknown = structuredClone(message)
      queueMicrotask(() => {
        if (open) for (const listener of outgoing) listener(copy)
      })
    },
    onMessage: (listener) => void incoming.push(listener),
    onClose: (listener) => void closeListeners.push(listener),
  })
  return {
    client: end(toClient, toHost),
    host: end(toHost, toClient),
    close() {
      if (!open) return
      // the host's farewells have no one to hear them: closing is what tells both ends
      open = false
      for (const listener of closeListeners) listener()
    },
  }
}

/** A client of an implementation in this process (the command line, tests). `close` aborts what runs. */
export function createInProcessClient(
  implementation: Implementation, options: DispatcherOptions = {},
): { readonly client: Client; close(): void } {
  const pair = createPortPair()
  serveContract(implementation, pair.host, options)
  return { client: createClient(pair.client), close: () => pair.close() }
}
