import type { GradientCase } from '../gradient-check.ts'

export const reductionCases: readonly GradientCase[] = []
