/** Gradients of convolutions. Each of Conv and ConvTranspose is the gradient of the other by its input. */
import { intAttribute } from '../../onnx/model.ts'
import { dims } from '../../onnx/graph-builder.ts'
import { extent, spatialAxes, transposedSpatialAxes } from '../../onnx/types/convolution.ts'
import { NO_GRADIENT, type Gradient, type Rule, type RuleInput } from '../rule.ts'
import { inputGradient } from './convolution-input.ts'
import { weightGradient } from './convolution-weight.ts'
import { cropped } from './shapes.ts'
import { windowAttributes } from './windows.ts'

/** Y = X convolved with W, plus a bias per channel. */
export const conv: Rule = (rule) => {
  const { node, x: [x, weight], dy: [dy], needed, emit } = rule
  const convolution = { axes: spatialAxes(node, x.shape.slice(2), dims(weight).slice(2)), group: intAttribute(node, 'group', 1) }
  return [
    needed[0] ? inputGradient(emit, { dy, weight, shape: dims(x), ...convolution }) : NO_GRADIENT,
    needed[1] ? weightGradient(emit, { x, dy, shape: dims(weight), ...convolution }) : NO_GRADIENT,
    biasGradient(rule),
  ]
}

/** Y = the gradient by the input of a convolution whose output's gradient is X, plus a bias per channel. */
export const convTranspose: Rule = (rule) => {
  const { node, x: [x, weight], y: [y], dy: [dy], needed, emit } = rule
  const group = intAttribute(node, 'group', 1)
  // Padded at the end so that the convolution of Y comes out in the size of X
  const axes = transposedSpatialAxes(node, x.shape.slice(2), dims(weight).slice(2)).map((axis, at) => {
    const [size, count] = [dims(y)[at + 2], dims(x)[at + 2]]
    return { ...axis, padEnd: Math.max(0, (count - 1) * axis.stride + extent(axis) - size - axis.padBegin) }
  })
  return [
    needed[0] ? cropped(emit, emit('Conv', [dy, weight], windowAttributes(axes, group)), dims(x)) : NO_GRADIENT,
    needed[1] ? weightGradient(emit, { x: dy, dy: x, shape: dims(weight), axes, group }) : NO_GRADIENT,
    biasGradient(rule),
  ]
}

function biasGradient({ dy: [dy], x: [, , bias], needed, emit }: RuleInput): Gradient {
  if (bias === undefined || !needed[2]) return NO_GRADIENT
  return emit('ReduceSum', [dy, dims(dy).flatMap((_, axis) => (axis === 1 ? [] : [axis]))], { keepdims: 0 })
}
