import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { inParallel } from './in-parallel.ts'

describe('inParallel', () => {
  it('works on every item once, in order of their start, never on more than the limit', async () => {
    const started: number[] = []
    let running = 0
    let most = 0
    await inParallel([5, 1, 3, 2, 4, 1], 2, async (item) => {
      started.push(item)
      most = Math.max(most, ++running)
      await wait(item)
      running--
    })
    expect(started).toEqual([5, 1, 3, 2, 4, 1])
    expect(most).toBe(2)
  })

  it('after a failure starts nothing new and throws when the others have ended', async () => {
    const started: number[] = []
    let ended = 0
    const work = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      started.push(item)
      if (item === 1) throw new Error('the first')
      await wait(20)
      ended++
    })
    await expect(work).rejects.toThrow('the first')
    expect(started).toEqual([1, 2])
    expect(ended).toBe(1)
  })

  it('has nothing to do for no items', async () => {
    await inParallel([], 3, () => Promise.reject(new Error('never')))
  })
})
