import type { MaskTable } from '../mask/mask-table.ts'
import type { WindowSemantics } from './types.ts'

/** Area levels of GoodSAM++ (CTCFv2). */
export const AREA_LEVEL = { small: 0, medium: 1, large: 2 } as const

/** Lcr and Y_max of the masks of one window, as parallel columns. */
export interface MaskShares {
  readonly classes: number
  readonly count: number
  /** Lcr(c) of mask m at `m * classes + c`: its share of pixels with S_i = c (weighted where asked), summing to 1 */
  readonly shares: Float64Array
  /** trainId of the largest share; ties go to the lowest */
  readonly majority: Uint8Array
  /** Y_max, 0..1 */
  readonly yMax: Float64Array
  /** AREA_LEVEL of the mask */
  readonly level: Uint8Array
}

export interface ShareOptions {
  readonly classes: number
  /** each pixel counts by the TA's confidence (CTCFv2) instead of 1 */
  readonly confidenceWeightedShares: boolean
  /** upper bounds of small and medium as fractions of the window's area */
  readonly areaLevels: readonly [small: number, medium: number]
}

/** Lcr(c) = |K and S_i = c| / |K| for every mask K of a window (Eq. 3). */
export function maskShares(masks: MaskTable, semantics: WindowSemantics, options: ShareOptions): MaskShares {
  throw new Error(`not built yet ${masks.count} ${semantics.window.index} ${options.classes}`)
}

/**
 * Which mask lies on top of every pixel of a window: 1 + the mask's index, 0 where none. Largest masks are painted first,
 * so small ones stay on top; of equal areas the later one does. Knows nothing of theta.
 */
export function ensembleMap(masks: MaskTable): Uint16Array {
  throw new Error(`not built yet ${masks.count}`)
}
