import type { FusionConfig } from './config.ts'
import { PROVENANCE } from './config.ts'
import type { MaskShares } from './shares.ts'

/**
 * The vote count of the panorama-level fusion (METHOD section 4), as loops over typed arrays.
 *
 * Votes are integers: Y_max and the TA's confidence in 255ths, edge weights in 255ths per axis. Sums are exact, so the
 * order of the windows decides nothing and rolling a panorama rolls its result. Every vote counts at least a 255th; only
 * where a gnomonic window does not see the pixel is its edge weight 0, and then it is nobody's vote: it adds nothing, and no
 * class wins by it.
 *
 * What a window says about a pixel is one number, `pixel`: mask on top (1 + index in the window, 0: none) in the upper 16
 * bits, S_i in the next 8, the TA's confidence in the lowest 8. What theta makes of a mask is another, its `decision`:
 * the lowest 16 bits hold class and weight as they do in `pixel`, two flags tell where the vote comes from, and the sign
 * bit leaves class and weight to the TA. One `decision` per mask, after one for "no mask": that is the only thing a new
 * theta changes.
 */
const SAM_MAJORITY: number = PROVENANCE.samMajority
const SAM_BELOW_THETA: number = PROVENANCE.samBelowTheta
const TA_ONLY: number = PROVENANCE.taOnly
const LEFT_TO_TA = 1 << 31
const BY_MAJORITY = 1 << 16
const BELOW_THETA = 1 << 17
const CLASS_BITS = 0xff00
/** The weight of a vote for another class than the winner, once that is known: lighter than any. */
const OUTVOTED = -1
/** The edge weight of a pixel in the middle of a window: 255ths of both axes. */
export const WHOLE_EDGE = 255 * 255
/** Sums of votes stay below 2^31: each is at most 255 * 255 * 255. */
export const MOST_VOTERS = 128

/** What a window says about its pixels. */
export function packPixels(into: Uint32Array, ensemble: Uint16Array, label: Uint8Array, confidence: Uint8Array): void {
  for (let p = 0; p < into.length; p++) into[p] = (ensemble[p] << 16) | (label[p] << 8) | Math.max(1, confidence[p])
}

/** The parts of one `pixel`; `mask` is 1 + index in the window, 0 for none. */
export function unpackPixel(pixel: number): { mask: number; taClass: number; taConfidence: number } {
  return { mask: pixel >>> 16, taClass: (pixel >> 8) & 255, taConfidence: pixel & 255 }
}

/** Decisions of one window for a theta: first that of "no mask", then one per mask; `otherwise` for masks below. */
export function decideMasks(
  into: Int32Array,
  shares: MaskShares,
  thresholds: ArrayLike<number>,
  otherwise: FusionConfig['belowTheta'],
): void {
  into[0] = LEFT_TO_TA
  for (let m = 0; m < shares.count; m++) {
    const weight = wholeStrength(shares.yMax[m])
    const majority = (shares.majority[m] << 8) | weight
    if (shares.yMax[m] >= thresholds[shares.level[m]]) into[m + 1] = BY_MAJORITY | majority
    else if (otherwise === 'majority') into[m + 1] = BELOW_THETA | majority
    else if (otherwise === 'ignore') into[m + 1] = BELOW_THETA | (255 << 8) | weight
    else into[m + 1] = BELOW_THETA | LEFT_TO_TA
  }
}

/** What a decision makes of a `pixel` under its mask: the class voted for, whether for a trusted mask's sake, and whether it is the TA's own. */
export function castVote(decision: number, pixel: number): { votedClass: number; byMajority: boolean; byTa: boolean } {
  return { votedClass: classOf(voteOf(decision, pixel)), byMajority: (decision & BY_MAJORITY) !== 0, byTa: (decision & LEFT_TO_TA) !== 0 }
}

/** Y_max in 255ths. */
export function wholeStrength(yMax: number): number {
  return Math.max(1, Math.round(255 * yMax))
}

/** Edge weights of an axis in 255ths, never 0: see `edgeWeights`. */
export function wholeEdgeWeights(weights: Float32Array): Int32Array {
  return Int32Array.from(weights, (weight) => Math.max(1, Math.round(255 * weight)))
}

