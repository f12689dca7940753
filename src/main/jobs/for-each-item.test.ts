import { afterEach, beforeEach, expect, test } from 'vitest'
import { EXIT_CODES, StudioError } from '../../contract/errors.ts'
import type { TestWorkspace } from '../store/workspace.fixture.ts'
import { addTestRun, artifactsOf, makeWorkspace, SOME_STATS } from '../store/workspace.fixture.ts'
import { countResults, failResult, finishResult, listResults, pendingPanoramas, resetFailedResults } from '../store/panorama-results.ts'
import type { ItemIo } from './for-each-item.ts'
import { forEachItem } from './for-each-item.ts'
import type { JobRunner } from './job-runner.ts'
import { manualClock, runnerOf, submit } from './jobs.fixture.ts'

let workspace: TestWorkspace
let runner: JobRunner | null = null
beforeEach(() => {
  workspace = makeWorkspace()
})
afterEach(async () => {
  await runner?.stop()
  workspace[Symbol.dispose]()
})

type Compute = (name: string, io: ItemIo) => Promise<{ cached?: boolean } | void>

/** A labelling job over panoramas of these names; `compute` stands for the engine. */
function labelling(names: readonly string[], compute: Compute, clock = manualClock()) {
  const { store } = workspace
  const runId = store.transaction((db) => addTestRun(db, names)).run.id
  runner = runnerOf(store, async (_job, context) => {
    const { total, done, failed } = countResults(store.read, runId)
    await forEachItem(context, {
      noun: 'panorama',
      counts: { total, done: done + failed, failed },
      pending: pendingPanoramas(store.read, runId),
      nameOf: ({ name }) => name,
      compute: async ({ name }, io) => (await compute(name, io)) ?? {},
      wasComputed: (result) => result.cached !== true,
      finish: (db, { panoramaId, name }) => finishResult(db, { runId, panoramaId }, { artifacts: artifactsOf(name), stats: SOME_STATS, doubt: 0 }),
      fail: (db, { panoramaId }, error) => failResult(db, { runId, panoramaId }, error.message),
    })
  }, { clock, retryFailed: (db) => resetFailedResults(db, runId) })
  runner.start()
  const { id } = submit(runner, 'label')
  const status = () => Object.fromEntries(
    listResults(store.read, runId, { sort: 'name', offset: 0, limit: 100 }).results.map((result) => [result.name, result.error ?? result.status]))
  return { id, clock, status, log: () => runner!.log(id, 0).map(({ level, message }) => `${level}: ${message}`) }
}

test('an item that fails is recorded and the batch goes on; a retry does the failed ones alone', async () => {
  const computed: string[] = []
  let broken = true
  const { id, status, log } = labelling(['a', 'b', 'c'], async (name) => {
    computed.push(name)
    if (name === 'b' && broken) throw new StudioError('bad-file', 'b.png is cut short. Export it again.')
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 3, failed: 1, total: 3, error: null })
  expect(status()).toEqual({ a: 'done', b: 'b.png is cut short. Export it again.', c: 'done' })
  expect(log()).toContain('error: b: b.png is cut short. Export it again.')
  broken = false
  runner!.retry(id)
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 3, failed: 0 })
  expect(status()).toEqual({ a: 'done', b: 'done', c: 'done' })
  expect(computed).toEqual(['a', 'b', 'c', 'b'])
})

