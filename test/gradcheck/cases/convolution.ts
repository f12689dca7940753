import type { GradientCase } from '../gradient-check.ts'

export const convolutionCases: readonly GradientCase[] = []
