import { expect, test } from 'vitest'
import type { Model } from '../../contract/schemas.ts'
import { hashesOfNetwork, subjectPlanSchema, taPlan } from './evaluation-subject.ts'

const TA = { id: 'model_1' } as Model
const SIZE = { height: 256, width: 512 } as const
const network = 'ab'.repeat(32)

test('a TA is scored at a size that was asked for, which is part of what made the numbers', () => {
  const [free, sized] = [null, SIZE].map((size) => taPlan(TA, 19, { mode: 'whole', size }))
  expect(sized).toEqual({ kind: 'ta', modelId: 'model_1', classes: 19, mode: 'whole', size: SIZE })
  expect(free).toEqual({ kind: 'ta', modelId: 'model_1', classes: 19, mode: 'whole' })
  // as they go through a job's payload
  for (const plan of [free!, sized!]) expect(subjectPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
  expect(hashesOfNetwork({ plan: sized!, network }).settings).not.toBe(hashesOfNetwork({ plan: free!, network }).settings)
})

test('in sliding windows there is no size of the whole', () => {
  const plan = taPlan(TA, 19, { mode: 'sliding', size: SIZE })
  expect(plan).not.toHaveProperty('size')
})
