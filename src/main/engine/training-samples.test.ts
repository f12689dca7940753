import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { paintedTrainingData, QUICK } from '../../../test/support/training-panoramas.ts'
import { seededRandom } from '../../core/goodsam/distillation/random.ts'
import { createTrainingPool, type TrainingPool } from '../workers/training-pool.ts'
import { LESSONS } from './training-lesson.ts'
import { createDataCache, startSampleQueue } from './training-samples.ts'

const PANORAMAS = [0, 20, 50].map((roll) => ({ panoramaId: `${roll}`, name: `${roll}`, cyclic: true, data: `${roll}`, weight: 1 }))

async function batches(threads: number, { cursor, batch, count }: { cursor: number; batch: number; count: number }): Promise<{ bytes: Buffer; cursor: number }[]> {
  const pool = createTrainingPool(threads)
  const cache = createDataCache(async (hash) => paintedTrainingData(Number(hash)), 1e9)
  const queue = startSampleQueue({ task: 'distil', pool, cache, panoramas: PANORAMAS, config: QUICK, batch, cursor })
  const taken: { bytes: Buffer; cursor: number }[] = []
  for (let index = 0; index < count; index++) {
    const { buffer, cursor: after } = await queue.next()
    taken.push({ bytes: Buffer.from(new Uint8Array(buffer)), cursor: after })
  }
  await queue.close()
  await pool.close()
  return taken
}

// starts six worker threads: seconds on a busy machine
test('the samples are the same for any number of threads, and from any point on', { timeout: 60_000 }, async () => {
  const whole = await batches(1, { cursor: 0, batch: 2, count: 6 })
  expect(await batches(3, { cursor: 0, batch: 2, count: 6 })).toEqual(whole)
  expect(await batches(2, { cursor: 6, batch: 2, count: 3 })).toEqual(whole.slice(3))
  expect(whole.map(({ cursor }) => cursor)).toEqual([2, 4, 6, 8, 10, 12])
  expect(new Set(whole.map(({ bytes }) => bytes.toString('base64'))).size).toBe(6)
})

test('votes counted once give the samples that windows counted anew give', () => {
  const config = { ...QUICK, windowsPerSample: null }
  const { distil } = LESSONS
  const data = paintedTrainingData(20)
  const drawn = (from: typeof data): Uint8Array => {
    const buffer = new SharedArrayBuffer(distil.bytes(config, 1))
    distil.draw(from, { config, random: seededRandom(4), weight: 1 }, { buffer, batch: 1, index: 0 })
    return new Uint8Array(buffer)
  }
  const prepared = distil.prepare(data, config)
  expect(prepared.windows).toEqual([])
  expect(Buffer.compare(drawn(prepared), drawn(data))).toBe(0)
  expect(distil.prepare(data, QUICK), 'some windows per sample').toBe(data)
})

/** Answers in its own time. */
function slowPool(draw: (index: number) => Promise<number>): TrainingPool {
  return { run: (_kind, input) => draw((input as { place: { index: number } }).place.index) as never, close: async () => {} }
}

test('batches are drawn ahead, and no buffer is written while it is read', async () => {
  let drawing = 0
  const seen = new Set<SharedArrayBuffer>()
  const pool: TrainingPool = {
    async run(_kind, input) {
      seen.add((input as { place: { buffer: SharedArrayBuffer } }).place.buffer)
      drawing++
      return 0 as never
    },
    close: async () => {},
  }
  const cache = createDataCache(async () => paintedTrainingData(0), 1e9)
  const queue = startSampleQueue({ task: 'distil', pool, cache, panoramas: PANORAMAS, config: QUICK, batch: 1, cursor: 0 })
  await wait(20)
  expect(drawing).toBe(3)
  const first = await queue.next()
  await wait(20)
  expect(drawing, 'the fourth goes into memory of its own').toBe(4)
  expect(seen.size).toBe(4)
  const second = await queue.next()
  expect(second.buffer).not.toBe(first.buffer)
  await wait(20)
  expect(seen.size, 'the first one is used again').toBe(4)
  await queue.close()
})

test('a sample that cannot be drawn fails the batch it is in, and no earlier one', async () => {
  let drawn = 0
  const pool = slowPool(async () => {
    if (++drawn === 2) throw new Error('damaged')
    return 0
  })
  const cache = createDataCache(async () => paintedTrainingData(0), 1e9)
  const queue = startSampleQueue({ task: 'distil', pool, cache, panoramas: PANORAMAS, config: QUICK, batch: 1, cursor: 0 })
  await wait(20)
  await queue.next()
  await expect(queue.next()).rejects.toThrow('damaged')
  await queue.close()
})

test('the cache keeps what was used last, and forgets failures', async () => {
  const loaded: string[] = []
  const one = paintedTrainingData(0)
  const bytes = 64 * 128 * (3 + 4) + 8 * 2 * 32 * 64
  const cache = createDataCache(async (hash) => {
    loaded.push(hash)
    if (hash === 'bad') throw new Error('damaged')
    return one
  }, 2 * bytes)
  for (const hash of ['a', 'b', 'a', 'c', 'a', 'b']) await cache.get(hash)
  expect(loaded).toEqual(['a', 'b', 'c', 'b'])
  for (let time = 0; time < 2; time++) await expect(cache.get('bad')).rejects.toThrow('damaged')
  expect(loaded.slice(4)).toEqual(['bad', 'bad'])
})
