/**
 * Gradients of normalisations. All of them are y = scale x' + bias with x' = (x - mean) / deviation, and so
 *   dx = (g - mean(g) - x' mean(g x')) / deviation   with g = scale dy,
 * where the means go over what was normalised together (Ba et al. 2016, Ioffe and Szegedy 2015). They differ in what that
 * is: a row (LayerNormalization), a channel of the batch (BatchNormalization in training), a channel of one image
 * (InstanceNormalization) or a group of its channels (GroupNormalization).
 */
import { floatAttribute, intAttribute, type Node } from '../../onnx/model.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import { normalizeAxis, sameShape } from '../../onnx/dims.ts'
import { dims, type Value } from '../../onnx/graph-builder.ts'
import { type Gradient, NO_GRADIENT, type Rule, type RuleInput } from '../rule.ts'
import { type Grouping, groupsOf, momentsOf } from '../group-moments.ts'
import { reshaped } from './shapes.ts'

/** The epsilon that all normalisations have where a node does not state it. */
const EPSILON = 1e-5

/** Rows are normalised again rather than kept: one fused pass, as cheap as reading them. Sums are products with vectors, which use all cores. */
export const layerNormalization: Rule = ({ node, x: [x, scale], dy: [dy], emit, builder }) => {
  const shape = dims(x)
  const axis = normalizeAxis(intAttribute(node, 'axis', -1), shape.length)
  const inner = shape.slice(axis)
  const [rows, width] = [elementCount(shape.slice(0, axis)), elementCount(inner)]
  const gradient = reshaped(emit, dy, [rows, width])
  const ones = (of: readonly number[]) => emit('ConstantOfShape', [of], { value: tensorOf(x.elementType, [1], [1]) })
  const [normalized, , inverse] = builder.emitAll('LayerNormalization', [reshaped(emit, x, [rows, width]), ones([width])], { axis: -1, epsilon: epsilonOf(node) }, 3)
  const product = emit('Mul', [gradient, normalized])
  const sumOfRows = (value: Value) => reshaped(emit, emit('MatMul', [ones([1, rows]), value]), inner)

  const weights = reshaped(emit, sameShape(scale.shape, inner) ? scale : emit('Expand', [scale, inner]), [width])
  const column = reshaped(emit, emit('Div', [weights, width]), [width, 1])
  const centred = emit('Sub', [emit('Mul', [gradient, weights]), emit('MatMul', [gradient, column])])
  const byInput = emit('Mul', [emit('Sub', [centred, emit('Mul', [normalized, emit('MatMul', [product, column])])]), inverse])
  return [reshaped(emit, byInput, shape), sumOfRows(product), sumOfRows(gradient)]
}

/** Frozen statistics make it affine; in training the statistics are the batch's own. The running statistics have no gradient path. */
export const batchNormalization: Rule = (input) => {
  const { node, x: [x, scale, bias, mean, variance], dy: [dy], emit } = input
  if (dy === undefined) return input.x.map(() => NO_GRADIENT)
  const grouping = groupsOf(x, 'batch')
  if (intAttribute(node, 'training_mode', 0) === 1) return [...grouped(input, grouping), NO_GRADIENT, NO_GRADIENT]
  const column = (value: Value) => reshaped(emit, value, grouping.perChannel)
  const sum = (value: Value) => reshaped(emit, emit('ReduceSum', [value, grouping.axes]), dims(scale))
  const inverse = emit('Reciprocal', [emit('Sqrt', [emit('Add', [variance, epsilonOf(node)])])])
  const slope = emit('Mul', [scale, inverse])
  const gradient = reshaped(emit, dy, grouping.view)
  const total = sum(gradient)
  const along = sum(emit('Mul', [gradient, emit('Sub', [reshaped(emit, x, grouping.view), column(mean)])]))
  return [
    reshaped(emit, emit('Mul', [gradient, column(slope)]), dims(x)),
    emit('Mul', [along, inverse]),
    reshaped(emit, total, dims(bias)),
    emit('Neg', [emit('Mul', [total, slope])]),
    emit('Mul', [emit('Mul', [along, slope]), emit('Mul', [emit('Mul', [inverse, inverse]), -0.5])]),
  ]
}

export const instanceNormalization: Rule = (input) => grouped(input, groupsOf(input.x[0], 'instance'))

export const groupNormalization: Rule = (input) => grouped(input, groupsOf(input.x[0], intAttribute(input.node, 'num_groups', 1)))

/**
 * The gradients by x, scale and bias (one each per channel) where `grouping` says what was normalised together. Everything
 * but four passes over the elements works on one number per channel and image.
 */
function grouped({ node, x: [x, scale, bias], dy: [dy], emit }: RuleInput, grouping: Grouping): readonly Gradient[] {
  const { view, axes, perChannel, count } = grouping
  const { centred, variance } = momentsOf(emit, x, grouping)
  const inverse = emit('Reciprocal', [emit('Sqrt', [emit('Add', [variance, epsilonOf(node)])])])
  const weights = reshaped(emit, scale, perChannel)
  const gradient = reshaped(emit, dy, view)
  const sums = emit('ReduceSum', [gradient, [3]])
  const products = emit('ReduceSum', [emit('Mul', [gradient, centred]), [3]])

  const mean = (value: Value) => emit('Div', [emit('ReduceSum', [emit('Mul', [value, weights]), axes]), count])
  const offset = emit('Mul', [mean(sums), inverse])
  const along = emit('Mul', [mean(products), emit('Mul', [inverse, emit('Mul', [inverse, inverse])])])
  const scaled = emit('Sub', [emit('Mul', [gradient, emit('Mul', [weights, inverse])]), offset])
  const byInput = emit('Sub', [scaled, emit('Mul', [centred, along])])

  const sumOfImages = (value: Value, like: Value) => reshaped(emit, emit('ReduceSum', [value, [0]]), dims(like))
  return [reshaped(emit, byInput, dims(x)), sumOfImages(emit('Mul', [products, inverse]), scale), sumOfImages(sums, bias)]
}

function epsilonOf(node: Node): number {
  return floatAttribute(node, 'epsilon', EPSILON)
}
