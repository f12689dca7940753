/**
 * The loss of Segment Anything (Kirillov et al., ICCV 2023, section 3 and appendix A) as a graph. A click is ambiguous:
 * it may mean a thing, a part of it, or a part of that. SAM draws one of these truths per prompt and lets gradients flow
 * through the best of three masks alone; here all truths of a prompt are given at once, each looks for its best mask, and
 * the mean over them is what SAM's draw has as its expectation, with less noise.
 *
 * Every mask is compared with every truth. Focal and Dice loss are linear in the truth, so that these comparisons are
 * matrix products over the pixels.
 */
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts'
import { dims } from '../../onnx/graph-builder.ts'
import { meanSquaredError } from '../../autodiff/losses.ts'

export interface MaskLossInputs {
  /** logits [batch, prompts, masks, side, side] */
  readonly masks: Value
  /** predicted IoU [batch, prompts, masks] */
  readonly scores: Value
  /** share of each pixel that belongs to the truth, 0..1: [batch, prompts, truths, side, side] */
  readonly truths: Value
  /** how much each truth counts, [batch, prompts, truths]; 0: there is none */
  readonly weights: Value
}

export interface MaskLossOptions {
  /** factor of the focal loss; 20 as in SAM */
  readonly focal?: number
  /** factor of the Dice loss; 1 */
  readonly dice?: number
  /** factor of the predicted IoU's squared error; 1 */
  readonly iou?: number
}

export interface MaskLoss {
  readonly total: Value
  /** `mask`: focal and Dice with their factors; `iou`: squared error of the predicted IoU; `best`: mean IoU of the best mask */
  readonly terms: Readonly<Record<'mask' | 'iou' | 'best', Value>>
}

/**
 * The mean over truths of the least of focal x `focal` + Dice x `dice` over the prompt's masks, plus the mean squared error
 * of every mask's predicted IoU against the largest of its IoUs with the prompt's truths.
 */
export function maskLoss(builder: GraphBuilder, { masks, scores, truths, weights }: MaskLossInputs, options: MaskLossOptions = {}): MaskLoss {
  const { emit } = builder
  const logits = flat(builder, masks)
  // [batch, prompts, pixels, truths]
  const truth = emit('Transpose', [flat(builder, truths)], { perm: [0, 1, 3, 2] })
  const loss = builder.scope('masks', () => comparison(builder, { logits, truth }, options))
  const mask = weighted(builder, emit('ReduceMin', [loss, [2]], { keepdims: 0 }), weights)
  const overlap = builder.scope('overlap', () => intersectionOverUnion(builder, logits, truth))
  const best = weighted(builder, emit('ReduceMax', [overlap, [2]], { keepdims: 0 }), weights)
  // a truth that is none has no IoU
  const counted = emit('Cast', [emit('Greater', [emit('Unsqueeze', [weights, [2]]), 0])], { to: FLOAT })
  const reached = emit('ReduceMax', [emit('Mul', [overlap, counted]), [3]], { keepdims: 0 })
  const iou = meanSquaredError(builder, { predictions: scores, targets: reached })
  return { total: emit('Add', [mask, emit('Mul', [iou, options.iou ?? 1])]), terms: { mask, iou, best } }
}

const FLOAT = 1
/** Keeps Dice finite where mask and truth are empty; of pixels, as in the authors' successor code */
const SMOOTH = 1

interface Pair {
  /** [batch, prompts, masks, pixels] */
  readonly logits: Value
  /** [batch, prompts, pixels, truths] */
  readonly truth: Value
}

/** Focal (gamma 2, no alpha) and Dice loss of each mask with each truth: [batch, prompts, masks, truths]. */
function comparison(builder: GraphBuilder, { logits, truth }: Pair, { focal = 20, dice = 1 }: MaskLossOptions): Value {
  const { emit } = builder
  const pixels = dims(logits)[3]
  const probability = emit('Sigmoid', [logits])
  const complement = emit('Sub', [1, probability])
  // what a pixel costs where it is of the truth, and where it is not
  // max(x, 0) + log(1 + exp(-|x|)): onnxruntime's Softplus takes twice the time of these together, gradient and all
  const softplus = emit('Sub', [emit('Relu', [logits]), emit('Log', [emit('Sigmoid', [emit('Abs', [logits])])])])
  const inside = emit('Mul', [emit('Mul', [complement, complement]), emit('Sub', [softplus, logits])])
  const outside = emit('Mul', [emit('Mul', [probability, probability]), softplus])
  const sum = (value: Value) => emit('ReduceSum', [value, [3]])
  const focalSum = emit('Add', [emit('MatMul', [emit('Sub', [inside, outside]), truth]), sum(outside)])
  const overlap = emit('MatMul', [probability, truth])
  const size = emit('Add', [sum(probability), emit('ReduceSum', [truth, [2]])])
  const ratio = emit('Div', [emit('Add', [emit('Mul', [overlap, 2]), SMOOTH]), emit('Add', [size, SMOOTH])])
  return emit('Add', [emit('Mul', [focalSum, focal / pixels]), emit('Mul', [emit('Sub', [1, ratio]), dice])])
}

/** IoU of each mask (logits above 0) with each truth (pixels that are at least half of it): [batch, prompts, masks, truths]. No gradient. */
function intersectionOverUnion(builder: GraphBuilder, logits: Value, truth: Value): Value {
  const { emit } = builder
  const mask = emit('Cast', [emit('Greater', [logits, 0])], { to: FLOAT })
  const region = emit('Cast', [emit('GreaterOrEqual', [truth, 0.5])], { to: FLOAT })
  const intersection = emit('MatMul', [mask, region])
  const areas = emit('Add', [emit('ReduceSum', [mask, [3]]), emit('ReduceSum', [region, [2]])])
  return emit('Div', [intersection, emit('Max', [emit('Sub', [areas, intersection]), 1])])
}

/** [batch, prompts, n, side, side] -> [batch, prompts, n, pixels] */
function flat({ emit }: GraphBuilder, maps: Value): Value {
  return emit('Reshape', [maps, [0, 0, 0, -1]])
}

/** The mean of values by weights; 0 where there are none. */
function weighted({ emit }: GraphBuilder, values: Value, weights: Value): Value {
  const sum = (value: Value) => emit('ReduceSum', [value], { keepdims: 0 })
  return emit('Div', [sum(emit('Mul', [values, weights])), emit('Max', [sum(weights), 1e-6])])
}
