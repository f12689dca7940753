import * as fc from 'fast-check'
import type { Attributes } from '../../../src/core/onnx/graph-builder.ts'
import type { CheckedInput, GradientCase } from '../gradient-check.ts'

const anyShape = fc.constantFrom([], [1], [7], [2, 5], [2, 1, 3, 2])

interface Activation {
  /** One set of attributes per instance */
  readonly attributes?: fc.Arbitrary<Attributes>
  readonly range?: Omit<CheckedInput, 'dims'>
  /** Where the function has a kink, by the attributes */
  readonly kinks?: (attributes: Attributes) => readonly number[]
  readonly about?: string
}

function activation(op: string, { attributes = fc.constant({}), range = { low: -3, high: 3 }, kinks = () => [], about }: Activation = {}): GradientCase {
  return {
    op, about,
    instances: fc.tuple(anyShape, attributes).map(([dims, chosen]) => ({
      inputs: { x: { dims, ...range, away: { from: kinks(chosen), by: 0.1 } } },
      build: (builder, { x }) => builder.emit(op, [x], chosen),
    })),
  }
}

const atZero = () => [0]
const alpha = fc.constantFrom({}, { alpha: 0.3 }, { alpha: 1 }, { alpha: 1.7 })

/** Softmax and LogSoftmax: any shape, any axis from either end. */
function overAxis(op: string): GradientCase {
  const shapeAndAxis = fc.constantFrom([4], [2, 3], [2, 3, 2], [2, 3, 1, 2]).chain((dims) => fc.tuple(fc.constant(dims), fc.integer({ min: -dims.length, max: dims.length - 1 })))
  return {
    op, runs: 20,
    instances: fc.tuple(shapeAndAxis, fc.boolean()).map(([[dims, axis], byDefault]) => ({
      inputs: { x: { dims, low: -2, high: 2 } },
      build: (builder, { x }) => builder.emit(op, [x], byDefault ? {} : { axis }),
    })),
  }
}

export const activationCases: readonly GradientCase[] = [
  activation('Erf'), activation('Tanh'), activation('Sigmoid'), activation('Softplus'), activation('Mish'),
  activation('Softsign', { kinks: atZero }), activation('Relu', { kinks: atZero }),
  activation('LeakyRelu', { attributes: alpha, kinks: atZero }),
  activation('Elu', { attributes: alpha, kinks: atZero }),
  activation('Selu', { attributes: fc.constantFrom({}, { alpha: 1.2, gamma: 0.8 }), kinks: atZero }),
  activation('Gelu', { attributes: fc.constantFrom({}, { approximate: 'none' }), range: { low: -5, high: 5 } }),
  activation('Gelu', { attributes: fc.constant({ approximate: 'tanh' }), range: { low: -5, high: 5 }, about: 'approximated by tanh' }),
  activation('HardSigmoid', { attributes: fc.constantFrom({}, { alpha: 1 / 6, beta: 0.5 }, { alpha: 1, beta: -0.3 }), kinks: ({ alpha: slope = 0.2, beta: offset = 0.5 }) => [-Number(offset) / Number(slope), (1 - Number(offset)) / Number(slope)] }),
  activation('HardSwish', { kinks: () => [-3, 3], range: { low: -5, high: 5 } }),
  {
    op: 'PRelu',
    instances: fc.constantFrom([[2, 3, 2], []], [[2, 3, 2], [1]], [[2, 3, 2], [3, 1]], [[2, 3, 2, 2], [3, 1, 1]], [[2, 3], [2, 3]], [[4], [4]]).map(([dims, slope]) => ({
      inputs: { x: { dims, low: -2, high: 2, away: { from: [0], by: 0.1 } }, slope: { dims: slope } },
      build: (builder, x) => builder.emit('PRelu', [x.x, x.slope]),
    })),
  },
  {
    op: 'Clip', about: 'constant bounds, one or none of them',
    instances: fc.tuple(anyShape, fc.constantFrom([undefined, undefined], [-0.5, undefined], [undefined, 0.5], [-0.5, 1])).map(([dims, [low, high]]) => ({
      inputs: { x: { dims, low: -2, high: 2, away: { from: [low ?? 9, high ?? 9], by: 0.1 } } },
      build: (builder, { x }) => builder.emit('Clip', [x, low, high]),
    })),
  },
  {
    op: 'Clip', about: 'bounds that are computed',
    instances: fc.constant({
      inputs: { x: { dims: [3, 4], low: -2, high: 2, away: { from: [-0.5, 0.5], by: 0.3 } }, low: { dims: [], low: -0.6, high: -0.4 }, high: { dims: [], low: 0.4, high: 0.6 } },
      build: (builder, x) => builder.emit('Clip', [x.x, x.low, x.high]),
    }),
  },
  overAxis('Softmax'), overAxis('LogSoftmax'),
  {
    op: 'Softmax', about: 'multiplied by a matrix, as in attention',
    instances: fc.tuple(fc.constantFrom([], [2], [1, 2]), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })).map(([batch, queries, keys, channels]) => ({
      inputs: { scores: { dims: [...batch, queries, keys], low: -2, high: 2 }, v: { dims: [...batch, keys, channels] } },
      build: (builder, { scores, v }) => builder.emit('MatMul', [builder.emit('Softmax', [scores]), v]),
    })),
  },
]
