import { ERROR_CODES, StudioError, type ErrorCode } from '../../../contract/errors.ts'

export interface UploadOptions {
  /** files with the same batch land in one folder on the server; letters, digits and hyphens */
  readonly batch?: string
  readonly signal?: AbortSignal
}

/**
 * Sends a dropped file to the server and returns its path there. A file of a dropped folder keeps its place in it.
 * Throws StudioError: bad-input (name, size), storage, unauthorized, disconnected, cancelled.
 */
export async function uploadFile(file: File, options: UploadOptions = {}): Promise<string> {
  const name = file.webkitRelativePath === '' ? file.name : file.webkitRelativePath
  const query = new URLSearchParams({ name })
  if (options.batch !== undefined) query.set('batch', options.batch)
  let response: Response
  try {
    response = await fetch(`/upload?${query.toString()}`, { method: 'POST', body: file, signal: options.signal })
  } catch (error) {
    if (options.signal?.aborted === true) throw new StudioError('cancelled', 'Cancelled.', { cause: error })
    throw new StudioError('disconnected', `${name} did not reach the server: check the connection and that the file is still there, then drop it again.`, { cause: error })
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok && hasText(answer, 'path')) return answer.path
  if (hasText(answer, 'code') && hasText(answer, 'message')) throw new StudioError(asCode(answer.code), answer.message)
  throw new StudioError('internal', `The server answered the upload of ${name} with status ${response.status}.`)
}

function hasText<K extends string>(value: unknown, key: K): value is Record<K, string> {
  return typeof value === 'object' && value !== null && key in value && typeof (value as Record<K, unknown>)[key] === 'string'
}

function asCode(text: string): ErrorCode {
  return ERROR_CODES.find((code) => code === text) ?? 'internal'
}
