import { describe, expect, it } from 'vitest'
import { PLAN, plannedLearningRate } from './plan.ts'

const [first, second] = PLAN.courses

describe('the learning rate of nano-sam\'s training', () => {
  it('rises, and falls to nothing at the end of each course', () => {
    for (const [begin, { until, learningRate }] of [[0, first], [first.until, second]] as const) {
      const top = begin + PLAN.warmupSteps + 1
      expect(plannedLearningRate(begin + 1)).toBeLessThan(0.01 * learningRate)
      expect(plannedLearningRate(top)).toBe(learningRate)
      // half of a cosine has half the height in its middle
      expect(plannedLearningRate((top + until + 1) / 2) / learningRate).toBeCloseTo(0.5, 6)
      expect(plannedLearningRate(until) / learningRate).toBeLessThan(1e-6)
    }
  })

  it('ends with the last phase', () => {
    expect(PLAN.courses.at(-1)?.until).toBe(PLAN.phases.at(-1)?.until)
    expect(plannedLearningRate(second.until + 5) / second.learningRate).toBeCloseTo(0, 12)
  })
})
