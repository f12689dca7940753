import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { spawn, type ChildProcess } from 'node:child_process'
import { _electron, chromium, type Page } from 'playwright-core'
// @ts-expect-error plain JavaScript: it also runs before anything is installed
import { findBrowser } from '../../scripts/lib/browser.mjs'

const ROOT = resolve(import.meta.dirname, '../..')

/** Software WebGL, no calls home. */
export const CHROMIUM_ARGUMENTS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--no-first-run', '--force-color-profile=srgb',
]

/** The workstation's window on a workspace, with its host. */
export interface StudioWindow {
  readonly page: Page
  /** the host's process: the server, or Electron itself */
  readonly host: ChildProcess
  close(): Promise<void>
}

export type WindowKind = 'browser' | 'desktop'
export const WINDOW_KINDS: readonly WindowKind[] = ['browser', 'desktop']

/** Whether this machine can open such a window: the browser always, the desktop window where the Electron binary is. */
export function canOpen(kind: WindowKind): boolean {
  return kind === 'browser' || electronBinary() !== null
}

export function warnWithoutElectron(): void {
  if (!canOpen('desktop')) console.warn('SKIPPED desktop window: the Electron binary is not installed, or there is no display. The same specs run in the browser.')
}

function electronBinary(): string | null {
  const folder = join(ROOT, 'node_modules', 'electron')
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const path = join(folder, 'dist', readFileSync(pathFile, 'utf8'))
  return existsSync(path) && (process.platform !== 'linux' || process.env['DISPLAY']) ? path : null
}

export async function openWindow(kind: WindowKind, workspace: string): Promise<StudioWindow> {
  return kind === 'desktop' ? openDesktop(workspace) : openBrowser(workspace)
}

async function openDesktop(workspace: string): Promise<StudioWindow> {
  const args = [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ROOT, workspace]
  const application = await _electron.launch({ executablePath: electronBinary() ?? undefined, args })
  return { page: await application.firstWindow(), host: application.process(), close: () => application.close() }
}

async function openBrowser(workspace: string): Promise<StudioWindow> {
  const { host, url } = await startServer(workspace)
  const browser = await chromium.launch({ executablePath: findBrowser() as string, args: CHROMIUM_ARGUMENTS })
  const page = await browser.newPage({ viewport: { width: 1480, height: 920 } })
  await page.goto(url)
  return {
    page,
    host,
    async close() {
      await browser.close()
      await stop(host)
    },
  }
}

/** Starts the built server on a free port and waits for the URL it prints. */
export async function startServer(workspace: string): Promise<{ host: ChildProcess; url: string }> {
  const host = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'out/main/server.js'), workspace], {
    cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const url = await new Promise<string>((settle, fail) => {
    const listen = (chunk: Buffer): void => {
      printed += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(printed)
      if (found) settle(found[0])
    }
    host.stdout.on('data', listen)
    host.stderr.on('data', listen)
    host.on('exit', (code) => fail(new Error(`The server ended with ${code}:\n${printed}`)))
  })
  return { host, url }
}

/** Ends a host that this test started and waits until it is gone. */
export async function stop(host: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return
  const gone = new Promise((settle) => host.once('exit', settle))
  host.kill(signal)
  await gone
}
