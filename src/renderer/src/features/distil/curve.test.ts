import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LossPoint } from '../../../../contract/training-schemas.ts'
import { appendToCurve, lossRows, smooth, stepTicks, termsOf, thinPoints, thinScores } from './curve.ts'

const point = (step: number, loss: number, terms: Record<string, number> = {}): LossPoint => ({
  step, loss, terms, learningRate: 1e-3, gradientNorm: 1, imagesPerSecond: 4,
})

test('a run that goes on from a checkpoint replaces the steps behind it', () => {
  const before = { points: [point(1, 3), point(2, 2), point(3, 1)], scores: [{ step: 2, score: 0.5 }, { step: 3, score: 0.6 }] }
  const after = appendToCurve(before, { points: [point(2, 9)], scores: [{ step: 3, score: 0.7 }] })
  expect(after.points.map(({ step, loss }) => [step, loss])).toEqual([[1, 3], [2, 9]])
  expect(after.scores).toEqual([{ step: 2, score: 0.5 }, { step: 3, score: 0.7 }])
})

test('however long a run, the window keeps a bounded number of points', () => {
  let curve = { points: [] as LossPoint[], scores: [] }
  for (let step = 1; step <= 20_000; step += 500) {
    const later = Array.from({ length: 500 }, (_, index) => point(step + index, 1))
    curve = appendToCurve(curve, { points: later, scores: [] }) as typeof curve
    expect(curve.points.length).toBeLessThanOrEqual(4000)
  }
  expect(curve.points.at(-1)?.step).toBe(20_000)
})

test('thinning: means of equal ranges, at their last steps', () => {
  const thinned = thinPoints(Array.from({ length: 100 }, (_, index) => point(index, index, { image: 2 * index })), 12)
  expect(thinned.map(({ step }) => step)).toEqual([9, 19, 29, 39, 49, 59, 69, 79, 89, 99])
  expect(thinned[0].loss).toBe(4.5)
  expect(thinned[9].terms['image']).toBe(189)
})

test('thinning never gives more than it may, keeps the end and stays within the values', () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 300 }), fc.integer({ min: 2, max: 50 }),
    (steps, most) => {
      const points = steps.toSorted((a, b) => a - b).map((step) => point(step, Math.sin(step)))
      const thinned = thinPoints(points, most)
      expect(thinned.length).toBeLessThanOrEqual(most)
      expect(thinned.at(-1)?.step).toBe(points.at(-1)?.step)
      expect(Math.max(...thinned.map(({ loss }) => loss))).toBeLessThanOrEqual(Math.max(...points.map(({ loss }) => loss)) + 1e-12)
    },
  ))
})

test('a constant stays constant under any smoothing, and no smoothing changes nothing', () => {
  for (const value of smooth([3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12)
  expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2])
})

test('smoothing by its closed form: the average is weighted by w^(n - i)', () => {
  const values = [4, 1, 7, 2]
  const weights = values.map((_, index) => 0.6 ** (values.length - 1 - index))
  const total = weights.reduce((sum, weight) => sum + weight)
  const expected = values.reduce((sum, value, index) => sum + (weights[index] / total) * value, 0)
  expect(smooth(values, 0.6)[3]).toBeCloseTo(expected, 12)
})

test('what is missing stays missing and leaves the average alone', () => {
  expect(smooth([2, null, 2], 0.5)).toEqual([2, null, 2])
})

test('rows: the unsmoothed line stands beside the smoothed one; a logarithm has no place for zero', () => {
  const points = [point(1, 2, { image: 0 }), point(2, 4, { image: 1 })]
  const rows = lossRows(points, { terms: ['loss', 'image'], smoothing: 0.5, logarithmic: true })
  expect(rows[0]).toMatchObject({ step: 1, loss: 2, 'loss:raw': 2, image: null })
  expect(rows[1]['loss']).toBeCloseTo((0.5 * 2 + 4) / 1.5, 12)
  expect(lossRows(points, { terms: ['loss'], smoothing: 0, logarithmic: false })[1]).toEqual({ step: 2, loss: 4 })
})

test('terms come in the order of the method, and only those there are', () => {
  expect(termsOf([point(1, 1, { boundary: 1, image: 1 })])).toEqual(['image', 'boundary'])
})

test('the axis of the steps has round numbers', () => {
  expect(stepTicks(30_112)).toEqual([0, 10_000, 20_000, 30_000])
  expect(stepTicks(300)).toEqual([0, 100, 200, 300])
  expect(stepTicks(3)).toEqual([0, 1, 2, 3])
  expect(stepTicks(0)).toEqual([0])
})

test('of many scores the best of neighbours stay', () => {
  const scores = [0.1, 0.4, 0.3, 0.2, 0.9].map((score, index) => ({ step: index + 1, score }))
  expect(thinScores(scores, 3)).toEqual([{ step: 2, score: 0.4 }, { step: 3, score: 0.3 }, { step: 5, score: 0.9 }])
  expect(thinScores(scores, 10)).toEqual(scores)
  expect(thinScores([], 10)).toEqual([])
})
