import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { EXIT_CODES, toWireError } from '../contract/errors.ts'
import { composeStudio } from './compose.ts'
import { builtFolder } from './entries.ts'
import { startServer } from './hosts/server/start-server.ts'

export interface ServeOptions {
  readonly workspace: string
  readonly host: string
  readonly port: number
  /** null: a random one-time token */
  readonly token: string | null
  /** make the workspace where there is none */
  readonly create: boolean
  /** open the URL in the desktop's browser, where there is a desktop */
  readonly open: boolean
  /** print one JSON document instead of lines for people */
  readonly json: boolean
}

const MAX_UPLOAD_BYTES = 2 * 2 ** 30

/** Serves the workstation until the process is asked to end. Prints the URLs that let one browser in. */
export async function serveWorkspace(options: ServeOptions): Promise<void> {
  const studio = await composeStudio({ workspace: resolve(options.workspace), create: options.create, queue: 'all' })
  try {
    const server = await startServer({
      implementation: studio.implementation,
      artifacts: studio.artifacts,
      rendererFolder: join(builtFolder(), 'renderer'),
      host: options.host,
      port: options.port,
      token: options.token,
      uploads: { folder: studio.uploadsFolder, maxBytes: MAX_UPLOAD_BYTES },
      onBug: (error, where) => studio.log.error({ error }, where),
    })
    const urls = server.freshUrls()
    const [url] = urls
    process.stdout.write(options.json ? `${JSON.stringify({ url, urls, host: server.host, port: server.port, workspace: resolve(options.workspace) })}\n` : greeting(urls, options))
    if (options.open) openInBrowser(url)
    // a terminal only: a closed standard input must not end the server
    if (process.stdin.isTTY) process.stdin.on('data', () => process.stdout.write(addressLines(server.freshUrls())))
    await new Promise<void>((end) => {
      process.once('SIGINT', () => end())
      process.once('SIGTERM', () => end())
    })
    await server.close()
  } finally {
    await studio.close()
  }
}

function greeting(urls: readonly string[], { workspace, token }: ServeOptions): string {
  const several = urls.length > 1
  const way = token === null
    ? `${several ? 'One of the links lets one browser in, which spends the others' : 'The link lets one browser in'}; press Enter for another, Ctrl+C to end.`
    : `${several ? 'The links work' : 'The link works'} as long as the server runs; Ctrl+C ends it.`
  return `GoodSAM Studio: ${addressLines(urls)}Workspace ${resolve(workspace)}. ${way}\n`
}

/** The URL for this machine, then those for others. */
function addressLines([own, ...others]: readonly string[]): string {
  return [own, ...others.map((url) => `From other machines: ${url}`)].map((line) => `${line}\n`).join('')
}

/** Hands the URL to the desktop; a machine without one has the printed line. */
function openInBrowser(url: string): void {
  const [command, args] = process.platform === 'darwin' ? ['open', [url]] as const
    : process.platform === 'win32' ? ['cmd', ['/c', 'start', '', url]] as const
    : ['xdg-open', [url]] as const
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return
  spawn(command, args, { stdio: 'ignore', detached: true }).on('error', () => {}).unref()
}

/** Run by `npm start` where the desktop window cannot open: server.js WORKSPACE [--port P]. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { port: { type: 'string', default: '0' } } })
  await serveWorkspace({
    workspace: positionals[0] ?? '.', host: '127.0.0.1', port: Number(values.port), token: null, create: true, open: true, json: false,
  })
}

if (process.argv[1] !== undefined && /server\.(js|ts)$/.test(process.argv[1])) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      const { code, message } = toWireError(error)
      process.stderr.write(`error: ${message}\n`)
      process.exit(EXIT_CODES[code])
    },
  )
}
