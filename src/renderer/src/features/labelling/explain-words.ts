import { PROVENANCE, type FusionConfig, type Provenance } from '../../../../core/goodsam/config.ts'
import type { MaskExplanation, PixelExplanation, WindowVote } from '../../../../core/goodsam/explain.ts'
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

/** The heaviest of the winning votes that stand for the pixel's provenance; null for a TA-only run. */
export function decidingVote({ votes, label, provenance }: PixelExplanation): WindowVote | null {
  const winning = votes.filter((vote) => vote.votedClass === label && vote.provenance === provenance)
  return winning.reduce<WindowVote | null>((best, vote) => (best === null || vote.weight > best.weight ? vote : best), null)
}

export interface ShownMask {
  readonly mask: MaskExplanation
  /** false: it covers the pixel but was outvoted, or was too mixed to speak */
  readonly decided: boolean
}

/** The mask to show for a pixel: the one that decided it, or else the one whose window counted most here. */
export function shownMask(explanation: PixelExplanation): ShownMask | null {
  const deciding = decidingVote(explanation)?.mask ?? null
  if (deciding !== null) return { mask: deciding, decided: deciding.trusted }
  const covering = explanation.votes.filter(({ mask }) => mask !== null).toSorted((a, b) => b.edgeWeight - a.edgeWeight).at(0)
  return covering === undefined || covering.mask === null ? null : { mask: covering.mask, decided: false }
}

/** Why the pixel has its label, in one line: "majority road 83 %". */
export function reason(explanation: PixelExplanation, fusion: FusionConfig, labelSet: LabelSet): string {
  const { votes } = explanation
  const mask = decidingVote(explanation)?.mask ?? null
  switch (explanation.provenance) {
    case PROVENANCE.none:
      return 'no vote was counted here'
    case PROVENANCE.reviewer:
      return 'a reviewer said so'
    case PROVENANCE.taOnly: {
      if (votes.length === 0) return 'the TA’s own class'
      const bare = votes.filter((vote) => vote.mask === null).length
      const then = { ta: 'the TA’s own class', ignore: 'left out' }[fusion.uncovered]
      return bare === votes.length ? `no mask covers it: ${then}` : `no mask in ${bare} of ${votes.length} windows: ${then}`
    }
    case PROVENANCE.samMajority:
      return mask === null ? 'the masks’ majority' : `majority ${className(labelSet, mask.majority)} ${formatShare(mask.yMax, 0)}`
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
