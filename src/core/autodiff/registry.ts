/** THE table of gradients: operator -> rule, or STOP. An operator without a row is unsupported: docs/adding-an-operator.md. */
import { STOP, type Rule } from './rule.ts'
import { abs, add, cos, div, exp, log, max, mean, min, mul, neg, pow, reciprocal, sin, sqrt, sub, sum, where } from './rules/arithmetic.ts'
import { clip, elu, erf, gelu, hardSigmoid, hardSwish, leakyRelu, logSoftmax, mish, pRelu, relu, selu, sigmoid, softmax, softplus, softsign, tanh } from './rules/activation.ts'
import { globalAveragePool, globalMaxPool, reduceL1, reduceL2, reduceLogSumExp, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from './rules/reduction.ts'
import { einsum, gemm, matMul } from './rules/matrix.ts'
import { conv, convTranspose } from './rules/convolution.ts'
import { averagePool, maxPool } from './rules/pooling.ts'
import { batchNormalization, groupNormalization, instanceNormalization, layerNormalization } from './rules/normalization.ts'
import { resize } from './rules/resize.ts'
import { cast, concat, dropout, expand, flatten, gather, gatherElements, identity, pad, reshape, slice, split, squeeze, tile, transpose, unsqueeze } from './rules/structure.ts'

export const GRADIENTS: Readonly<Record<string, Rule | typeof STOP>> = {
  Add: add, Sub: sub, Mul: mul, Div: div, Neg: neg, Abs: abs, Pow: pow, Sqrt: sqrt, Reciprocal: reciprocal, Exp: exp, Log: log, Min: min, Max: max, Where: where, Sum: sum, Mean: mean, Sin: sin, Cos: cos,
  Erf: erf, Tanh: tanh, Sigmoid: sigmoid, Softplus: softplus, Softsign: softsign, Mish: mish, Relu: relu, LeakyRelu: leakyRelu, PRelu: pRelu, Elu: elu, Selu: selu, Gelu: gelu, HardSigmoid: hardSigmoid, HardSwish: hardSwish, Clip: clip, Softmax: softmax, LogSoftmax: logSoftmax,
  ReduceSum: reduceSum, ReduceMean: reduceMean, ReduceMax: reduceMax, ReduceMin: reduceMin, ReduceLogSumExp: reduceLogSumExp, ReduceSumSquare: reduceSumSquare, ReduceL1: reduceL1, ReduceL2: reduceL2,
  GlobalAveragePool: globalAveragePool, GlobalMaxPool: globalMaxPool,
  MatMul: matMul, Gemm: gemm, Einsum: einsum,
  Conv: conv, ConvTranspose: convTranspose,
  AveragePool: averagePool, MaxPool: maxPool,
  BatchNormalization: batchNormalization, LayerNormalization: layerNormalization, GroupNormalization: groupNormalization, InstanceNormalization: instanceNormalization,
  Resize: resize,
  Concat: concat, Split: split, Slice: slice, Gather: gather, GatherElements: gatherElements, Reshape: reshape, Flatten: flatten, Transpose: transpose, Squeeze: squeeze, Unsqueeze: unsqueeze, Expand: expand, Tile: tile, Pad: pad, Cast: cast, Identity: identity, Dropout: dropout,

  // Not differentiable, or constant almost everywhere: the walk ends here
  Shape: STOP, Size: STOP, Constant: STOP, ConstantOfShape: STOP, Range: STOP, OneHot: STOP, ArgMax: STOP, ArgMin: STOP,
  Equal: STOP, Greater: STOP, GreaterOrEqual: STOP, Less: STOP, LessOrEqual: STOP, Not: STOP, And: STOP, Or: STOP, Xor: STOP,
  IsNaN: STOP, IsInf: STOP, Floor: STOP, Ceil: STOP, Round: STOP, Sign: STOP,
}
