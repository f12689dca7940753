import { expect, test } from 'vitest'
import { cellText, hasUnlabelled, shades } from './confusion.ts'

// 4 roads: 3 found, 1 taken for a sidewalk; no sidewalk in the truth; 2 walls: one given no class
const COUNTS = [[3, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]
const NAMES = ['road', 'sidewalk', 'wall']

test('shades are shares of the truth, or of the largest count; a class that is not there has none', () => {
  expect(shades(COUNTS, true)).toEqual([[0.75, 0.25, 0, 0], null, [0, 0, 0.5, 0.5]])
  expect(shades(COUNTS, false)?.[2]).toEqual([0, 0, 1 / 3, 1 / 3])
})

test('a cell is told in words', () => {
  expect(cellText(COUNTS, { truth: 0, prediction: 0 }, NAMES)).toBe('road found: 3 pixels, 75.0 % of all road')
  expect(cellText(COUNTS, { truth: 0, prediction: 1 }, NAMES)).toBe('road taken for sidewalk: 1 pixel, 25.0 % of all road')
  expect(cellText(COUNTS, { truth: 2, prediction: 3 }, NAMES)).toBe('wall given no class: 1 pixel, 50.0 % of all wall')
})

test('the column of pixels without a class is there only for those who need it', () => {
  expect(hasUnlabelled(COUNTS)).toBe(true)
  expect(hasUnlabelled([[1, 0, 0], [0, 1, 0]])).toBe(false)
})
