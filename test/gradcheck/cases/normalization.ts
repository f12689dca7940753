import * as fc from 'fast-check'
import type { Value } from '../../../src/core/onnx/graph-builder.ts'
import type { GradientCase, Instance } from '../gradient-check.ts'

const size = fc.integer({ min: 1, max: 4 })
const epsilon = fc.constantFrom(1e-5, 1e-3, 0.1)
/** Images of a few channels; at least eight elements each, so that their variance is well away from nothing */
const images = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(2, 4, 6), fc.constantFrom([8], [3, 4], [2, 2, 3]))
  .map(([count, channels, rest]) => [count, channels, ...rest])

/** Inputs spread widely beside the width of the difference, so that the function is smooth over it. */
const x = (dims: readonly number[]) => ({ dims, low: -4, high: 4 })

const channelWise = (op: string, attributes: (channels: number) => fc.Arbitrary<Record<string, number>>): GradientCase => ({
  op,
  instances: images.chain((dims) => fc.record({ attributes: attributes(dims[1]), epsilon }).map(({ attributes: drawn, epsilon: small }) => ({
    inputs: { x: x(dims), scale: { dims: [dims[1]] }, bias: { dims: [dims[1]] } },
    build: (builder, v) => builder.emit(op, [v.x, v.scale, v.bias], { ...drawn, epsilon: small }),
  }))),
})

const batch = (training: boolean, spatial: readonly number[]): fc.Arbitrary<Instance> => fc.record({ count: fc.constantFrom(4, 8), channels: size, small: epsilon }).map(({ count, channels, small }) => ({
  inputs: {
    x: x([count, channels, ...spatial]), scale: { dims: [channels] }, bias: { dims: [channels] },
    ...(training ? {} : { mean: { dims: [channels] }, variance: { dims: [channels], low: 0.5, high: 2 } }),
  },
  build: (builder, v) => {
    const fixed = (value: number): Value => builder.emit('ConstantOfShape', [[channels]], { value: { elementType: 'float32', dims: [1], data: Float32Array.of(value) } })
    if (!training) return builder.emit('BatchNormalization', [v.x, v.scale, v.bias, v.mean, v.variance], { epsilon: small })
    return builder.emitAll('BatchNormalization', [v.x, v.scale, v.bias, fixed(0), fixed(1)], { epsilon: small, training_mode: 1, momentum: 0.8 }, 3)[0]
  },
}))

const layer = (hasBias: boolean): fc.Arbitrary<Instance> => fc.tuple(fc.array(size, { maxLength: 3 }), fc.constantFrom([8], [5, 2], [2, 2, 4]), epsilon, fc.boolean()).map(([outer, inner, small, fromEnd]) => ({
  inputs: { x: x([...outer, ...inner]), scale: { dims: inner }, ...(hasBias ? { bias: { dims: inner } } : {}) },
  build: (builder, v) => builder.emit('LayerNormalization', [v.x, v.scale, v.bias], { axis: fromEnd ? -inner.length : outer.length, epsilon: small }),
}))

export const normalizationCases: readonly GradientCase[] = [
  { op: 'LayerNormalization', instances: layer(true) },
  { op: 'LayerNormalization', about: 'without bias', instances: layer(false) },
  { op: 'BatchNormalization', about: 'frozen statistics', instances: fc.constantFrom([], [3], [2, 3]).chain((spatial) => batch(false, spatial)) },
  { op: 'BatchNormalization', about: 'training', instances: fc.constantFrom([], [3], [2, 3]).chain((spatial) => batch(true, spatial)) },
  channelWise('InstanceNormalization', () => fc.constant({})),
  channelWise('GroupNormalization', (channels) => fc.constantFrom(1, 2, channels).map((groups) => ({ num_groups: groups }))),
]
