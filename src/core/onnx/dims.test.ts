import { describe, expect, it } from 'vitest'
import { array, assert, constantFrom, integer, oneof, property, record, tuple } from 'fast-check'
import { broadcastShapes, type DimOperator, dimArithmetic, evaluateDim } from './dims.ts'
import type { Dim } from './model.ts'

function chain(start: Dim, ...steps: readonly (readonly [DimOperator, Dim])[]): Dim {
  return steps.reduce<Dim>((dim, [operator, other]) => dimArithmetic(dim, operator, other), start)
}

describe('dimensions that are expressions', () => {
  it.each<[string, Dim, Dim]>([
    ['two convolutions of stride 2', chain('height', ['-', 1], ['/', 2], ['+', 1], ['-', 1], ['/', 2], ['+', 1]), '(height + 3) / 4'],
    ['a kernel of 3 with padding 1', chain('height', ['+', 2 - 3], ['+', 1]), 'height'],
    ['what was reshaped and back', chain('batch', ['*', 3276800], ['/', 3276800]), 'batch'],
    ['a part of a product', chain('height', ['*', 'width'], ['/', 'height']), 'width'],
    ['a quarter of a sum', chain('width', ['*', 8], ['+', 6], ['/', 4]), '2 * width + 1'],
    ['a quotient times a number', chain('width', ['/', 4], ['*', 3]), '3 * (width / 4)'],
    ['what is missing up to 64', chain(64, ['-', 'height']), '64 - height'],
    ['a sum less itself', chain('height', ['+', 'width'], ['-', 'height'], ['-', 'width']), 0],
    ['a sum by itself', chain('height', ['+', 1], ['/', dimArithmetic('height', '+', 1)]), 1],
    ['the rest of an even number', chain('width', ['*', 4], ['%', 2]), 0],
    ['one third by another', chain('a', ['/', 'b']), 'a / b'],
    ['a name of odd signs', chain('floor(height/2 - 1)', ['+', 1]), 'floor_height/2_-_1_ + 1'],
    ['a name with a hyphen', chain('batch-size', ['*', 2]), '2 * batch-size'],
  ])('%s', (_title, dim, text) => {
    expect(dim).toBe(text)
  })

  it('have the size that the numbers give, in every order of operations', () => {
    const operand = oneof(constantFrom<Dim[]>('a', 'b', 'c'), integer({ min: 1, max: 7 }))
    const step = tuple(constantFrom<DimOperator[]>('+', '-', '*', '/', '%'), operand)
    const sizes = record({ a: integer({ min: 1, max: 40 }), b: integer({ min: 1, max: 40 }), c: integer({ min: 1, max: 40 }) })
    assert(property(operand, array(step, { maxLength: 6 }), sizes, (start, steps, numbers) => {
      const number = (dim: Dim) => (typeof dim === 'number' ? dim : numbers[dim as 'a'])
      const symbolic = chain(start, ...steps)
      expect(evaluateDim(symbolic, numbers)).toBe(chain(number(start), ...steps.map(([operator, dim]) => [operator, number(dim)] as const)))
      // the text says the same when it is read again
      expect(dimArithmetic(dimArithmetic(symbolic, '+', 5), '-', 5)).toBe(symbolic)
    }), { numRuns: 2000 })
  })
})

describe('broadcastShapes', () => {
  it('takes the size where the other is 1 or has a name', () => {
    expect(broadcastShapes([['n', 1, 3], [4, 1]])).toEqual(['n', 4, 3])
    expect(broadcastShapes([['n', 3], [5, 1]])).toEqual([5, 3])
  })

  it('names both shapes where they do not fit', () => {
    expect(() => broadcastShapes([[2, 3], [4, 3]])).toThrow('Shapes [2, 3] and [4, 3] do not broadcast: 2 against 4.')
  })
})
