import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { StudioError, toWireError } from '../../../contract/errors.ts'
import type { Implementation } from '../../../contract/procedures.ts'
import type { ArtifactSource } from '../artifact-source.ts'
import { createAccess, requireLongToken } from './access.ts'
import { urlHosts } from './addresses.ts'
import { sendError } from './replies.ts'
import { createRequestHandler, pathOf } from './request-handler.ts'
import { acceptSockets } from './sockets.ts'
import type { UploadOptions } from './upload.ts'

export interface ServerOptions {
  readonly implementation: Implementation
  readonly artifacts: ArtifactSource
  /** the built window: index.html and assets/ */
  readonly rendererFolder: string
  /** default 127.0.0.1 */
  readonly host?: string
  /** default 0: a free one */
  readonly port?: number
  /** a token of the user's own, valid as long as the server runs; null or absent: random, spent on first use */
  readonly token?: string | null
  /** absent: files dropped in a browser are refused */
  readonly uploads?: UploadOptions
  /** hears of errors that are bugs, for the log */
  readonly onBug?: (error: unknown, where: string) => void
}

export interface RunningServer {
  readonly host: string
  readonly port: number
  /**
   * URLs with a token, the best for this machine first, then those by which other machines reach a server on all
   * addresses. The token is the same in all and lets one browser in; each call makes the unspent one before it worthless
   * (not with a token of one's own, which stays).
   */
  freshUrls(): readonly string[]
  /** ends subscriptions, aborts calls, closes every connection */
  close(): Promise<void>
}

/** what a connection gets to end by itself when the server closes */
const FAREWELL_MS = 1000

/**
 * Serves the window, the contract (WebSocket /rpc), the artifacts (/artifact/<hash>) and uploads (POST /upload) to
 * browsers that hold a session. Throws StudioError: bad-file (the window was not built), bad-input (a token that can be
 * guessed), conflict (port taken).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', token = null } = options
  // before the port is taken
  if (token !== null) requireLongToken(token)
  if (!existsSync(join(options.rendererFolder, 'index.html'))) {
    throw new StudioError('bad-file', `The window's files are missing in ${options.rendererFolder}: build them with "npm start" or "npm run build".`)
  }
  const server = createServer()
  // uploads of large panoramas over a slow line take as long as they take
  server.requestTimeout = 0
  await listen(server, host, options.port ?? 0)
  const { port, address } = server.address() as AddressInfo
  const access = createAccess({ host, port, token })

  const handle = createRequestHandler(options, access)
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (toWireError(error).code === 'internal') options.onBug?.(error, `${request.method} ${pathOf(request)}`)
      sendError(response, error)
    })
  })
  const sockets = acceptSockets(server, access, options)

  return {
    host,
    port,
    freshUrls() {
      const query = `?token=${encodeURIComponent(access.freshToken())}`
      return urlHosts(host, address).map((name) => `http://${name}:${port}/${query}`)
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      sockets.close()
      server.closeIdleConnections()
      // a browser that keeps a connection busy does not keep the server up
      const patience = setTimeout(() => {
        sockets.terminate()
        server.closeAllConnections()
      }, FAREWELL_MS)
      await closed
      clearTimeout(patience)
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Readonly<Record<string, string>> = {
        EADDRINUSE: `Port ${port} on ${host} is in use: choose another with --port, or --port 0 for a free one.`,
        EACCES: `This user may not listen on port ${port}: choose one above 1023 with --port.`,
        EADDRNOTAVAIL: `${host} is not an address of this machine: choose another with --host.`,
        ENOTFOUND: `${host} is not an address of this machine: choose another with --host.`,
      }
      reject(new StudioError('conflict', reasons[error.code ?? ''] ?? `The server cannot listen on ${host}:${port}: ${error.message}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}
