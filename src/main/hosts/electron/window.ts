import { app, BrowserWindow, type WebContents } from 'electron'
import { isOwnPage, WINDOW_URL } from './addresses.ts'

/** Whatever shows web pages in this app goes nowhere else, opens nothing and is granted next to nothing. */
export function confineWebContents(): void {
  app.on('web-contents-created', (_event, contents) => confine(contents))
}

function confine(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => {
    if (!isOwnPage(event.url)) event.preventDefault()
  })
  contents.on('will-frame-navigate', (event) => {
    if (!isOwnPage(event.url)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.session.setPermissionRequestHandler((_contents, permission, answer) => answer(isGranted(permission)))
  contents.session.setPermissionCheckHandler((_contents, permission) => isGranted(permission))
}

function isGranted(permission: string): boolean {
  return permission === 'fullscreen' || permission === 'clipboard-sanitized-write'
}

/** Opens the workstation's window: sandboxed, without node, shown when it has something to show. */
export function openWindow(options: { readonly preload: string }): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 900,
    minHeight: 600,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: '#1a1b1e',
    title: 'GoodSAM Studio',
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadURL(WINDOW_URL)
  return window
}
