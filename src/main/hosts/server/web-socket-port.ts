import type { RawData, WebSocket } from 'ws'
import type { Port } from '../../../contract/protocol.ts'

/** answers that a client asked for but does not read; beyond this its link is cut */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024
const PING_EVERY_MS = 30_000

/** The host's end of a browser's WebSocket: one JSON text per message. A dead link is noticed within two pings. */
export function webSocketPort(socket: WebSocket): Port {
  let answered = true
  const heartbeat = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, PING_EVERY_MS)
  heartbeat.unref()
  socket.on('pong', () => (answered = true))
  socket.on('close', () => clearInterval(heartbeat))
  // 'close' follows; an unhandled 'error' would end the process
  socket.on('error', () => {})

  return {
    send(message) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) return socket.terminate()
      socket.send(JSON.stringify(message))
    },
    onMessage(listener) {
      socket.on('message', (data: RawData, isBinary: boolean) => {
        answered = true
        if (isBinary) return socket.close(1003, 'text only')
        let message: unknown
        try {
          message = JSON.parse(data.toString())
        } catch {
          return socket.close(1007, 'not JSON')
        }
        listener(message)
      })
    },
    onClose: (listener) => void socket.on('close', () => listener()),
  }
}
