import type { GradientCase } from '../gradient-check.ts'

export const matrixCases: readonly GradientCase[] = []
