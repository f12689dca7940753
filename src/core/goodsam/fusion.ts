import type { FusionConfig } from './config.ts'
import type { MaskShares } from './shares.ts'
import type { FusedPanorama, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'

/** Everything of one window that does not depend on theta. */
export interface PreparedWindow {
  readonly window: PanoramaWindow
  /** S_i */
  readonly label: Uint8Array
  /** max p_i, 0..255 */
  readonly confidence: Uint8Array
  /** topmost mask of every pixel (1 + index in this window), 0 where none */
  readonly ensemble: Uint16Array
  readonly shares: MaskShares
  /** index of this window's first mask among the masks of all windows */
  readonly firstMask: number
}

/** Everything that does not depend on theta: prepare once, fuse at every move of the slider. */
export interface PreparedFusion {
  readonly widthPx: number
  readonly heightPx: number
  readonly classes: number
  /** null masks (a TA-only run) leave it empty: the fused label is S_TA^w */
  readonly windows: readonly PreparedWindow[]
  readonly semantics: PanoramaSemantics
  /** null for a TA-only run */
  readonly masks: PanoramaMasks | null
  /** mean Y_max of the small, medium and large masks of the panorama; 0 where there is none */
  readonly meanYMax: readonly [small: number, medium: number, large: number]
  /** the settings it was prepared with */
  readonly confidenceWeightedShares: boolean
  readonly areaLevels: readonly [small: number, medium: number]
}

/**
 * Shares, Y_max, area levels and ensemble maps of all windows: what CTCF (Eq. 3) needs and theta does not change.
 * `masks` null: a TA-only run. Throws RangeError where masks and semantics are not of the same windows.
 */
export function prepareFusion(
  masks: PanoramaMasks | null,
  semantics: PanoramaSemantics,
  config: Pick<FusionConfig, 'confidenceWeightedShares' | 'areaLevels'>,
): PreparedFusion {
  throw new Error(`not built yet ${masks?.windows.length} ${semantics.classes} ${config.areaLevels}`)
}

/** Whether `prepared` serves this configuration, or shares and levels have to be prepared again. */
export function isPreparedFor(prepared: PreparedFusion, fusion: FusionConfig): boolean {
  return (
    prepared.confidenceWeightedShares === fusion.confidenceWeightedShares &&
    prepared.areaLevels[0] === fusion.areaLevels[0] &&
    prepared.areaLevels[1] === fusion.areaLevels[1]
  )
}

/** Y_max from which a mask of each area level is trusted: theta, or theta x mean Y_max(level) (GoodSAM++). */
export function levelThresholds(
  prepared: PreparedFusion,
  fusion: Pick<FusionConfig, 'theta' | 'thetaPerAreaLevel'>,
): [small: number, medium: number, large: number] {
  const [small, medium, large] = prepared.meanYMax
  const { theta } = fusion
  return fusion.thetaPerAreaLevel ? [theta * small, theta * medium, theta * large] : [theta, theta, theta]
}

/**
 * The panorama-level result (METHOD section 4): label, confidence, provenance and deciding mask of every pixel from the
 * votes of all windows that see it. `out` is written and returned where its size fits (the slider allocates nothing).
 * Throws RangeError where `prepared` was made for other shares or area levels (`isPreparedFor`).
 */
export function fusePanorama(prepared: PreparedFusion, fusion: FusionConfig, out?: FusedPanorama): FusedPanorama {
  throw new Error(`not built yet ${prepared.classes} ${fusion.theta} ${out?.label.width}`)
}
