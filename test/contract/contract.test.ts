import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Client } from '../../src/contract/procedures.ts'
import { hostMessageSchema, MAX_REQUEST_CHARS, type HostMessage, type Port } from '../../src/contract/protocol.ts'
import { DEFAULT_SETTINGS, jobSchema } from '../../src/contract/schemas.ts'
import { createFakeHost, job, type FakeHost } from './fake-implementation.ts'
import { LINKS, type OpenLink } from './links.ts'

vi.mock('electron', () => import('./electron-stand-in.ts'))

/** The contract holds whatever the link: every test runs over each of them. */
describe.each(LINKS)('$name', ({ open }) => {
  let host: FakeHost
  let link: OpenLink
  let client: Client

  beforeEach(async () => {
    host = createFakeHost()
    link = await open(host.implementation)
    client = link.client
  })
  afterEach(() => link.close())

  test('a query is answered', async () => {
    expect(await client.call('settings.get', {})).toEqual(DEFAULT_SETTINGS)
  })

  test('a mutation changes what is asked afterwards', async () => {
    await client.call('settings.set', { cpuThreads: 3 })
    expect(await client.call('settings.get', {})).toEqual({ ...DEFAULT_SETTINGS, cpuThreads: 3 })
  })

  test('generated streets, built-in models and the tour go over the link', async () => {
    const streets = { seed: 7, style: 'target', width: 1024, height: 512, panoramas: 12 } as const
    expect(await client.call('datasets.generate', { ...streets, name: null, vfovDeg: 70.3125 })).toEqual({ datasetId: '70.3125', jobId: 'job' })
    expect(await client.call('models.builtin', {})).toEqual([{ name: 'nano-sam', kind: 'sam', summary: 'A segmenter.', bytes: null, modelId: null }])
    expect(await client.call('tour.get', {})).toEqual({ tour: null })
    expect(await client.call('tour.start', { panoramas: 3, steps: null })).toMatchObject({ settings: { panoramas: 3, width: 1024, height: 512, steps: null }, steps: { length: 5 } })
    for (const wrong of [{ seed: -1 }, { style: 'modern' }, { width: 10 }, { panoramas: 0 }, { vfovDeg: 200 }]) {
      await expect(client.call('datasets.generate', { ...streets, name: null, vfovDeg: null, ...wrong } as never)).rejects.toMatchObject({ code: 'bad-input' })
    }
    await expect(client.call('models.addBuiltin', { name: 'giant-sam' } as never)).rejects.toMatchObject({ code: 'bad-input' })
    await expect(client.call('tour.start', { trainWidth: 100 })).rejects.toMatchObject({ code: 'bad-input' })
    await expect(client.call('tour.skip', { step: 'lunch' } as never)).rejects.toMatchObject({ code: 'bad-input' })
  })

  test('answers find their questions when many run at once', async () => {
    const paths = Array.from({ length: 200 }, (_, index) => `/folder ${index}`)
    const answers = await Promise.all(paths.map((path) => client.call('files.list', { path })))
    expect(answers.map((answer) => answer.path)).toEqual(paths)
  })

  test('an input that does not fit is refused with its fields named', async () => {
    const refused = client.call('panoramas.list', { dataset: 'street', offset: -1, limit: 5000 })
    await expect(refused).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/panoramas\.list.*"offset".*>=0.*"limit".*<=1000/) })
    // the link goes on
    expect(await client.call('settings.get', {})).toEqual(DEFAULT_SETTINGS)
  })

  test('a typed error arrives with its code and its sentence', async () => {
    await expect(client.call('jobs.get', { jobId: 'j7' })).rejects.toMatchObject({
      name: 'StudioError', code: 'not-found', message: 'There is no job "j7" in this workspace.',
    })
  })

  test('a bug in the host and an answer that breaks the contract are "internal"', async () => {
    await expect(client.call('jobs.list', {})).rejects.toMatchObject({ code: 'internal' })
    await expect(client.call('workspace.info', {})).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('schemaVersion') })
  })

  test.each(['no.such', 'constructor', '__proto__'])('there is no procedure %s', async (name) => {
    await expect(client.call(name as 'settings.get', {})).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining(name) })
  })

  test('a call cannot be subscribed to and a subscription cannot be called', async () => {
    await expect(client.call('on.jobs' as 'settings.get', {})).rejects.toMatchObject({ code: 'bad-input' })
    const raw = await openRaw(link)
    raw.port.send({ type: 'subscribe', id: 1, name: 'settings.get', input: {} })
    await raw.received((message) => message.type === 'error' && message.error.code === 'bad-input')
  })

  test('a call is cancelled on both sides', async () => {
    const controller = new AbortController()
    const call = client.call('labels.evaluate', { run: 'last', truth: null }, { signal: controller.signal })
    call.catch(() => {})
    await vi.waitFor(() => expect(host.running()).toBe(1))
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(() => expect(host.running()).toBe(0))
    expect(host.aborted).toMatchObject([{ code: 'cancelled' }])
  })

  test('a call that is cancelled before it is made does not reach the host', async () => {
    await expect(client.call('labels.evaluate', { run: 'last', truth: null }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    await client.call('settings.get', {})
    expect(host.running()).toBe(0)
  })

  test('a long call does not hold up the others', async () => {
    const order: string[] = []
    const slow = client.call('datasets.list', {}).then(() => order.push('slow'))
    await client.call('settings.get', {}).then(() => order.push('quick'))
    await slow
    expect(order).toEqual(['quick', 'slow'])
  })

  test('a subscription delivers events until it is ended', async () => {
    const events: number[] = []
    const states: string[] = []
    const end = client.subscribe('on.jobs', {}, ({ done }) => events.push(done), (state) => states.push(state))
    await vi.waitFor(() => expect(states).toEqual(['live']))
    for (let done = 0; done < 5; done++) host.emitJob(job('one', done))
    await vi.waitFor(() => expect(events).toEqual([0, 1, 2, 3, 4]))
    end()
    await vi.waitFor(() => expect(host.jobSubscribers()).toBe(0))
    host.emitJob(job('one', 99))
    await client.call('settings.get', {})
    expect(events).not.toContain(99)
  })

  test('a subscription that the host refuses is "lost"', async () => {
    const states: string[] = []
    client.subscribe('on.engine', {}, () => {}, (state) => states.push(state))
    await vi.waitFor(() => expect(states.at(-1)).toBe('lost'))
  })

  test('a subscriber that never acknowledges costs a window of events, and receives the newest of each job when it does', async () => {
    const raw = await openRaw(link)
    raw.port.send({ type: 'subscribe', id: 5, name: 'on.jobs', input: {} })
    await raw.received((message) => message.type === 'subscribed')
    for (let done = 0; done < 100_000; done++) host.emitJob(job(`j${done % 3}`, done))
    raw.port.send({ type: 'call', id: 6, name: 'settings.get', input: {} })
    await raw.received((message) => message.type === 'result')
    const before = raw.events()
    expect(before.length).toBeGreaterThan(0)
    expect(before.length).toBeLessThanOrEqual(64)
    raw.port.send({ type: 'ack', id: 5, count: before.length })
    await vi.waitFor(() => expect(raw.events()).toHaveLength(before.length + 3))
    expect(raw.events().slice(-3).map((event) => event.done)).toEqual([99_997, 99_998, 99_999])
  })

  test('a client that vanishes leaves nothing running', async () => {
    client.subscribe('on.jobs', {}, () => {})
    client.call('labels.evaluate', { run: 'last', truth: null }).catch(() => {})
    await vi.waitFor(() => expect([host.jobSubscribers(), host.running()]).toEqual([1, 1]))
    link.vanish()
    await vi.waitFor(() => expect(host.running()).toBe(0))
    // a link that comes back may have subscribed again, once
    expect(host.jobSubscribers()).toBeLessThanOrEqual(1)
    expect(host.aborted).toHaveLength(1)
  })

  test('a request of the largest size passes, a larger one is refused before it is sent', async () => {
    const path = 'x'.repeat(MAX_REQUEST_CHARS - 1000)
    expect((await client.call('files.list', { path })).path).toHaveLength(path.length)
    await expect(client.call('files.list', { path: path + path })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('too large') })
    expect(await client.call('settings.get', {})).toEqual(DEFAULT_SETTINGS)
  })

  test('the host refuses a request that is too large whoever sends it', async () => {
    const raw = await openRaw(link)
    raw.port.send({ type: 'call', id: 1, name: 'files.list', input: { path: 'x'.repeat(MAX_REQUEST_CHARS + 1) } })
    await raw.received((message) => message.type === 'error' && message.error.code === 'bad-input' && message.error.message.includes('too large'))
  })

  test('messages that do not follow the protocol are answered or ignored, and the link goes on', async () => {
    const raw = await openRaw(link)
    for (const bad of [null, 7, 'text', [], {}, { type: 'call' }, { type: 'ack', id: 1, count: 0 }, { type: 'cancel', id: 404 }]) raw.port.send(bad)
    raw.port.send({ type: 'call', id: 9, name: 12 })
    await raw.received((message) => message.type === 'error' && message.id === 9 && message.error.code === 'bad-input')
    raw.port.send({ type: 'call', id: 10, name: 'settings.get' })
    await raw.received((message) => message.type === 'result' && message.id === 10)
  })

  test('an id that is in use is not taken twice', async () => {
    const raw = await openRaw(link)
    raw.port.send({ type: 'call', id: 1, name: 'labels.evaluate', input: { run: 'last', truth: null } })
    raw.port.send({ type: 'call', id: 1, name: 'settings.get', input: {} })
    await raw.received((message) => message.type === 'error' && message.error.message.includes('in use'))
    expect(host.running()).toBe(1)
  })
})

interface RawClient {
  readonly port: Port
  received(matches: (message: HostMessage) => boolean): Promise<void>
  events(): { readonly done: number }[]
}

async function openRaw(link: OpenLink): Promise<RawClient> {
  const port = await link.rawPort()
  const messages: HostMessage[] = []
  port.onMessage((message) => messages.push(hostMessageSchema.parse(message)))
  return {
    port,
    received: (matches) => vi.waitFor(() => expect(messages.some(matches)).toBe(true), { timeout: 5000 }),
    events: () => messages.flatMap((message) => (message.type === 'event' ? [jobSchema.parse(message.event)] : [])),
  }
}
