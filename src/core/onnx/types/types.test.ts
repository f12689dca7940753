import { array, assert, constantFrom, type Arbitrary, integer, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import goldens from '../../../../test/fixtures/onnx-shapes.golden.json' with { type: 'json' }
import { evaluateDim } from '../dims.ts'
import { type Attributes, type Emit, GraphBuilder, type Operand, type Value } from '../graph-builder.ts'
import type { Dim, Shape } from '../model.ts'
import { float32, int64 } from '../tensor.ts'

interface Golden {
  readonly op: string
  readonly inputs: readonly ({ readonly dims?: readonly number[]; readonly ints?: readonly number[]; readonly floats?: readonly number[] } | null)[]
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>
  readonly outputs: readonly (readonly number[])[]
}

function shapesOf({ op, inputs, attributes, outputs }: Golden): readonly Shape[] {
  const builder = new GraphBuilder()
  const operands = inputs.map((each, index): Operand => {
    if (each?.dims !== undefined) return builder.input(`x${index}`, 'float32', each.dims)
    if (each?.floats !== undefined) return builder.constant(float32([each.floats.length], each.floats))
    return each?.ints === undefined ? undefined : builder.constant({ elementType: 'int64', dims: [each.ints.length], data: BigInt64Array.from(each.ints, wide) })
  })
  return builder.emitAll(op, operands, attributes as Attributes, outputs.length).map((value) => value.shape)
}

/** JSON's numbers round 2^63 - 1 up. */
const wide = (value: number) => (value >= 2 ** 63 ? 2n ** 63n - 1n : value <= -(2 ** 63) ? -(2n ** 63n) + 1n : BigInt(value))

describe('shapes as the inference of the onnx package gives them', () => {
  it.each((goldens as unknown as Golden[]).map((golden, index) => [`${index}: ${golden.op} ${JSON.stringify(golden.inputs)} ${JSON.stringify(golden.attributes)}`, golden] as const))('%s', (_title, golden) => {
    expect(shapesOf(golden)).toEqual(golden.outputs)
  })
})

/** A step of a net on images, from sizes that may be symbolic. */
const STEPS: Readonly<Record<string, (emit: Emit, x: Value, small: number) => Value>> = {
  conv: (emit, x, k) => emit('Conv', [x, emit('ConstantOfShape', [[4, 4, 3, 3]])], { strides: [k, 1], pads: [1, 1, 1, k] }),
  upConv: (emit, x, k) => emit('ConvTranspose', [x, emit('ConstantOfShape', [[4, 4, 3, 3]])], { strides: [k, 2], output_padding: [0, 1] }),
  pool: (emit, x, k) => emit('AveragePool', [x], { kernel_shape: [3, 3], strides: [k, k], pads: [1, 1, 1, 1] }),
  resize: (emit, x, k) => emit('Resize', [x, undefined, emit('Cast', [[1, 1, k, 2]], { to: 1 })]),
  pad: (emit, x, k) => emit('Pad', [x, [0, 0, k, 0, 0, 0, 0, 1]]),
  crop: (emit, x, k) => emit('Slice', [x, [1, 0], [2 ** 31 - 1, -1], [2, 3], [1, k]]),
  tokens(emit, x) {
    const shape = emit('Shape', [x])
    const [batch, height, width] = [0, 2, 3].map((axis) => emit('Gather', [shape, [axis]]))
    const flat = emit('Transpose', [emit('Reshape', [x, [0, 4, -1]])], { perm: [0, 2, 1] })
    const product = emit('MatMul', [flat, emit('ConstantOfShape', [[4, 4]])])
    return emit('Reshape', [emit('Transpose', [product], { perm: [0, 2, 1] }), emit('Concat', [batch, [4], height, width], { axis: 0 })])
  },
  concat: (emit, x) => emit('Concat', [x, x], { axis: 3 }),
  like(emit, x, k) {
    const sizes = emit('Mul', [emit('Slice', [emit('Shape', [x]), [2], [4]]), [k, 1]])
    return emit('Resize', [x, undefined, undefined, emit('Concat', [emit('Shape', [x], { end: 2 }), sizes], { axis: 0 })])
  },
  expand(emit, x) {
    const shape = emit('Shape', [x])
    const any = emit('Mul', [emit('ConstantOfShape', [[4]], { value: int64([1], [1]) }), -1])
    const target = emit('Where', [emit('Equal', [shape, any]), emit('ConstantOfShape', [[4]], { value: int64([1], [1]) }), shape])
    return emit('Expand', [emit('ReduceMean', [x, [2, 3]]), target])
  },
  half: (emit, x) => emit('Split', [x, undefined], { axis: 2, num_outputs: 2 }),
}

describe('shapes with names', () => {
  it('are, evaluated, the shapes with numbers', () => {
    const steps: Arbitrary<[string, number][]> = array(tuple(constantFrom(...Object.keys(STEPS)), integer({ min: 1, max: 3 })), { maxLength: 8 })
    const sizes = record({ batch: integer({ min: 1, max: 3 }), height: integer({ min: 20, max: 70 }), width: integer({ min: 20, max: 70 }) })
    assert(property(steps, sizes, (names, numbers) => {
      const run = (shape: Shape) => {
        const { emit, ...builder } = ((made) => ({ emit: made.emit, x: made.input('x', 'float32', shape) }))(new GraphBuilder())
        return names.reduce((x, [name, small]) => STEPS[name](emit, x, small), builder.x).shape
      }
      const numeric = attempt(() => run([numbers.batch, 4, numbers.height, numbers.width]))
      // a size may shrink until a window no longer fits: that is told
      if (numeric === undefined) return
      expect(run(['batch', 4, 'height', 'width']).map((dim: Dim) => evaluateDim(dim, numbers))).toEqual(numeric)
    }), { numRuns: 1000 })
  })
})

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

describe('what does not fit is told with both shapes', () => {
  const builder = new GraphBuilder()
  const x = builder.input('image', 'float32', [1, 3, 8, 8])
  const weight = builder.input('weight', 'float32', [4, 5, 3, 3])
  const named = builder.input('named', 'float32', ['batch', 1, 8])
  const vector = builder.input('vector', 'float32', [7])
  it.each<[string, () => unknown, RegExp]>([
    ['Conv', () => builder.emit('Conv', [x, weight]), /"image" \[1, 3, 8, 8\] with "weight" \[4, 5, 3, 3\]/],
    ['MatMul', () => builder.emit('MatMul', [x, vector]), /"image" \[1, 3, 8, 8\] by "vector" \[7\]: 8 against 7/],
    ['Add', () => builder.emit('Add', [x, vector]), /\[1, 3, 8, 8\] and \[7\] do not broadcast: 8 against 7/],
    ['Concat', () => builder.emit('Concat', [x, weight], { axis: 1 }), /"image" \[1, 3, 8, 8\] and "weight" \[4, 5, 3, 3\]: dimension 0 differs/],
    ['Reshape', () => builder.emit('Reshape', [x, [5, -1]]), /"image" \[1, 3, 8, 8\] has 192 elements and cannot become \[5, -1\]/],
    ['two open sizes', () => builder.emit('Reshape', [x, [-1, 3, -1]]), /"image" \[1, 3, 8, 8\] has 192 elements and cannot become \[-1, 3, -1\]/],
    ['Split', () => builder.emitAll('Split', [vector, [3, 3]], {}, 2), /"vector" \[7\] over axis 0 into 2 parts of \[3, 3\]/],
    ['Gather', () => builder.emit('Gather', [vector, [7]]), /index 7 from axis 0 of "vector" \[7\]/],
    ['Squeeze', () => builder.emit('Squeeze', [x, [1]]), /axis 1 of "image" \[1, 3, 8, 8\], which is not 1/],
    ['Squeeze of names', () => builder.emit('Squeeze', [named]), /"named" \[batch, 1, 8\] without axes: whether "batch" is 1 is not known/],
    ['Pad', () => builder.emit('Pad', [vector, [-4, -4]]), /would have the shape \[-1\], from "vector" \[7\]/],
    ['Transpose', () => builder.emit('Transpose', [named], { perm: [0, 0, 1] }), /\[0, 0, 1\] does not fit "named" \[batch, 1, 8\]/],
    ['Resize', () => builder.emit('Resize', [x, undefined, undefined, [16, 16]]), /4 axes of "image" \[1, 3, 8, 8\] by \[16, 16\]/],
    ['element types', () => builder.emit('Add', [vector, builder.input('count', 'int64', [7])]), /"vector" \(float32\) and "count" \(int64\) have different element types/],
  ])('%s', (_title, work, message) => {
    expect(work).toThrow(message)
  })
})

describe('known values', () => {
  it('round as the runtime does', () => {
    const { emit } = new GraphBuilder()
    const third = emit('Div', [emit('Cast', [1], { to: 1 }), emit('Cast', [3], { to: 1 })])
    expect(third.contents).toEqual([Math.fround(1 / 3)])
    expect(emit('Div', [[-7], [2]]).contents).toEqual([-3])
    expect(emit('Mod', [[-7], [3]]).contents).toEqual([2])
    expect(emit('Mod', [[-7], [3]], { fmod: 1 }).contents).toEqual([-1])
    expect(emit('Div', [[1], [0]]).contents).toBeUndefined()
  })

  it('are not made up where a part of a symbolic size may be lost', () => {
    const builder = new GraphBuilder()
    const { emit } = builder
    const shape = emit('Cast', [emit('Shape', [builder.input('x', 'float32', ['n'])])], { to: 1 })
    expect(emit('Mul', [shape, emit('Cast', [[2]], { to: 1 })]).contents).toEqual(['2 * n'])
    expect(emit('Div', [shape, emit('Cast', [[2]], { to: 1 })]).contents).toBeUndefined()
  })

  it('of a choice between equal ones do not depend on the condition, which stays', () => {
    const builder = new GraphBuilder()
    const condition = builder.emit('IsNaN', [builder.input('x', 'float32', [1])])
    const chosen = builder.emit('Where', [condition, [4, 5], [4, 5]])
    expect(chosen.contents).toEqual([4, 5])
    expect(builder.nodes.map((node) => node.opType)).toEqual(['IsNaN', 'Where'])
  })

  it('that depend on the data are sizes with names of their own', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [6])
    const sizes = builder.input('sizes', 'int64', [2])
    expect(builder.emit('Reshape', [x, sizes]).shape).toEqual(['Reshape.0', 'Reshape.1'])
    expect(builder.emit('Range', [0, builder.input('limit', 'int64', []), 1]).shape).toEqual(['Range.0'])
  })
})
