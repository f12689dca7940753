/**
 * Small pictures of large panoramas: fetched and decoded off the UI thread, a few at a time, newest wish first, and
 * kept as bitmaps. An <img> would decode every full panorama that scrolls by.
 */

export interface ThumbnailLoader {
  /** Resolves with a bitmap `widthPx` wide (kept in the cache: do not close it). Rejects when aborted or not an image. */
  load(url: string, signal: AbortSignal): Promise<ImageBitmap>
}

interface Wish {
  readonly url: string
  readonly signal: AbortSignal
  readonly resolve: (bitmap: ImageBitmap) => void
  readonly reject: (error: unknown) => void
}

export function createThumbnailLoader(options: { readonly widthPx: number; readonly atOnce?: number; readonly keep?: number }): ThumbnailLoader {
  const { widthPx, atOnce = 3, keep = 300 } = options
  // insertion order is age: read ones are put back at the end
  const cache = new Map<string, ImageBitmap>()
  const wishes: Wish[] = []
  let running = 0

  const remember = (url: string, bitmap: ImageBitmap): void => {
    cache.set(url, bitmap)
    for (const [oldest, old] of cache) {
      if (cache.size <= keep) break
      cache.delete(oldest)
      old.close()
    }
  }

  const next = (): void => {
    while (running < atOnce) {
      const wish = wishes.pop()
      if (wish === undefined) return
      if (wish.signal.aborted) {
        wish.reject(wish.signal.reason)
        continue
      }
      running += 1
      void fulfil(wish).finally(() => {
        running -= 1
        next()
      })
    }
  }

  const fulfil = async (wish: Wish): Promise<void> => {
    try {
      const known = cache.get(wish.url)
      if (known !== undefined) {
        wish.resolve(known)
        return
      }
      const response = await fetch(wish.url, { signal: wish.signal })
      if (!response.ok) throw new Error(`${wish.url}: ${response.status}`)
      const bitmap = await createImageBitmap(await response.blob(), { resizeWidth: widthPx, resizeQuality: 'medium' })
      remember(wish.url, bitmap)
      wish.resolve(bitmap)
    } catch (error) {
      wish.reject(error)
    }
  }

  return {
    load: (url, signal) => {
      const known = cache.get(url)
      if (known !== undefined) {
        cache.delete(url)
        cache.set(url, known)
        return Promise.resolve(known)
      }
      return new Promise((resolve, reject) => {
        wishes.push({ url, signal, resolve, reject })
        next()
      })
    },
  }
}
