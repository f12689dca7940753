import type { GradientCase } from '../gradient-check.ts'

export const structureCases: readonly GradientCase[] = []
