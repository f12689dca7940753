/**
 * Optimisers as graph builders: one update of one flat vector of parameters, in a dozen operators however many
 * parameters lie in it. Formulas and defaults are those of torch.optim.
 */
import type { Emit, Value } from '../onnx/graph-builder.ts'

export interface Update {
  readonly emit: Emit
  /** [n] */
  readonly parameters: Value
  /** [n], clipped already */
  readonly gradient: Value
  /** The optimiser's own vectors [n], by the names in `slots` */
  readonly slots: Readonly<Record<string, Value>>
  /** Scalar, with the group's factor applied */
  readonly learningRate: Value
  /** Scalar: 1 in the first update */
  readonly step: Value
  readonly weightDecay: number
}

export interface Optimizer {
  /** Names of the vectors that it keeps beside the parameters; they begin as zeros */
  readonly slots: readonly string[]
  /** For groups that do not say otherwise */
  readonly weightDecay: number
  /** Emits the new parameters and the new slots */
  readonly update: (update: Update) => { readonly parameters: Value; readonly slots: Readonly<Record<string, Value>> }
}

export interface AdamWOptions {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  readonly weightDecay?: number
}

/**
 * AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", algorithm 2), as torch.optim.AdamW:
 *   m = beta1 m + (1 - beta1) g
 *   v = beta2 v + (1 - beta2) g^2
 *   p = (1 - lr decay) p - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
 */
export function adamW({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions = {}): Optimizer {
  return {
    slots: ['firstMoment', 'secondMoment'],
    weightDecay,
    update({ emit, parameters, gradient, slots, learningRate, step, weightDecay: decay }) {
      const firstMoment = emit('Add', [emit('Mul', [slots.firstMoment, beta1]), emit('Mul', [gradient, 1 - beta1])])
      const squares = emit('Mul', [emit('Mul', [gradient, gradient]), 1 - beta2])
      const secondMoment = emit('Add', [emit('Mul', [slots.secondMoment, beta2]), squares])
      // numerator and denominator times sqrt(1 - beta2^t): one pass over the vector less
      const rootOfCorrection = emit('Sqrt', [oneMinusPower(emit, beta2, step)])
      const denominator = emit('Add', [emit('Sqrt', [secondMoment]), emit('Mul', [rootOfCorrection, epsilon])])
      const rate = emit('Div', [emit('Mul', [learningRate, rootOfCorrection]), oneMinusPower(emit, beta1, step)])
      const change = emit('Mul', [emit('Div', [firstMoment, denominator]), rate])
      return { parameters: emit('Sub', [decayed(emit, { parameters, learningRate, decay }), change]), slots: { firstMoment, secondMoment } }
    },
  }
}

export interface SgdOptions {
  readonly momentum?: number
  readonly nesterov?: boolean
  readonly weightDecay?: number
}

/** Stochastic gradient descent as torch.optim.SGD without dampening: decay is part of the gradient, m = momentum m + g, p = p - lr m. */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  return {
    slots: momentum === 0 ? [] : ['momentum'],
    weightDecay,
    update({ emit, parameters, gradient, slots, learningRate, weightDecay: decay }) {
      const slope = decay === 0 ? gradient : emit('Add', [gradient, emit('Mul', [parameters, decay])])
      const next = momentum === 0 ? undefined : emit('Add', [emit('Mul', [slots.momentum, momentum]), slope])
      const direction = next === undefined ? slope : nesterov ? emit('Add', [slope, emit('Mul', [next, momentum])]) : next
      const kept: Readonly<Record<string, Value>> = next === undefined ? {} : { momentum: next }
      return { parameters: emit('Sub', [parameters, emit('Mul', [direction, learningRate])]), slots: kept }
    },
  }
}

function decayed(emit: Emit, { parameters, learningRate, decay }: { parameters: Value; learningRate: Value; decay: number }): Value {
  return decay === 0 ? parameters : emit('Mul', [parameters, emit('Sub', [1, emit('Mul', [learningRate, decay])])])
}

/**
 * 1 - base^exponent without the cancellation that costs four digits in float32 where base is 0.999: with
 * u = tanh(-exponent ln(base) / 2) it is 2 u / (1 + u).
 */
function oneMinusPower(emit: Emit, base: number, exponent: Value): Value {
  const u = emit('Tanh', [emit('Mul', [exponent, -Math.log(base) / 2])])
  return emit('Div', [emit('Mul', [u, 2]), emit('Add', [u, 1])])
}
