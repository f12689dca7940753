import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { startServer, type RunningServer, type ServerOptions } from '../../src/main/hosts/server/start-server.ts'

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
      open: async (hash) => (hash === ARTIFACT.hash ? { bytes: ARTIFACT.text.length, read: async () => createReadStream(join(folder, hash)) } : null),
    },
    rendererFolder,
    uploads: { folder: uploadsFolder, maxBytes: 1000 },
    ...options,
  })
  const origin = `http://127.0.0.1:${server.port}`
  const entry = await fetch(server.freshUrls()[0], { redirect: 'manual' })
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

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Question {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | readonly string[]
}

/** Unlike fetch: sends the path and the Host header exactly as they are given. */
export function ask(site: Site, path: string, question: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body = [] } = question
    const outgoing = request({ host: '127.0.0.1', port: site.server.port, path, method, headers, agent: false }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }))
    })
    outgoing.on('error', reject)
    if (typeof body === 'string') outgoing.end(body)
    else {
      for (const chunk of body) outgoing.write(chunk)
      outgoing.end()
    }
  })
}
