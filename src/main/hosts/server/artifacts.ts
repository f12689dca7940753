import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StudioError } from '../../../contract/errors.ts'
import { artifactContentType, downloadHeaders, type ArtifactSource } from '../artifact-source.ts'
import { sendError } from './replies.ts'

/** The only form of path under which files of the workspace can be asked for: nothing in it can name another file. */
const ARTIFACT_PATH = /^\/artifact\/([0-9a-f]{64})$/

export function artifactHash(path: string): string | null {
  return ARTIFACT_PATH.exec(path)?.[1] ?? null
}

/** Serves one artifact. It never changes, so a browser may keep it for good. */
export async function serveArtifact(
  request: IncomingMessage, response: ServerResponse, options: { readonly artifacts: ArtifactSource; readonly hash: string },
): Promise<void> {
  const { artifacts, hash } = options
  const etag = `"${hash}"`
  const caching = { ETag: etag, 'Cache-Control': 'private, max-age=31536000, immutable' }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, caching).end()
    return
  }
  const found = await artifacts.open(hash)
  if (found === null) throw notFound(hash)
  const headers = { ...caching, 'Content-Type': artifactContentType(artifacts, hash), 'Content-Length': found.bytes, ...downloadHeaders(artifacts, hash) }
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end()
    return
  }
  let content: Readable
  try {
    // headers only once the file is known to open
    content = await found.read()
  } catch (error) {
    sendError(response, notFound(hash, error))
    return
  }
  response.writeHead(200, headers)
  try {
    await pipeline(content, response)
  } catch {
    // the window went away, or the artifact is damaged: the broken connection tells the reader
    response.destroy()
  }
}

function notFound(hash: string, cause?: unknown): StudioError {
  return new StudioError('not-found', `This workspace has no artifact ${hash.slice(0, 12)}…: it may have been collected. Reload the window.`, { cause })
}
