/** THE table of type rules: operator -> types of its outputs. */
import type { TypeRule } from './type-rule.ts'
import {
  arithmetic, broadcasting, cast, comparison, dropout, extremum, identity, logical, negation, power, rounding, unary, unaryTruth, where,
} from './elementwise.ts'
import { globalPool, reduce } from './reduction.ts'
import { einsum, gemm, matMul } from './matrix.ts'
import { conv, convTranspose, pool } from './convolution.ts'
import { batchNormalization, layerNormalization, likeFirst } from './normalization.ts'
import { dequantize, quantize } from './quantization.ts'
import { resize } from './resize.ts'
import {
  argReduce, concat, constant, constantOfShape, expand, flatten, gather, likeInput, oneHot, pad, range, reshape, shapeOf, sizeOf,
  slice, split, squeeze, tile, transpose, unsqueeze,
} from './structure.ts'

const TYPE_RULES: Readonly<Record<string, TypeRule>> = {
  Add: arithmetic('+'), Sub: arithmetic('-'), Mul: arithmetic('*'), Div: arithmetic('/'), Mod: arithmetic('%'),
  Pow: power, Min: extremum(Math.min), Max: extremum(Math.max), Sum: broadcasting, Mean: broadcasting, PRelu: broadcasting,
  And: logical, Or: logical, Xor: logical,
  Equal: comparison((a, b) => a === b), Greater: comparison((a, b) => a > b), GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b), LessOrEqual: comparison((a, b) => a <= b),
  Not: unaryTruth, IsNaN: unaryTruth, IsInf: unaryTruth,
  Where: where, Clip: unary, Cast: cast, Identity: identity, Dropout: dropout,
  Floor: rounding(Math.floor), Ceil: rounding(Math.ceil), Round: unary, Sign: unary,
  Neg: negation, Abs: unary, Sqrt: unary, Reciprocal: unary, Exp: unary, Log: unary, Erf: unary, Sin: unary, Cos: unary,
  Tanh: unary, Sigmoid: unary, Softplus: unary, Softsign: unary, Relu: unary, LeakyRelu: unary, Elu: unary, Selu: unary, Gelu: unary,
  HardSigmoid: unary, HardSwish: unary, Mish: unary, Softmax: unary, LogSoftmax: unary,
  ReduceSum: reduce, ReduceMean: reduce, ReduceMax: reduce, ReduceMin: reduce, ReduceProd: reduce, ReduceSumSquare: reduce,
  ReduceL1: reduce, ReduceL2: reduce, ReduceLogSumExp: reduce, GlobalAveragePool: globalPool, GlobalMaxPool: globalPool,
  ArgMax: argReduce, ArgMin: argReduce,
  MatMul: matMul, Gemm: gemm, Einsum: einsum,
  Conv: conv, ConvTranspose: convTranspose, AveragePool: pool, MaxPool: pool,
  BatchNormalization: batchNormalization, LayerNormalization: layerNormalization,
  GroupNormalization: likeFirst, InstanceNormalization: likeFirst,
  Resize: resize,
  QuantizeLinear: quantize, DequantizeLinear: dequantize,
  Shape: shapeOf, Size: sizeOf, Reshape: reshape, Flatten: flatten, Transpose: transpose, Squeeze: squeeze, Unsqueeze: unsqueeze,
  Concat: concat, Split: split, Slice: slice, Gather: gather, GatherElements: likeInput(1), ScatterElements: likeInput(0), ScatterND: likeInput(0),
  Expand: expand, Tile: tile, Pad: pad,
  Constant: constant, ConstantOfShape: constantOfShape, Range: range, OneHot: oneHot,
}

/** The type rule of an operator of the standard's domain, or undefined. */
export function typeRule(opType: string): TypeRule | undefined {
  return Object.hasOwn(TYPE_RULES, opType) ? TYPE_RULES[opType] : undefined
}
