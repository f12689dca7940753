import { expect, test } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import { mapAtOnce } from './label-context.ts'
import { createSharedBuffers } from './shared-buffers.ts'

test('mapAtOnce keeps the order and the limit', async () => {
  let under = 0
  let most = 0
  const results = await mapAtOnce([5, 1, 4, 2, 3], 2, async (milliseconds, index) => {
    most = Math.max(most, ++under)
    await delay(milliseconds)
    under--
    return `${index}:${milliseconds}`
  })
  expect(results).toEqual(['0:5', '1:1', '2:4', '3:2', '4:3'])
  expect(most).toBe(2)
})

test('mapAtOnce: a failure starts nothing new and waits for what runs', async () => {
  const started: number[] = []
  const finished: number[] = []
  const mapping = mapAtOnce([0, 1, 2, 3], 2, async (item) => {
    started.push(item)
    await delay(item === 0 ? 1 : 20)
    if (item === 0) throw new Error('no')
    finished.push(item)
  })
  await expect(mapping).rejects.toThrow('no')
  expect(started).toEqual([0, 1])
  expect(finished).toEqual([1])
})

test('shared memory is used again, and no more than asked for is kept', () => {
  const buffers = createSharedBuffers(100)
  const first = buffers.floats(10)
  buffers.giveBack(first)
  expect(buffers.floats(10).buffer).toBe(first.buffer)
  expect(buffers.bytes(40).buffer).not.toBe(first.buffer)
  const [a, b, c] = [buffers.bytes(60), buffers.bytes(30), buffers.bytes(20)]
  buffers.giveBack(a)
  buffers.giveBack(b)
  buffers.giveBack(c)
  // 110 bytes: the oldest had to go
  expect(buffers.idleBytes()).toBe(50)
  expect(buffers.bytes(60).buffer).not.toBe(a.buffer)
  buffers.giveBack(new Float32Array(4))
  expect(buffers.idleBytes()).toBe(50)
})
