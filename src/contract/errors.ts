/** The closed list of error codes. Every code has a sentence a person can act on. */
export const ERROR_CODES = [
  'bad-input', // a value in the request does not fit the schema or makes no sense
  'bad-file', // a file is missing, damaged, too large or of the wrong kind
  'bad-model', // a model file cannot be used: not ONNX, unknown dialect, wrong dimensions, NaN outputs
  'not-found', // the named thing is not in this workspace
  'conflict', // the name is taken, or the state does not allow it
  'workspace-locked', // another process has this workspace open
  'workspace-newer', // the workspace was written by a newer version
  'workspace-damaged', // the database or an artifact fails its check
  'storage', // the disk is full or the folder is read-only
  'engine', // the engine process or the execution provider failed
  'network', // the model hub, its mirror or the proxy on the way did not answer as it should
  'cancelled', // a person cancelled it
  'unauthorized', // token missing or wrong
  'disconnected', // the link to the host broke before it answered
  'internal', // a bug: please report it with the log
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** The only error that crosses a process boundary. `message` says what happened, to which file, and what to do. */
export class StudioError extends Error {
  override readonly name = 'StudioError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The plain form of an error for messages between processes. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
}

export function toWireError(error: unknown): WireError {
  if (error instanceof StudioError) return { code: error.code, message: error.message }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.' }
  const text = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message: `Something unexpected happened: ${text}` }
}

export function fromWireError(error: WireError): StudioError {
  return new StudioError(error.code, error.message)
}

/** CLI exit codes: 0 done, 2 usage, 3 bad input, 4 engine failure, 1 everything else. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  'bad-input': 3,
  'bad-file': 3,
  'bad-model': 3,
  'not-found': 3,
  conflict: 3,
  'workspace-locked': 3,
  'workspace-newer': 3,
  'workspace-damaged': 3,
  storage: 3,
  engine: 4,
  network: 1,
  cancelled: 1,
  unauthorized: 3,
  disconnected: 1,
  internal: 1,
}
