import type { GradientCase } from '../gradient-check.ts'

export const normalizationCases: readonly GradientCase[] = []
