import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { serveContract } from '../../../contract/dispatcher.ts'
import type { Implementation } from '../../../contract/procedures.ts'
import { MAX_REQUEST_CHARS } from '../../../contract/protocol.ts'
import type { Access } from './access.ts'
import { pathOf } from './request-handler.ts'
import { webSocketPort } from './web-socket-port.ts'

/** A JSON text may need up to four bytes per character. */
const MAX_FRAME_BYTES = MAX_REQUEST_CHARS * 4

export interface SocketOptions {
  readonly implementation: Implementation
  readonly onBug?: (error: unknown, procedure: string) => void
}

export interface AcceptedSockets {
  /** tells every client that the server stops */
  close(): void
  /** cuts the connections of those that did not listen */
  terminate(): void
}

/** Serves the contract to every browser with a session that opens a WebSocket on /rpc. */
export function acceptSockets(server: Server, access: Access, options: SocketOptions): AcceptedSockets {
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false })
  const ends = new Set<() => void>()

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refusal =
      !access.isOurHost(request.headers) || !access.isOwnOrigin(request.headers) ? '403 Forbidden'
      : pathOf(request) !== '/rpc' ? '404 Not Found'
      : !access.hasSession(request.headers) ? '401 Unauthorized'
      : null
    if (refusal !== null) return void socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const end = serveContract(options.implementation, webSocketPort(webSocket), { onBug: options.onBug })
      ends.add(end)
      webSocket.on('close', () => ends.delete(end))
    })
  })
  return {
    close() {
      for (const end of ends) end()
      for (const webSocket of webSockets.clients) webSocket.close(1001, 'the server stops')
      webSockets.close()
    },
    terminate() {
      for (const webSocket of webSockets.clients) webSocket.terminate()
    },
  }
}
