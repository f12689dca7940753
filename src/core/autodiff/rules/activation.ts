/** Gradients of activations. */
import type { Rule } from '../rule.ts'

export const erf: Rule = () => { throw new Error('erf: to be written') }

export const tanh: Rule = () => { throw new Error('tanh: to be written') }

export const sigmoid: Rule = () => { throw new Error('sigmoid: to be written') }

export const softplus: Rule = () => { throw new Error('softplus: to be written') }

export const relu: Rule = () => { throw new Error('relu: to be written') }

export const leakyRelu: Rule = () => { throw new Error('leakyRelu: to be written') }

export const pRelu: Rule = () => { throw new Error('pRelu: to be written') }

export const elu: Rule = () => { throw new Error('elu: to be written') }

export const gelu: Rule = () => { throw new Error('gelu: to be written') }

export const hardSigmoid: Rule = () => { throw new Error('hardSigmoid: to be written') }

export const hardSwish: Rule = () => { throw new Error('hardSwish: to be written') }

export const clip: Rule = () => { throw new Error('clip: to be written') }

export const softmax: Rule = () => { throw new Error('softmax: to be written') }

export const logSoftmax: Rule = () => { throw new Error('logSoftmax: to be written') }
