import { BRIDGE_NAME, type HostBridge } from '../../../contract/bridge.ts'
import { createClient } from '../../../contract/client.ts'
import { StudioError } from '../../../contract/errors.ts'
import type { Client } from '../../../contract/procedures.ts'
import { ipcPort } from './ipc-link.ts'
import { uploadFile, type UploadOptions } from './upload.ts'
import { createWebSocketLink, type LinkState } from './websocket-link.ts'

/** What the window knows of its host; the same in the desktop window and in a browser. */
export interface HostConnection {
  readonly client: Client
  readonly hostKind: 'electron' | 'server'
  /** where the pixels are */
  artifactUrl(hash: string): string
  /**
   * A path on the host's machine for a file dropped on the window. In Electron its own (a folder's too); in a browser
   * the file is uploaded, together with the others of its `batch` into one folder.
   */
  pathOf(file: File, options?: UploadOptions): Promise<string>
  linkState(): LinkState
  /** returns the function that ends it */
  onLinkState(listener: (state: LinkState) => void): () => void
}

/** Connects to the host that served this page: over Electron's bridge where there is one, else over a WebSocket. */
export function connect(): HostConnection {
  const bridge = (globalThis as { [BRIDGE_NAME]?: HostBridge })[BRIDGE_NAME]
  return bridge === undefined ? connectToServer() : connectToElectron(bridge)
}

function connectToElectron(bridge: HostBridge): HostConnection {
  return {
    client: createClient(ipcPort(bridge)),
    hostKind: 'electron',
    artifactUrl: (hash) => `goodsam://artifact/${hash}`,
    pathOf: async (file) => {
      const path = bridge.pathOf(file)
      if (path === '') throw new StudioError('bad-input', `${file.name} is not a file on this machine: save it first, then drop it.`)
      return path
    },
    linkState: () => 'open',
    onLinkState: () => () => {},
  }
}

function connectToServer(): HostConnection {
  const url = new URL('/rpc', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const link = createWebSocketLink({ open: () => new WebSocket(url), isAuthorized })
  addEventListener('online', link.retryNow)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') link.retryNow()
  })
  return {
    client: createClient(link.port),
    hostKind: 'server',
    artifactUrl: (hash) => `/artifact/${hash}`,
    pathOf: uploadFile,
    linkState: link.state,
    onLinkState: link.onState,
  }
}

/** A browser does not say why a WebSocket was refused; an ordinary request does. */
async function isAuthorized(): Promise<boolean> {
  try {
    return (await fetch('/session', { cache: 'no-store' })).status !== 401
  } catch {
    // the server is not there at all
    return true
  }
}
