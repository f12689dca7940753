import { boundary, logSumExp, upsample } from '../../autodiff/losses.ts'
import type { Loss, LossBuilder } from '../../autodiff/training-step.ts'
import { ModelError } from '../../onnx/errors.ts'
import { dims, type GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import type { DistillationConfig } from '../distillation-config.ts'
import { type PlaneName, PLANES } from './sample-planes.ts'

type Losses = DistillationConfig['losses']
export type LossTermName = keyof Losses

/** The terms that are computed: on, and of some weight. In the order in which they are reported. */
export function activeTerms(losses: Losses): LossTermName[] {
  return (['image', 'window', 'confident', 'boundary'] as const).filter((name) => losses[name].on && losses[name].weight > 0)
}

/** A labelling run without masks has neither trusted windows nor boundaries: those two terms are off. */
export function lossesWithoutMasks(losses: Losses): Losses {
  return { ...losses, confident: { ...losses.confident, on: false }, boundary: { ...losses.boundary, on: false } }
}

/**
 * Multi-level Knowledge Adaptation (METHOD section 5) on a batch of samples (sample-planes.ts), whose planes the step
 * declares as far as the terms need them. P_S is the prediction at the samples' size.
 *
 *     image      CE(P_S, S_TA^w)
 *     window     CE(P_i, E_i)
 *     confident  CE(P_i, E_H^i)
 *     boundary   L_bd(B_S, B_ref), at the logits' own resolution
 *
 * P_i is a crop of P_S, so both window terms are taken on P_S, each class at each pixel as often as windows say it
 * (window-votes.ts): the mean over the pixels of all windows of a batch. Each mean is over what is counted, not over
 * weights: pixels of weight 2 count twice as much whatever else is in the batch. A term that counts no pixel is 0. Terms
 * that are off are not in the graph. The logits are the output "logits", or the only one. Throws ModelError 'invalid'
 * where no term is on or there are no such logits.
 */
export function distillationLoss({ losses, height, width }: Pick<DistillationConfig, 'losses' | 'height' | 'width'>): LossBuilder {
  return ({ builder, outputs, target }): Loss => {
    const active = activeTerms(losses)
    if (active.length === 0) throw new ModelError('invalid', 'All terms of the loss are off: switch on at least one.')
    const logits = logitsOf(outputs)
    const [batch] = dims(logits)
    const plane = (name: PlaneName): Value => builder.emit('Unsqueeze', [target(name, PLANES[name].elementType, [batch, height, width]), [1]])
    const weight = plane('pixel_weight')
    const entropy = crossEntropies({ builder, plane, weight, losses, active }, upsample(builder, logits, [height, width]))
    const edges = active.includes('boundary') ? boundaryTerm({ builder, plane, weight }, logits, [height, width]) : undefined
    const weighed = edges === undefined ? undefined : builder.emit('Mul', [edges, losses.boundary.weight])
    const parts = [entropy?.total, weighed].filter((part) => part !== undefined)
    const total = parts.length === 1 ? parts[0] : builder.emit('Add', parts)
    return { total, terms: { ...entropy?.terms, ...(edges === undefined ? {} : { boundary: edges }) } }
  }
}

/** The network's logits: its output "logits", or the only one. */
export function logitsOf(outputs: Readonly<Record<string, Value>>): Value {
  const names = Object.keys(outputs)
  const logits = outputs.logits ?? (names.length === 1 ? outputs[names[0]] : undefined)
  if (logits?.shape.length !== 4) {
    throw new ModelError('invalid', `The student needs an output "logits" [batch, classes, height, width]; it has ${names.map((name) => `"${name}"`).join(', ')}.`)
  }
  return logits
}

interface Targets {
  readonly builder: GraphBuilder
  /** A plane of the batch, [batch, 1, height, width] */
  readonly plane: (name: PlaneName) => Value
  readonly weight: Value
}

/** What each of the three cross-entropies counts: labels, and how often. */
const COUNTED = {
  image: { ta: undefined },
  window: { first: 'first_votes', second: 'second_votes' },
  confident: { first: 'first_trusted', second: 'second_trusted' },
} as const satisfies Partial<Record<LossTermName, Partial<Record<PlaneName, PlaneName | undefined>>>>

type EntropyTerm = keyof typeof COUNTED

/**
 * The cross-entropies share one log-softmax and one look-up of all labels: logits at the samples' size are by far the
 * largest tensors here. The gradient goes through one weighted sum; the single terms are for the reader alone.
 */
function crossEntropies(scope: Targets & { readonly losses: Losses; readonly active: readonly LossTermName[] }, logits: Value): { total: Value; terms: Record<string, Value> } | undefined {
  const { builder, losses, active } = scope
  const { emit } = builder
  const terms = active.filter((term): term is EntropyTerm => term !== 'boundary')
  if (terms.length === 0) return undefined
  const names: readonly PlaneName[] = [...(terms.includes('image') ? ['ta'] as const : []), ...(terms.some((term) => term !== 'image') ? ['first', 'second'] as const : [])]
  const labels = joined(builder, names.map((name) => scope.plane(name)))
  const ignored = emit('Equal', [labels, IGNORED])
  const { shift, logSum } = logSumExp(builder, logits)
  // looked up in the logits, so that nothing holds on to a second tensor of their size
  const looked = emit('GatherElements', [logits, emit('Where', [ignored, 0, labels])], { axis: 1 })
  const surprise = emit('Sub', [logSum, emit('Sub', [looked, shift])])
  const counts = emit('Cast', [emit('Not', [ignored])], { to: FLOAT })

  /** Of the label planes from `first` on: how much of the term's mean each pixel is */
  const shares = (term: EntropyTerm, first: number): Value => {
    const votes = Object.values(COUNTED[term])
    const own = emit('Slice', [counts, [first], [first + votes.length], [1]])
    const cast = votes.flatMap((name) => (name === undefined ? [] : [scope.plane(name)]))
    const counted = cast.length === 0 ? own : emit('Mul', [own, joined(builder, cast)])
    return emit('Div', [emit('Mul', [counted, scope.weight]), atLeastSomething(builder, sumOf(builder, emit('Mul', [counted, positive(builder, scope.weight)])))])
  }
  const parts = terms.map((term) => {
    const first = names.indexOf(Object.keys(COUNTED[term])[0] as PlaneName)
    const share = shares(term, first)
    const { weight } = losses[term]
    const own = emit('Slice', [surprise, [first], [first + dims(share)[1]], [1]])
    return { term, first, weighed: weight === 1 ? share : emit('Mul', [share, weight]), value: sumOf(builder, emit('Mul', [own, share])) }
  })
  const byPlane = [...new Set(parts.map(({ first }) => first))].toSorted((a, b) => a - b).map((first) => {
    const same = parts.filter((part) => part.first === first).map(({ weighed }) => weighed)
    return same.length === 1 ? same[0] : emit('Add', same)
  })
  return {
    total: sumOf(builder, emit('Mul', [surprise, joined(builder, byPlane)])),
    terms: Object.fromEntries(parts.map(({ term, value }) => [term, value])),
  }
}

/**
 * L_bd at the logits' resolution: there a change of class is one step, which the 3x3 differences of the prediction see
 * whole; enlarged it would be a slope that none of them spans (and cost sixteen times as much). B_ref is brought there by
 * the maximum, so that no edge vanishes, and grown by one pixel. Logits whose size does not divide the samples' are enlarged.
 */
function boundaryTerm({ builder, plane, weight }: Targets, logits: Value, size: readonly [height: number, width: number]): Value {
  const { emit } = builder
  const [, , height, width] = dims(logits)
  const divides = size[0] % height === 0 && size[1] % width === 0
  const cell = divides ? [size[0] / height, size[1] / width] : [1, 1]
  const most = (value: Value): Value => (cell.every((side) => side === 1) ? value : emit('MaxPool', [value], { kernel_shape: cell, strides: cell }))
  const edges = emit('MaxPool', [most(plane('boundary'))], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })
  const weights = most(weight)
  const term = boundary(builder, {
    logits: divides ? logits : upsample(builder, logits, size),
    edges: emit('Squeeze', [edges, [1]]),
    weights: emit('Squeeze', [weights, [1]]),
  })
  // `boundary` is a mean over weights; as in the other terms, weights count beyond the batch
  const meanWeight = emit('Div', [sumOf(builder, weights), atLeastSomething(builder, sumOf(builder, positive(builder, weights)))])
  return emit('Mul', [term, meanWeight])
}

const IGNORED = 255
/** TensorProto.DataType FLOAT */
const FLOAT = 1

function joined({ emit }: GraphBuilder, planes: readonly Value[]): Value {
  return planes.length === 1 ? planes[0] : emit('Concat', planes, { axis: 1 })
}

function positive({ emit }: GraphBuilder, weight: Value): Value {
  return emit('Cast', [emit('Greater', [weight, 0])], { to: FLOAT })
}

function sumOf({ emit }: GraphBuilder, values: Value): Value {
  return emit('ReduceSum', [values], { keepdims: 0 })
}

/** A divisor: 1 instead of 0. */
function atLeastSomething({ emit }: GraphBuilder, sum: Value): Value {
  return emit('Where', [emit('Greater', [sum, 0]), sum, 1])
}
