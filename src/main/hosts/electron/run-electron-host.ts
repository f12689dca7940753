import { app, BrowserWindow, dialog } from 'electron'
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
  /** called when Electron is ready */
  openStudio(): Promise<HostedStudio>
  /** the built window */
  readonly rendererFolder: string
  /** the built preload script */
  readonly preload: string
}

/**
 * Runs the desktop app: one instance, one workspace, one window at a time. A workspace that cannot be opened is said in
 * a dialog and ends the app with the exit code of the error. Resolves when the window is open (or the app is ending).
 */
export async function runElectronHost(options: ElectronHostOptions): Promise<void> {
  if (!app.requestSingleInstanceLock()) {
    // the first instance hears of this and shows itself
    app.quit()
    return
  }
  registerScheme()
  confineWebContents()
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

  app.on('second-instance', () => showWindow(options.preload))
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
  showWindow(options.preload)
}

function showWindow(preload: string): void {
  const [window] = BrowserWindow.getAllWindows()
  if (window === undefined) {
    openWindow({ preload })
    return
  }
  if (window.isMinimized()) window.restore()
  window.focus()
}
