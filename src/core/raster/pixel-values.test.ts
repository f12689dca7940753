import { expect, test } from 'vitest'
import { pixelValues } from './pixel-values.ts'

// red, white / black, grey
const image = { width: 2, height: 2, data: Uint8Array.of(255, 0, 0, 255, 255, 255, 0, 0, 0, 128, 128, 128) }
// (1 - mean) / std and (0 - mean) / std and (128 / 255 - mean) / std, worked out by hand
const one = [2.2489083, 2.4285714, 2.64]
const zero = [-2.117904, -2.0357143, -1.8044444]
const half = [0.0740646, 0.2051821, 0.4264924]

function expectClose(values: Float32Array, expected: number[]): void {
  expect(values).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5))
}

test('planes of normalised red, green, blue', () => {
  expectClose(pixelValues(image, image), [
    one[0], one[0], zero[0], half[0],
    zero[1], one[1], zero[1], half[1],
    zero[2], one[2], zero[2], half[2],
  ])
})

test('padding to the right and below is zero, also in a used buffer', () => {
  const expected = [
    one[0], one[0], 0, zero[0], half[0], 0, 0, 0, 0,
    zero[1], one[1], 0, zero[1], half[1], 0, 0, 0, 0,
    zero[2], one[2], 0, zero[2], half[2], 0, 0, 0, 0,
  ]
  const used = new Float32Array(27).fill(9)
  const frame = { width: 3, height: 3 }
  expect(pixelValues(image, frame, used)).toBe(used)
  expectClose(used, expected)
  expectClose(pixelValues(image, frame), expected)
})

test('what does not fit is refused', () => {
  expect(() => pixelValues(image, { width: 1, height: 2 })).toThrow(/2x2.*1x2/)
  expect(() => pixelValues(image, { width: 2, height: 2 }, new Float32Array(11))).toThrow(RangeError)
})
