/** Gradient of Resize. */
import type { Rule } from '../rule.ts'

export const resize: Rule = () => { throw new Error('resize: to be written') }
