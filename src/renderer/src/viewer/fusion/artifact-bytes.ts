import { byteCache } from '../byte-cache.ts'
import { fetchBytes } from '../fetch-bytes.ts'

/** Decompressed artifacts kept in the worker: a few panoramas' worth, so that going back and forth is instant. */
const CACHE_BYTES = 128 * 2 ** 20

export interface ArtifactSource {
  /** The artifact's decompressed bytes; never written to, never transferred. Throws Error naming `what`. */
  read(url: string, options: { what: string; signal: AbortSignal; priority?: 'high' | 'low' }): Promise<Uint8Array>
}

export function createArtifactSource(): ArtifactSource {
  // an artifact's URL holds the hash of its content: what was read once stays true
  const cache = byteCache<Uint8Array>(CACHE_BYTES)
  return {
    async read(url, options) {
      const cached = cache.get(url)
      if (cached) return cached
      const bytes = await decompress(await fetchBytes(url, options), options.what)
      options.signal.throwIfAborted()
      cache.put(url, bytes, bytes.byteLength)
      return bytes
    },
  }
}

/** Natively where the browser can; core/formats reads compressed bytes too, only more slowly. */
async function decompress(blob: Blob, what: string): Promise<Uint8Array> {
  const start = new Uint8Array(await blob.slice(0, 2).arrayBuffer())
  const gzipped = start[0] === 0x1f && start[1] === 0x8b
  if (!gzipped || typeof DecompressionStream === 'undefined') return new Uint8Array(await blob.arrayBuffer())
  try {
    const plain = blob.stream().pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(plain).arrayBuffer())
  } catch (cause) {
    throw new Error(`${what} arrived damaged. Run that step again.`, { cause })
  }
}
