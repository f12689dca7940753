/** Gradients of operators that move, cut or join tensors. */
import type { Rule } from '../rule.ts'

export const concat: Rule = () => { throw new Error('concat: to be written') }

export const split: Rule = () => { throw new Error('split: to be written') }

export const slice: Rule = () => { throw new Error('slice: to be written') }

export const gather: Rule = () => { throw new Error('gather: to be written') }

export const reshape: Rule = () => { throw new Error('reshape: to be written') }

export const flatten: Rule = () => { throw new Error('flatten: to be written') }

export const transpose: Rule = () => { throw new Error('transpose: to be written') }

export const squeeze: Rule = () => { throw new Error('squeeze: to be written') }

export const unsqueeze: Rule = () => { throw new Error('unsqueeze: to be written') }

export const expand: Rule = () => { throw new Error('expand: to be written') }

export const tile: Rule = () => { throw new Error('tile: to be written') }

export const pad: Rule = () => { throw new Error('pad: to be written') }

export const cast: Rule = () => { throw new Error('cast: to be written') }

export const identity: Rule = () => { throw new Error('identity: to be written') }

export const dropout: Rule = () => { throw new Error('dropout: to be written') }
