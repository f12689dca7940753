import type { Equirectangular } from '../geometry/equirectangular.ts'
import type { TangentView } from '../geometry/tangent-view.ts'
import type { MaskTable } from '../mask/mask-table.ts'
import type { Raster } from '../raster/raster.ts'

/** The grid a panorama's pixels live on. Columns are cyclic when the panorama is a full turn. */
export interface PanoramaFrame {
  readonly widthPx: number
  readonly heightPx: number
  readonly cyclic: boolean
  /** how the pixels lie on the sphere: gnomonic windows cannot do without */
  readonly projection?: Equirectangular
}

/**
 * A window W_i. `0 <= x < panorama width`; columns are taken modulo the width, so `x + width` may pass the seam.
 *
 * A gnomonic window has a `view` as well: the networks see its picture, and what they say is brought back to the rectangle.
 * There the view fills a part only; the other pixels are in no mask, have S_i = 255, and cast no vote.
 */
export interface PanoramaWindow {
  readonly index: number
  readonly family: 'sliding' | 'wide' | 'tall' | 'context' | 'gnomonic'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly view?: TangentView
}

/** S_i and its confidence at window resolution. */
export interface WindowSemantics {
  readonly window: PanoramaWindow
  /** argmax of p_i (trainIds of the TA); 255 where a gnomonic window sees nothing */
  readonly label: Uint8Array
  /** max of p_i, 0..255 */
  readonly confidence: Uint8Array
}

/** Result of the TA stage for one panorama. */
export interface PanoramaSemantics {
  readonly classes: number
  readonly windows: readonly WindowSemantics[]
  /** S_TA^w, panorama size */
  readonly label: Raster
  /** its winning mean probability, 0..255 */
  readonly confidence: Raster
  /** L_CC (Eq. 1): mean symmetric KL over all overlaps, nats; 0 where nothing overlaps */
  readonly consistency: number
  /** share of overlap pixels on which the argmaxes of two windows differ, 0..1 */
  readonly disagreement: number
}

/** Result of the mask stage for one panorama: one table per window, in window order. */
export interface PanoramaMasks {
  readonly windows: readonly { readonly window: PanoramaWindow; readonly masks: MaskTable }[]
  /** prompts asked and masks that survived each filter, summed over the windows */
  readonly funnel: MaskFunnel
}

export interface MaskFunnel {
  readonly prompts: number
  readonly candidates: number
  readonly afterPredIou: number
  readonly afterStability: number
  readonly afterNms: number
  readonly kept: number
}

/** The panorama-level result, what a person reviews and exports. */
export interface FusedPanorama {
  readonly label: Raster
  /** winning votes over the most votes the pixel could have got, 0..255 */
  readonly confidence: Raster
  /** values of PROVENANCE */
  readonly provenance: Raster
  /** 1 + index of the mask (windows concatenated in order) that decided the pixel; 0 where none */
  readonly mask: Raster<Uint32Array>
}
