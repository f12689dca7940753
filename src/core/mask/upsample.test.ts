import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/sam-postprocess.golden.json' with { type: 'json' }
import { bitmapToRuns, runsToBitmap } from './rle.ts'
import { lineSampling, upsampledRuns } from './upsample.ts'

test.each(golden.masks.map((mask, index) => ({ index, upsampled: mask.upsampled })))('agrees with numpy on mask $index', ({ index, upsampled }) => {
  const { lowWidth, lowHeight, validWidth, validHeight, width, height } = golden
  const start = index * lowWidth * lowHeight
  // rows of padding below the valid ones; columns are all valid, so rows are contiguous
  const crop = { logits: Float32Array.from(golden.logits), start, x0: 0, y0: 0, x1: validWidth, y1: validHeight }
  const runs = upsampledRuns(crop, lineSampling(width, validWidth, validWidth), lineSampling(height, validHeight, validHeight))
  expect([...bitmapToRuns(runsToBitmap(Uint32Array.from(runs), width * height))]).toEqual(upsampled)
})

function blend(a: number, b: number, fraction: number): number {
  return a * (1 - fraction) + b * fraction
}

test('sampling at the same size is the identity', () => {
  const { cell, fraction, firstPixel } = lineSampling(5, 5, 5)
  expect([...cell]).toEqual([0, 1, 2, 3, 4])
  expect([...fraction]).toEqual([0, 0, 0, 0, 0])
  expect([...firstPixel]).toEqual([0, 1, 2, 3, 4, 5])
})

test('runs are the pixels whose interpolated logit is positive, larger, smaller, with fractional padding', () => {
  const size = fc.integer({ min: 1, max: 9 })
  const window = fc.integer({ min: 1, max: 40 })
  fc.assert(
    fc.property(
      fc.record({ lowWidth: size, lowHeight: size, width: window, height: window, cut: fc.double({ min: -0.49, max: 0.49, noNaN: true }) }),
      fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 81, maxLength: 81 }),
      ({ lowWidth, lowHeight, width, height, cut }, values) => {
        const logits = Float32Array.from(values)
        const columns = lineSampling(width, lowWidth, lowWidth + cut)
        const rows = lineSampling(height, lowHeight, lowHeight + cut)
        const at = (pixel: number, pixels: number, low: number): number => Math.min(low - 1, Math.max(0, ((pixel + 0.5) * (low + cut)) / pixels - 0.5))
        const expected = Uint8Array.from({ length: width * height }, (_, i) => {
          const u = at(i % width, width, lowWidth)
          const v = at(Math.floor(i / width), height, lowHeight)
          const logit = (x: number, y: number): number => logits[Math.min(y, lowHeight - 1) * lowWidth + Math.min(x, lowWidth - 1)]
          const x = Math.floor(u)
          const y = Math.floor(v)
          return blend(blend(logit(x, y), logit(x, y + 1), v - y), blend(logit(x + 1, y), logit(x + 1, y + 1), v - y), u - x) > 0 ? 1 : 0
        })
        const runs = upsampledRuns({ logits, start: 0, x0: 0, y0: 0, x1: lowWidth, y1: lowHeight }, columns, rows)
        expect(runsToBitmap(Uint32Array.from(runs), width * height)).toEqual(expected)
        for (let k = 0; k < runs.length; k += 2) {
          expect(runs[k + 1]).toBeGreaterThan(0)
          expect(Math.floor(runs[k] / width)).toBe(Math.floor((runs[k] + runs[k + 1] - 1) / width))
        }
      },
    ),
    { numRuns: 300 },
  )
})
