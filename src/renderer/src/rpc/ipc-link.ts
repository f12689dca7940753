import type { HostBridge } from '../../../contract/bridge.ts'
import type { Port } from '../../../contract/protocol.ts'

/** A link over Electron's IPC. It lives as long as the page: when the host ends, so does the window. */
export function ipcPort(bridge: HostBridge): Port {
  return {
    send: (message) => bridge.send(message),
    onMessage: (listener) => bridge.onMessage(listener),
    onClose: () => {},
  }
}
