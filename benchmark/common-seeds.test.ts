import { expect, it } from 'vitest'
import { overCommonSeeds } from './common-seeds.ts'

const student = (mious: Record<number, number>) => {
  const seeds = Object.entries(mious).map(([seed, miou]) => ({ seed: Number(seed), miou }))
  return { seeds, miou: seeds.reduce((sum, { miou }) => sum + miou, 0) / seeds.length }
}

it('two students are compared over the seeds that both have', () => {
  expect(overCommonSeeds(student({ 1: 50, 2: 54, 3: 70 }), student({ 2: 51, 1: 53, 4: 10 }))).toEqual({ a: 52, b: 52, seeds: [1, 2] })
})

it('where they share none, each over its own', () => {
  expect(overCommonSeeds(student({ 1: 50, 2: 54 }), student({ 3: 51 }))).toEqual({ a: 52, b: 51, seeds: [] })
})
