import { StudioError } from '../../contract/errors.ts'

/** The errno code of a Node error ("ENOSPC"), or null. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free space there, then run the job again: finished work is kept.',
  EDQUOT: 'The disk quota is used up. Free space there, then run the job again: finished work is kept.',
  EFBIG: 'The file system does not take files that large. Move the workspace to another one.',
  EROFS: 'The folder is read-only. Move the workspace to a folder you may write to, or make it writable.',
  EACCES: 'You may not write there. Change the permissions of the folder, or use another one.',
  EPERM: 'You may not write there. Change the permissions of the folder, or use another one.',
  EMFILE: 'Too many files are open in this process. Close other work and try again.',
  ENFILE: 'Too many files are open on this machine. Close other programs and try again.',
  EIO: 'The disk reports a hardware error. Check the disk before you go on.',
}

/**
 * A failed write as StudioError `storage`: what could not be done, to which file, and what to do. Errors that are a
 * StudioError already (a cancellation, a damaged source) pass through unchanged.
 */
export function storageError(action: string, path: string, cause: unknown): StudioError {
  if (cause instanceof StudioError) return cause
  const code = errnoOf(cause)
  const remedy = (code === null ? null : REMEDIES[code]) ?? `The system says: ${String(cause)}.`
  return new StudioError('storage', `Could not ${action} ${path}. ${remedy}`, { cause })
}
