import { describe, expect, it } from 'vitest'
import { PLAN, plannedLearningRate } from './plan.ts'

const courses = PLAN.courses.map((course, index) => ({ ...course, begin: PLAN.courses[index - 1]?.until ?? 0 }))
const last = courses[courses.length - 1]

describe('the learning rate of nano-sam\'s training', () => {
  it('rises, and falls to nothing at the end of each course', () => {
    for (const { begin, until, learningRate } of courses) {
      const top = begin + PLAN.warmupSteps + 1
      expect(plannedLearningRate(begin + 1)).toBeLessThan(0.01 * learningRate)
      expect(plannedLearningRate(top)).toBe(learningRate)
      // half of a cosine has half the height in its middle
      expect(plannedLearningRate((top + until + 1) / 2) / learningRate).toBeCloseTo(0.5, 6)
      expect(plannedLearningRate(until) / learningRate).toBeLessThan(1e-6)
    }
  })

  it('ends with the last phase', () => {
    expect(last.until).toBe(PLAN.phases.at(-1)?.until)
    expect(plannedLearningRate(last.until + 5) / last.learningRate).toBeCloseTo(0, 12)
  })
})
