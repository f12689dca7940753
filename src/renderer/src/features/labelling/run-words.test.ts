import { expect, test } from 'vitest'
import { RECIPES, SAM_DEFAULTS, withGeometry } from '../../../../core/goodsam/config.ts'
import { planSentences, runSummary, sameFusion, stepTheta } from './run-words.ts'

test('a run in short', () => {
  expect(runSummary({ samId: 's', config: RECIPES.goodsam })).toBe('GoodSAM, theta 0.50')
  expect(runSummary({ samId: null, config: RECIPES.goodsam })).toBe('TA only')
  expect(runSummary({ samId: 's', config: withGeometry(RECIPES.goodsam, 'gnomonic') })).toBe('GoodSAM, theta 0.50, undistorted views')
})

test('theta moves in hundredths and stays in range', () => {
  let theta = 0.5
  for (let step = 0; step < 7; step++) theta = stepTheta(theta, 0.01)
  expect(theta).toBe(0.57)
  expect(stepTheta(0.995, 0.01)).toBe(1)
  expect(stepTheta(0, -0.01)).toBe(0)
})

test('fusions are compared by value', () => {
  const { fusion } = RECIPES.goodsam
  expect(sameFusion(fusion, { ...fusion, areaLevels: [...fusion.areaLevels] })).toBe(true)
  for (const change of [{ theta: 0.4 }, { belowTheta: 'ignore' as const }, { uncovered: 'ignore' as const }, { shares: 'window' as const }, { confidenceWeightedShares: true }, { thetaPerAreaLevel: true }, { areaLevels: [0.01, 0.2] as const }]) {
    expect(sameFusion(fusion, { ...fusion, ...change })).toBe(false)
  }
})

test('the plan says how much will be asked', () => {
  const plan = { panoramas: 22, sam: { name: 'nano-sam', settings: SAM_DEFAULTS }, ta: 'espnet', recipe: 'goodsam', theta: 0.5, windows: null, geometry: 'sliding' } as const
  const text = planSentences(plan).join(' ')
  expect(text).toContain('22 panoramas')
  expect(text).toContain('256 points per window')
  expect(text).toContain('cross the seam')
  const undistorted = planSentences({ ...plan, geometry: 'gnomonic' }).join(' ')
  expect(undistorted).toContain('views')
  expect(undistorted).not.toContain('window;')
  const baseline = planSentences({ ...plan, sam: null }).join(' ')
  expect(baseline).toContain('baseline')
  expect(baseline).not.toContain('mask takes')
})
