import type { FusionConfig, Provenance } from './config.ts'
import { PROVENANCE } from './config.ts'
import { edgeAt } from './edge-pool.ts'
import type { PreparedFusion } from './fusion.ts'
import { lastWord, levelThresholds } from './fusion.ts'
import type { PanoramaWindow } from './types.ts'
import { unpackPixel, WHOLE_EDGE, wholeStrength } from './votes.ts'
import { panoramaColumnToWindow } from './windows.ts'

/** One class of a mask's share histogram. */
export interface ClassShare {
  readonly trainId: number
  /** 0..1 */
  readonly share: number
}

/** The mask on top of a pixel in one window, and what theta made of it. */
export interface MaskExplanation {
  /** index among the masks of all windows, in window order (`FusedPanorama.mask` holds 1 + this) */
  readonly globalIndex: number
  readonly indexInWindow: number
  readonly areaPx: number
  readonly areaLevel: 'small' | 'medium' | 'large'
  readonly predictedIou: number
  readonly stability: number
  readonly majority: number
  readonly yMax: number
  /** the mask is trusted from this Y_max on */
  readonly threshold: number
  readonly trusted: boolean
  /** classes with a share above 0, largest first */
  readonly shares: readonly ClassShare[]
}

/** How one window that sees the pixel voted. */
export interface WindowVote {
  readonly window: PanoramaWindow
  /** the pixel within the window */
  readonly x: number
  readonly y: number
  /** null where no mask covers the pixel in this window */
  readonly mask: MaskExplanation | null
  /** S_i and its confidence 0..1 */
  readonly taClass: number
  readonly taConfidence: number
  /** trainId voted for, 255 for ignore */
  readonly votedClass: number
  readonly provenance: Provenance
  /** Y_max or TA confidence x edge weight, 0..1 */
  readonly weight: number
  /** the most this window could have voted with, 0..1 */
  readonly edgeWeight: number
}

/** Why a pixel has its label. */
export interface PixelExplanation {
  readonly x: number
  readonly y: number
  readonly label: number
  /** 0..255, as stored */
  readonly confidence: number
  readonly provenance: Provenance
  /** 1 + global index of the deciding mask, 0 where none */
  readonly mask: number
  /** S_TA^w and its confidence 0..255 */
  readonly taLabel: number
  readonly taConfidence: number
  /** classes voted for, with their share of all that could have been voted, most first */
  readonly tally: readonly ClassShare[]
  /** empty for a TA-only run */
  readonly votes: readonly WindowVote[]
}

/**
 * What `fusePanorama` decided at one pixel, and from which votes: the same rules, told instead of counted.
 * Throws RangeError outside the panorama.
 */
export function explainPixel(prepared: PreparedFusion, fusion: FusionConfig, x: number, y: number): PixelExplanation {
  const { widthPx, heightPx, semantics } = prepared
  const inside = Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < widthPx && y < heightPx
  if (!inside) throw new RangeError(`Pixel (${x}, ${y}) is not in a panorama of ${widthPx} x ${heightPx}.`)
  const taLabel = semantics.label.data[y * widthPx + x]
  const taConfidence = semantics.confidence.data[y * widthPx + x]
  if (prepared.masks === null) {
    return {
      x, y, label: taLabel, confidence: taConfidence, provenance: PROVENANCE.taOnly, mask: 0, taLabel, taConfidence,
      tally: [{ trainId: taLabel, share: taConfidence / 255 }], votes: [],
    }
  }
  const votes: CountedVote[] = []
  prepared.windows.forEach((seen, index) => {
    const column = panoramaColumnToWindow(seen.window, x, widthPx)
    const row = y - seen.window.y
    if (column < 0 || row < 0 || row >= seen.window.height) return
    if (edgeAt(prepared.edges, seen.edges, { x: column, y: row }) === 0) return
    votes.push(explainVote(prepared, fusion, index, { x: column, y: row }))
  })
  const edges = sum(votes.map((vote) => vote.edge))
  const tally = sharesOf(votes)
  const label = tally[0].trainId
  const winning = votes.filter((vote) => vote.told.votedClass === label)
  const heaviest = winning.reduce((best, vote) => (vote.whole > best.whole ? vote : best)).told
  const provenance = commonestProvenance(winning)
  const decidedBy = lastWord(provenance, fusion)
  const overruled = label !== taLabel && decidedBy === 'ta'
  return {
    x, y, provenance,
    label: decidedBy === 'nobody' ? 255 : overruled ? taLabel : label,
    confidence: overruled ? taConfidence : Math.floor(wholeVotes(winning) / edges + 0.5),
    mask: heaviest.mask === null ? 0 : heaviest.mask.globalIndex + 1,
    taLabel, taConfidence, tally,
    votes: votes.map((vote) => vote.told),
  }
}

