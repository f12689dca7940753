/** A network that is twice as wide everywhere computes what the narrower one does. */
import { expect, it } from 'vitest'
import { widened } from '../../builtin/widen.ts'
import { type SegformerConfig, studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { float32 } from '../../src/core/onnx/tensor.ts'
import { runModel } from '../support/run-model.ts'

const NARROW: SegformerConfig = { ...studentConfig('mini', 5), depths: [1, 2, 2, 1], hiddenSizes: [8, 16, 24, 32], heads: [1, 2, 3, 2], mlpRatios: [2, 2, 2, 3], decoderSize: 16 }

it.each([
  ['twice the heads', { heads: [2, 4, 6, 4] }],
  ['heads of twice the width', { heads: [1, 2, 3, 2] }],
])('doubled, with %s', async (_, { heads }) => {
  const wide: SegformerConfig = { ...NARROW, heads, hiddenSizes: NARROW.hiddenSizes.map((size) => 2 * size), decoderSize: 32 }
  // biases and statistics that are not 0 and 1
  const weights = new Map([...initialWeights(NARROW, 3)].map(([name, { dims, data }]) => [name, float32(dims, Float32Array.from(data as Float32Array, (value, index) => value + 0.1 + 0.05 * Math.sin(index)))]))
  const pixels = float32([1, 3, 64, 96], Float32Array.from({ length: 3 * 64 * 96 }, (_value, index) => Math.sin(index * 0.37) + Math.cos(index * 0.011)))
  const [before, after] = await Promise.all([
    runModel(segformer(NARROW, weights), { pixel_values: pixels }),
    runModel(segformer(wide, widened(weights, { from: NARROW, to: wide, noise: 0, seed: 1 })), { pixel_values: pixels }),
  ])
  const [a, b] = [before['logits'].data, after['logits'].data] as [Float32Array, Float32Array]
  expect(a.some((value) => Math.abs(value) > 0.1)).toBe(true)
  expect(Math.max(...a.map((value, index) => Math.abs(value - b[index])))).toBeLessThan(2e-4 * Math.max(...a.map(Math.abs)))
})

it('a narrower network is refused', () => {
  const narrower = { ...NARROW, decoderSize: 8 }
  expect(() => widened(initialWeights(NARROW, 3), { from: NARROW, to: narrower, noise: 0, seed: 1 })).toThrow(/cannot be widened/)
})
