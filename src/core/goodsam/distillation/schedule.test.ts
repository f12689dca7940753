import { expect, test } from 'vitest'
import { learningRateAt } from './schedule.ts'

const config = { learningRate: 1, warmupSteps: 3, steps: 11 }
const rates = (schedule: 'polynomial' | 'cosine' | 'constant'): number[] =>
  Array.from({ length: config.steps }, (_, index) => learningRateAt(index + 1, { ...config, schedule }))

test('the warm-up is a straight line to the full rate', () => {
  for (const schedule of ['polynomial', 'cosine', 'constant'] as const) expect(rates(schedule).slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1])
})

test('polynomial, cosine and constant are their closed forms', () => {
  const eighths = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => k / 8)
  expect(rates('polynomial').slice(3)).toEqual(eighths.map((t) => Math.exp(0.9 * Math.log(1 - t))).map((rate) => expect.closeTo(rate, 12)))
  // cos^2(pi t / 2)
  expect(rates('cosine').slice(3)).toEqual(eighths.map((t) => expect.closeTo(Math.cos((Math.PI * t) / 2) ** 2, 12)))
  expect(rates('constant').slice(3)).toEqual(eighths.map(() => 1))
})

test('every update of a run moves, even of one that ends within its warm-up', () => {
  for (const warmupSteps of [0, 1, 10, 500]) {
    for (const schedule of ['polynomial', 'cosine', 'constant'] as const) {
      for (let step = 1; step <= 10; step++) expect(learningRateAt(step, { ...config, warmupSteps, steps: 10, schedule })).toBeGreaterThan(0)
    }
  }
})
