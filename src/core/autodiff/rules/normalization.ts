/** Gradients of normalisations. */
import type { Rule } from '../rule.ts'

export const batchNormalization: Rule = () => { throw new Error('batchNormalization: to be written') }

export const layerNormalization: Rule = () => { throw new Error('layerNormalization: to be written') }

export const groupNormalization: Rule = () => { throw new Error('groupNormalization: to be written') }

export const instanceNormalization: Rule = () => { throw new Error('instanceNormalization: to be written') }
