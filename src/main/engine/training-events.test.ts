import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createEventQueue } from './training-events.ts'
import { failureKind } from './training-failure.ts'
import { createPace } from './training-pace.ts'
import type { TrainEvent } from './training-protocol.ts'
import { StudioError } from '../../contract/errors.ts'

function point(step: number): TrainEvent {
  return { type: 'point', waitShare: 0, point: { step, loss: 1, terms: {}, learningRate: 1, gradientNorm: 1, imagesPerSecond: 1 } }
}

test('points travel together, anything else takes them along at once; nothing is lost', async () => {
  const sent: (readonly TrainEvent[])[] = []
  const queue = createEventQueue((events) => sent.push(events), 20)
  queue.add(point(1))
  queue.add(point(2))
  expect(sent).toEqual([])
  await wait(60)
  expect(sent).toEqual([[point(1), point(2)]])
  queue.add(point(3))
  queue.add({ type: 'warning', message: 'now' })
  expect(sent[1]).toEqual([point(3), { type: 'warning', message: 'now' }])
  queue.add(point(4))
  queue.flush()
  queue.flush()
  expect(sent.slice(2)).toEqual([[point(4)]])
})

test('speed is of the last updates; waiting is a share of all but the first; other work does not count', async () => {
  let now = 0
  const pace = createPace(() => now)
  pace.waited(500)
  now = 1000
  pace.updated(2)
  expect(pace.now()).toEqual({ imagesPerSecond: 2, waitShare: 0 })
  await pace.apart(async () => {
    now += 60_000
  })
  for (let update = 0; update < 40; update++) {
    pace.waited(25)
    now += 500
    pace.updated(2)
  }
  expect(pace.now()).toEqual({ imagesPerSecond: 4, waitShare: 0.05 })
})

test.each([
  ['std::bad_alloc', 'memory'],
  ['Non-zero status code returned while running Conv node. Failed to allocate memory for requested buffer of size 1024', 'memory'],
  ['Array buffer allocation failed', 'memory'],
  ['WebGPU validation failed. [Device] is lost', 'runtime'],
  ['The GPU device was lost', 'memory'],
  ['Error: Out of memory (VK_ERROR_OUT_OF_DEVICE_MEMORY)', 'memory'],
  ['Could not find an implementation for Col2Im', 'runtime'],
])('%s: %s', (message, kind) => {
  expect(failureKind(new Error(message))).toBe(kind)
  expect(failureKind(new StudioError('storage', message))).toBe('studio')
})
