import { afterEach, beforeEach, expect, test } from 'vitest'
import { StudioError } from '../../contract/errors.ts'
import type { Job } from '../../contract/schemas.ts'
import { addJob, getJob, updateJob } from '../store/jobs.ts'
import type { TestWorkspace } from '../store/workspace.fixture.ts'
import { makeWorkspace } from '../store/workspace.fixture.ts'
import type { JobContext } from './job-handler.ts'
import type { JobRunner } from './job-runner.ts'
import { gate, manualClock, runnerOf, submit, until } from './jobs.fixture.ts'

let workspace: TestWorkspace
let runner: JobRunner | null = null
beforeEach(() => {
  workspace = makeWorkspace()
})
afterEach(async () => {
  await runner?.stop()
  runner = null
  workspace[Symbol.dispose]()
})

const messages = (id: string) => runner!.log(id, 0).map((line) => line.message)

/** A job of `total` steps with a safe point before each; counts what was done. */
const stepper = (done: number[], between: () => Promise<void> = async () => {}) => async (job: Job, context: JobContext) => {
  for (let step = job.done; step < job.total; step++) {
    await context.safePoint()
    await between()
    context.signal.throwIfAborted()
    context.checkpoint({ done: step + 1 })
    done.push(step)
  }
}

test('jobs run one at a time, first come, first served', async () => {
  const trace: string[] = []
  runner = runnerOf(workspace.store, async (job, context) => {
    trace.push(`${job.title} starts`)
    await context.safePoint()
    trace.push(`${job.title} ends`)
  })
  const jobs = ['one', 'two', 'three'].map((title) => submit(runner!, title))
  expect(trace).toEqual([])
  runner.start()
  const ended = await Promise.all(jobs.map(({ id }) => runner!.settled(id)))
  expect(trace).toEqual(['one starts', 'one ends', 'two starts', 'two ends', 'three starts', 'three ends'])
  for (const job of ended) expect(job).toMatchObject({ state: 'done', attempts: 1, progress: 1 })
  expect(ended[0]!.startedAt! <= ended[0]!.finishedAt!).toBe(true)
  // one that comes to a running queue is taken up, too
  expect(await runner.settled(submit(runner, 'four').id)).toMatchObject({ state: 'done' })
})

test('a listener that submits a job at the end of another is served', async () => {
  runner = runnerOf(workspace.store, async () => {})
  runner.start()
  let second: Job | null = null
  runner.onJob((job) => {
    if (job.title === 'first' && job.state === 'done') second ??= submit(runner!, 'second')
  })
  submit(runner, 'first')
  await until(() => second !== null && runner!.get(second.id).state === 'done')
})

test('only the named jobs run when they are named', async () => {
  const ran: string[] = []
  runner = runnerOf(workspace.store, async (job) => void ran.push(job.title))
  submit(runner, 'left over')
  const asked = submit(runner, 'asked')
  const asked2 = submit(runner, 'asked, too')
  runner.start({ only: asked.id })
  runner.start({ only: asked2.id })
  await runner.settled(asked2.id)
  expect(ran).toEqual(['asked', 'asked, too'])
  runner.start()
  await until(() => ran.length === 3)
})

test('the payload arrives; a handler error is the error of the job', async () => {
  const logged: string[] = []
  const failures: Record<string, Error> = {
    model: new StudioError('bad-model', 'a.onnx is not a model.'), bug: new TypeError('x is not a function'),
  }
  runner = runnerOf(workspace.store, async (_job, { payload }) => {
    throw failures[(payload as { fail: string }).fail]!
  }, { log: (level, message) => logged.push(`${level} ${message}`) })
  runner.start()
  const model = await runner.settled(submit(runner, 'a', { payload: { fail: 'model' } }).id)
  expect(model).toMatchObject({ state: 'failed', error: 'a.onnx is not a model.', errorCode: 'bad-model' })
  expect(messages(model.id)).toEqual(['Started.', 'a.onnx is not a model.'])
  const bug = await runner.settled(submit(runner, 'b', { payload: { fail: 'bug' } }).id)
  expect(bug).toMatchObject({ state: 'failed', errorCode: 'internal', error: expect.stringContaining('x is not a function') })
  expect(logged.join('\n')).toContain('TypeError: x is not a function\n    at ')
})

