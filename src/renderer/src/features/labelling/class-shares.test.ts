import { expect, test } from 'vitest'
import { sharesOf } from './class-shares.ts'

test('shares add up to one and count ignored pixels too', () => {
  const shares = sharesOf(new Uint8Array([0, 0, 10, 255]))
  expect([shares[0], shares[10], shares[255], shares[1]]).toEqual([0.5, 0.25, 0.25, 0])
  expect(shares.reduce((sum, share) => sum + share)).toBe(1)
})

test('no pixels, no shares', () => expect(sharesOf([]).every((share) => share === 0)).toBe(true))
