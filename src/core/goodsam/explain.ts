import type { FusionConfig, Provenance } from './config.ts'
import type { PreparedFusion } from './fusion.ts'
import type { PanoramaWindow } from './types.ts'

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

/** What `fusePanorama` decided at one pixel, and from which votes. Throws RangeError outside the panorama. */
export function explainPixel(prepared: PreparedFusion, fusion: FusionConfig, x: number, y: number): PixelExplanation {
  throw new Error(`not built yet ${prepared.classes} ${fusion.theta} ${x} ${y}`)
}
