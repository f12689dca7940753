import { expect, test } from 'vitest'
import { createItemRate } from './item-rate.ts'

test('nothing is known before an item was computed', () => {
  const rate = createItemRate()
  expect(rate.itemsPerMinute()).toBeNull()
  expect(rate.secondsFor(3)).toBeNull()
})

test('rate and time left are of the mean duration', () => {
  const rate = createItemRate()
  for (const seconds of [10, 20, 30]) rate.add(seconds * 1000)
  expect(rate.itemsPerMinute()).toBe(3)
  expect(rate.secondsFor(4.5)).toBe(90)
  expect(rate.secondsFor(-1)).toBe(0)
})

test('the last twenty items count', () => {
  const rate = createItemRate()
  for (let item = 0; item < 50; item++) rate.add(60_000)
  expect(rate.itemsPerMinute()).toBe(1)
  for (let item = 0; item < 20; item++) rate.add(1000)
  expect(rate.itemsPerMinute()).toBe(60)
})
