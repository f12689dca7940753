import { expect, it } from 'vitest'
import { type Progress, thinned } from './checkpoint.ts'

function progressOf(points: number): Progress {
  const curve = Array.from({ length: points }, (_, index) => ({ step: 20 * (index + 1), loss: 1, terms: {}, learningRate: 1, seconds: index }))
  return { step: 20 * points, curve, scores: [], stretches: [] }
}

it('a long curve comes with a model thinned evenly, with its last point', () => {
  const { curve } = thinned(progressOf(730))
  expect(curve.length).toBeGreaterThan(100)
  expect(curve.length).toBeLessThanOrEqual(200)
  expect(curve.at(-1)?.step).toBe(14_600)
  expect(new Set(curve.slice(1).map(({ step }, index) => step - curve[index].step))).toEqual(new Set([80]))
})

it('a short curve stays as it is', () => {
  expect(thinned(progressOf(200))).toEqual(progressOf(200))
})