/** All that the counting loops touch. */
export interface Poll {
  /** `pixel` of every window, concatenated */
  readonly pixels: Uint32Array
  /** `decision` of every window, concatenated */
  readonly decisions: Int32Array
  /** by index into `decisions`: 1 + the mask's index among those of all windows, 0 for "no mask" */
  readonly masks: Uint32Array
  /** whole edge weights of every window length that occurs, concatenated */
  readonly edges: Int32Array
  readonly voters: Voters
  readonly label: Uint8Array
  readonly confidence: Uint8Array
  readonly provenance: Uint8Array
  readonly mask: Uint32Array
}

/** The windows that see the row at hand, as parallel columns: where each one's data for its first pixel begins. */
export interface Voters {
  readonly pixelAt: Int32Array
  readonly decisionAt: Int32Array
  readonly edgeAt: Int32Array
  /** whole vertical edge weight */
  readonly rowWeight: Int32Array
  /** what each voter says about the one pixel that is being counted */
  readonly decision: Int32Array
  readonly vote: Int32Array
  readonly weight: Int32Array
  /** votes by class while voters differ; 0 in between */
  readonly votesByClass: Int32Array
}

export function makeVoters(): Voters {
  return {
    pixelAt: new Int32Array(MOST_VOTERS),
    decisionAt: new Int32Array(MOST_VOTERS),
    edgeAt: new Int32Array(MOST_VOTERS),
    rowWeight: new Int32Array(MOST_VOTERS),
    decision: new Int32Array(MOST_VOTERS),
    vote: new Int32Array(MOST_VOTERS),
    weight: new Int32Array(MOST_VOTERS),
    votesByClass: new Int32Array(256),
  }
}

/** Counts `length` pixels of a row that the same `count` voters see; results go to pixels `to ..` of the panorama. */
export function countRow(poll: Poll, count: number, length: number, to: number): void {
  // Half a window of stride: two windows see a pixel of the first and last rows, four all the others. Of the counts
  // these two are worth a loop without a loop inside.
  if (count === 4) countQuartets(poll, length, to)
  else if (count === 2) countPairs(poll, length, to)
  else countAny(poll, count, length, to)
}

function voteOf(decision: number, pixel: number): number {
  return decision | ((decision >> 31) & pixel & 0xffff)
}

function classOf(vote: number): number {
  return (vote >> 8) & 255
}

function weightOf(vote: number, edge: number): number {
  return Math.imul(vote & 255, edge)
}

/** `weight` where the vote carries the flag, else 0 (without a branch: neighbours differ a lot). */
function byMajority(vote: number, weight: number): number {
  return weight & ((vote << 15) >> 31)
}

function belowTheta(vote: number, weight: number): number {
  return weight & ((vote << 14) >> 31)
}

/** The kind of vote that gave the winner most; ties go to SAM. */
function provenanceOf(majority: number, below: number, ta: number): number {
  if (majority >= below) return majority >= ta ? SAM_MAJORITY : TA_ONLY
  return below >= ta ? SAM_BELOW_THETA : TA_ONLY
}

