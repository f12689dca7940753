import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StudioError } from '../../../contract/errors.ts'

export interface UploadOptions {
  /** made when it is missing; every batch gets a folder of its own in it */
  readonly folder: string
  /** of one file */
  readonly maxBytes: number
}

/** Too large: told apart so that the answer can have its own status. */
export class UploadTooLarge extends StudioError {
  constructor(name: string, maxBytes: number) {
    super('bad-input', `${name} is larger than this server takes from a browser (${Math.floor(maxBytes / 2 ** 20)} MiB): copy it to the server's disk and import the folder there.`)
  }
}

const MAX_DEPTH = 16
const MAX_NAME_BYTES = 255

/**
 * Receives one file dropped on the window in a browser. `name` may contain folders of the dropped tree; files with the
 * same `batch` land in the same folder. The file appears under its name only when it is complete. Returns where it is.
 */
export async function receiveUpload(
  request: IncomingMessage, query: URLSearchParams, options: UploadOptions,
): Promise<{ readonly path: string; readonly folder: string }> {
  const name = query.get('name') ?? ''
  const segments = safeSegments(name)
  const batch = query.get('batch') ?? randomUUID()
  if (!/^[A-Za-z0-9-]{1,64}$/.test(batch)) throw new StudioError('bad-input', 'The batch of an upload is 1 to 64 letters, digits or hyphens.')
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > options.maxBytes) throw new UploadTooLarge(name, options.maxBytes)

  const folder = join(options.folder, batch)
  const path = join(folder, ...segments)
  const partial = join(options.folder, `${randomUUID()}.part`)
  try {
    await mkdir(options.folder, { recursive: true })
    await pipeline(request, limit(name, options.maxBytes), createWriteStream(partial, { flags: 'wx' }))
    await mkdir(dirname(path), { recursive: true })
    await rename(partial, path)
    return { path, folder }
  } catch (error) {
    await rm(partial, { force: true })
    throw asStudioError(error, name)
  }
}

/** The name's parts, each of which can only be an entry of the folder before it. Throws bad-input otherwise. */
function safeSegments(name: string): string[] {
  const segments = name.split('/')
  if (segments.length > MAX_DEPTH || !segments.every(isPlainName)) {
    throw new StudioError('bad-input', `A file cannot be stored under the name "${name.slice(0, 100)}": rename it (no "..", colons, backslashes or control characters, at most ${MAX_NAME_BYTES} bytes).`)
  }
  return segments
}

function isPlainName(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..' || /[\\:]/.test(segment)) return false
  for (const character of segment) if (character < ' ') return false
  return Buffer.byteLength(segment) <= MAX_NAME_BYTES
}

function limit(name: string, maxBytes: number): Transform {
  let received = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      if (received > maxBytes) done(new UploadTooLarge(name, maxBytes))
      else done(null, chunk)
    },
  })
}

function asStudioError(error: unknown, name: string): StudioError {
  if (error instanceof StudioError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'].includes(code)) {
    return new StudioError('storage', `${name} could not be stored on the server (${code}): free disk space or make the workspace writable.`, { cause: error })
  }
  if (['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'].includes(code)) {
    return new StudioError('conflict', `${name} has the name of another file or folder of the same drop: rename one of them.`, { cause: error })
  }
  return new StudioError('cancelled', `The upload of ${name} broke off.`, { cause: error })
}
