import type { GradientCase } from '../gradient-check.ts'

export const activationCases: readonly GradientCase[] = []
