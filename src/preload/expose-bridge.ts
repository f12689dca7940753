import type { ContextBridge, IpcRenderer, WebUtils } from 'electron'
import { BRIDGE_CHANNEL, BRIDGE_NAME, type HostBridge } from '../contract/bridge.ts'

/** What a preload script has of Electron and what is used of it. */
export interface PageElectron {
  readonly contextBridge: Pick<ContextBridge, 'exposeInMainWorld'>
  readonly ipcRenderer: Pick<IpcRenderer, 'send' | 'on'>
  readonly webUtils: Pick<WebUtils, 'getPathForFile'>
}

/** Gives the page its bridge to the host. Nothing of Electron itself reaches the page. */
export function exposeBridge({ contextBridge, ipcRenderer, webUtils }: PageElectron): void {
  // a reloaded page starts anew: neither side takes messages of the one before for its own
  const page = crypto.randomUUID()
  const bridge: HostBridge = {
    send: (message) => ipcRenderer.send(BRIDGE_CHANNEL, page, message),
    onMessage(listener) {
      ipcRenderer.on(BRIDGE_CHANNEL, (_event, to: unknown, message: unknown) => {
        if (to === page) listener(message)
      })
    },
    pathOf: (file) => webUtils.getPathForFile(file),
  }
  contextBridge.exposeInMainWorld(BRIDGE_NAME, bridge)
}
