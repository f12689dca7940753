import { expect, it } from 'vitest'
import { goalsOf, shareOfWay } from './goals.ts'

/** Each with its mIoU of seeds 1, 2, ... */
const rows = (mious: Record<string, number | readonly number[]>) => Object.entries(mious).map(([name, miou]) => {
  const each = typeof miou === 'number' ? [miou] : miou
  return { name, miou: each.reduce((sum, one) => sum + one, 0) / each.length, seeds: each.map((one, index) => ({ seed: index + 1, miou: one })) }
})

const round = (value: number | null) => value && Number(value.toFixed(6))

it('the three goals, at and under their bounds', () => {
  const at = rows({ goodsam: 53.75, 'self-training': 50, 'ta-direct': 53.7, 'source-only': 41, supervised: 62.25 })
  // (53.75 - 41) / (62.25 - 41) = 0.6
  expect(goalsOf(at).map(({ value, met }) => [round(value), met])).toEqual([[3.75, true], [0.05, true], [60, true]])
  const under = rows({ goodsam: 53.7, 'self-training': 50, 'ta-direct': 53.7, 'source-only': 41, supervised: 62.25 })
  expect(goalsOf(under).map(({ met }) => met)).toEqual([false, false, false])
})

it('hold for the method with a refined TA, too, where that was measured', () => {
  const both = goalsOf(rows({ goodsam: 50, 'goodsam-refined': 52, 'ta-direct': 51 }))
  expect(both.map(({ text, value, met }) => [text.includes('refined'), value, met])).toEqual([
    [false, null, null], [false, -1, false], [false, null, null], [true, null, null], [true, 1, true], [true, null, null],
  ])
})

it('compare students over the seeds that both have, and with what has no seed over all', () => {
  const goals = goalsOf(rows({ goodsam: [53, 54, 58], 'goodsam++': 54, 'self-training': [50, 52, 54], 'ta-direct': 45, 'source-only': 40, supervised: 60 }))
  // of seed 1 alone: 13 of 20 and 14 of 20 points of the way, and 54 - 50
  expect(goals.map(({ value, seeds }) => [round(value), seeds])).toEqual([
    [3, [1, 2, 3]], [10, [1, 2, 3]], [65, [1]],
    [4, [1]], [9, [1]], [70, [1]],
  ])
})

it('what is not measured is neither met nor missed', () => {
  expect(goalsOf(rows({ goodsam: 50, 'ta-direct': 40 })).map(({ value, met, seeds }) => [value, met, seeds])).toEqual([[null, null, []], [10, true, [1]], [null, null, []]])
})

it('there is no share of a way that does not lead up', () => {
  expect(shareOfWay(50, 40, 40)).toBeNull()
  expect(shareOfWay(50, 40, 60)).toBe(50)
  expect(shareOfWay(30, 40, 60)).toBe(-50)
})
