import { byteCache } from '../byte-cache.ts'
import type { TileLayout } from '../tiling.ts'
import { portToWorker } from '../worker-port.ts'
import type { ImageAnswer, ImageRequest } from './image-messages.ts'

/** Decoded tiles of one panorama, shared by the cache and whoever uploads them; freed when the last one lets go. */
export interface ImageTiles {
  readonly bitmaps: readonly ImageBitmap[]
  release(): void
}

export interface ImageJob {
  /** absolute */
  readonly url: string
  readonly layout: TileLayout
  readonly cyclic: boolean
}

/** Loads panoramas through the image worker and keeps the last ones. */
export interface ImageLoader {
  /** Call release() on the result. Rejects with Error (a message for people), or the signal's reason. */
  load(job: ImageJob, options: { signal: AbortSignal; onProgress: (fraction: number) => void }): Promise<ImageTiles>
  /** Into the cache, one at a time, after everything asked for with `load`. Failures are forgotten. */
  prefetch(job: ImageJob): void
  destroy(): void
}

interface Pending {
  readonly resolve: (bitmaps: readonly ImageBitmap[]) => void
  readonly reject: (error: Error) => void
  readonly onProgress: (fraction: number) => void
}

interface Shared {
  readonly bitmaps: readonly ImageBitmap[]
  users: number
}

export function createImageLoader(maxBytes: number): ImageLoader {
  const worker = new Worker(new URL('./image-worker.ts', import.meta.url), { type: 'module', name: 'panorama images' })
  const port = portToWorker<ImageAnswer, ImageRequest>(worker)
  const pending = new Map<number, Pending>()
  const letGo = (shared: Shared): void => {
    shared.users--
    if (shared.users === 0) for (const bitmap of shared.bitmaps) bitmap.close()
  }
  const cache = byteCache<Shared>(maxBytes, letGo)
  /** loads that others may join, by key */
  const loading = new Map<string, Promise<Shared>>()
  let queue: ImageJob[] = []
  let foreground = 0
  let nextId = 1

  port.listen((answer) => {
    const entry = pending.get(answer.id)
    if (!entry) return
    if (answer.type === 'progress') {
      entry.onProgress(answer.fraction)
      return
    }
    pending.delete(answer.id)
    if (answer.type === 'loaded') entry.resolve(answer.tiles)
    else entry.reject(new Error(answer.message))
  })
  worker.addEventListener('error', (event) => {
    for (const entry of pending.values()) entry.reject(new Error(`The image worker failed: ${event.message || 'it could not be started'}.`))
    pending.clear()
  })

  /** One use is the cache's, one the caller's. */
  const request = async (
    job: ImageJob, options: { signal: AbortSignal | null; priority: 'high' | 'low'; onProgress: (fraction: number) => void },
  ): Promise<Shared> => {
    const id = nextId++
    const bitmaps = await new Promise<readonly ImageBitmap[]>((resolve, reject) => {
      pending.set(id, { resolve, reject, onProgress: options.onProgress })
      options.signal?.addEventListener('abort', () => port.send({ type: 'abort', id }), { once: true })
      port.send({ type: 'load', id, priority: options.priority, ...job })
    })
    const shared: Shared = { bitmaps, users: 2 }
    cache.put(keyOf(job), shared, bitmaps.reduce((bytes, bitmap) => bytes + bitmap.width * bitmap.height * 4, 0))
    return shared
  }

  const obtain = async (job: ImageJob, options: { signal: AbortSignal; onProgress: (fraction: number) => void }): Promise<Shared> => {
    await loading.get(keyOf(job))?.catch(() => {})
    options.signal.throwIfAborted()
    const cached = cache.get(keyOf(job))
    if (!cached) return request(job, { ...options, priority: 'high' })
    cached.users++
    return cached
  }

  const prefetchNext = (): void => {
    if (foreground > 0 || loading.size > 0) return
    const job = queue.shift()
    if (!job) return
    const key = keyOf(job)
    if (cache.has(key)) return prefetchNext()
    const promise = request(job, { signal: null, priority: 'low', onProgress: () => {} })
    loading.set(key, promise)
    void promise.then(letGo, () => {}).finally(() => {
      loading.delete(key)
      prefetchNext()
    })
  }

  return {
    async load(job, options) {
      foreground++
      try {
        const shared = await obtain(job, options)
        let held = true
        const release = (): void => {
          if (held) letGo(shared)
          held = false
        }
        if (options.signal.aborted) release()
        options.signal.throwIfAborted()
        return { bitmaps: shared.bitmaps, release }
      } finally {
        foreground--
        prefetchNext()
      }
    },
    prefetch(job) {
      queue = [...queue.filter((other) => keyOf(other) !== keyOf(job)), job]
      prefetchNext()
    },
    destroy() {
      worker.terminate()
      for (const entry of pending.values()) entry.reject(new Error('The viewer was closed.'))
      pending.clear()
      queue = []
      cache.clear()
    },
  }
}

function keyOf({ url, layout, cyclic }: ImageJob): string {
  return [url, layout.tileWidth, layout.tileHeight, layout.width, layout.height, cyclic].join(' ')
}
