import { createReadStream } from 'node:fs'
import { Zip, ZipPassThrough } from 'fflate'

export interface ZippedFile {
  /** in the archive, with `/` */
  readonly name: string
  /** absolute */
  readonly path: string
}

/** The same files make the same archive. */
const WRITTEN = new Date(1980, 0, 1)
const SLICE_BYTES = 1 << 20

/**
 * A zip archive in pieces; never more than a slice of a file is held. Files are stored as they are: weights hardly get
 * smaller. Throws what node:fs throws.
 */
export async function* zipFiles(files: readonly ZippedFile[], signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  const failures: Error[] = []
  const zip = new Zip((error, chunk) => {
    if (error) failures.push(error)
    else ready.push(chunk)
  })
  function* taken(): Generator<Uint8Array> {
    if (failures.length > 0) throw failures[0]
    yield* ready.splice(0)
  }
  for (const { name, path } of files) {
    const entry = new ZipPassThrough(name)
    entry.mtime = WRITTEN
    zip.add(entry)
    for await (const slice of createReadStream(path, { highWaterMark: SLICE_BYTES }) as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted()
      entry.push(slice)
      yield* taken()
    }
    entry.push(new Uint8Array(), true)
    yield* taken()
  }
  zip.end()
  yield* taken()
}
