/**
 * A second teacher for the image encoder: cells of the image embedding that show the same region are to be alike, others
 * not. It says something of every cell, where a prompt speaks of one region, and reaches the encoder without the decoder
 * between; the decoder then finds what belongs together lying close together.
 */
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts'
import { dims } from '../../onnx/graph-builder.ts'

export interface AffinityInputs {
  /** [batch, channels, side, side] */
  readonly embeddings: Value
  /** int64 [anchors]: cells (row by row) that are compared with all others */
  readonly anchors: Value
  /** int32 [batch, side x side]: the region of each cell */
  readonly regions: Value
  /** how much each anchor counts, [batch, anchors] */
  readonly weights: Value
}

/** Logit of two cells: SLOPE x (cosine of their embeddings - MIDDLE) */
const [SLOPE, MIDDLE] = [10, 0.5]

/**
 * The weighted mean over anchors of cross-entropy plus Dice loss between the logits of the anchor's likeness to all cells and
 * whether they are of its region. A scalar.
 */
export function affinityLoss(builder: GraphBuilder, { embeddings, anchors, regions, weights }: AffinityInputs): Value {
  const { emit } = builder
  const [batch, channels, height, width] = dims(embeddings)
  const cells = height * width
  const flat = emit('Reshape', [embeddings, [batch, channels, cells]])
  const norm = emit('Sqrt', [emit('Add', [emit('ReduceSum', [emit('Mul', [flat, flat]), [1]]), 1e-6])])
  const unit = emit('Div', [flat, norm])
  const chosen = emit('Transpose', [emit('Gather', [unit, anchors], { axis: 2 })], { perm: [0, 2, 1] })
  // [batch, anchors, cells]
  const logits = emit('Mul', [emit('Sub', [emit('MatMul', [chosen, unit]), MIDDLE]), SLOPE])
  const own = emit('Unsqueeze', [emit('Gather', [regions, anchors], { axis: 1 }), [2]])
  const truth = emit('Cast', [emit('Equal', [own, emit('Unsqueeze', [regions, [1]])])], { to: FLOAT })
  const sum = (value: Value) => emit('ReduceSum', [value, [2]], { keepdims: 0 })
  const probability = emit('Sigmoid', [logits])
  // max(x, 0) - log(sigmoid(|x|)) is log(1 + exp(x))
  const softplus = emit('Sub', [emit('Relu', [logits]), emit('Log', [emit('Sigmoid', [emit('Abs', [logits])])])])
  const entropy = emit('Mul', [sum(emit('Sub', [softplus, emit('Mul', [logits, truth])])), 1 / cells])
  const overlap = emit('Add', [emit('Mul', [sum(emit('Mul', [probability, truth])), 2]), 1])
  const dice = emit('Sub', [1, emit('Div', [overlap, emit('Add', [sum(emit('Add', [probability, truth])), 1])])])
  const total = emit('ReduceSum', [emit('Mul', [emit('Add', [entropy, dice]), weights])], { keepdims: 0 })
  return emit('Div', [total, emit('Max', [emit('ReduceSum', [weights], { keepdims: 0 }), 1e-6])])
}

const FLOAT = 1
