import { BRIDGE_NAME, type HostBridge } from '../../src/contract/bridge.ts'
import { createClient } from '../../src/contract/client.ts'
import type { Implementation } from '../../src/contract/procedures.ts'
import type { Port } from '../../src/contract/protocol.ts'
import { WINDOW_URL } from '../../src/main/hosts/electron/addresses.ts'
import { serveIpc } from '../../src/main/hosts/electron/ipc.ts'
import { exposeBridge } from '../../src/preload/expose-bridge.ts'
import { ipcPort } from '../../src/renderer/src/rpc/ipc-link.ts'
import { StandInWebContents, type StandInPage } from './electron-stand-in.ts'
import type { OpenLink } from './links.ts'

/** The real host, preload script and window link, with the stand-in for Electron between them. */
export async function openElectronLink(implementation: Implementation): Promise<OpenLink> {
  const end = serveIpc(implementation)
  const windows: StandInWebContents[] = []
  const openPage = (): Port => {
    const contents = new StandInWebContents()
    windows.push(contents)
    return ipcPort(bridgeOf(contents.loadPage(WINDOW_URL)))
  }
  return {
    client: createClient(openPage()),
    rawPort: async () => openPage(),
    vanish() {
      for (const contents of windows) contents.destroy()
    },
    close: async () => end(),
  }
}

/** Runs the preload script for a page and returns what the page then finds. */
export function bridgeOf(page: StandInPage): HostBridge {
  exposeBridge(page.electron)
  return page.world[BRIDGE_NAME] as HostBridge
}