function countAny(poll: Poll, count: number, length: number, to: number): void {
  const { pixels, decisions, masks, edges, label, confidence, provenance, mask } = poll
  const { pixelAt, decisionAt, edgeAt, rowWeight, decision, vote, weight, votesByClass } = poll.voters
  for (let x = 0; x < length; x++) {
    let differing = 0
    let most = 0
    let votes = 0
    for (let i = 0; i < count; i++) {
      const pixel = pixels[(pixelAt[i] + x) | 0]
      const own = (decisionAt[i] + (pixel >>> 16)) | 0
      const cast = voteOf(decisions[own], pixel)
      const edge = Math.imul(edges[(edgeAt[i] + x) | 0], rowWeight[i])
      const heavy = weightOf(cast, edge)
      decision[i] = own
      vote[i] = cast
      weight[i] = heavy
      differing |= cast ^ vote[0]
      most = (most + edge) | 0
      votes = (votes + heavy) | 0
    }
    let winner = classOf(vote[0])
    if ((differing & CLASS_BITS) !== 0) {
      votes = -1
      for (let i = 0; i < count; i++) votesByClass[classOf(vote[i])] += weight[i]
      for (let i = 0; i < count; i++) {
        const candidate = classOf(vote[i])
        const own = votesByClass[candidate]
        if (own > votes || (own === votes && candidate < winner)) {
          votes = own
          winner = candidate
        }
      }
      for (let i = 0; i < count; i++) {
        const candidate = classOf(vote[i])
        votesByClass[candidate] = 0
        if (candidate !== winner) {
          vote[i] = 0
          weight[i] = OUTVOTED
        }
      }
    }
    let majority = 0
    let below = 0
    let heaviest = OUTVOTED
    let decidedBy = 0
    for (let i = 0; i < count; i++) {
      const heavy = weight[i]
      majority = (majority + byMajority(vote[i], heavy)) | 0
      below = (below + belowTheta(vote[i], heavy)) | 0
      if (heavy > heaviest) {
        heaviest = heavy
        decidedBy = decision[i]
      }
    }
    label[to + x] = winner
    confidence[to + x] = votes / most + 0.5
    provenance[to + x] = provenanceOf(majority, below, votes - majority - below)
    mask[to + x] = masks[decidedBy]
  }
}

function countPairs(poll: Poll, length: number, to: number): void {
  const { pixels, decisions, masks, edges, label, confidence, provenance, mask } = poll
  const { pixelAt, decisionAt, edgeAt, rowWeight } = poll.voters
  const pixel0 = pixelAt[0]
  const pixel1 = pixelAt[1]
  const decision0 = decisionAt[0]
  const decision1 = decisionAt[1]
  const edge0 = edgeAt[0]
  const edge1 = edgeAt[1]
  const row0 = rowWeight[0]
  const row1 = rowWeight[1]
  for (let x = 0; x < length; x++) {
    const p0 = pixels[(pixel0 + x) | 0]
    const p1 = pixels[(pixel1 + x) | 0]
    const d0 = (decision0 + (p0 >>> 16)) | 0
    const d1 = (decision1 + (p1 >>> 16)) | 0
    let v0 = voteOf(decisions[d0], p0)
    let v1 = voteOf(decisions[d1], p1)
    const e0 = Math.imul(edges[(edge0 + x) | 0], row0)
    const e1 = Math.imul(edges[(edge1 + x) | 0], row1)
    let w0 = weightOf(v0, e0)
    let w1 = weightOf(v1, e1)
    let winner = classOf(v0)
    let votes = (w0 + w1) | 0
    if (((v0 ^ v1) & CLASS_BITS) !== 0) {
      const c1 = classOf(v1)
      if (w1 > w0 || (w1 === w0 && c1 < winner)) {
        winner = c1
        votes = w1
        v0 = 0
        w0 = OUTVOTED
      } else {
        votes = w0
        v1 = 0
        w1 = OUTVOTED
      }
    }
    const majority = (byMajority(v0, w0) + byMajority(v1, w1)) | 0
    const below = (belowTheta(v0, w0) + belowTheta(v1, w1)) | 0
    label[to + x] = winner
    confidence[to + x] = votes / (e0 + e1) + 0.5
    provenance[to + x] = provenanceOf(majority, below, votes - majority - below)
    mask[to + x] = masks[w1 > w0 ? d1 : d0]
  }
}

