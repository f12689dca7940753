/** All linear: the finite differences are exact up to rounding. */
import * as fc from 'fast-check'
import { elementCount, tensorOf } from '../../../src/core/onnx/tensor.ts'
import type { CheckedInput, GradientCase, Instance } from '../gradient-check.ts'

const size = fc.integer({ min: 1, max: 5 })
const shapes = fc.array(size, { minLength: 1, maxLength: 4 })
const FLOAT = 1
const DOUBLE = 11

/** An operator with one input x, from a drawn shape and what `draw` draws for it. */
function onShape<Choice>(
  op: string, draw: (shape: number[]) => fc.Arbitrary<Choice>,
  build: (context: { shape: number[]; choice: Choice }) => Instance['build'],
): GradientCase {
  return {
    op,
    instances: shapes.chain((shape) => draw(shape).map((choice) => ({ inputs: { x: { dims: shape } }, build: build({ shape, choice }) }))),
  }
}

const axisOf = (shape: readonly number[]) => fc.integer({ min: -shape.length, max: shape.length - 1 })
const permutationOf = (shape: readonly number[]) => fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })
const subset = (shape: readonly number[]) => fc.subarray([...shape.keys()], { minLength: 1 })

/** Sizes that add up to the axis of the drawn shape, some of them unused. */
const parted = fc.tuple(fc.array(size, { minLength: 1, maxLength: 4 }), fc.array(size, { maxLength: 2 }), fc.array(size, { maxLength: 2 }))
  .map(([sizes, left, right]) => ({ sizes, axis: left.length, shape: [...left, sizes.reduce((sum, each) => sum + each), ...right] }))

const slices = shapes.chain((shape) => subset(shape).chain((axes) => fc.tuple(...axes.map((axis) => fc.record({
  axis: fc.constant(axis), start: fc.integer({ min: -shape[axis] - 1, max: shape[axis] + 1 }), span: fc.integer({ min: 1, max: 6 }), step: fc.constantFrom(1, 1, 2, 3, -1, -2),
}))).map((ranges) => ({ shape, ranges }))))
  .map(({ shape, ranges }) => ({
    shape,
    ranges: ranges.map(({ axis, start, span, step }) => {
      const first = Math.min(Math.max(start < 0 ? start + shape[axis] : start, 0), shape[axis] - 1)
      const last = step > 0 ? Math.min(first + span, shape[axis] + 2) : first - span
      return { axis, start: first, end: last < 0 ? -shape[axis] - 1 : last, step }
    }),
  }))

const pads = fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 1, maxLength: 4 })
  .chain((shape) => fc.record({ shape: fc.constant(shape), axes: subset(shape), most: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }) }))

const padCase = (mode: string): GradientCase => ({
  op: 'Pad', about: mode,
  instances: pads.map(({ shape, axes, most }) => {
    const amounts = axes.map((axis) => [most[axis], most[axis + 4]].map((amount) => (mode === 'reflect' ? Math.min(amount, shape[axis] - 1) : mode === 'wrap' ? Math.min(amount, shape[axis]) : amount)))
    const flat = [...amounts.map(([before]) => before), ...amounts.map(([, after]) => after)]
    const inputs: Record<string, CheckedInput> = { x: { dims: shape }, ...(mode === 'constant' ? { value: { dims: [] } } : {}) }
    return { inputs, build: (builder, x) => builder.emit('Pad', [x.x, flat, x.value, axes], { mode }) }
  }),
})

const gathers = shapes.chain((shape) => axisOf(shape).chain((axis) => {
  const rows = shape.at(axis)!
  return fc.array(size, { maxLength: 2 }).chain((dims) => fc.array(fc.integer({ min: -rows, max: rows - 1 }), { minLength: elementCount(dims), maxLength: elementCount(dims) })
    .map((indices) => ({ shape, axis: axis < 0 ? axis + shape.length : axis, dims, indices })))
}))

