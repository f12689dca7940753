import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { StudioError } from '../../contract/errors.ts'
import type { FileSystem } from './durable-files.ts'
import {
  copyDurably, flush, flushFolder, ignore, NODE_FILE_SYSTEM, readHashed, sha256, sha256OfFile, writeDurably, writePieces,
} from './durable-files.ts'
import { errnoOf, storageError } from './storage-errors.ts'

/** An artifact as it lies in the store: its SHA-256 in hex and its length. */
export interface StoredArtifact {
  readonly hash: string
  readonly bytes: number
}

/**
 * Immutable files named by their SHA-256: `ab/abcdef...`. Written to a temporary name, flushed, renamed, so a reader
 * sees a whole file or none, also after kill -9 or a power cut. Host and engine may use one folder at the same time.
 *
 * Failed writes throw StudioError `storage` and leave nothing; a hash that is no hash throws `bad-input`.
 */
export interface ArtifactStore {
  readonly root: string
  /** Stores the bytes; an artifact that is already there is not written again. */
  put(bytes: Uint8Array): Promise<StoredArtifact>
  /**
   * Stores a copy of a file (or, with `move`, the file itself: it must lie still). Throws `bad-file` when it cannot be
   * read.
   */
  putFile(path: string, options?: { readonly move?: boolean }): Promise<StoredArtifact>
  /** Stores what is made piece by piece and would be too much to hold. What the pieces' maker throws passes through. */
  putStream(pieces: AsyncIterable<Uint8Array>): Promise<StoredArtifact>
  /** Where the artifact lies or would lie. */
  path(hash: string): string
  has(hash: string): Promise<boolean>
  /** The bytes, checked against their name. Throws `workspace-damaged` when they are missing or differ. */
  read(hash: string): Promise<Uint8Array>
  /** As read, in pieces: a damaged artifact makes the stream fail before its end. For hosts that serve it. */
  openRead(hash: string): Promise<{ readonly bytes: number; readonly stream: Readable }>
  /** Returns the bytes that were freed; 0 when it was not there. */
  remove(hash: string): Promise<number>
  /** Every artifact, in no order. */
  list(): AsyncIterable<StoredArtifact & { readonly modifiedMs: number }>
  /** How many artifacts there are and how long they are together. */
  usage(): Promise<{ readonly artifacts: number; readonly bytes: number }>
  /**
   * Removes artifacts that no row names. Files younger than `graceMs` stay: file first, row second, so a fresh file may
   * still get its row.
   */
  collectOrphans(
    referenced: ReadonlySet<string>, options?: { readonly graceMs?: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly removed: number; readonly bytes: number }>
}

export interface ArtifactStoreOptions {
  /** a test fills the disk here */
  readonly fileSystem?: Partial<FileSystem>
}

const DEFAULT_GRACE_MS = 60 * 60 * 1000
/** A temporary file of a process that still lives is left alone this long. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000
const HASH = /^[0-9a-f]{64}$/
const TEMPORARY = /^(\d+)-[0-9a-f]+$/

/** Opens (or makes) the artifact folder and clears temporary files of processes that are gone. Throws `storage`. */
export function openArtifactStore(root: string, options: ArtifactStoreOptions = {}): ArtifactStore {
  const files: FileSystem = { ...NODE_FILE_SYSTEM, ...options.fileSystem }
  const folder = resolve(root)
  const temporaryFolder = join(folder, 'tmp')
  try {
    mkdirSync(temporaryFolder, { recursive: true })
    removeLeftovers(temporaryFolder)
  } catch (error) {
    throw storageError('open the artifact folder', folder, error)
  }

  function path(hash: string): string {
    if (!HASH.test(hash)) throw new StudioError('bad-input', `"${hash}" is not the SHA-256 of an artifact.`)
    return join(folder, hash.slice(0, 2), hash)
  }

  function temporaryPath(): string {
    return join(temporaryFolder, `${process.pid}-${randomBytes(8).toString('hex')}`)
  }

  /** True when a whole artifact is there, a damaged one is to be written again; renews its age, so that the orphan collector leaves it to the new user. */
  async function isStored(hash: string, bytes: number): Promise<boolean> {
    const target = path(hash)
    try {
      if ((await files.stat(target)).size !== bytes || (await sha256OfFile(target, files)).hash !== hash) return false
      const now = new Date()
      await files.utimes(target, now, now)
      return true
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    }
  }

  /** Gives a flushed file its final name. */
  async function publish(flushed: string, hash: string): Promise<void> {
    const target = path(hash)
    const created = await files.mkdir(dirname(target), { recursive: true })
    if (created !== undefined) await flushFolder(folder, files)
    await files.rename(flushed, target)
    await flushFolder(dirname(target), files)
  }

  async function put(bytes: Uint8Array): Promise<StoredArtifact> {
    const hash = await sha256(bytes)
    const temporary = temporaryPath()
    try {
      if (await isStored(hash, bytes.length)) return { hash, bytes: bytes.length }
      await writeDurably(temporary, bytes, files)
      await publish(temporary, hash)
    } catch (error) {
      await files.unlink(temporary).catch(ignore)
      throw storageError(`write an artifact of ${megabytes(bytes.length)} to`, folder, error)
    }
    return { hash, bytes: bytes.length }
  }

  async function putFile(source: string, { move = false } = {}): Promise<StoredArtifact> {
    const found = await sha256OfFile(source, files).catch((cause: unknown) => {
      throw new StudioError('bad-file', `Cannot read ${source}. Check that it exists and that you may read it.`, { cause })
    })
    const temporary = temporaryPath()
    try {
      if (await isStored(found.hash, found.bytes)) {
        if (move) await files.unlink(source)
        return found
      }
      if (move && (await moved(source, found.hash))) return found
      await copyDurably(source, temporary, files)
      // the copy is what will be named: the source may have changed since it was hashed
      const copy = await sha256OfFile(temporary, files)
      await publish(temporary, copy.hash)
      if (move) await files.unlink(source)
      return copy
    } catch (error) {
      await files.unlink(temporary).catch(ignore)
      throw storageError(`copy ${source} (${megabytes(found.bytes)}) to`, folder, error)
    }
  }

  async function putStream(pieces: AsyncIterable<Uint8Array>): Promise<StoredArtifact> {
    const temporary = temporaryPath()
    try {
      const stored = await writePieces(temporary, pieces, files)
      if (await isStored(stored.hash, stored.bytes)) await files.unlink(temporary)
      else await publish(temporary, stored.hash)
      return stored
    } catch (error) {
      await files.unlink(temporary).catch(ignore)
      throw errnoOf(error) === null ? error : storageError('write an artifact to', folder, error)
    }
  }

  /** Flushes the file and gives it its final name; false when it lies on another volume and must be copied. */
  async function moved(source: string, hash: string): Promise<boolean> {
    await files.chmod(source, 0o644)
    await flush(source, files)
    try {
      await publish(source, hash)
      return true
    } catch (error) {
      if (errnoOf(error) === 'EXDEV') return false
      throw error
    }
  }

  async function has(hash: string): Promise<boolean> {
    const target = path(hash)
    return files.stat(target).then((found) => found.isFile(), () => false)
  }

  async function read(hash: string): Promise<Uint8Array> {
    const target = path(hash)
    const found = await readHashed(target, files).catch((cause: unknown) => {
      throw unreadable(target, cause)
    })
    if (found.hash !== hash) throw damaged(target)
    return found.bytes
  }

  async function openRead(hash: string): Promise<{ bytes: number; stream: Readable }> {
    const target = path(hash)
    try {
      const handle = await files.open(target, 'r')
      const { size } = await handle.stat()
      const source = handle.createReadStream({ highWaterMark: 1 << 20 })
      const stream = Readable.from(checked(source, hash, target), { objectMode: false })
      // a stream that nobody began to read closes its file too
      stream.once('close', () => source.destroy())
      return { bytes: size, stream }
    } catch (cause) {
      throw unreadable(target, cause)
    }
  }

  async function remove(hash: string): Promise<number> {
    const target = path(hash)
    try {
      const { size } = await files.stat(target)
      await files.unlink(target)
      return size
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 0
      throw storageError('remove the artifact', target, error)
    }
  }

  async function* list(): AsyncGenerator<StoredArtifact & { modifiedMs: number }> {
    for (const prefix of await files.readdir(folder)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue
      for (const hash of await files.readdir(join(folder, prefix))) {
        if (!HASH.test(hash) || !hash.startsWith(prefix)) continue
        const found = await files.stat(join(folder, prefix, hash)).catch(() => null)
        // removed while we walked
        if (found !== null) yield { hash, bytes: found.size, modifiedMs: found.mtimeMs }
      }
    }
  }

  async function usage(): Promise<{ artifacts: number; bytes: number }> {
    const sum = { artifacts: 0, bytes: 0 }
    for await (const artifact of list()) {
      sum.artifacts++
      sum.bytes += artifact.bytes
    }
    return sum
  }

  async function collectOrphans(
    referenced: ReadonlySet<string>, { graceMs = DEFAULT_GRACE_MS, signal }: { graceMs?: number; signal?: AbortSignal } = {},
  ): Promise<{ removed: number; bytes: number }> {
    const sum = { removed: 0, bytes: 0 }
    for await (const artifact of list()) {
      signal?.throwIfAborted()
      if (referenced.has(artifact.hash) || artifact.modifiedMs > Date.now() - graceMs) continue
      sum.bytes += await remove(artifact.hash)
      sum.removed++
    }
    return sum
  }

  return { root: folder, put, putFile, putStream, path, has, read, openRead, remove, list, usage, collectOrphans }
}

/** Passes a file on and fails at its end when it is not what its name says. */
async function* checked(source: Readable, hash: string, path: string): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  // the last slice only goes out when all is well: a reader that was told the length would take the rest for the whole
  let held: Uint8Array | null = null
  for await (const slice of source as AsyncIterable<Uint8Array>) {
    digest.update(slice)
    if (held !== null) yield held
    held = slice
  }
  if (digest.digest('hex') !== hash) throw damaged(path)
  if (held !== null) yield held
}

function unreadable(path: string, cause: unknown): StudioError {
  if (errnoOf(cause) !== 'ENOENT') return storageError('read the artifact', path, cause)
  return new StudioError(
    'workspace-damaged',
    `The artifact ${path} is missing. Restore it from a copy of the workspace, or repeat the import or labelling that made it.`,
    { cause },
  )
}

function damaged(path: string): StudioError {
  return new StudioError(
    'workspace-damaged',
    `The artifact ${path} is damaged: its content does not match its name. Delete this file, then restore it from a copy ` +
      'of the workspace or repeat the import or labelling that made it.',
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function removeLeftovers(folder: string): void {
  const startedMs = Date.now() - process.uptime() * 1000
  for (const name of readdirSync(folder)) {
    const pid = Number(TEMPORARY.exec(name)?.[1] ?? 0)
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) continue
    // a container gives every start the same pid: what is older than this process is not of this process
    const inUse = pid === process.pid ? found.mtimeMs >= startedMs - 1000 : pid > 0 && isAlive(pid)
    if (inUse && found.mtimeMs > Date.now() - LEFTOVER_MS) continue
    rmSync(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
