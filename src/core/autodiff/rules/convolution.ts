/** Gradients of convolutions. */
import type { Rule } from '../rule.ts'

export const conv: Rule = () => { throw new Error('conv: to be written') }

export const convTranspose: Rule = () => { throw new Error('convTranspose: to be written') }
