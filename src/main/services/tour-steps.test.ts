import { expect, test } from 'vitest'
import { stepsFor } from './tour-steps.ts'

test('a student learns for what is left of the tour, at most four minutes and at least one', () => {
  // 460 s in all, 25 s for the last scores
  expect(stepsFor(235, 0.5)).toBe(400)
  expect(stepsFor(60, 0.5)).toBe(480)
  expect(stepsFor(3600, 0.5)).toBe(120)
  expect(stepsFor(100, 60)).toBe(20)
})