/** A vote beside the whole numbers it is counted in (votes.ts): sums of those are exact. */
interface CountedVote {
  readonly told: WindowVote
  readonly whole: number
  readonly edge: number
}

/** A vote of full strength in the middle of a window. */
const FULL_VOTE = 255 * WHOLE_EDGE

function explainVote(
  prepared: PreparedFusion,
  fusion: FusionConfig,
  index: number,
  at: { x: number; y: number },
): CountedVote {
  const { window, firstPixel, edges } = prepared.windows[index]
  const pixel = unpackPixel(prepared.pixels[firstPixel + at.y * window.width + at.x])
  const mask = pixel.mask === 0 ? null : explainMask(prepared, fusion, index, pixel.mask - 1)
  const byTa = { votedClass: pixel.taClass, strength: pixel.taConfidence }
  const cast = mask === null ? byTa : underMask(mask, byTa, fusion.belowTheta)
  const edge = edgeAt(prepared.edges, edges, at)
  const whole = cast.strength * edge
  const told: WindowVote = {
    window, x: at.x, y: at.y, mask,
    taClass: pixel.taClass,
    taConfidence: pixel.taConfidence / 255,
    votedClass: cast.votedClass,
    provenance: mask === null ? PROVENANCE.taOnly : mask.trusted ? PROVENANCE.samMajority : PROVENANCE.samBelowTheta,
    weight: whole / FULL_VOTE,
    edgeWeight: edge / WHOLE_EDGE,
  }
  return { told, whole, edge }
}

interface Cast {
  readonly votedClass: number
  /** Y_max or the TA's confidence in 255ths */
  readonly strength: number
}

function underMask(mask: MaskExplanation, byTa: Cast, otherwise: FusionConfig['belowTheta']): Cast {
  const strength = wholeStrength(mask.yMax)
  if (mask.trusted || otherwise === 'majority') return { votedClass: mask.majority, strength }
  return otherwise === 'ta' ? byTa : { votedClass: 255, strength }
}

function explainMask(prepared: PreparedFusion, fusion: FusionConfig, index: number, mask: number): MaskExplanation {
  const { shares, firstMask } = prepared.windows[index]
  const table = prepared.masks?.windows[index].masks
  if (table === undefined) throw new RangeError(`Window ${index} has no masks.`)
  const { classes } = shares
  const level = shares.level[mask]
  const threshold = levelThresholds(prepared, fusion)[level]
  const yMax = shares.yMax[mask]
  const byClass: ClassShare[] = []
  for (let trainId = 0; trainId < classes; trainId++) {
    const share = shares.shares[mask * classes + trainId]
    if (share > 0) byClass.push({ trainId, share })
  }
  return {
    globalIndex: firstMask + mask,
    indexInWindow: mask,
    areaPx: table.areas[mask],
    areaLevel: (['small', 'medium', 'large'] as const)[level],
    predictedIou: table.predictedIou[mask],
    stability: table.stability[mask],
    majority: shares.majority[mask],
    yMax,
    threshold,
    trusted: yMax >= threshold,
    shares: byClass.sort((a, b) => b.share - a.share || a.trainId - b.trainId),
  }
}

/** Votes by class as shares of the most a class could have got, most first; of equals the lowest trainId. */
function sharesOf(votes: readonly CountedVote[]): ClassShare[] {
  const most = 255 * sum(votes.map((vote) => vote.edge))
  const classes = [...new Set(votes.map((vote) => vote.told.votedClass))]
  return classes
    .map((trainId) => ({ trainId, share: wholeVotes(votes.filter((vote) => vote.told.votedClass === trainId)) / most }))
    .sort((a, b) => b.share - a.share || a.trainId - b.trainId)
}

function commonestProvenance(votes: readonly CountedVote[]): Provenance {
  const kinds = [PROVENANCE.samMajority, PROVENANCE.samBelowTheta, PROVENANCE.taOnly] as const
  const byKind = kinds.map((kind) => wholeVotes(votes.filter((vote) => vote.told.provenance === kind)))
  return kinds[byKind.indexOf(Math.max(...byKind))]
}

function wholeVotes(votes: readonly CountedVote[]): number {
  return sum(votes.map((vote) => vote.whole))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
