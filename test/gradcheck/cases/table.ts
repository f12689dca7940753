/** Every operator's gradient cases. */
import type { GradientCase } from '../gradient-check.ts'
import { activationCases } from './activation.ts'
import { arithmeticCases } from './arithmetic.ts'
import { convolutionCases } from './convolution.ts'
import { matrixCases } from './matrix.ts'
import { normalizationCases } from './normalization.ts'
import { poolingCases } from './pooling.ts'
import { reductionCases } from './reduction.ts'
import { resizeCases } from './resize.ts'
import { structureCases } from './structure.ts'

export const GRADIENT_CASES: readonly GradientCase[] = [
  ...arithmeticCases, ...activationCases, ...reductionCases, ...matrixCases, ...convolutionCases, ...poolingCases,
  ...normalizationCases, ...resizeCases, ...structureCases,
]
