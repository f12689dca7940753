/** Every row of the gradient table has a case, and every case holds. */
import { describe, expect, it } from 'vitest'
import { GRADIENTS } from '../../src/core/autodiff/registry.ts'
import { STOP } from '../../src/core/autodiff/rule.ts'
import { GRADIENT_CASES } from './cases/table.ts'
import { checkGradientCase } from './gradient-check.ts'

describe('the gradient table', () => {
  it('has a case for every row', () => {
    const checked = new Set(GRADIENT_CASES.map((each) => each.op))
    const rows = Object.entries(GRADIENTS).filter(([, rule]) => rule !== STOP).map(([op]) => op)
    expect(rows.filter((op) => !checked.has(op))).toEqual([])
    expect([...checked].filter((op) => !rows.includes(op))).toEqual([])
  })

  for (const gradientCase of GRADIENT_CASES) {
    it(`${gradientCase.op}${gradientCase.about === undefined ? '' : ` (${gradientCase.about})`} agrees with finite differences`, { timeout: 60_000 }, () => checkGradientCase(gradientCase))
  }
})
