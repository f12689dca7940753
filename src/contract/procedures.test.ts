import { expect, test } from 'vitest'
import { procedures } from './procedures.ts'

test('a fusion with another theta says nothing of what else it was made with', () => {
  expect(procedures['runs.refuse'].input.parse({ run: 'last', fusion: { theta: 0.6 } })).toEqual({ run: 'last', fusion: { theta: 0.6 } })
})
