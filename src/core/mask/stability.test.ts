import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/sam-postprocess.golden.json' with { type: 'json' }
import { scanMask } from './stability.ts'

const planeSize = golden.lowWidth * golden.lowHeight

test.each(golden.masks.map((mask, index) => ({ index, stability: mask.stability })))('stability of mask $index as numpy counts it', ({ index, stability }) => {
  const plane = {
    logits: Float32Array.from(golden.logits), start: index * planeSize, stride: golden.lowWidth,
    width: golden.validWidth, height: golden.validHeight,
  }
  expect(scanMask(plane, golden.offset).stability).toBeCloseTo(stability, 12)
})

test('a pass over blocks finds what a pass over pixels finds', () => {
  // near the thresholds, on them, far from them, and both zeros
  const logit = fc.oneof(fc.constantFrom(-12, -11, 12, 13, 10), fc.constantFrom(-1, 1, 0, -0, 0.1, -0.1, 2, -2), fc.float({ noNaN: true, min: -3, max: 3 }))
  // long stretches, as masks have them
  const stretches = fc.array(fc.tuple(logit, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(stretches, fc.integer({ min: 1, max: 37 }), fc.nat(3), fc.constantFrom(1, 0.1, 2.5), (parts, width, padding, offset) => {
      const values = parts.flatMap(([value, count]) => Array.from<number>({ length: count }).fill(value))
      const stride = width + padding
      const height = Math.ceil(values.length / stride)
      const logits = Float32Array.from({ length: 3 + stride * height }, (_, i) => values[(i - 3 + values.length) % values.length] ?? -20)
      let above = 0
      let below = 0
      const xs: number[] = []
      const ys: number[] = []
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const value = logits[3 + y * stride + x]
          if (value > Math.fround(offset)) above++
          if (value > -Math.fround(offset)) below++
          if (value > 0) {
            xs.push(x)
            ys.push(y)
          }
        }
      }
      const scan = scanMask({ logits, start: 3, stride, width, height }, offset)
      const box = xs.length === 0 ? [0, 0, 0, 0] : [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]
      expect([scan.x0, scan.y0, scan.x1, scan.y1]).toEqual(box)
      expect(scan.stability).toBe(below === 0 ? 0 : above / below)
    }),
    { numRuns: 300 },
  )
})

test('an offset that is not positive is refused', () => {
  const plane = { logits: new Float32Array(4), start: 0, stride: 2, width: 2, height: 2 }
  expect(() => scanMask(plane, 0)).toThrow(RangeError)
  expect(() => scanMask(plane, Number.NaN)).toThrow(RangeError)
})