test('a pause takes effect at the next safe point and keeps what is finished; resume goes on', async () => {
  const done: number[] = []
  const gates = [gate(), gate(), gate(), gate()]
  let step = 0
  runner = runnerOf(workspace.store, stepper(done, () => gates[step++]!.opened))
  runner.start()
  const { id } = submit(runner, 'job', { total: 4 })
  await until(() => step === 1)
  gates[0]!.open()
  await until(() => step === 2)
  expect(runner.pause(id)).toMatchObject({ state: 'running', stopping: 'pause' })
  expect(runner.get(id)).toMatchObject({ state: 'running', stopping: 'pause', done: 1 })
  gates[1]!.open()
  expect(await runner.settled(id)).toMatchObject({ state: 'paused', stopping: null, done: 2, progress: 0.5 })
  expect(done).toEqual([0, 1])
  expect(runner.pause(id)).toMatchObject({ state: 'paused' })
  for (const { open } of gates) open()
  runner.resume(id)
  expect(await runner.settled(id)).toMatchObject({ state: 'done', done: 4, attempts: 2 })
  expect(done).toEqual([0, 1, 2, 3])
  expect(messages(id)).toEqual(['Started.', 'Paused.', 'Started again (attempt 2).', 'Done.'])
})

test('a pause can be taken back before it takes effect', async () => {
  const done: number[] = []
  const first = gate()
  let waiting = false
  runner = runnerOf(workspace.store, stepper(done, async () => {
    waiting = true
    await first.opened
  }))
  runner.start()
  const { id } = submit(runner, 'job', { total: 2 })
  await until(() => waiting)
  runner.pause(id)
  expect(runner.resume(id)).toMatchObject({ state: 'running', stopping: null })
  first.open()
  expect(await runner.settled(id)).toMatchObject({ state: 'done', attempts: 1 })
})

test('a cancelled job ends the item in work and keeps finished ones', async () => {
  const done: number[] = []
  let aborted = false
  runner = runnerOf(workspace.store, async (_job, context) => {
    context.checkpoint({ total: 2, done: 1 })
    done.push(0)
    await new Promise((_, reject) => {
      context.signal.addEventListener('abort', () => {
        aborted = true
        reject(new StudioError('engine', 'the engine was told to stop'))
      })
    })
  })
  runner.start()
  const { id } = submit(runner, 'job')
  await until(() => done.length === 1)
  expect(runner.cancel(id)).toMatchObject({ stopping: 'cancel' })
  expect(await runner.settled(id)).toMatchObject({ state: 'cancelled', stopping: null, done: 1, total: 2, error: null })
  expect(aborted).toBe(true)
  expect(runner.cancel(id)).toMatchObject({ state: 'cancelled' })
  expect(() => runner!.pause(id)).toThrow(expect.objectContaining({ code: 'conflict', message: 'The job "job" is cancelled: it cannot be paused.' }))
  expect(() => runner!.resume(id)).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test('jobs that wait are paused, resumed and cancelled at once', () => {
  runner = runnerOf(workspace.store, async () => {})
  const { id } = submit(runner, 'job')
  expect(runner.pause(id)).toMatchObject({ state: 'paused' })
  expect(runner.resume(id)).toMatchObject({ state: 'queued' })
  runner.pause(id)
  expect(runner.cancel(id)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(String) })
  expect(() => runner!.get('job_x')).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(() => runner!.log('job_x', 0)).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('retry runs the failed items again', async () => {
  const resets: string[] = []
  const attempts: number[] = []
  runner = runnerOf(workspace.store, async (job, context) => {
    attempts.push(job.done)
    context.checkpoint(job.attempts === 1 ? { total: 3, done: 3, failed: 2 } : { done: 3, failed: 0 })
  }, { retryFailed: (_db, job) => resets.push(job.id) })
  runner.start()
  const { id } = submit(runner, 'job')
  expect(await runner.settled(id)).toMatchObject({ state: 'done', failed: 2 })
  runner.retry(id)
  expect(await runner.settled(id)).toMatchObject({ state: 'done', failed: 0, done: 3, attempts: 2 })
  expect(resets).toEqual([id])
  expect(attempts).toEqual([0, 1])
  expect(() => runner!.retry(id)).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('Nothing failed') }))
})

test('closing the program puts the running job back into the queue; the next start goes on', async () => {
  const done: number[] = []
  const first = gate()
  runner = runnerOf(workspace.store, stepper(done, async () => {
    if (done.length === 2) await first.opened
  }))
  runner.start()
  const { id } = submit(runner, 'job', { total: 4 })
  const waiting = submit(runner, 'waiting', { total: 1 })
  await until(() => done.length === 2)
  const settled = runner.settled(id)
  const stopped = runner.stop()
  first.open()
  await stopped
  expect(await settled).toMatchObject({ state: 'queued', done: 2 })
  expect(getJob(workspace.store.read, waiting.id)).toMatchObject({ state: 'queued', attempts: 0 })
  runner = runnerOf(workspace.store, stepper(done))
  runner.start()
  expect(await runner.settled(waiting.id)).toMatchObject({ state: 'done' })
  expect(runner.get(id)).toMatchObject({ state: 'done', attempts: 2 })
  expect(done).toEqual([0, 1, 2, 3, 0])
})

