import { ipcMain, type IpcMainEvent, type WebContents } from 'electron'
import { BRIDGE_CHANNEL } from '../../../contract/bridge.ts'
import { serveContract, type DispatcherOptions } from '../../../contract/dispatcher.ts'
import type { Implementation } from '../../../contract/procedures.ts'
import { isOwnPage } from './addresses.ts'

interface ServedPage {
  /** made by the preload script: a reloaded page is another page */
  readonly id: string
  receive(message: unknown): void
  close(): void
}

/**
 * Serves the contract to the windows of this app over one IPC channel. Every message's sender is checked: only the main
 * frame of a page of our own is heard. Returns what ends it.
 */
export function serveIpc(implementation: Implementation, options: DispatcherOptions = {}): () => void {
  const pages = new Map<WebContents, ServedPage>()

  const closePage = (contents: WebContents): void => {
    pages.get(contents)?.close()
    pages.delete(contents)
  }
  const pageOf = (contents: WebContents, id: string): ServedPage => {
    const present = pages.get(contents)
    if (present?.id === id) return present
    if (present === undefined) watch(contents)
    else present.close()
    const page = openPage(contents, id)
    pages.set(contents, page)
    return page
  }
  const watch = (contents: WebContents): void => {
    const gone = (): void => closePage(contents)
    contents.once('destroyed', gone)
    contents.once('render-process-gone', gone)
  }
  const openPage = (contents: WebContents, id: string): ServedPage => {
    const messageListeners: ((message: unknown) => void)[] = []
    const closeListeners: (() => void)[] = []
    let open = true
    serveContract(implementation, {
      send(message) {
        if (open && !contents.isDestroyed()) contents.send(BRIDGE_CHANNEL, id, message)
      },
      onMessage: (listener) => void messageListeners.push(listener),
      onClose: (listener) => void closeListeners.push(listener),
    }, options)
    return {
      id,
      receive(message) {
        for (const listener of messageListeners) listener(message)
      },
      close() {
        open = false
        for (const listener of closeListeners) listener()
      },
    }
  }

  const onMessage = (event: IpcMainEvent, id: unknown, message: unknown): void => {
    const { sender, senderFrame } = event
    // null: the frame is gone already
    if (senderFrame === null || senderFrame !== sender.mainFrame || !isOwnPage(senderFrame.url)) return
    if (typeof id !== 'string') return
    pageOf(sender, id).receive(message)
  }
  ipcMain.on(BRIDGE_CHANNEL, onMessage)
  return () => {
    ipcMain.removeListener(BRIDGE_CHANNEL, onMessage)
    for (const contents of pages.keys()) closePage(contents)
  }
}
