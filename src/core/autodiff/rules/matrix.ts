/** Gradients of matrix products. */
import type { Rule } from '../rule.ts'

export const matMul: Rule = () => { throw new Error('matMul: to be written') }

export const gemm: Rule = () => { throw new Error('gemm: to be written') }

export const einsum: Rule = () => { throw new Error('einsum: to be written') }
