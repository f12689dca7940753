import { PROVENANCE, type FusionConfig, type Provenance } from '../../../../core/goodsam/config.ts'
import type { MaskExplanation, PixelExplanation } from '../../../../core/goodsam/explain.ts'
import { IGNORE_ID, type LabelSet } from '../../../../core/labels/label-set.ts'
import { formatShare } from '../../app/format.ts'

export function className(labelSet: LabelSet, trainId: number): string {
  if (trainId === IGNORE_ID) return 'ignore'
  return labelSet.classes.find((one) => one.trainId === trainId)?.name ?? `class ${trainId}`
}

/** CSS colour of a class; ignore is nothing. */
export function classColor(labelSet: LabelSet, trainId: number): string {
  const color = labelSet.classes.find((one) => one.trainId === trainId)?.color
  return color === undefined ? 'transparent' : `rgb(${color.join(' ')})`
}

export const PROVENANCE_NAMES: Readonly<Record<Provenance, string>> = {
  [PROVENANCE.none]: 'No label',
  [PROVENANCE.samMajority]: 'SAM majority',
  [PROVENANCE.samBelowTheta]: 'SAM below theta',
  [PROVENANCE.taOnly]: 'TA only',
  [PROVENANCE.reviewer]: 'Reviewer',
}

/** The mask that decided the pixel, as the window saw it that voted with it; null where the TA decided alone. */
export function decidingMask(explanation: PixelExplanation): MaskExplanation | null {
  if (explanation.mask === 0) return null
  return explanation.votes.find(({ mask }) => mask?.globalIndex === explanation.mask - 1)?.mask ?? null
}

/** Why the pixel has its label, in one line: "majority road 83 %". */
export function reason(explanation: PixelExplanation, fusion: FusionConfig, labelSet: LabelSet): string {
  const mask = decidingMask(explanation)
  switch (explanation.provenance) {
    case PROVENANCE.none:
      return 'no vote was counted here'
    case PROVENANCE.reviewer:
      return 'a reviewer said so'
    case PROVENANCE.taOnly:
      return explanation.votes.length === 0 ? 'the TA’s own class' : 'no mask covers it: the TA’s own class'
    case PROVENANCE.samMajority:
      return mask === null ? 'the mask’s majority' : `majority ${className(labelSet, mask.majority)} ${formatShare(mask.yMax, 0)}`
    case PROVENANCE.samBelowTheta: {
      const then = { ta: 'the TA’s own class stays', majority: 'painted all the same', ignore: 'left out' }[fusion.belowTheta]
      if (mask === null) return `the mask is too mixed: ${then}`
      return `majority ${className(labelSet, mask.majority)} only ${formatShare(mask.yMax, 0)}: ${then}`
    }
  }
}

/** What theta made of a mask: "83 % ≥ 0.50, trusted". */
export function thetaDecision(mask: MaskExplanation): string {
  return `${formatShare(mask.yMax, 0)} ${mask.trusted ? '≥' : '<'} ${mask.threshold.toFixed(2)}, ${mask.trusted ? 'trusted' : 'not trusted'}`
}
