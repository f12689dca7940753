import { expect, test } from 'vitest'
import type { PanoramaResult } from '../../../../contract/schemas.ts'
import { countReviews, needsReview, neighbour, orderResults } from './review-order.ts'

const result = (name: string, more: Partial<PanoramaResult> = {}): PanoramaResult => ({
  runId: 'r', panoramaId: name, name, status: 'done', error: null, artifacts: null, stats: null, doubt: 0.5, review: null, ...more,
})
const names = (results: readonly PanoramaResult[]): string[] => results.map(({ name }) => name)

const LIST = [
  result('10', { doubt: 0.2 }), result('2', { doubt: 0.9, review: 'accepted' }), result('9', { doubt: null, status: 'pending' }),
  result('a', { doubt: 0.2, review: 'rejected' }), result('1', { doubt: null, status: 'failed' }),
]

test('by doubt: most doubtful first, equals by name, unlabelled last', () => {
  expect(names(orderResults(LIST, 'doubt'))).toEqual(['2', '10', 'a', '1', '9'])
})

test('by name numbers count as numbers', () => {
  expect(names(orderResults(LIST, 'name'))).toEqual(['1', '2', '9', '10', 'a'])
})

test('neighbours, and the ends', () => {
  const ordered = orderResults(LIST, 'doubt')
  expect(neighbour(ordered, '2', 1)?.name).toBe('10')
  expect(neighbour(ordered, '2', -1)).toBeNull()
  expect(neighbour(ordered, '9', 1)).toBeNull()
  expect(neighbour(ordered, null, 1)?.name).toBe('2')
  expect(neighbour(ordered, 'gone', -1)?.name).toBe('9')
})

test('the next one without review passes over reviewed, pending and failed ones', () => {
  const ordered = [result('a', { review: 'accepted' }), result('b', { status: 'pending' }), result('c', { status: 'failed' }), result('d')]
  expect(neighbour(ordered, 'a', 1, needsReview)?.name).toBe('d')
  expect(neighbour(ordered, 'd', 1, needsReview)).toBeNull()
})

test('counts add up to the list', () => {
  expect(countReviews(LIST)).toEqual({ accepted: 1, rejected: 1, open: 1, pending: 1, failed: 1 })
})
