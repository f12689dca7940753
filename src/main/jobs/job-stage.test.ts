import { expect, test } from 'vitest'
import type { JobContext } from './job-handler.ts'
import { stageContext } from './job-stage.ts'

test('what a stage counts is its part of the job, not the job\'s count', () => {
  const told: Parameters<JobContext['progress']>[0][] = []
  const counted: Parameters<JobContext['checkpoint']>[0][] = []
  const signal = new AbortController().signal
  const job = { signal, progress: (now: (typeof told)[number]) => told.push(now), checkpoint: (counts: (typeof counted)[number]) => counted.push(counts) } as unknown as JobContext
  const stage = stageContext(job, { from: 0.2, to: 0.6, secondsAfter: 100 }, 8)
  stage.itemTook(4000)
  stage.itemTook(2000)
  stage.checkpoint({ done: 2 })
  stage.progress({ message: 'third', fraction: 0.5 })
  expect(counted).toEqual([{ done: 0 }])
  // three seconds an item, five and a half to go
  expect(told.at(-1)).toEqual({ message: 'third', part: { from: 0.2, to: 0.6, secondsAfter: 100, now: { share: 2.5 / 8, etaSeconds: 16.5 } } })
  stage.checkpoint({ done: 0, total: 3 })
  expect(told.at(-1)).toMatchObject({ part: { now: { share: 0, etaSeconds: 9 } } })
  expect(stage.signal).toBe(signal)
})
