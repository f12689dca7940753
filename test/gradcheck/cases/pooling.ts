import type { GradientCase } from '../gradient-check.ts'

export const poolingCases: readonly GradientCase[] = []
