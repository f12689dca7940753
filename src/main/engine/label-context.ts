import type { PanoramaFrame } from '../../core/goodsam/types.ts'
import type { RgbImage } from '../../core/raster/raster.ts'
import type { RasterPool } from '../workers/raster-pool.ts'
import type { OrtClient } from './ort-client.ts'
import type { Sessions } from './sessions.ts'
import type { SharedBuffers } from './shared-buffers.ts'

/** What lives as long as the engine process. */
export interface EngineParts {
  readonly ort: OrtClient
  readonly sessions: Sessions
  readonly pool: RasterPool
  readonly buffers: SharedBuffers
}

/** What the stages of one panorama share. */
export interface LabelContext extends EngineParts {
  readonly artifactsRoot: string
  readonly frame: PanoramaFrame
  /** the decoded panorama, in shared memory; decoded when the first stage asks for it */
  readonly image: () => Promise<RgbImage>
  /** checked before every onnxruntime run */
  readonly signal: AbortSignal
  /** a view or window of a stage is through */
  readonly advance: (stage: string, done: number, total: number) => void
  /** seconds inside session.run */
  readonly countOrt: (seconds: number) => void
}

/**
 * Windows under way at once: one in onnxruntime, one being prepared, one being post-processed. More would only hold
 * memory.
 */
export const WINDOWS_AT_ONCE = 3

/**
 * As Promise.all, but waits for the others when one fails: nothing of a request may still write or read shared memory
 * after it was answered. Throws the first failure in order of the input.
 */
export async function settleAll<Results extends readonly unknown[]>(
  work: { readonly [K in keyof Results]: Promise<Results[K]> },
): Promise<Results> {
  const settled = await Promise.allSettled(work)
  const failure = settled.find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return Promise.all(work) as unknown as Promise<Results>
}

/** Maps in order of the input, at most `limit` at once; the first failure stops the rest from being started. */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  let failed = false
  async function work(): Promise<void> {
    while (next < items.length && !failed) {
      const index = next++
      try {
        results[index] = await map(items[index], index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work))
  const failure = workers.find((worker) => worker.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results
}
