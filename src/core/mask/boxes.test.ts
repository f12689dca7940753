import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { boxArea, boxIou, nonMaximumSuppression } from './boxes.ts'

test('IoU of two boxes, by hand', () => {
  // 4x4 and 4x4 shifted by 2, 2: 4 common of 28; shifted by 4: they only touch
  const boxes = Uint32Array.from([0, 0, 4, 4, 2, 2, 6, 6, 4, 0, 8, 4, 1, 1, 1, 5])
  expect(boxArea(boxes, 1)).toBe(16)
  expect(boxIou(boxes, 0, 1)).toBe(4 / 28)
  expect(boxIou(boxes, 0, 2)).toBe(0)
  expect(boxIou(boxes, 0, 0)).toBe(1)
  expect(boxIou(boxes, 0, 3)).toBe(0)
})

test('the best of overlapping boxes stays, and shields nothing beyond its reach', () => {
  // a chain: 0-1 and 1-2 overlap by 3/5, 0-2 by 1/3; the middle one is best, or worst
  const boxes = Uint32Array.from([0, 0, 4, 1, 1, 0, 5, 1, 2, 0, 6, 1])
  expect([...nonMaximumSuppression(boxes, [0.5, 0.9, 0.4], 0.5)]).toEqual([1])
  expect([...nonMaximumSuppression(boxes, [0.5, 0.1, 0.9], 0.5)]).toEqual([2, 0])
  expect([...nonMaximumSuppression(boxes, [0.5, 0.9, 0.4], 0.6)]).toEqual([1, 0, 2])
})

test('what stays does not overlap, and what goes overlaps something better that stays', () => {
  const box = fc.tuple(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(box, fc.nat(5)), { maxLength: 30 }), fc.constantFrom(0.1, 0.5, 0.7), (cases, threshold) => {
      const boxes = Uint32Array.from(cases.flatMap(([[x, y, width, height]]) => [x, y, x + width, y + height]))
      const scores = cases.map(([, score]) => score)
      const kept = [...nonMaximumSuppression(boxes, scores, threshold)]
      for (let b = 0; b < scores.length; b++) {
        const rivals = kept.filter((k) => k !== b && boxIou(boxes, b, k) > threshold)
        if (kept.includes(b)) expect(rivals).toEqual([])
        else expect(rivals.some((k) => scores[k] > scores[b] || (scores[k] === scores[b] && k < b))).toBe(true)
      }
    }),
  )
})
