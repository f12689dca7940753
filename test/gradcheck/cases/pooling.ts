import * as fc from 'fast-check'
import type { GradientCase, Instance } from '../gradient-check.ts'

/** One spatial axis of a pool; a pad is smaller than the kernel. */
const axis = fc.integer({ min: 1, max: 4 }).chain((kernel) => fc.record({
  kernel: fc.constant(kernel), stride: fc.integer({ min: 1, max: 4 }), dilation: fc.integer({ min: 1, max: 2 }),
  padBegin: fc.integer({ min: 0, max: Math.min(2, kernel - 1) }), padEnd: fc.integer({ min: 0, max: Math.min(2, kernel - 1) }), room: fc.integer({ min: 0, max: 5 }),
}))

function pool(op: 'AveragePool' | 'MaxPool', rank: number, runs: number): GradientCase {
  return {
    op,
    about: `${rank}-D: strides, dilations, pads, ceil_mode`,
    runs,
    instances: fc.record({
      axes: fc.array(axis, { minLength: rank, maxLength: rank }), batch: fc.integer({ min: 1, max: 2 }), channels: fc.integer({ min: 1, max: 2 }),
      ceil: fc.nat({ max: 1 }), padded: fc.nat({ max: 1 }),
    }).map(({ axes, batch, channels, ceil, padded }): Instance => ({
      inputs: { x: { dims: [batch, channels, ...axes.map(({ kernel, dilation, room }) => (kernel - 1) * dilation + 1 + room)], ...(op === 'MaxPool' ? { low: -3, spacing: 0.1 } : {}) } },
      build: (builder, { x }) => builder.emit(op, [x], {
        kernel_shape: axes.map(({ kernel }) => kernel), strides: axes.map(({ stride }) => stride), dilations: axes.map(({ dilation }) => dilation),
        pads: [...axes.map(({ padBegin }) => padBegin), ...axes.map(({ padEnd }) => padEnd)], ceil_mode: ceil,
        count_include_pad: op === 'AveragePool' ? padded : undefined,
      }),
    })),
  }
}

/** Windows that tile the input, or stride by two over a padded one as in a strided block. */
function usual(op: 'AveragePool' | 'MaxPool'): GradientCase {
  return {
    op,
    about: 'windows side by side, and 3x3 by two',
    instances: fc.record({ form: fc.constantFrom({ kernel: 2, stride: 2, pad: 0 }, { kernel: 3, stride: 3, pad: 0 }, { kernel: 6, stride: 1, pad: 0 }, { kernel: 3, stride: 2, pad: 1 }, { kernel: 3, stride: 1, pad: 1 }), channels: fc.integer({ min: 1, max: 3 }) })
      .map(({ form: { kernel, stride, pad }, channels }): Instance => ({
        inputs: { x: { dims: [2, channels, 6, 6], ...(op === 'MaxPool' ? { low: -3, spacing: 0.1 } : {}) } },
        build: (builder, { x }) => builder.emit(op, [x], { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] }),
      })),
  }
}

export const poolingCases: readonly GradientCase[] = [
  pool('AveragePool', 1, 20), pool('AveragePool', 2, 30), usual('AveragePool'),
  pool('MaxPool', 1, 20), pool('MaxPool', 2, 30), usual('MaxPool'),
]
