import { expect, test } from 'vitest'
import { PROVENANCE, RECIPES } from '../../../../core/goodsam/config.ts'
import type { MaskExplanation, PixelExplanation, WindowVote } from '../../../../core/goodsam/explain.ts'
import { CITYSCAPES } from '../../../../core/labels/cityscapes.ts'
import { classColor, className, reason, shownMask, thetaDecision } from './explain-words.ts'

const { fusion } = RECIPES.goodsam
const mask: MaskExplanation = {
  globalIndex: 41, indexInWindow: 3, areaPx: 900, areaLevel: 'small', predictedIou: 0.91, stability: 0.97, majority: 0, yMax: 0.83,
  threshold: 0.5, trusted: true, shares: [{ trainId: 0, share: 0.83 }, { trainId: 1, share: 0.17 }],
}
const vote = (of: MaskExplanation | null, more: Partial<WindowVote> = {}): WindowVote => ({
  window: { index: 0, family: 'sliding', x: 0, y: 0, width: 512, height: 512 }, x: 1, y: 1, mask: of, taClass: 1, taConfidence: 0.6,
  votedClass: 0, provenance: of === null ? PROVENANCE.taOnly : of.trusted ? PROVENANCE.samMajority : PROVENANCE.samBelowTheta,
  weight: 0.5, edgeWeight: 0.6, ...more,
})
const pixel = (more: Partial<PixelExplanation>): PixelExplanation => ({
  x: 10, y: 10, label: 0, confidence: 200, provenance: PROVENANCE.samMajority, mask: 42, taLabel: 1, taConfidence: 150, tally: [], votes: [vote(null), vote(mask)], ...more,
})
const mixed = { ...mask, globalIndex: 7, majority: 2, yMax: 0.41, trusted: false }

test('a trusted mask gives its majority and the share', () => {
  expect(shownMask(pixel({}))).toEqual({ mask, decided: true })
  expect(reason(pixel({}), fusion, CITYSCAPES)).toBe('majority road 83 %')
  expect(thetaDecision(mask)).toBe('83 % ≥ 0.50, trusted')
})

test('a heavier vote of another provenance, or for another class, is not the reason', () => {
  const votes = [vote(mask), vote(mixed, { weight: 0.9 }), vote({ ...mask, globalIndex: 3, majority: 1 }, { votedClass: 1, weight: 0.8 })]
  expect(shownMask(pixel({ votes }))).toEqual({ mask, decided: true })
  expect(reason(pixel({ votes }), fusion, CITYSCAPES)).toBe('majority road 83 %')
})

test('a mask below theta says what happens instead', () => {
  const below = pixel({ provenance: PROVENANCE.samBelowTheta, votes: [vote(mixed)] })
  expect(reason(below, fusion, CITYSCAPES)).toBe('majority building only 41 %: the TA’s own class stays')
  expect(reason(below, { ...fusion, belowTheta: 'ignore' }, CITYSCAPES)).toBe('majority building only 41 %: left out')
  expect(thetaDecision(mixed)).toBe('41 % < 0.50, not trusted')
})

test('the TA decides where no mask is, or where most windows have none', () => {
  const bare = pixel({ provenance: PROVENANCE.taOnly, mask: 0, votes: [vote(null), vote(null)] })
  expect([reason(bare, fusion, CITYSCAPES), shownMask(bare)]).toEqual(['no mask covers it: the TA’s own class', null])
  expect(reason({ ...bare, label: 255 }, { ...fusion, uncovered: 'ignore' }, CITYSCAPES)).toBe('no mask covers it: left out')
  const outvoted = pixel({ provenance: PROVENANCE.taOnly, mask: 0, votes: [vote(null), vote(mask, { votedClass: 1 }), vote(null)] })
  expect(reason(outvoted, fusion, CITYSCAPES)).toBe('no mask in 2 of 3 windows: the TA’s own class')
  expect(shownMask(outvoted)).toEqual({ mask, decided: false })
  expect(reason(pixel({ provenance: PROVENANCE.taOnly, mask: 0, votes: [] }), fusion, CITYSCAPES)).toBe('the TA’s own class')
})

test('classes by name and colour', () => {
  expect([className(CITYSCAPES, 18), className(CITYSCAPES, 255), className(CITYSCAPES, 30)]).toEqual(['bicycle', 'ignore', 'class 30'])
  expect([classColor(CITYSCAPES, 0), classColor(CITYSCAPES, 255)]).toEqual(['rgb(128 64 128)', 'transparent'])
})
