/** The data path of a training: decoded panoramas, and batches drawn from them ahead of the step that takes them. */
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import { samplePlan } from '../../core/goodsam/distillation/random.ts'
import type { TrainingPool } from '../workers/training-pool.ts'
import { LESSONS, type PreparedData } from './training-lesson.ts'
import type { TrainingPanorama, TrainTask } from './training-protocol.ts'

/** Decoded panoramas by hash, in memory that all threads share. */
export interface DataCache {
  get(hash: string): Promise<PreparedData>
}

interface CachedData {
  readonly data: Promise<PreparedData>
  /** 0 while it is loaded */
  bytes: number
}

/** The panoramas that were used least recently go first where all of them take more than `budgetBytes`. */
export function createDataCache(load: (hash: string) => Promise<PreparedData>, budgetBytes: number): DataCache {
  const known = new Map<string, CachedData>()
  let held = 0

  async function keep(hash: string): Promise<PreparedData> {
    const data = load(hash)
    const entry: CachedData = { data, bytes: 0 }
    known.set(hash, entry)
    try {
      entry.bytes = bytesOf(await data)
    } catch (error) {
      // a memoised promise forgets a failure
      known.delete(hash)
      throw error
    }
    // given up while it was loaded
    if (known.get(hash) !== entry) return data
    held += entry.bytes
    for (const [oldest, { bytes }] of known) {
      if (held <= budgetBytes || oldest === hash) break
      known.delete(oldest)
      held -= bytes
    }
    return data
  }

  return {
    get(hash) {
      const entry = known.get(hash)
      if (entry === undefined) return keep(hash)
      // the most recently used one is the last
      known.delete(hash)
      known.set(hash, entry)
      return entry.data
    },
  }
}

function bytesOf({ image, ta, fused, boundary, truth, windows, votes }: PreparedData): number {
  const counted = votes === undefined ? 0 : votes.first.byteLength + votes.second.byteLength
  const maps = [image, ta, fused, boundary, truth].reduce((sum, map) => sum + (map?.data.length ?? 0), counted)
  return windows.reduce((sum, { label, trusted }) => sum + label.length + trusted.length, maps)
}

export interface SampleQueueOptions {
  readonly task: TrainTask
  readonly pool: TrainingPool
  readonly cache: DataCache
  readonly panoramas: readonly TrainingPanorama[]
  readonly config: DistillationConfig
  readonly batch: number
  /** samples drawn before */
  readonly cursor: number
}

export interface SampleBatch {
  /** its planes: to be read before the next call of `next` */
  readonly buffer: SharedArrayBuffer
  /** samples drawn with this batch and all before it */
  readonly cursor: number
  readonly waitedMs: number
}

export interface SampleQueue {
  /** The next batch. Rejects with what went wrong when one of its samples was made. */
  next(): Promise<SampleBatch>
  /** mean share of the windows' votes that were left out, of the batches taken */
  droppedVotes(): number
  /** resolves when nothing writes into the batches any more */
  close(): Promise<void>
}

/** Batches being made or waiting to be taken, beside the one in use. */
const AHEAD = 3

/**
 * Draws batches ahead of their use. The n-th sample of a run depends on the seed and n alone, so that neither the number
 * of threads nor an interruption changes it.
 */
export function startSampleQueue({ task, pool, cache, panoramas, config, batch, cursor: start }: SampleQueueOptions): SampleQueue {
  const planned = samplePlan(config.seed, panoramas.length)
  const { bytes } = LESSONS[task]
  const queue: { readonly buffer: SharedArrayBuffer; readonly cursor: number; readonly made: Promise<number> }[] = []
  let next = start
  let inUse: SharedArrayBuffer | null = null
  let taken = 0
  let dropped = 0

  async function drawSample(place: number, index: number, buffer: SharedArrayBuffer): Promise<number> {
    const { item, random } = planned(place)
    const { data, weight } = panoramas[item]
    return pool.run('sample', { task, data: await cache.get(data), random: random.state(), weight, config, place: { buffer, batch, index } })
  }

  async function drawBatch(first: number, out: SharedArrayBuffer): Promise<number> {
    const samples = await Promise.allSettled(Array.from({ length: batch }, (_, index) => drawSample(first + index, index, out)))
    return samples.reduce((sum, sample) => {
      if (sample.status === 'rejected') throw sample.reason
      return sum + sample.value / batch
    }, 0)
  }

  function refill(buffer: SharedArrayBuffer): void {
    const made = drawBatch(next, buffer)
    // whoever takes it hears of it
    made.catch(() => {})
    next += batch
    queue.push({ buffer, cursor: next, made })
  }

  for (let count = 0; count < AHEAD; count++) refill(new SharedArrayBuffer(bytes(config, batch)))

  return {
    async next() {
      refill(inUse ?? new SharedArrayBuffer(bytes(config, batch)))
      const [{ buffer, cursor, made }] = queue.splice(0, 1)
      const asked = performance.now()
      dropped += await made
      taken++
      inUse = buffer
      return { buffer, cursor, waitedMs: performance.now() - asked }
    },
    droppedVotes: () => (taken === 0 ? 0 : dropped / taken),
    async close() {
      await Promise.allSettled(queue.map(({ made }) => made))
    },
  }
}
