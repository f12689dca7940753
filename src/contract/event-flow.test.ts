import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventFlow } from './event-flow.ts'

interface Event {
  readonly key: string
  readonly value: number
}

function collect(window: number) {
  const delivered: Event[] = []
  const flow = createEventFlow<Event>({ window, keyOf: (event) => event.key, deliver: (event) => void delivered.push(event) })
  return { delivered, flow }
}

test('a subscriber that keeps up receives every event in order', () => {
  const { delivered, flow } = collect(2)
  for (let value = 0; value < 1000; value++) {
    flow.push({ key: 'one', value })
    flow.acknowledge(1)
  }
  expect(delivered.map((event) => event.value)).toEqual(Array.from({ length: 1000 }, (_, value) => value))
})

test('a subscriber that never acknowledges costs a window and one event per key, and ends up with the newest of each', () => {
  const { delivered, flow } = collect(8)
  for (let value = 0; value < 100_000; value++) flow.push({ key: `k${value % 7}`, value })
  expect(delivered).toHaveLength(8)
  expect(flow.waiting()).toBe(7)
  flow.acknowledge(8)
  expect(flow.waiting()).toBe(0)
  // the last seven pushed, oldest first
  expect(delivered.slice(8).map((event) => event.value)).toEqual([99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999])
})

test('more credit than was given buys nothing', () => {
  const { delivered, flow } = collect(2)
  flow.acknowledge(1000)
  for (let value = 0; value < 10; value++) flow.push({ key: `${value}`, value })
  expect(delivered).toHaveLength(2)
})

test('whatever the interleaving: never more than the window under way, newest of every key last, order kept within a key', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), key: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('ack' as const), count: fc.integer({ min: 1, max: 3 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, window) => {
      const { delivered, flow } = collect(window)
      const newest = new Map<string, number>()
      let acknowledged = 0
      let value = 0
      for (const each of steps) {
        if (each.kind === 'push') {
          newest.set(each.key, value)
          flow.push({ key: each.key, value: value++ })
        } else {
          const count = Math.min(each.count, delivered.length - acknowledged)
          acknowledged += count
          if (count > 0) flow.acknowledge(count)
        }
        expect(delivered.length - acknowledged).toBeLessThanOrEqual(window)
      }
      while (delivered.length > acknowledged) {
        acknowledged++
        flow.acknowledge(1)
      }
      for (const [key, last] of newest) {
        const ofKey = delivered.filter((event) => event.key === key).map((event) => event.value)
        expect(ofKey.at(-1)).toBe(last)
        expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b))
      }
    }),
  )
})
