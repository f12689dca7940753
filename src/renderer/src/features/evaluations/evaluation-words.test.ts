import { expect, test } from 'vitest'
import { evaluationsOf, formatMilliseconds, formatPoints, isKept, sortClasses, truthName, whyNotComparable, type EvaluationSummary } from './evaluation-words.ts'

function evaluation(id: string, subject: string, changes: Partial<EvaluationSummary> = {}): EvaluationSummary {
  return {
    id, subject: { kind: 'student', id: subject, name: subject }, datasetId: 'street', datasetName: 'street', truth: null, mode: 'whole', jobId: 'job',
    status: 'done', error: null, result: null, hashes: {}, millisecondsPerPanorama: null, createdAt: '2026-01-01T00:00:00Z', ...changes,
  }
}

test('classes without a score are last, however the table is sorted', () => {
  const rows = [
    { trainId: 0, name: 'road', iou: 0.5, pixels: 10 }, { trainId: 1, name: 'sidewalk', iou: null, pixels: 0 },
    { trainId: 2, name: 'building', iou: 0.9, pixels: 30 }, { trainId: 3, name: 'wall', iou: 0.1, pixels: 20 },
  ]
  const names = (...how: [Parameters<typeof sortClasses>[1], boolean]): string[] => sortClasses(rows, ...how).map(({ name }) => name)
  expect(names('iou', true)).toEqual(['building', 'road', 'wall', 'sidewalk'])
  expect(names('iou', false)).toEqual(['wall', 'road', 'building', 'sidewalk'])
  expect(names('pixels', true)).toEqual(['building', 'wall', 'road', 'sidewalk'])
  expect(names('class', true)).toEqual(['wall', 'building', 'sidewalk', 'road'])
})

test('differences are in percentage points, with a sign, and nothing where there is no number', () => {
  expect(formatPoints(0.523, 0.511)).toBe('+1.2')
  expect(formatPoints(0.5, 0.504)).toBe('\u22120.4')
  expect(formatPoints(0.5, 0.50004)).toBe('±0.0')
  expect(formatPoints(null, 0.5)).toBe('')
})

test('times of inference are told as they are felt', () => {
  expect([4.04, 23.4, 999, 4120].map(formatMilliseconds)).toEqual(['4.0 ms', '23 ms', '999 ms', '4.1 s'])
})

test('only finished evaluations against the same truth are compared', () => {
  const a = evaluation('a', 'mini')
  expect(whyNotComparable([a])).toMatch(/two or more/)
  expect(whyNotComparable([a, evaluation('b', 'tiny')])).toBeNull()
  expect(whyNotComparable([a, evaluation('b', 'tiny', { status: 'pending' })])).toMatch(/tiny on street, whole panorama has no result/)
  expect(whyNotComparable([a, evaluation('b', 'tiny', { truth: '/truth' })])).toMatch(/different truth/)
  expect(whyNotComparable([a, evaluation('b', 'tiny', { datasetId: 'park' })])).toMatch(/different datasets/)
  expect(whyNotComparable(Array.from({ length: 9 }, (_, k) => evaluation(`${k}`, 'mini')))).toMatch(/At most 8/)
})

test('students are compared by the newest evaluations of the dataset that all were scored on', () => {
  const newestFirst = [
    evaluation('mini on park', 'mini', { datasetId: 'park' }), evaluation('mini again', 'mini'), evaluation('tiny', 'tiny'), evaluation('mini', 'mini'),
  ]
  expect(evaluationsOf(['tiny', 'mini'], newestFirst)).toEqual({ evaluationIds: ['tiny', 'mini again'], missing: [] })
  expect(evaluationsOf(['tiny', 'mini', 'small'], newestFirst)).toEqual({ evaluationIds: [], missing: ['small'] })
  expect(evaluationsOf(['small'], [])).toEqual({ evaluationIds: [], missing: ['small'] })
})

test('truth that was drawn with the streets is kept, that of any other folder is not', () => {
  expect([null, '/w/truth/ds_7c1m0e9rk2xt', 'C:\\w\\truth\\ds_7c1m0e9rk2xt', '/data/truth', '/data/truth/ds_city'].map(isKept)).toEqual([true, true, true, false, false])
  expect(truthName('/w/truth/ds_7c1m0e9rk2xt')).toBe('drawn with the streets')
  expect(truthName('/data/gtFine')).toBe('gtFine')
})
