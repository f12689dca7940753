import type { IncomingMessage, ServerResponse } from 'node:http'
import sirv from 'sirv'
import { StudioError } from '../../../contract/errors.ts'
import type { ArtifactSource } from '../artifact-source.ts'
import { securityHeaders } from '../security-headers.ts'
import type { Access } from './access.ts'
import { artifactHash, serveArtifact } from './artifacts.ts'
import { sendError, sendJson, sendPage } from './replies.ts'
import { receiveUpload, UploadTooLarge, type UploadOptions } from './upload.ts'

export interface HandlerOptions {
  readonly artifacts: ArtifactSource
  readonly rendererFolder: string
  readonly uploads?: UploadOptions
}

/** Answers HTTP: checks who asks, then artifacts, uploads and the window's files. */
export function createRequestHandler(options: HandlerOptions, access: Access): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const headers = Object.entries(securityHeaders())
  // the files are listed once, now: a path that is not in the list does not exist
  const files = sirv(options.rendererFolder, {
    etag: true,
    single: true,
    setHeaders: (response, path) =>
      response.setHeader('Cache-Control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'),
  })

  return async (request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value)
    const path = pathOf(request)
    if (!access.isOurHost(request.headers)) {
      response.setHeader('Connection', 'close')
      return sendError(response, new StudioError('unauthorized', 'The request was addressed to a name that is not this server\'s: open the URL that the server printed.'), 403)
    }
    if (request.method === 'POST' && path === '/upload') return upload(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return sendError(response, new StudioError('bad-input', 'Only GET and HEAD are answered here.'), 405)
    }
    const token = path === '/' ? queryOf(request).get('token') : null
    if (token !== null && request.method === 'GET') return redeem(request, response, token)
    if (!access.hasSession(request.headers)) return refuse(request, response)
    if (request.headers.origin !== undefined && !access.isOwnOrigin(request.headers)) {
      return sendError(response, new StudioError('unauthorized', 'Another site asked for this: refused.'), 403)
    }
    if (path === '/session') return void response.writeHead(204, { 'Cache-Control': 'no-store' }).end()
    const hash = artifactHash(path)
    if (hash !== null) return serveArtifact(request, response, { artifacts: options.artifacts, hash })
    const nothing = (): void => sendError(response, new StudioError('not-found', 'There is nothing under this address.'))
    if (!isPlainPath(path)) return nothing()
    files(request, response, nothing)
  }

  function redeem(request: IncomingMessage, response: ServerResponse, token: string): void {
    const cookie = access.redeem(token)
    // the address of an earlier visit, opened again in the same browser, still leads in
    if (cookie === null && !access.hasSession(request.headers)) return refuse(request, response)
    if (cookie !== null) response.setHeader('Set-Cookie', cookie)
    response.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' }).end()
  }

  async function upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!access.hasSession(request.headers) || !access.isOwnOrigin(request.headers)) {
        throw new StudioError('unauthorized', 'Uploads are taken only from the workstation\'s own window.')
      }
      if (options.uploads === undefined) throw new StudioError('bad-input', 'This server takes no uploads: import a folder on its disk.')
      sendJson(response, 200, await receiveUpload(request, queryOf(request), options.uploads))
    } catch (error) {
      response.setHeader('Connection', 'close')
      sendError(response, error, error instanceof UploadTooLarge ? 413 : undefined)
      // a browser reads the answer only after it has sent everything
      if (access.hasSession(request.headers)) request.resume()
    }
  }
}

/**
 * No session. After a click in another site's page the strict cookie comes only with the next request of a page of our
 * own: one such page is shown then.
 */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  const { accept, 'sec-fetch-site': site } = request.headers
  if (accept?.includes('text/html') !== true) return sendError(response, new StudioError('unauthorized', 'No session: open the URL that the server printed.'))
  if (request.url === '/' && site === 'cross-site') return sendPage(response, 200, { text: 'Opening…', goTo: '/' })
  sendPage(response, 401, { text: 'This workstation answers only to the browser that opened the URL printed by the server. That URL works once; press Enter in the server\'s terminal for a fresh one.' })
}

/** false for what only someone looking for other files would ask: every unknown plain path gets the window's page. */
function isPlainPath(path: string): boolean {
  try {
    return path.startsWith('/') && !/\.\.|[\\\0]/.test(decodeURIComponent(path))
  } catch {
    return false
  }
}

/** The path as it was sent: not decoded, not normalised. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0]
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'))
}
