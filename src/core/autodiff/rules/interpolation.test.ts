/** The taps that the gradient is made of are those that onnxruntime's own Resize reads. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runModel } from '../../../../test/support/run-model.ts'
import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { float32 } from '../../onnx/tensor.ts'
import { differentiate } from '../differentiate.ts'
import { interpolationsOf } from './interpolation.ts'

const MODES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric']
const attributes = fc.oneof(
  fc.constantFrom(...MODES).map((coordinate_transformation_mode) => ({ mode: 'linear', coordinate_transformation_mode })),
  fc.record({ mode: fc.constant('nearest'), coordinate_transformation_mode: fc.constantFrom(...MODES), nearest_mode: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil') }),
)

/** Resizes one axis of a plane, to a size or by a scale. */
function resized(size: number, attribute: Record<string, string>, to: { size: number } | { scale: number }) {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'float32', [1, 1, size, 1])
  const y = 'size' in to
    ? builder.emit('Resize', [x, undefined, undefined, [1, 1, to.size, 1]], attribute)
    : builder.emit('Resize', [x, undefined, builder.constant(float32([4], [1, 1, to.scale, 1]))], attribute)
  builder.output(y, 'y')
  return { builder, x, y }
}

async function expectSameAsRuntime({ builder, y }: { builder: GraphBuilder; y: Value }, size: number): Promise<void> {
  const node = builder.nodes.find((each) => each.opType === 'Resize')!
  const data = Float32Array.from({ length: size }, (_, index) => Math.sin(17 * index + 3))
  const results = await runModel(builder.build(), { x: float32([1, 1, size, 1], data) })
  const [interpolation] = interpolationsOf(node, node.inputs.map((name) => (name === '' ? undefined : builder.value(name))), y)
  const expected = interpolation === undefined ? [...data] : interpolation.taps.map((taps) => taps.reduce((sum, { index, weight }) => sum + weight * data[index], 0))
  const actual = Array.from(results.y.data as Float32Array)
  expect(actual.length).toBe(expected.length)
  for (const [index, value] of expected.entries()) expect(Math.abs(actual[index] - value), `element ${index}`).toBeLessThan(2e-6)
}

/** The operators of the gradient. */
function operators(size: number, attribute: Record<string, string>, to: { size: number } | { scale: number }): readonly string[] {
  const { builder, y } = resized(size, attribute, to)
  const before = builder.nodes.length
  differentiate(builder, y, ['x'], builder.input('seed', 'float32', y.shape))
  return builder.nodes.slice(before).map((node) => node.opType)
}

describe('the taps of Resize', () => {
  it('are the runtime\'s for any size', { timeout: 60_000 }, async () => {
    const size = fc.integer({ min: 1, max: 40 })
    await fc.assert(fc.asyncProperty(attributes, size, size, (attribute, from, to) => expectSameAsRuntime(resized(from, attribute, { size: to }), from)), { numRuns: 400 })
  })

  it('are the runtime\'s for any scale', { timeout: 60_000 }, async () => {
    const scale = fc.oneof(fc.constantFrom(0.5, 2, 3, 4, 8, 1.5, 0.3, 2.7), fc.integer({ min: 20, max: 400 }).map((percent) => percent / 100))
    await fc.assert(fc.asyncProperty(attributes, fc.integer({ min: 5, max: 40 }), scale, (attribute, from, to) => expectSameAsRuntime(resized(from, attribute, { scale: to }), from)), { numRuns: 400 })
  })
})

describe('the gradient of Resize', () => {
  it('is a convolution for long axes by whole factors, else a matrix product', () => {
    for (const mode of ['linear', 'nearest']) {
      expect(operators(128, { mode }, { scale: 4 })).toContain('Conv')
      expect(operators(128, { mode }, { scale: 3 })).toContain('Conv')
      expect(operators(16, { mode }, { scale: 4 })).toContain('MatMul')
      expect(operators(128, { mode }, { size: 200 })).toContain('MatMul')
    }
  })

  it('is refused for cubic, antialiased and cropping interpolation, saying what the node states', () => {
    expect(() => operators(8, { mode: 'cubic' }, { scale: 2 })).toThrow('No gradient of Resize with mode=cubic')
    expect(() => operators(8, { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' }, { scale: 2 })).toThrow('coordinate_transformation_mode=half_pixel_symmetric')
  })
})
