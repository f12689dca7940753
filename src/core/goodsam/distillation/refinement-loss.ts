import { crossEntropy, logSumExp, upsample } from '../../autodiff/losses.ts'
import type { Loss, LossBuilder } from '../../autodiff/training-step.ts'
import { ModelError } from '../../onnx/errors.ts'
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { logitsOf } from './loss.ts'

/**
 * The refinement of the TA (METHOD section 5), on pairs of windows of which the right half of one is the left half of the
 * other (refinement-sampler.ts):
 *
 *     ensemble     CE(S_i, E_i)
 *     confident    CE(S_i, E_H^i)
 *     consistency  L_CC (Eq. 1): KL(p_i || p_j) + KL(p_j || p_i) on the overlap, the first of each detached
 *
 * The batch holds the left windows of all pairs, then the right ones in the same order. L_CC is taken at the logits' own
 * resolution, where the overlap is half of each. Throws ModelError where the network has no logits of an even width.
 */
export function refinementLoss({ height, width }: { readonly height: number; readonly width: number }): LossBuilder {
  return ({ builder, outputs, target }): Loss => {
    const logits = logitsOf(outputs)
    const [windows, , , columns] = dims(logits)
    if (windows % 2 === 1 || columns % 2 === 1) throw new ModelError('invalid', `Pairs of windows need an even batch, and logits of an even width: not ${windows} windows of ${columns} columns.`)
    const labels = target('ensemble', 'int32', [windows, height, width])
    const enlarged = upsample(builder, logits, [height, width])
    const ensemble = crossEntropy(builder, { logits: enlarged, labels })
    const confident = crossEntropy(builder, { logits: enlarged, labels, weights: target('trusted', 'float32', [windows, height, width]) })
    const terms = { ensemble, confident, consistency: consistency(builder, logits) }
    return { total: builder.emit('Sum', Object.values(terms)), terms }
  }
}

/** L_CC between the right halves of the first windows and the left halves of the second: nats per place, both directions. */
function consistency(builder: GraphBuilder, logits: Value): Value {
  const { emit } = builder
  const [windows, , , width] = dims(logits)
  const part = (axis: number, from: number, to: number, of: Value): Value => emit('Slice', [of, [from], [to], [axis]])
  const left = part(3, width / 2, width, part(0, 0, windows / 2, logits))
  const right = part(3, 0, width / 2, part(0, windows / 2, windows, logits))
  return emit('Add', [divergence(builder, left, right), divergence(builder, right, left)])
}

/** The mean over places of KL(p || q), p = softmax(fixed), q = softmax(moved); no gradient goes to `fixed`. */
function divergence(builder: GraphBuilder, fixed: Value, moved: Value): Value {
  const { emit } = builder
  const [p, q] = [logSumExp(builder, fixed), logSumExp(builder, moved)]
  const logP = emit('Sub', [p.shifted, p.logSum])
  const logQ = emit('Sub', [q.shifted, q.logSum])
  const difference = emit('Sub', [detached(builder, logP), logQ])
  const perPlace = emit('ReduceSum', [emit('Mul', [detached(builder, emit('Exp', [logP])), difference]), [1]])
  return emit('ReduceMean', [perPlace], { keepdims: 0 })
}

/** The same numbers, to 2^-22, that no gradient goes through: rounding has none. */
function detached({ emit }: GraphBuilder, value: Value): Value {
  return emit('Mul', [emit('Round', [emit('Mul', [value, 2 ** 22])]), 2 ** -22])
}
