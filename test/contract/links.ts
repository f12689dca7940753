import { createClient } from '../../src/contract/client.ts'
import { serveContract } from '../../src/contract/dispatcher.ts'
import { createPortPair } from '../../src/contract/in-process.ts'
import type { Client, Implementation } from '../../src/contract/procedures.ts'
import type { Port } from '../../src/contract/protocol.ts'
import { createWebSocketLink } from '../../src/renderer/src/rpc/websocket-link.ts'
import { openElectronLink } from './electron-link.ts'
import { openSite } from './site.ts'

/** An implementation, served over one kind of link. */
export interface OpenLink {
  readonly client: Client
  /** another client's end of its own, for tests that speak the protocol themselves */
  rawPort(): Promise<Port>
  /** the client's side goes away without a farewell: page closed, network gone */
  vanish(): void
  close(): Promise<void>
}

export interface LinkKind {
  readonly name: string
  open(implementation: Implementation): Promise<OpenLink>
}

export const LINKS: readonly LinkKind[] = [
  { name: 'in-process', open: openInProcess },
  { name: 'Electron IPC', open: openElectronLink },
  { name: 'WebSocket', open: openWebSocket },
]

async function openInProcess(implementation: Implementation): Promise<OpenLink> {
  const pairs: ReturnType<typeof createPortPair>[] = []
  const pair = (): Port => {
    const made = createPortPair()
    pairs.push(made)
    serveContract(implementation, made.host)
    return made.client
  }
  const client = createClient(pair())
  const close = (): void => {
    for (const each of pairs) each.close()
  }
  return { client, rawPort: async () => pair(), vanish: close, close: async () => close() }
}

async function openWebSocket(implementation: Implementation): Promise<OpenLink> {
  const site = await openSite({ implementation })
  const link = createWebSocketLink({ open: () => site.socket() })
  return {
    client: createClient(link.port),
    async rawPort() {
      const socket = site.socket()
      await new Promise((opened) => socket.once('open', opened))
      return {
        send: (message) => socket.send(JSON.stringify(message)),
        onMessage: (listener) => void socket.on('message', (data) => listener(JSON.parse(String(data)))),
        onClose: (listener) => void socket.on('close', listener),
      }
    },
    vanish: () => site.cutConnections(),
    async close() {
      link.stop()
      await site.close()
    },
  }
}
