import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { createClient } from '../../src/contract/client.ts'
import { serveContract } from '../../src/contract/dispatcher.ts'
import { createPortPair } from '../../src/contract/in-process.ts'
import type { Client, Implementation } from '../../src/contract/procedures.ts'
import type { Port } from '../../src/contract/protocol.ts'
import { startServer, type RunningServer, type ServerOptions } from '../../src/main/hosts/server/start-server.ts'
import { createWebSocketLink } from '../../src/renderer/src/rpc/websocket-link.ts'
import { openElectronLink } from './electron-link.ts'

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

/** A running server with a window's files, an artifact, and a browser that was let in. */
export interface Site {
  readonly server: RunningServer
  readonly origin: string
  /** headers of a browser that was let in */
  readonly browser: { readonly cookie: string; readonly origin: string }
  readonly uploadsFolder: string
  /** a WebSocket of that browser */
  socket(headers?: Record<string, string>): WebSocket
  cutConnections(): void
  close(): Promise<void>
}

export const ARTIFACT = { hash: 'ab'.repeat(32), text: 'artifact bytes' }

export async function openSite(options: Pick<ServerOptions, 'implementation'> & Partial<ServerOptions>): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-site-'))
  const rendererFolder = join(folder, 'window')
  const uploadsFolder = join(folder, 'uploads')
  await mkdir(join(rendererFolder, 'assets'), { recursive: true })
  await writeFile(join(rendererFolder, 'index.html'), '<!doctype html><title>the window</title>')
  await writeFile(join(rendererFolder, 'assets', 'app-abc.js'), 'export {}')
  await writeFile(join(folder, 'secret.txt'), 'the secret')
  await writeFile(join(folder, ARTIFACT.hash), ARTIFACT.text)
  const server = await startServer({
    artifacts: {
      open: async (hash) => (hash === ARTIFACT.hash ? { path: join(folder, hash), bytes: ARTIFACT.text.length } : null),
    },
    rendererFolder,
    uploads: { folder: uploadsFolder, maxBytes: 1000 },
    ...options,
  })
  const origin = `http://127.0.0.1:${server.port}`
  const entry = await fetch(server.freshUrl(), { redirect: 'manual' })
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? ''
  const sockets = new Set<WebSocket>()
  return {
    server,
    origin,
    browser: { cookie, origin },
    uploadsFolder,
    socket(headers = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { cookie, origin, ...headers } })
      sockets.add(socket)
      return socket
    },
    cutConnections() {
      for (const socket of sockets) socket.terminate()
    },
    async close() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
