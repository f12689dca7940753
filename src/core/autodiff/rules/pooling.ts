/** Gradients of pooling. */
import type { Rule } from '../rule.ts'

export const averagePool: Rule = () => { throw new Error('averagePool: to be written') }

export const maxPool: Rule = () => { throw new Error('maxPool: to be written') }
