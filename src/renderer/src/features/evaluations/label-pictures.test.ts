import { expect, test } from 'vitest'
import { CITYSCAPES } from '../../../../core/labels/cityscapes.ts'
import { DIFFERENCE_COLORS, paintDifference, paintLabels, paintMistakes } from './label-pictures.ts'

const map = (width: number, data: number[]): { width: number; height: number; data: Uint8Array } => ({ width, height: data.length / width, data: Uint8Array.from(data) })
const rgb = ({ data }: { data: Uint8ClampedArray }, pixel: number): number[] => [...data.subarray(4 * pixel, 4 * pixel + 3)]

test('a label map has the label set\'s colours; what has no class is black', () => {
  const picture = paintLabels(map(3, [0, 13, 255]), CITYSCAPES, 100)
  expect([rgb(picture, 0), rgb(picture, 1), rgb(picture, 2)]).toEqual([[128, 64, 128], [0, 0, 142], [0, 0, 0]])
})

test('a large map is made smaller without mixing labels', () => {
  const picture = paintLabels(map(4, [0, 0, 13, 13, 0, 0, 13, 13]), CITYSCAPES, 2)
  expect([picture.width, picture.height]).toEqual([2, 1])
  expect([rgb(picture, 0), rgb(picture, 1)]).toEqual([[128, 64, 128], [0, 0, 142]])
})

test('a difference says who is right where the truth is known', () => {
  const picture = paintDifference(map(5, [0, 0, 0, 0, 0]), map(5, [0, 1, 1, 1, 1]), { truth: map(5, [0, 0, 1, 2, 255]), widthPx: 5 })
  const { same, firstRight, secondRight, other } = DIFFERENCE_COLORS
  expect([0, 1, 2, 3, 4].map((pixel) => rgb(picture, pixel))).toEqual([same, firstRight, secondRight, other, other].map((color) => [...color]))
  expect(picture.shares).toEqual({ differ: 0.8, firstRight: 0.2, secondRight: 0.2 })
})

test('a mistake is where the truth is known and other', () => {
  const picture = paintMistakes(map(3, [0, 1, 1]), map(3, [0, 0, 255]), 3)
  const { same, firstRight } = DIFFERENCE_COLORS
  expect([0, 1, 2].map((pixel) => rgb(picture, pixel))).toEqual([[...same], [...firstRight], [...same]])
})

test('maps of different sizes are refused', () => {
  expect(() => paintDifference(map(2, [0, 0]), map(1, [0]), { truth: null, widthPx: 2 })).toThrow(RangeError)
})
