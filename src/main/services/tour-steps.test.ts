import { expect, test } from 'vitest'
import { stepsFor } from './tour-steps.ts'

test('a student learns for what is left of the tour, at most three minutes and at least one', () => {
  // 460 s in all, 25 s for the last scores
  expect(stepsFor(300, 0.5)).toBe(270)
  expect(stepsFor(60, 0.5)).toBe(340)
  expect(stepsFor(3600, 0.5)).toBe(120)
  expect(stepsFor(100, 60)).toBe(20)
})