export const structureCases: readonly GradientCase[] = [
  onShape('Reshape', permutationOf, ({ shape, choice }) => (builder, x) => builder.emit('Reshape', [x.x, choice.map((axis) => shape[axis])])),
  onShape('Flatten', axisOf, ({ choice }) => (builder, x) => builder.emit('Flatten', [x.x], { axis: choice })),
  onShape('Transpose', (shape) => fc.option(permutationOf(shape), { nil: undefined }), ({ choice }) => (builder, x) => builder.emit('Transpose', [x.x], { perm: choice })),
  {
    op: 'Squeeze',
    instances: fc.array(fc.constantFrom(1, 1, 3), { minLength: 1, maxLength: 4 }).chain((shape) => fc.option(fc.subarray(shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []))), { nil: undefined })
      .map((axes) => ({ inputs: { x: { dims: shape } }, build: (builder, x) => builder.emit('Squeeze', [x.x, axes]) }))),
  },
  onShape('Unsqueeze', (shape) => fc.subarray([...shape.keys()].map((axis) => axis + 1), { minLength: 1 }), ({ choice }) => (builder, x) => builder.emit('Unsqueeze', [x.x, choice])),
  onShape('Identity', () => fc.constant(undefined), () => (builder, x) => builder.emit('Identity', [x.x])),
  onShape('Cast', () => fc.constant(undefined), () => (builder, x) => builder.emit('Cast', [builder.emit('Cast', [x.x], { to: DOUBLE })], { to: FLOAT })),
  onShape('Dropout', () => fc.boolean(), ({ choice }) => (builder, x) => builder.emit('Dropout', [x.x, 0.4, choice ? builder.constant(tensorOf('bool', [], [0])) : undefined])),
  {
    op: 'Concat',
    instances: fc.record({ parts: parted, frozen: fc.boolean() }).map(({ parts: { sizes, shape, axis }, frozen }) => ({
      inputs: Object.fromEntries(sizes.map((each, index) => [`x${index}`, { dims: shape.with(axis, each) }])),
      build: (builder, x) => {
        const values = sizes.map((_, index) => x[`x${index}`])
        const fixed = builder.emit('ConstantOfShape', [shape], { value: tensorOf('float32', [1], [2]) })
        return builder.emit('Concat', frozen ? [fixed, ...values, fixed] : values, { axis: axis - shape.length })
      },
    })),
  },
  {
    op: 'Split',
    instances: fc.record({ parts: parted, used: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) }).map(({ parts: { sizes, shape, axis }, used }) => ({
      inputs: { x: { dims: shape } },
      build: (builder, x) => {
        const outputs = builder.emitAll('Split', [x.x, sizes], { axis }, sizes.length)
        const chosen = outputs.filter((_, index) => used[index])
        return chosen.length === 0 ? outputs : chosen
      },
    })),
    runs: 24,
  },
  {
    op: 'Split', about: 'in equal parts',
    instances: fc.tuple(fc.integer({ min: 1, max: 7 }), size).map(([count, each]) => ({
      inputs: { x: { dims: [2, count] } },
      build: (builder, x) => builder.emitAll('Split', [x.x], { axis: 1, num_outputs: Math.ceil(count / Math.ceil(count / each)) }, Math.ceil(count / Math.ceil(count / each))),
    })),
  },
  {
    op: 'Slice',
    instances: slices.map(({ shape, ranges }) => ({
      inputs: { x: { dims: shape } },
      build: (builder, x) => builder.emit('Slice', [x.x, ranges.map((each) => each.start), ranges.map((each) => each.end), ranges.map((each) => each.axis), ranges.map((each) => each.step)]),
    })),
    runs: 40,
  },
  {
    op: 'Gather',
    instances: gathers.map(({ shape, axis, dims, indices }) => ({
      inputs: { x: { dims: shape } },
      build: (builder, x) => builder.emit('Gather', [x.x, builder.constant(tensorOf('int64', dims, indices))], { axis }),
    })),
    runs: 24,
  },
  {
    op: 'Gather', about: 'from a long table, repeated rows',
    instances: fc.tuple(fc.array(fc.integer({ min: -100, max: 99 }), { minLength: 2, maxLength: 6 }), fc.constantFrom([100, 3], [2, 100, 3])).map(([indices, shape]) => ({
      inputs: { x: { dims: shape } },
      build: (builder, x) => builder.emit('Gather', [x.x, builder.constant(tensorOf('int64', [2, indices.length], [...indices, ...indices.toReversed()]))], { axis: shape.length - 2 }),
    })),
  },
  onShape('GatherElements', (shape) => axisOf(shape).chain((axis) => fc.array(fc.integer({ min: -shape.at(axis)!, max: shape.at(axis)! - 1 }), { minLength: elementCount(shape), maxLength: elementCount(shape) }).map((indices) => ({ axis, indices }))),
    ({ shape, choice }) => (builder, x) => builder.emit('GatherElements', [x.x, builder.constant(tensorOf('int64', shape, choice.indices))], { axis: choice.axis })),
  onShape('Expand', (shape) => subset(shape), ({ shape, choice }) => (builder, x) => builder.emit('Expand', [x.x, [2, ...shape.map((dim, axis) => (dim === 1 && choice.includes(axis) ? 3 : dim))]])),
  onShape('Tile', (shape) => fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))), ({ choice }) => (builder, x) => builder.emit('Tile', [x.x, choice])),
  padCase('constant'), padCase('edge'), padCase('reflect'), padCase('wrap'),
  {
    op: 'Pad', about: 'by negative amounts',
    instances: fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 })).map(([before, after]) => ({
      inputs: { x: { dims: [2, 5] }, value: { dims: [] } },
      build: (builder, x) => builder.emit('Pad', [x.x, [0, before, 1, after], x.value]),
    })),
  },
]
