import { expect, it } from 'vitest'
import { goalsOf, shareOfWay } from './goals.ts'

const rows = (miou: Record<string, number>) => Object.entries(miou).map(([name, value]) => ({ name, miou: value }))

it('the three goals, at and under their bounds', () => {
  const at = rows({ goodsam: 53.75, 'self-training': 50, 'ta-direct': 53.7, 'source-only': 41, supervised: 62.25 })
  // (53.75 - 41) / (62.25 - 41) = 0.6
  expect(goalsOf(at).map(({ value, met }) => [value && Number(value.toFixed(6)), met])).toEqual([[3.75, true], [0.05, true], [60, true]])
  const under = rows({ goodsam: 53.7, 'self-training': 50, 'ta-direct': 53.7, 'source-only': 41, supervised: 62.25 })
  expect(goalsOf(under).map(({ met }) => met)).toEqual([false, false, false])
})

it('hold for the method with a refined TA, too, where that was measured', () => {
  const both = goalsOf(rows({ goodsam: 50, 'goodsam-refined': 52, 'ta-direct': 51 }))
  expect(both.map(({ text, value, met }) => [text.includes('refined'), value, met])).toEqual([
    [false, null, null], [false, -1, false], [false, null, null], [true, null, null], [true, 1, true], [true, null, null],
  ])
})

it('what is not measured is neither met nor missed', () => {
  expect(goalsOf(rows({ goodsam: 50, 'ta-direct': 40 })).map(({ value, met }) => [value, met])).toEqual([[null, null], [10, true], [null, null]])
})

it('there is no share of a way that does not lead up', () => {
  expect(shareOfWay(50, 40, 40)).toBeNull()
  expect(shareOfWay(50, 40, 60)).toBe(50)
  expect(shareOfWay(30, 40, 60)).toBe(-50)
})
