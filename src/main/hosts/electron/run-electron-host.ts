import { app, BrowserWindow, dialog } from 'electron'
import { z } from 'zod'
import { EXIT_CODES, toWireError } from '../../../contract/errors.ts'
import type { Implementation } from '../../../contract/procedures.ts'
import type { ArtifactSource } from '../artifact-source.ts'
import { serveIpc } from './ipc.ts'
import { setMenu } from './menu.ts'
import { registerScheme, serveScheme } from './scheme.ts'
import { confineWebContents, openWindow } from './window.ts'

/** An open workspace, as a host needs it. */
export interface HostedStudio {
  readonly implementation: Implementation
  readonly artifacts: ArtifactSource
  /** hears of errors that are bugs, for the log */
  readonly onBug?: (error: unknown, where: string) => void
  close(): Promise<void>
}

export interface ElectronHostOptions {
  /** absolute path of the workspace that openStudio opens */
  readonly workspace: string
  /** it was asked for by name; else whatever is open already will do */
  readonly isWorkspaceNamed: boolean
  /** called when Electron is ready */
  openStudio(): Promise<HostedStudio>
  /** the built window */
  readonly rendererFolder: string
  /** the built preload script */
  readonly preload: string
}

/** What a second instance tells the first one before it ends itself. */
const secondStartSchema = z.object({ workspace: z.string().nullable() })
type SecondStart = z.infer<typeof secondStartSchema>

/**
 * Runs the desktop app: one instance, one workspace, one window at a time. A workspace that cannot be opened is said in
 * a dialog and ends the app with the exit code of the error. Resolves when the window is open (or the app is ending).
 */
export async function runElectronHost(options: ElectronHostOptions): Promise<void> {
  const { workspace, isWorkspaceNamed } = options
  if (!app.requestSingleInstanceLock({ workspace: isWorkspaceNamed ? workspace : null } satisfies SecondStart)) {
    // the first instance hears of this, shows itself, and says so when it has another workspace open
    app.quit()
    return
  }
  registerScheme()
  confineWebContents()
  let isOpen = false
  // from the start: a second one may come while the workspace is still being opened
  app.on('second-instance', (_event, _argv, _folder, data) => {
    const window = isOpen ? showWindow(options.preload) : null
    const second = secondStartSchema.safeParse(data)
    const wanted = second.success ? second.data.workspace : null
    if (wanted !== null && wanted !== workspace) void sayWhichIsOpen(window, { wanted, open: workspace })
  })
  await app.whenReady()
  let studio: HostedStudio
  try {
    studio = await options.openStudio()
    await serveScheme({ artifacts: studio.artifacts, rendererFolder: options.rendererFolder })
  } catch (error) {
    const { code, message } = toWireError(error)
    dialog.showErrorBox('GoodSAM Studio cannot start', message)
    app.exit(EXIT_CODES[code])
    return
  }
  const endIpc = serveIpc(studio.implementation, { onBug: studio.onBug })
  setMenu(process.platform)

  app.on('activate', () => showWindow(options.preload))
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  let closing = false
  app.on('before-quit', (event) => {
    // the workspace is closed in order before the process ends
    event.preventDefault()
    if (closing) return
    closing = true
    endIpc()
    studio.close().then(
      () => app.exit(0),
      (error: unknown) => {
        studio.onBug?.(error, 'closing the workspace')
        app.exit(1)
      },
    )
  })
  isOpen = true
  showWindow(options.preload)
}

function showWindow(preload: string): BrowserWindow {
  const [window] = BrowserWindow.getAllWindows()
  if (window === undefined) return openWindow({ preload })
  if (window.isMinimized()) window.restore()
  window.focus()
  return window
}

/** The desktop window shows one workspace: what a start on another one led to must not look like that workspace. */
async function sayWhichIsOpen(window: BrowserWindow | null, { wanted, open }: { readonly wanted: string; readonly open: string }): Promise<void> {
  const box: Electron.MessageBoxOptions = {
    type: 'info',
    title: 'GoodSAM Studio',
    message: `The workspace ${open} is open already, and the desktop window shows one at a time.`,
    detail: `To open ${wanted}, close the window and start again. To work on both, serve it to a browser: npm run -s goodsam -- serve "${wanted}"`,
  }
  await (window === null ? dialog.showMessageBox(box) : dialog.showMessageBox(window, box))
}
