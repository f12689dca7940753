import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createClient } from '../../src/contract/client.ts'
import type { Client } from '../../src/contract/procedures.ts'
import { createWebSocketLink, type LinkState, type SocketLike, type WebSocketLink } from '../../src/renderer/src/rpc/websocket-link.ts'
import { createFakeHost, job, type FakeHost } from './fake-implementation.ts'
import { openSite, type Site } from './site.ts'

const TOKEN = 'a lasting token, long enough'
let host: FakeHost
let site: Site
let link: WebSocketLink
let client: Client
let states: LinkState[]

beforeEach(async () => {
  host = createFakeHost()
  site = await openSite({ implementation: host.implementation, token: TOKEN })
  link = createWebSocketLink({ open: () => site.socket(), firstRetryMs: 20, longestRetryMs: 50 })
  client = createClient(link.port, { waitForLinkMs: 400 })
  states = []
  link.onState((state) => states.push(state))
})
afterEach(async () => {
  link.stop()
  await site.close()
})

test('a call made before the link is up waits for it', async () => {
  expect(link.state()).toBe('connecting')
  expect(await client.call('files.list', { path: '/x' })).toMatchObject({ path: '/x' })
  expect(states).toEqual(['open'])
})

test('a call that runs when the link breaks is "disconnected", and its work is aborted', async () => {
  const call = client.call('labels.evaluate', { run: 'last', truth: null })
  call.catch(() => {})
  await vi.waitFor(() => expect(host.running()).toBe(1))
  site.cutConnections()
  await expect(call).rejects.toMatchObject({ code: 'disconnected', message: expect.stringContaining('labels.evaluate') })
  await vi.waitFor(() => expect(host.running()).toBe(0))
})

test('subscriptions come back with the link, each once', async () => {
  const events: number[] = []
  const seen: string[] = []
  const end = client.subscribe('on.jobs', {}, ({ done }) => events.push(done), (state) => seen.push(state))
  await vi.waitFor(() => expect(seen).toEqual(['live']))
  for (let round = 0; round < 3; round++) {
    site.cutConnections()
    await vi.waitFor(() => expect(seen).toHaveLength(3 + 2 * round))
    expect(host.jobSubscribers()).toBe(1)
    host.emitJob(job('one', round))
    await vi.waitFor(() => expect(events.at(-1)).toBe(round))
  }
  expect(seen).toEqual(['live', 'lost', 'live', 'lost', 'live', 'lost', 'live'])
  expect(events).toEqual([0, 1, 2])
  end()
  await vi.waitFor(() => expect(host.jobSubscribers()).toBe(0))
})

test('the window finds the server again after a restart', async () => {
  await client.call('settings.get', {})
  const { port } = site.server
  await site.close()
  await vi.waitFor(() => expect(link.state()).toBe('lost'))
  // a subscription made while the server is away starts with it
  const events: number[] = []
  client.subscribe('on.jobs', {}, ({ done }) => events.push(done))
  const early = client.call('files.list', { path: '/early' })
  host = createFakeHost()
  site = await openSite({ implementation: host.implementation, token: TOKEN, port })
  expect(await early).toMatchObject({ path: '/early' })
  await vi.waitFor(() => expect(host.jobSubscribers()).toBe(1))
  host.emitJob(job('one', 5))
  await vi.waitFor(() => expect(events).toEqual([5]))
})

test('a call waits for a lost link only so long, and can be cancelled meanwhile', async () => {
  await client.call('settings.get', {})
  await site.close()
  await vi.waitFor(() => expect(link.state()).toBe('lost'))
  const controller = new AbortController()
  const cancelled = client.call('settings.get', {}, { signal: controller.signal })
  const given = client.call('settings.set', { cpuThreads: 2 })
  controller.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  await expect(given).rejects.toMatchObject({ code: 'disconnected', message: expect.stringContaining('was not asked') })
  site = await openSite({ implementation: host.implementation, token: TOKEN })
})

test('a browser without a session learns that it has none', async () => {
  const other = createWebSocketLink({
    open: () => site.socket({ cookie: 'none' }), isAuthorized: async () => false, firstRetryMs: 20, longestRetryMs: 50,
  })
  await vi.waitFor(() => expect(other.state()).toBe('unauthorized'))
  other.stop()
})

test('a connection on which the host falls silent is given up and made anew', async () => {
  const sockets: string[][] = []
  const mute = (): SocketLike => {
    const sent: string[] = []
    sockets.push(sent)
    return {
      send: (text) => void sent.push(text),
      close: () => {},
      addEventListener: (type: string, listener: (event: never) => void) => {
        if (type === 'open') setTimeout(listener, 1)
      },
    }
  }
  const other = createWebSocketLink({ open: mute, firstRetryMs: 10, longestRetryMs: 10, silenceMs: 40 })
  await vi.waitFor(() => expect(sockets.length).toBeGreaterThanOrEqual(3))
  expect(sockets[0]).toEqual(['{"type":"ping"}'])
  other.stop()
})

test('a host that answers pings keeps its connection', async () => {
  let opened = 0
  const other = createWebSocketLink({ open: () => (opened++, site.socket()), silenceMs: 30 })
  await new Promise((later) => setTimeout(later, 400))
  expect(opened).toBe(1)
  expect(other.state()).toBe('open')
  other.stop()
})

test('after stop nothing is tried any more', async () => {
  let opened = 0
  const other = createWebSocketLink({ open: () => (opened++, site.socket({ cookie: 'none' })), firstRetryMs: 5, longestRetryMs: 5 })
  await vi.waitFor(() => expect(opened).toBeGreaterThan(2))
  other.stop()
  const before = opened
  await new Promise((later) => setTimeout(later, 60))
  expect(opened).toBe(before)
})
