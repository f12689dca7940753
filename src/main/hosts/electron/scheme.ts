import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { protocol } from 'electron'
import { StudioError } from '../../../contract/errors.ts'
import { artifactContentType, downloadHeaders, type ArtifactSource } from '../artifact-source.ts'
import { securityHeaders } from '../security-headers.ts'
import { APP_ORIGIN, ARTIFACT_ORIGIN, SCHEME } from './addresses.ts'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true, codeCache: true },
    },
  ])
}

/**
 * Answers the app's own scheme. The window's files are listed once and artifacts are asked for by hash, so no address
 * can name another file. Throws bad-file when the window was not built.
 */
export async function serveScheme(options: { readonly artifacts: ArtifactSource; readonly rendererFolder: string }): Promise<void> {
  const files = await listFiles(options.rendererFolder)
  const index = files.get('/index.html')
  if (index === undefined) {
    throw new StudioError('bad-file', `The window's files are missing in ${options.rendererFolder}: build them with "npm start" or "npm run build".`)
  }
  protocol.handle(SCHEME, async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return nothing(405)
    const { host, pathname } = new URL(request.url)
    if (host === 'artifact') return artifact(options.artifacts, pathname)
    if (host !== 'app') return nothing(404)
    // addresses within the window have no file of their own
    const path = files.get(pathname) ?? (extname(pathname) === '' ? index : undefined)
    return path === undefined ? nothing(404) : windowFile(path)
  })
}

async function listFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return new Map(
    entries.filter((entry) => entry.isFile()).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [`/${relative(folder, path).split(sep).join('/')}`, path]
    }),
  )
}

function windowFile(path: string): Response {
  const contentType = CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream'
  return new Response(webStream(createReadStream(path)), {
    headers: { ...securityHeaders({ artifactOrigin: ARTIFACT_ORIGIN }), 'Content-Type': contentType },
  })
}

async function artifact(artifacts: ArtifactSource, pathname: string): Promise<Response> {
  const hash = /^\/([0-9a-f]{64})$/.exec(pathname)?.[1]
  const found = hash === undefined ? null : await artifacts.open(hash)
  const content = await found?.read().catch(() => null)
  if (hash === undefined || !found || !content) return nothing(404)
  return new Response(webStream(content), {
    headers: {
      ...securityHeaders(),
      'Content-Type': artifactContentType(artifacts, hash),
      'Content-Length': String(found.bytes),
      ...downloadHeaders(artifacts, hash),
      'Cache-Control': 'private, max-age=31536000, immutable',
      // another host of our scheme is another origin; only the window may read it
      'Access-Control-Allow-Origin': APP_ORIGIN,
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
  })
}

function webStream(content: Readable): ReadableStream {
  // node's stream types and the DOM's describe the same object
  return Readable.toWeb(content) as ReadableStream
}

function nothing(status: number): Response {
  return new Response(null, { status, headers: securityHeaders() })
}
