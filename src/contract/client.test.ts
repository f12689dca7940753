import { expect, test } from 'vitest'
import { createClient } from './client.ts'
import type { Client } from './procedures.ts'
import type { Port } from './protocol.ts'

/** A host played by hand. */
function playHost(): { client: Client; sent: unknown[]; say: (message: unknown) => void; hangUp: () => void } {
  const sent: unknown[] = []
  const listeners: ((message: unknown) => void)[] = []
  const closers: (() => void)[] = []
  const port: Port = {
    send: (message) => void sent.push(message),
    onMessage: (listener) => void listeners.push(listener),
    onClose: (listener) => void closers.push(listener),
  }
  return {
    client: createClient(port),
    sent,
    say: (message) => listeners.forEach((listener) => listener(message)),
    hangUp: () => closers.forEach((closer) => closer()),
  }
}

const change = { area: 'jobs', id: null }

test('an answer that this window does not understand is said, and the link goes on', async () => {
  const { client, say } = playHost()
  const strange = client.call('settings.get', {})
  say({ type: 'result', id: 1, output: { provider: 'abacus' } })
  await expect(strange).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/settings\.get.*"provider".*reload the window/) })
  const fine = client.call('labelSets.list', {})
  say({ type: 'result', id: 2, output: [] })
  expect(await fine).toEqual([])
})

test('an event that this window does not understand ends the subscription', () => {
  const { client, sent, say } = playHost()
  const events: unknown[] = []
  const states: string[] = []
  client.subscribe('on.changes', {}, (event) => events.push(event), (state) => states.push(state))
  say({ type: 'subscribed', id: 1 })
  say({ type: 'event', id: 1, event: change })
  say({ type: 'event', id: 1, event: { area: 'weather' } })
  say({ type: 'event', id: 1, event: change })
  expect(events).toEqual([change])
  expect(states).toEqual(['live', 'lost'])
  expect(sent.slice(1)).toEqual([{ type: 'ack', id: 1, count: 1 }, { type: 'unsubscribe', id: 1 }])
})

test('an event whose listener throws still gives its credit back', () => {
  const { client, sent, say } = playHost()
  client.subscribe('on.changes', {}, () => {
    throw new Error('a bug in the window')
  })
  expect(() => say({ type: 'event', id: 1, event: change })).toThrow('a bug in the window')
  expect(sent.at(-1)).toEqual({ type: 'ack', id: 1, count: 1 })
})

test('what is late or makes no sense is ignored', async () => {
  const { client, say } = playHost()
  const call = client.call('labelSets.list', {})
  for (const message of [null, 'x', {}, { type: 'result', id: 99, output: [] }, { type: 'event', id: 98 }, { type: 'ended', id: 97 }, { type: 'pong' }]) say(message)
  say({ type: 'result', id: 1, output: [] })
  say({ type: 'result', id: 1, output: [] })
  expect(await call).toEqual([])
})

test('a link that does not come back fails calls at once', async () => {
  const { client, sent, hangUp } = playHost()
  const running = client.call('labelSets.list', {})
  hangUp()
  await expect(running).rejects.toMatchObject({ code: 'disconnected' })
  const before = sent.length
  await expect(client.call('labelSets.list', {})).rejects.toMatchObject({ code: 'disconnected' })
  expect(sent).toHaveLength(before)
})
