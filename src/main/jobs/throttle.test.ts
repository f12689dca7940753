import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createThrottle } from './throttle.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('calls at once, then once per interval, and always tells the last state', async () => {
  let state = 0
  const told: number[] = []
  const throttle = createThrottle(100, () => told.push(state))
  const step = async (next: number) => {
    state = next
    throttle.request()
    await Promise.resolve()
  }
  await step(1)
  expect(told).toEqual([1])
  for (let next = 2; next <= 9; next++) await step(next)
  expect(told).toEqual([1])
  await vi.advanceTimersByTimeAsync(100)
  expect(told).toEqual([1, 9])
  await vi.advanceTimersByTimeAsync(1000)
  expect(told).toEqual([1, 9])
  await step(10)
  expect(told).toEqual([1, 9, 10])
})

test('ten a second at most, however often it is asked', async () => {
  let calls = 0
  const throttle = createThrottle(100, () => calls++)
  for (let millisecond = 0; millisecond < 2000; millisecond++) {
    throttle.request()
    await vi.advanceTimersByTimeAsync(1)
  }
  expect(calls).toBeGreaterThanOrEqual(20)
  expect(calls).toBeLessThanOrEqual(21)
})

test('never calls inside the caller, and not after it was closed', async () => {
  let calls = 0
  const throttle = createThrottle(100, () => calls++)
  throttle.request()
  expect(calls).toBe(0)
  throttle.close()
  await vi.advanceTimersByTimeAsync(1000)
  throttle.request()
  await vi.advanceTimersByTimeAsync(1000)
  expect(calls).toBe(0)
})
