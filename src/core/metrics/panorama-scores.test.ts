import { describe, expect, test } from 'vitest'
import { GOLDEN_CASES, drawn } from '../../../test/fixtures/metrics-golden.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { LabelSet } from '../labels/label-set.ts'
import { confusionScores } from './confusion.ts'
import { addScores, emptyTotals, scorePanorama, summariseTotals, type ScoreTotals } from './panorama-scores.ts'

const FULL_SPHERE = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true }

function labelSet(classes: number): LabelSet {
  return { id: 'test', name: 'test', classes: Array.from({ length: classes }, (_, trainId) => ({ trainId, name: `class ${trainId}`, labelId: trainId, color: [0, 0, 0] as const })) }
}

type Case = (typeof GOLDEN_CASES)[number]

function scored({ pairs, classes }: Case): { totals: ScoreTotals; perImage: ReturnType<typeof scorePanorama>[] } {
  const totals = emptyTotals(classes)
  const perImage = pairs.map(({ truth, prediction }) => scorePanorama(truth, prediction, { classes, projection: FULL_SPHERE, rolled: null }))
  for (const scores of perImage) addScores(totals, scores)
  return { totals, perImage }
}

describe('as numpy counts (test/fixtures/metrics.golden.py)', () => {
  test.each(GOLDEN_CASES)('$name: the confusion matrix, to the pixel', (of) => {
    const { counts } = scored(of).totals.confusion
    expect([...counts]).toEqual(of.confusion.flat())
  })

  test.each(GOLDEN_CASES)('$name: mIoU as the published evaluation of Cityscapes defines it', (of) => {
    const scores = summariseTotals(scored(of).totals, labelSet(of.classes))!
    expect(Math.abs(scores.miou - of.cityscapesMiou)).toBeLessThan(1e-6)
    expect(scores.miou).toBeCloseTo(of.scores.miou!, 12)
    expect(scores.pixelAccuracy).toBeCloseTo(of.scores.pixelAccuracy!, 12)
    expect(scores.solidAngleMiou).toBeCloseTo(of.solidAngle.miou!, 9)
    expect(scores.latitudeBands.find(({ fromDeg }) => fromDeg === -30)!.miou).toBeCloseTo(of.band.miou!, 12)
    expect(scores.boundaryF).toBeCloseTo(of.boundary.find(({ cyclic, tolerance }) => cyclic && tolerance === 0.0075)!.meanF!, 12)
    expect(scores.panoramas).toBe(of.pairs.length)
  })

  test.each(GOLDEN_CASES)('$name: each image by itself', (of) => {
    scored(of).perImage.forEach(({ confusion }, i) => {
      const { miou, pixelAccuracy } = confusionScores(confusion)
      expect(Math.abs(miou! - of.perImage[i].miou!)).toBeLessThan(1e-6)
      expect(Math.abs(pixelAccuracy! - of.perImage[i].pixelAccuracy!)).toBeLessThan(1e-6)
    })
  })
})

describe('seam', () => {
  const truth = drawn('00001111', '00001111')
  const seamOf = (cyclic: boolean, rolled: ReturnType<typeof drawn> | null): number | null =>
    scorePanorama(truth, truth, { classes: 2, projection: { ...FULL_SPHERE, cyclic }, rolled }).seam

  test('with a prediction of the rolled panorama: their agreement in the band', () => {
    expect(seamOf(true, truth)).toBe(1)
    // one pixel of the band's two columns of two rows differs
    expect(seamOf(true, drawn('10001111', '00001111'))).toBe(3 / 4)
    expect(seamOf(true, rollColumns(truth, 4))).toBe(0)
  })

  test('with one map: its continuity. Every row breaks at the seam, and at one of seven other places', () => {
    expect(seamOf(true, null)).toBe(0)
  })

  test('a panorama with edges has none, and does not count in the mean', () => {
    expect(seamOf(false, null)).toBeNull()
    const totals = emptyTotals(2)
    for (const [cyclic, rolled] of [[false, null], [true, truth], [true, drawn('10001111', '00001111')]] as const) {
      addScores(totals, scorePanorama(truth, truth, { classes: 2, projection: { ...FULL_SPHERE, cyclic }, rolled }))
    }
    expect(summariseTotals(totals, labelSet(2))).toMatchObject({ panoramas: 3, miou: 1, seamConsistency: (1 + 3 / 4) / 2 })
  })
})

test('without a labelled pixel there is nothing to tell', () => {
  const totals = emptyTotals(2)
  addScores(totals, scorePanorama(drawn('..'), drawn('01'), { classes: 2, projection: FULL_SPHERE, rolled: null }))
  expect(summariseTotals(totals, labelSet(2))).toBeNull()
})