test('jobs of a dead process are queued again, unless they were asked to end or keep killing it', () => {
  const { store } = workspace
  const die = (title: string, patch: Parameters<typeof updateJob>[2] = {}) => store.transaction((db) => {
    const { id } = addJob(db, { kind: 'label', title, subjectId: null, payload: null })
    updateJob(db, id, { state: 'running', attempts: 1, ...patch })
    return id
  })
  const ids = [die('a'), die('b', { stopping: 'pause' }), die('c', { stopping: 'cancel' }), die('d', { crashes: 2, message: 'p7' })]
  runner = runnerOf(store, async () => {})
  expect(ids.map((id) => runner!.get(id).state)).toEqual(['queued', 'paused', 'cancelled', 'paused'])
  expect(ids.map((id) => runner!.get(id).stopping)).toEqual([null, null, null, null])
  expect(messages(ids[0]!)).toEqual(['The program ended while this job ran. It goes on with the next unfinished item.'])
  expect(messages(ids[3]!)[0]).toContain('3 times during the same item (p7)')
  // a person's resume gives it three more
  runner.resume(ids[3]!)
  store.transaction((db) => updateJob(db, ids[3]!, { state: 'running' }))
  runner = runnerOf(store, async () => {})
  expect(runner.get(ids[3]!)).toMatchObject({ state: 'queued' })
})

test('progress moves within an item, with rate and time left of what was computed', async () => {
  const clock = manualClock()
  const seen: Job[] = []
  const first = gate()
  runner = runnerOf(workspace.store, async (_job, context) => {
    context.checkpoint({ total: 4, done: 0 })
    clock.advance(30_000)
    context.checkpoint({ done: 1 })
    context.itemTook(30_000)
    context.progress({ fraction: 0.5, message: 'p2: masks, window 3 of 16' })
    seen.push(runner!.get(_job.id))
    await first.opened
  }, { clock })
  runner.start()
  const { id } = submit(runner, 'job')
  await until(() => seen.length === 1)
  // 1.5 of 4 done; 2 items a minute; 2.5 items of 30 s to go
  expect(seen[0]).toMatchObject({ state: 'running', progress: 0.375, itemsPerMinute: 2, etaSeconds: 75, message: 'p2: masks, window 3 of 16' })
  expect(runner.list()[0]).toEqual(seen[0])
  first.open()
  expect(await runner.settled(id)).toMatchObject({ itemsPerMinute: null, etaSeconds: null, message: '' })
})

test('listeners hear of every state and at most ten times a second of progress, also where one of them fails', async () => {
  const events: { at: number; job: Job }[] = []
  const logged: string[] = []
  runner = runnerOf(workspace.store, async (_job, context) => {
    const end = Date.now() + 500
    for (let step = 0; Date.now() < end; step++) {
      context.progress({ fraction: (step % 100) / 100 })
      await context.safePoint()
    }
    context.progress({ message: 'last' })
  }, { log: (_level, message) => logged.push(message) })
  runner.onJob(() => {
    throw new Error('a broken listener')
  })
  const end = runner.onJob((job) => events.push({ at: Date.now(), job }))
  runner.start()
  const { id } = submit(runner, 'job', { total: 1 })
  await runner.settled(id)
  const states = events.map(({ job }) => job.state).filter((state, index, all) => state !== all[index - 1])
  expect(states).toEqual(['queued', 'running', 'done'])
  const running = events.filter(({ job }) => job.state === 'running')
  expect(running.length).toBeGreaterThanOrEqual(2)
  expect(running.length).toBeLessThanOrEqual(8)
  expect(logged).toContain(`A listener of job ${id} failed: Error: a broken listener`)
  end()
  const heard = events.length
  await runner.settled(submit(runner, 'another').id)
  expect(events).toHaveLength(heard)
})

test('words that come after the end of a job do no harm', async () => {
  let late: JobContext | null = null
  runner = runnerOf(workspace.store, async (_job, context) => {
    late = context
  })
  runner.start()
  const { id } = submit(runner, 'job')
  await runner.settled(id)
  await runner.stop()
  workspace.store.close()
  late!.progress({ fraction: 0.5, message: 'too late' })
  late!.log('info', 'too late')
  await new Promise((resolve) => {
    setTimeout(resolve, 400)
  })
})

test('the end of a job that cannot be written is tried again until the disk has room', async () => {
  const { store } = workspace
  let full = false
  const refusing = {
    ...store,
    transaction: ((work) => {
      if (full) throw new StudioError('storage', 'The disk is full.')
      return store.transaction(work)
    }) as typeof store.transaction,
  }
  const clock = manualClock()
  clock.sleep = async () => {
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
  runner = runnerOf(refusing, async () => {
    full = true
  }, { clock })
  runner.start()
  const { id } = submit(runner, 'job')
  await until(() => runner!.get(id).message === 'The disk is full.')
  expect(runner.get(id).state).toBe('running')
  full = false
  expect(await runner.settled(id)).toMatchObject({ state: 'done' })
})
