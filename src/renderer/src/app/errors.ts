import { StudioError, type ErrorCode } from '../../../contract/errors.ts'

const TITLES: Readonly<Record<ErrorCode, string>> = {
  'bad-input': 'That does not fit',
  'bad-file': 'This file cannot be used',
  'bad-model': 'This model cannot be used',
  'not-found': 'It is not in this workspace',
  conflict: 'Not possible as things stand',
  'workspace-locked': 'The workspace is open elsewhere',
  'workspace-newer': 'The workspace is from a newer version',
  'workspace-damaged': 'The workspace is damaged',
  storage: 'The disk refused to write',
  engine: 'The engine failed',
  network: 'The model hub does not answer',
  cancelled: 'Cancelled',
  unauthorized: 'The host does not know this window',
  disconnected: 'The link to the host broke',
  internal: 'Something unexpected happened',
}

export interface DescribedError {
  readonly code: ErrorCode
  readonly title: string
  /** what happened, to which file, what to do */
  readonly message: string
}

/** Any failure, as a heading and a sentence for people. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof StudioError) return { code: error.code, title: TITLES[error.code], message: error.message }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', title: TITLES.cancelled, message: 'Cancelled.' }
  return { code: 'internal', title: TITLES.internal, message: error instanceof Error ? error.message : String(error) }
}
