import { createHash } from 'node:crypto'
import nodeFiles from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** The calls that write. A test replaces some of them to fill the disk. */
export type FileSystem = Pick<
  typeof nodeFiles, 'chmod' | 'copyFile' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'stat' | 'unlink' | 'utimes'
>

export const NODE_FILE_SYSTEM: FileSystem = nodeFiles

/** Bytes hashed or read in one turn of the event loop: about 5 ms of SHA-256. */
const CHUNK_BYTES = 4 << 20

/** SHA-256 in hex. Long inputs are hashed in slices, so the event loop keeps turning. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    if (offset > 0) await nextTurn()
    hash.update(bytes.subarray(offset, offset + CHUNK_BYTES))
  }
  return hash.digest('hex')
}

/** SHA-256 and length of a file, read in slices. Throws what node:fs throws. */
export async function sha256OfFile(path: string, files = NODE_FILE_SYSTEM): Promise<{ hash: string; bytes: number }> {
  const handle = await files.open(path, 'r')
  try {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(1, (await handle.stat()).size)))
    const hash = createHash('sha256')
    let bytes = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return { hash: hash.digest('hex'), bytes }
      hash.update(buffer.subarray(0, bytesRead))
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** A whole file and its SHA-256, in one pass. Throws what node:fs throws. */
export async function readHashed(path: string, files = NODE_FILE_SYSTEM): Promise<{ bytes: Uint8Array; hash: string }> {
  const handle = await files.open(path, 'r')
  try {
    const { size } = await handle.stat()
    const bytes = new Uint8Array(size)
    const hash = createHash('sha256')
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, Math.min(CHUNK_BYTES, size - filled))
      if (bytesRead === 0) break
      hash.update(bytes.subarray(filled, filled + bytesRead))
      filled += bytesRead
    }
    return { bytes: bytes.subarray(0, filled), hash: hash.digest('hex') }
  } finally {
    await handle.close()
  }
}

/** Writes a new file and flushes it to the disk; leaves nothing behind when that fails. */
export async function writeDurably(path: string, bytes: Uint8Array, files = NODE_FILE_SYSTEM): Promise<void> {
  const handle = await files.open(path, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
    await handle.close()
  } catch (error) {
    await handle.close().catch(ignore)
    await files.unlink(path).catch(ignore)
    throw error
  }
}

/** Writes a new file piece by piece and flushes it to the disk; leaves nothing behind when that fails. */
export async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>, files = NODE_FILE_SYSTEM): Promise<{ hash: string; bytes: number }> {
  const handle = await files.open(path, 'wx')
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of pieces) {
      hash.update(piece)
      bytes += piece.length
      await handle.appendFile(piece)
    }
    await handle.sync()
    await handle.close()
    return { hash: hash.digest('hex'), bytes }
  } catch (error) {
    await handle.close().catch(ignore)
    await files.unlink(path).catch(ignore)
    throw error
  }
}

/** Copies a file to a new one and flushes it; leaves nothing behind when that fails. */
export async function copyDurably(from: string, to: string, files = NODE_FILE_SYSTEM): Promise<void> {
  try {
    await files.copyFile(from, to)
    await files.chmod(to, 0o644)
    await flush(to, files)
  } catch (error) {
    await files.unlink(to).catch(ignore)
    throw error
  }
}

/** Flushes a file's content to the disk. */
export async function flush(path: string, files = NODE_FILE_SYSTEM): Promise<void> {
  const handle = await files.open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Flushes a folder, so that a rename in it survives a power cut. Windows has no such call and needs none. */
export async function flushFolder(path: string, files = NODE_FILE_SYSTEM): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await files.open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** For clean-up whose own failure must not hide the first one. */
export function ignore(): void {}
