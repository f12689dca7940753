import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type * as Electron from 'electron'
import type { PageElectron } from '../../src/preload/expose-bridge.ts'

/**
 * Stands in for the module `electron` where its binary cannot be had, so that the host's code runs as it is:
 * `vi.mock('electron', () => import('./electron-stand-in.ts'))`. Only what the host uses exists here, and each part is
 * checked against Electron's own types, so that a change in Electron's interface fails the type check of this file.
 * What crosses between processes is cloned and arrives later, as it does there.
 */

/** Electron's methods return `this`, which no stand-in can be; the host never uses it. */
type Chained = never
type Listener = (...parameters: never[]) => void

class Emitter {
  readonly events = new EventEmitter()

  on(event: string, listener: Listener): Chained {
    this.events.on(event, listener as (...parameters: unknown[]) => void)
    return undefined as Chained
  }

  once(event: string, listener: Listener): Chained {
    this.events.once(event, listener as (...parameters: unknown[]) => void)
    return undefined as Chained
  }

  removeListener(event: string, listener: Listener): Chained {
    this.events.removeListener(event, listener as (...parameters: unknown[]) => void)
    return undefined as Chained
  }
}

/** What the host did to its surroundings, and what a test does in their place. */
export const seen = {
  exitCodes: [] as number[],
  errorBoxes: [] as { readonly title: string; readonly content: string }[],
  messageBoxes: [] as Electron.MessageBoxOptions[],
  /** what this instance tells the one that runs already */
  lockData: null as Record<string, unknown> | null,
  schemes: [] as Electron.CustomScheme[],
  menu: [] as readonly (Electron.MenuItemConstructorOptions | Electron.MenuItem)[],
  schemeHandler: null as ((request: Request) => Response | Promise<Response>) | null,
  forks: [] as { readonly script: string; readonly options: Electron.ForkOptions; readonly process: StandInUtilityProcess }[],
  isFirstInstance: true,
  /** resolves when Electron is ready, which is after the entry module has run */
  ready: Promise.resolve(),
  quits: 0,
}

class StandInApp extends Emitter {
  readonly isPackaged = false

  requestSingleInstanceLock(data?: Record<string, unknown>): boolean {
    // it crosses between processes as JSON
    seen.lockData = data === undefined ? null : JSON.parse(JSON.stringify(data)) as Record<string, unknown>
    return seen.isFirstInstance
  }

  whenReady(): Promise<void> {
    return seen.ready
  }

  setAboutPanelOptions(): void {}

  quit(): void {
    seen.quits++
    let prevented = false
    this.events.emit('before-quit', { preventDefault: () => (prevented = true) })
    if (!prevented) this.exit(0)
  }

  exit(code: number = 0): void {
    seen.exitCodes.push(code)
  }
}
export const app = new StandInApp() satisfies Pick<
  Electron.App,
  'requestSingleInstanceLock' | 'whenReady' | 'isPackaged' | 'setAboutPanelOptions' | 'quit' | 'exit' | 'on'
>

export const ipcMain = new Emitter() satisfies Pick<Electron.IpcMain, 'on' | 'removeListener'>

/** A frame of a page, as a message's sender. */
export interface StandInFrame {
  readonly url: string
}

class StandInSession {
  isGranted: (permission: string) => boolean = () => true

  setPermissionRequestHandler(): void {}

