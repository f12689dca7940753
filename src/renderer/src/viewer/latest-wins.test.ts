import { expect, it } from 'vitest'
import { latestWins } from './latest-wins.ts'

it('starts the first, keeps only the newest of those that came meanwhile', () => {
  const started: number[] = []
  const asks = latestWins<number>((request) => started.push(request))
  for (const request of [1, 2, 3, 4]) asks.ask(request)
  expect(started).toEqual([1])
  asks.finished()
  expect(started).toEqual([1, 4])
  expect(asks.busy()).toBe(true)
  asks.finished()
  expect(started).toEqual([1, 4])
  expect(asks.busy()).toBe(false)
  asks.ask(5)
  expect(started).toEqual([1, 4, 5])
})

it('forgets what waits, not what is under way', () => {
  const started: number[] = []
  const asks = latestWins<number>((request) => started.push(request))
  asks.ask(1)
  asks.ask(2)
  asks.clear()
  expect(asks.busy()).toBe(true)
  asks.finished()
  expect(started).toEqual([1])
  expect(asks.busy()).toBe(false)
})