function countQuartets(poll: Poll, length: number, to: number): void {
  const { pixels, decisions, masks, edges, label, confidence, provenance, mask } = poll
  const { pixelAt, decisionAt, edgeAt, rowWeight } = poll.voters
  const pixel0 = pixelAt[0]
  const pixel1 = pixelAt[1]
  const pixel2 = pixelAt[2]
  const pixel3 = pixelAt[3]
  const decision0 = decisionAt[0]
  const decision1 = decisionAt[1]
  const decision2 = decisionAt[2]
  const decision3 = decisionAt[3]
  const edge0 = edgeAt[0]
  const edge1 = edgeAt[1]
  const edge2 = edgeAt[2]
  const edge3 = edgeAt[3]
  const row0 = rowWeight[0]
  const row1 = rowWeight[1]
  const row2 = rowWeight[2]
  const row3 = rowWeight[3]
  for (let x = 0; x < length; x++) {
    const p0 = pixels[(pixel0 + x) | 0]
    const p1 = pixels[(pixel1 + x) | 0]
    const p2 = pixels[(pixel2 + x) | 0]
    const p3 = pixels[(pixel3 + x) | 0]
    const d0 = (decision0 + (p0 >>> 16)) | 0
    const d1 = (decision1 + (p1 >>> 16)) | 0
    const d2 = (decision2 + (p2 >>> 16)) | 0
    const d3 = (decision3 + (p3 >>> 16)) | 0
    let v0 = voteOf(decisions[d0], p0)
    let v1 = voteOf(decisions[d1], p1)
    let v2 = voteOf(decisions[d2], p2)
    let v3 = voteOf(decisions[d3], p3)
    const e0 = Math.imul(edges[(edge0 + x) | 0], row0)
    const e1 = Math.imul(edges[(edge1 + x) | 0], row1)
    const e2 = Math.imul(edges[(edge2 + x) | 0], row2)
    const e3 = Math.imul(edges[(edge3 + x) | 0], row3)
    const most = (e0 + e1 + e2 + e3) | 0
    let w0 = weightOf(v0, e0)
    let w1 = weightOf(v1, e1)
    let w2 = weightOf(v2, e2)
    let w3 = weightOf(v3, e3)
    let winner = classOf(v0)
    let votes = (w0 + w1 + w2 + w3) | 0
    if ((((v0 ^ v1) | (v0 ^ v2) | (v0 ^ v3)) & CLASS_BITS) !== 0) {
      const c0 = winner
      const c1 = classOf(v1)
      const c2 = classOf(v2)
      const c3 = classOf(v3)
      const votes1 = (w1 + (c0 === c1 ? w0 : 0) + (c2 === c1 ? w2 : 0) + (c3 === c1 ? w3 : 0)) | 0
      const votes2 = (w2 + (c0 === c2 ? w0 : 0) + (c1 === c2 ? w1 : 0) + (c3 === c2 ? w3 : 0)) | 0
      const votes3 = (w3 + (c0 === c3 ? w0 : 0) + (c1 === c3 ? w1 : 0) + (c2 === c3 ? w2 : 0)) | 0
      votes = (w0 + (c1 === c0 ? w1 : 0) + (c2 === c0 ? w2 : 0) + (c3 === c0 ? w3 : 0)) | 0
      if (votes1 > votes || (votes1 === votes && c1 < winner)) {
        votes = votes1
        winner = c1
      }
      if (votes2 > votes || (votes2 === votes && c2 < winner)) {
        votes = votes2
        winner = c2
      }
      if (votes3 > votes || (votes3 === votes && c3 < winner)) {
        votes = votes3
        winner = c3
      }
      if (c0 !== winner) {
        v0 = 0
        w0 = OUTVOTED
      }
      if (c1 !== winner) {
        v1 = 0
        w1 = OUTVOTED
      }
      if (c2 !== winner) {
        v2 = 0
        w2 = OUTVOTED
      }
      if (c3 !== winner) {
        v3 = 0
        w3 = OUTVOTED
      }
    }
    const majority = (byMajority(v0, w0) + byMajority(v1, w1) + byMajority(v2, w2) + byMajority(v3, w3)) | 0
    const below = (belowTheta(v0, w0) + belowTheta(v1, w1) + belowTheta(v2, w2) + belowTheta(v3, w3)) | 0
    let heaviest = w0
    let decidedBy = d0
    if (w1 > heaviest) {
      heaviest = w1
      decidedBy = d1
    }
    if (w2 > heaviest) {
      heaviest = w2
      decidedBy = d2
    }
    if (w3 > heaviest) decidedBy = d3
    label[to + x] = winner
    confidence[to + x] = votes / most + 0.5
    provenance[to + x] = provenanceOf(majority, below, votes - majority - below)
    mask[to + x] = masks[decidedBy]
  }
}
