/** What the preload script gives the window in Electron. All of it: one channel, and the path of a dropped file. */
export interface HostBridge {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** absolute path of a file or folder dropped on the window; empty for a file that is not on disk */
  pathOf(file: File): string
}

/** The one IPC channel. Its messages are (page, message): the page's own id, and a message of protocol.ts. */
export const BRIDGE_CHANNEL = 'goodsam'
/** Where the window finds the bridge on globalThis. */
export const BRIDGE_NAME = 'goodsamBridge'