test('an engine error is tried again on the same item three times, with growing waits', async () => {
  const computed: string[] = []
  let failures = 3
  const { id, clock, status, log } = labelling(['a', 'b'], async (name) => {
    computed.push(name)
    if (name === 'a' && failures-- > 0) throw new StudioError('engine', 'The engine died.')
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', failed: 0 })
  expect(computed).toEqual(['a', 'a', 'a', 'a', 'b'])
  expect(clock.slept).toEqual([500, 2000, 8000])
  expect(status()).toEqual({ a: 'done', b: 'done' })
  expect(log()).toContain('warn: a: The engine died. Trying again in 0.5 s (1 of 3).')
})

test('an item whose engine errors do not end fails after the third retry', async () => {
  const computed: string[] = []
  const { id, status } = labelling(['a', 'b'], async (name) => {
    computed.push(name)
    if (name === 'a') throw new StudioError('engine', 'The engine died.')
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', failed: 1 })
  expect(computed).toEqual(['a', 'a', 'a', 'a', 'b'])
  expect(status()).toEqual({ a: 'The engine died.', b: 'done' })
})

test('an engine that is gone for good stops the batch after three items, and a retry goes on with all of them', async () => {
  const gone = 'The engine cannot be started.'
  let isGone = false
  const { id, clock, status } = labelling(['a', 'b', 'c', 'd', 'e', 'f'], async (name) => {
    if (name === 'b') isGone = clock.slept.length < 9
    if (isGone) throw new StudioError('engine', gone)
  })
  expect(await runner!.settled(id)).toMatchObject({
    state: 'failed', errorCode: 'engine', done: 4, failed: 3, total: 6,
    error: `3 panoramas in a row failed with the engine. ${gone}`,
  })
  expect(status()).toEqual({ a: 'done', b: gone, c: gone, d: gone, e: 'pending', f: 'pending' })
  expect(clock.slept).toHaveLength(9)
  runner!.retry(id)
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 6, failed: 0, error: null, errorCode: null })
  // a command that follows such a job
  expect(EXIT_CODES.engine).toBe(4)
})

test('engine errors and full disks that alternate, or that end, stop nothing', async () => {
  const codes: Readonly<Record<string, 'engine' | 'storage'>> = { a: 'engine', b: 'engine', c: 'storage', d: 'engine', f: 'engine', g: 'engine' }
  const { id } = labelling(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], async (name) => {
    if (codes[name]) throw new StudioError(codes[name], 'It failed.')
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 8, failed: 6 })
})

test('other errors are not tried again', async () => {
  const computed: string[] = []
  const { id, clock, status } = labelling(['a', 'b'], async (name) => {
    computed.push(name)
    if (name === 'a') throw new TypeError('boom')
  })
  await runner!.settled(id)
  expect(computed).toEqual(['a', 'b'])
  expect(clock.slept).toEqual([])
  expect(status()).toMatchObject({ a: expect.stringContaining('boom') })
})

test('one item that cannot be written fails alone; three in a row stop the batch and leave the rest pending', async () => {
  const full = new Set(['b', 'd', 'e', 'f'])
  const { id, status } = labelling(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], async (name) => {
    if (full.has(name)) throw new StudioError('storage', 'The disk is full.')
  })
  expect(await runner!.settled(id)).toMatchObject({
    state: 'failed', errorCode: 'storage', done: 6, failed: 4, total: 8,
    error: '3 panoramas in a row could not be written. The disk is full.',
  })
  expect(status()).toEqual({
    a: 'done', b: 'The disk is full.', c: 'done', d: 'The disk is full.', e: 'The disk is full.', f: 'The disk is full.', g: 'pending', h: 'pending',
  })
  full.clear()
  runner!.retry(id)
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 8, failed: 0, error: null, errorCode: null })
})

test('a single item that fails fails the job with its own words', async () => {
  const { id } = labelling(['a'], async () => {
    throw new StudioError('bad-model', 'ta.onnx produces NaN.')
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'failed', error: 'ta.onnx produces NaN.', errorCode: 'bad-model' })
})

test('a result that cannot be recorded is not counted as done', async () => {
  const { store } = workspace
  const { id } = labelling(['a', 'b'], async (name) => {
    // the person removes the panorama while it is being labelled
    if (name === 'a') store.transaction((db) => db.run("DELETE FROM panoramas WHERE name = 'a'"))
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'failed', done: 0, errorCode: 'not-found' })
})

test('pausing between items and cancelling within one leave finished items alone', async () => {
  const computed: string[] = []
  const { id, status } = labelling(['a', 'b', 'c'], async (name, { signal }) => {
    computed.push(name)
    if (computed.length === 1) runner!.pause(id)
    if (computed.length === 2) {
      runner!.cancel(id)
      signal.throwIfAborted()
    }
  })
  expect(await runner!.settled(id)).toMatchObject({ state: 'paused', done: 1 })
  runner!.resume(id)
  expect(await runner!.settled(id)).toMatchObject({ state: 'cancelled', done: 1, failed: 0 })
  expect(status()).toEqual({ a: 'done', b: 'pending', c: 'pending' })
  runner!.retry(id)
  expect(await runner!.settled(id)).toMatchObject({ state: 'done', done: 3 })
  expect(computed).toEqual(['a', 'b', 'b', 'c'])
})

test('rate and time left count computed items, not cached ones', async () => {
  const clock = manualClock()
  const rates: (number | null)[] = []
  const etas: (number | null)[] = []
  const { id } = labelling(['a', 'b', 'c', 'd'], async (name, { progress }) => {
    progress(0, 'masks')
    rates.push(runner!.get(id).itemsPerMinute)
    etas.push(runner!.get(id).etaSeconds)
    clock.advance(name === 'a' ? 10 : 6000)
    return { cached: name === 'a' }
  }, clock)
  await runner!.settled(id)
  expect(rates).toEqual([null, null, 10, 10])
  expect(etas).toEqual([null, null, 12, 6])
})

test('items that cost nothing still let the event loop turn', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `p${index}`)
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  const { id } = labelling(names, async () => {})
  last = performance.now()
  const started = last
  await runner!.settled(id)
  const whole = performance.now() - started
  clearInterval(timer)
  // a batch that hogs the loop would hold the timer for as long as it lasts
  expect(longest).toBeLessThan(Math.max(50, whole / 4))
})
