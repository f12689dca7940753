import * as fc from 'fast-check'
import type { GradientCase, Instance } from '../gradient-check.ts'

/** One spatial axis on which at least one window fits. */
const axis = fc.record({
  kernel: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 1, max: 4 }), dilation: fc.integer({ min: 1, max: 3 }),
  padBegin: fc.integer({ min: 0, max: 5 }), padEnd: fc.integer({ min: 0, max: 5 }), room: fc.integer({ min: 0, max: 6 }),
}).map(({ room, ...rest }) => {
  const extent = (rest.kernel - 1) * rest.dilation + 1
  return { ...rest, extent, size: Math.max(1, extent - rest.padBegin - rest.padEnd) + room }
})
type Axis = typeof axis extends fc.Arbitrary<infer Drawn> ? Drawn : never

const channels = fc.record({ batch: fc.integer({ min: 1, max: 2 }), group: fc.integer({ min: 1, max: 3 }), inputs: fc.integer({ min: 1, max: 3 }), outputs: fc.integer({ min: 1, max: 3 }) })

function windows(axes: readonly Axis[]) {
  return {
    kernel_shape: axes.map(({ kernel }) => kernel), strides: axes.map(({ stride }) => stride), dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ padBegin }) => padBegin), ...axes.map(({ padEnd }) => padEnd)],
  }
}

const sizes = (axes: readonly Axis[]) => axes.map(({ size }) => size)
const kernels = (axes: readonly Axis[]) => axes.map(({ kernel }) => kernel)

function convolutionOf(rank: number, runs: number): GradientCase {
  return {
    op: 'Conv',
    about: `${rank}-D: strides, dilations, groups, asymmetric pads`,
    runs,
    instances: fc.tuple(fc.array(axis, { minLength: rank, maxLength: rank }), channels, fc.boolean()).map(([axes, { batch, group, inputs, outputs }, bias]): Instance => ({
      inputs: {
        x: { dims: [batch, group * inputs, ...sizes(axes)] },
        w: { dims: [group * outputs, inputs, ...kernels(axes)] },
        ...(bias ? { b: { dims: [group * outputs] } } : {}),
      },
      build: (builder, x) => builder.emit('Conv', [x.x, x.w, x.b], { ...windows(axes), group }),
    })),
  }
}

const depthwise: GradientCase = {
  op: 'Conv',
  about: 'depthwise, as in a mix-FFN and in a dilated separable block',
  instances: fc.record({ batch: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 2, max: 5 }), dilation: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 2 }) })
    .map(({ batch, count, dilation, stride }) => ({
      inputs: { x: { dims: [batch, count, 6, 7] }, w: { dims: [count, 1, 3, 3] }, b: { dims: [count] } },
      build: (builder, x) => builder.emit('Conv', [x.x, x.w, x.b], { pads: [dilation, dilation, dilation, dilation], dilations: [dilation, dilation], strides: [stride, stride], group: count }),
    })),
}

const patches: GradientCase = {
  op: 'Conv',
  about: 'windows side by side: 1x1 and stride = kernel',
  instances: fc.record({ batch: fc.integer({ min: 1, max: 2 }), kernel: fc.constantFrom([1, 1], [2, 2], [3, 3], [2, 3]), inputs: fc.integer({ min: 1, max: 3 }), outputs: fc.integer({ min: 1, max: 3 }), group: fc.integer({ min: 1, max: 2 }), rest: fc.nat({ max: 1 }) })
    .map(({ batch, kernel, inputs, outputs, group, rest }) => ({
      inputs: { x: { dims: [batch, inputs * group, 3 * kernel[0] + rest * (kernel[0] - 1), 2 * kernel[1]] }, w: { dims: [outputs * group, inputs, ...kernel] } },
      build: (builder, x) => builder.emit('Conv', [x.x, x.w], { strides: kernel, group }),
    })),
}

const automatic: GradientCase = {
  op: 'Conv',
  about: 'auto_pad',
  instances: fc.record({ mode: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID'), height: fc.integer({ min: 4, max: 7 }), kernel: fc.integer({ min: 2, max: 4 }), stride: fc.integer({ min: 1, max: 3 }) })
    .map(({ mode, height, kernel, stride }) => ({
      inputs: { x: { dims: [1, 2, height, 5] }, w: { dims: [2, 2, kernel, 3] } },
      build: (builder, x) => builder.emit('Conv', [x.x, x.w], { auto_pad: mode, strides: [stride, stride] }),
    })),
}

/** Whether the transposed convolution of up to four elements leaves anything between its pads. */
function fits({ size, stride, extent, padBegin, padEnd }: Axis): boolean {
  return (Math.min(size, 4) - 1) * stride + extent - padBegin - padEnd > 0
}

function transposedOf(rank: number, runs: number): GradientCase {
  return {
    op: 'ConvTranspose',
    about: `${rank}-D: strides, dilations, groups, pads, output_padding`,
    runs,
    instances: fc.tuple(fc.array(axis, { minLength: rank, maxLength: rank }), channels, fc.boolean(), fc.boolean()).map(([drawn, { batch, group, inputs, outputs }, bias, extra]): Instance => {
      const axes = drawn.map((each) => ({ ...each, size: Math.min(each.size, 4), ...(fits(each) ? {} : { padBegin: 0, padEnd: 0 }) }))
      return {
        inputs: {
          x: { dims: [batch, group * inputs, ...sizes(axes)] },
          w: { dims: [group * inputs, outputs, ...kernels(axes)] },
          ...(bias ? { b: { dims: [group * outputs] } } : {}),
        },
        build: (builder, x) => builder.emit('ConvTranspose', [x.x, x.w, x.b], { ...windows(axes), group, output_padding: axes.map(({ stride }) => (extra ? stride - 1 : 0)) }),
      }
    }),
  }
}

const sized: GradientCase = {
  op: 'ConvTranspose',
  about: 'output_shape and auto_pad',
  instances: fc.record({ mode: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'NOTSET'), stride: fc.integer({ min: 1, max: 2 }), less: fc.nat({ max: 2 }), asked: fc.boolean() })
    .map(({ mode, stride, less, asked }) => ({
      inputs: { x: { dims: [1, 2, 4, 3] }, w: { dims: [2, 2, 3, 4] } },
      build: (builder, x) => builder.emit('ConvTranspose', [x.x, x.w], { auto_pad: mode, strides: [stride, stride], output_shape: asked || mode === 'NOTSET' ? [3 * stride + 3 - less, 2 * stride + 4 - less] : undefined }),
    })),
}

export const convolutionCases: readonly GradientCase[] = [
  convolutionOf(1, 20), convolutionOf(2, 40), convolutionOf(3, 8), depthwise, patches, automatic,
  transposedOf(1, 20), transposedOf(2, 30), sized,
]
