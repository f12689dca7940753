import { describe, expect, test } from 'vitest'
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16, fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half.ts'

/** Truth is the definition of the formats (IEEE 754, table 3.5): sign, exponent and fraction of every number of 16 bits. */
function closedForm(bits: number, exponentBits: number): number {
  const fractionBits = 15 - exponentBits
  const sign = bits >= 0x8000 ? -1 : 1
  const exponent = Math.floor((bits % 0x8000) / 2 ** fractionBits)
  const fraction = (bits % 2 ** fractionBits) / 2 ** fractionBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias)
}

describe.each([
  { type: 'float16', exponentBits: 5, from: fromFloat16, to: toFloat16, infinity: 0x7c00 },
  { type: 'bfloat16', exponentBits: 8, from: fromBfloat16, to: toBfloat16, infinity: 0x7f80 },
])('$type', ({ exponentBits, from, to, infinity }) => {
  test('all 65,536 numbers are read as the standard defines them, and written back', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = closedForm(bits, exponentBits)
      if (!Object.is(from(bits), value)) expect.fail(`${bits}: ${from(bits)}, not ${value}`)
      if (Number.isNaN(value)) expect(from(to(value))).toBeNaN()
      else if (to(value) !== bits) expect.fail(`${value}: ${to(value)}, not ${bits}`)
    }
  })

  test('between any two neighbours: halfway goes to the even one, anything else to the nearer', () => {
    const float = new Float32Array(1)
    const word = new Int32Array(float.buffer)
    /** the float32 next to a positive one */
    const beside = (value: number, step: number): number => {
      float[0] = value
      word[0] += step
      return float[0]
    }
    for (let bits = 0; bits < infinity; bits++) {
      const below = closedForm(bits, exponentBits)
      // above the greatest number lies the one that the next exponent would have
      const above = bits + 1 === infinity ? 2 * closedForm(infinity - 2 ** (15 - exponentBits), exponentBits) : closedForm(bits + 1, exponentBits)
      const halfway = (below + above) / 2
      const even = bits % 2 === 0 ? bits : bits + 1
      const found = [to(beside(halfway, -1)), to(halfway), to(beside(halfway, 1)), to(-halfway)]
      if (found.join() !== [bits, even, bits + 1, even + 0x8000].join()) expect.fail(`beside ${halfway}: ${found.join()}`)
    }
  })

  test('infinity, what is too large, zeros and NaN', () => {
    expect([to(Infinity), to(-Infinity), to(3.4e38), to(-0), to(0), to(2 ** -149)]).toEqual([infinity, infinity + 0x8000, infinity, 0x8000, 0, 0])
    for (const nan of [0x7f800001, 0x7fffffff, 0xffc00000]) expect(from(to(new Float32Array(Uint32Array.of(nan).buffer)[0]))).toBeNaN()
  })
})

test('whole tensors', () => {
  const values = Float32Array.of(1, -2, 0.5, 65504)
  expect(float16ToFloat32(float32ToFloat16(values))).toEqual(values)
  expect(bfloat16ToFloat32(float32ToBfloat16(values))).toEqual(Float32Array.of(1, -2, 0.5, 65536))
})
