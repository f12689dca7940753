/** Linear: the finite differences are exact up to rounding, and a wrong tap shows as a wrong element. */
import * as fc from 'fast-check'
import { float32 } from '../../../src/core/onnx/tensor.ts'
import type { GradientCase, Instance } from '../gradient-check.ts'

const linear = fc.constantFrom('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric').map((coordinate_transformation_mode) => ({ mode: 'linear', coordinate_transformation_mode }))
const nearest = fc.record({
  mode: fc.constant('nearest'),
  coordinate_transformation_mode: fc.constantFrom('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'),
  nearest_mode: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
})
const attributes = fc.oneof(linear, nearest)
const size = fc.integer({ min: 1, max: 7 })
const channels = fc.constantFrom([1, 1], [2, 3])

const byScales = (scale: fc.Arbitrary<number>, from: fc.Arbitrary<number>): fc.Arbitrary<Instance> => fc.record({ attributes, channels, height: from, width: from, scale, other: scale }).map((drawn) => ({
  inputs: { x: { dims: [...drawn.channels, drawn.height, drawn.width] } },
  build: (builder, { x }) => builder.emit('Resize', [x, undefined, builder.constant(float32([4], [1, 1, drawn.scale, drawn.other]))], drawn.attributes),
}))

const bySizes = fc.record({ attributes, channels, height: size, width: size, to: fc.tuple(size, size), onAxes: fc.boolean() }).map(({ attributes: drawn, channels: lead, height, width, to, onAxes }): Instance => ({
  inputs: { x: { dims: [...lead, height, width] } },
  build: (builder, { x }) => builder.emit('Resize', [x, undefined, undefined, onAxes ? to : [...lead, ...to]], onAxes ? { ...drawn, axes: [2, 3] } : drawn),
}))

/** Long enough for the convolution, one axis at a time */
const long = fc.record({ attributes, factor: fc.integer({ min: 2, max: 5 }), from: fc.integer({ min: 128, max: 130 }), isLast: fc.boolean() }).map(({ attributes: drawn, factor, from, isLast }): Instance => ({
  inputs: { x: { dims: isLast ? [1, 2, 2, from] : [1, 2, from, 2] } },
  build: (builder, { x }) => builder.emit('Resize', [x, undefined, builder.constant(float32([4], [1, 1, isLast ? 1 : factor, isLast ? factor : 1]))], drawn),
}))

export const resizeCases: readonly GradientCase[] = [
  { op: 'Resize', about: 'by whole factors', instances: byScales(fc.constantFrom(2, 3, 4), size), runs: 24 },
  { op: 'Resize', about: 'by fractions', instances: byScales(fc.constantFrom(0.5, 0.4, 1.5, 1.3, 2.6), fc.integer({ min: 3, max: 7 })), runs: 40 },
  { op: 'Resize', about: 'to sizes', instances: bySizes, runs: 40 },
  { op: 'Resize', about: 'long axes by whole factors', instances: long, runs: 24 },
]