  setPermissionCheckHandler(handler: ((contents: never, permission: never, origin: string, details: never) => boolean) | null): void {
    this.isGranted = (permission) => handler?.(undefined as never, permission as never, '', undefined as never) ?? true
  }
}
void (StandInSession satisfies new () => Pick<Electron.Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler'>)

/** A page in a window: its own end of the IPC channel, and the world its scripts see. */
export interface StandInPage {
  readonly electron: PageElectron
  /** what the preload script gave to the page */
  readonly world: Readonly<Record<string, unknown>>
}

export class StandInWebContents extends Emitter {
  readonly session = new StandInSession()
  mainFrame: StandInFrame = { url: 'about:blank' }
  windowOpen: ((details: never) => { readonly action: string }) | null = null
  private page: { readonly receivers: EventEmitter } | null = null
  private destroyed = false

  send(channel: string, ...parameters: unknown[]): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
    const copy = structuredClone(parameters)
    const { page } = this
    setImmediate(() => {
      if (page === this.page) page?.receivers.emit(channel, {}, ...copy)
    })
  }

  isDestroyed(): boolean {
    return this.destroyed
  }

  setWindowOpenHandler(handler: (details: never) => { readonly action: 'deny' } | { readonly action: 'allow' }): void {
    this.windowOpen = handler
  }

  /** A page is loaded: the one before it, if any, is gone. */
  loadPage(url: string): StandInPage {
    this.mainFrame = { url }
    const frame = this.mainFrame
    const receivers = new EventEmitter()
    this.page = { receivers }
    const world: Record<string, unknown> = {}
    return {
      world,
      electron: {
        contextBridge: { exposeInMainWorld: (key, api: unknown) => void (world[key] = api) },
        ipcRenderer: {
          send: (channel, ...parameters) => this.arrive(frame, channel, parameters),
          on: (channel, listener) => {
            receivers.on(channel, listener)
            return undefined as Chained
          },
        },
        webUtils: { getPathForFile: (file) => `/dropped/${file.name}` },
      },
    }
  }

  /** a message from a frame arrives in the main process */
  arrive(frame: StandInFrame | null, channel: string, parameters: unknown[]): void {
    const copy = structuredClone(parameters)
    setImmediate(() => {
      if (!this.destroyed) ipcMain.events.emit(channel, { sender: this, senderFrame: frame }, ...copy)
    })
  }

  destroy(): void {
    this.destroyed = true
    this.page = null
    this.events.emit('destroyed')
  }
}
void (StandInWebContents satisfies new () => Pick<Electron.WebContents, 'send' | 'isDestroyed' | 'setWindowOpenHandler' | 'on' | 'once'> & {
  readonly mainFrame: Pick<Electron.WebFrameMain, 'url'>
})

export class BrowserWindow extends Emitter {
  static readonly open: BrowserWindow[] = []
  readonly webContents = new StandInWebContents()
  readonly options: Electron.BrowserWindowConstructorOptions
  url: string | null = null
  focused = 0

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super()
    this.options = options
    BrowserWindow.open.push(this)
    app.events.emit('web-contents-created', {}, this.webContents)
  }

  static getAllWindows(): never[] {
    return [...BrowserWindow.open] as never[]
  }

  async loadURL(url: string): Promise<void> {
    this.url = url
  }

  show(): void {}

  isMinimized(): boolean {
    return false
  }

  restore(): void {}

  focus(): void {
    this.focused++
  }

  /** a person closes the window */
  closeByHand(): void {
    BrowserWindow.open.splice(BrowserWindow.open.indexOf(this), 1)
    this.webContents.destroy()
    if (BrowserWindow.open.length === 0) app.events.emit('window-all-closed')
  }
}
void (BrowserWindow satisfies (new (
  options?: Electron.BrowserWindowConstructorOptions,
) => Pick<Electron.BrowserWindow, 'loadURL' | 'show' | 'isMinimized' | 'restore' | 'focus' | 'once'>) &
  Pick<typeof Electron.BrowserWindow, 'getAllWindows'>)

export const protocol = {
  registerSchemesAsPrivileged(schemes) {
    seen.schemes.push(...schemes)
  },
  handle(_scheme, handler) {
    seen.schemeHandler = handler
  },
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>

export const dialog = {
  showErrorBox(title, content) {
    seen.errorBoxes.push({ title, content })
  },
  async showMessageBox(...parameters: unknown[]) {
    seen.messageBoxes.push(parameters.at(-1) as Electron.MessageBoxOptions)
    return { response: 0, checkboxChecked: false }
  },
} satisfies Pick<Electron.Dialog, 'showErrorBox' | 'showMessageBox'>

export const Menu = {
  buildFromTemplate(template) {
    seen.menu = template
    return undefined as never
  },
  setApplicationMenu() {},
} satisfies Pick<typeof Electron.Menu, 'buildFromTemplate' | 'setApplicationMenu'>

export class StandInUtilityProcess extends Emitter {
  readonly pid: number | undefined = undefined
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly posted: unknown[] = []
  killed = false

  postMessage(message: unknown): void {
    this.posted.push(structuredClone(message))
  }

  kill(): boolean {
    this.killed = true
    return true
  }
}
void (StandInUtilityProcess satisfies new () => Pick<Electron.UtilityProcess, 'pid' | 'stdout' | 'stderr' | 'postMessage' | 'kill' | 'on' | 'once'>)

export const utilityProcess = {
  fork(script, _args, options = {}) {
    const process = new StandInUtilityProcess()
    seen.forks.push({ script, options, process })
    return process as never
  },
} satisfies Pick<typeof Electron.utilityProcess, 'fork'>
