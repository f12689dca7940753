import type { GradientCase } from '../gradient-check.ts'

export const resizeCases: readonly GradientCase[] = []
