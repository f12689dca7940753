import type { ClassPlanes } from '../raster/raster.ts'
import type { PanoramaFrame, PanoramaWindow, WindowSemantics } from './types.ts'

/** p_i: what the TA thinks of a window. The planes cover the whole window at the TA's own, coarser resolution. */
export interface WindowProbabilities {
  readonly window: PanoramaWindow
  readonly probabilities: ClassPlanes
}

/** Logits to probabilities, in place: softmax over the classes of every pixel (METHOD section 3). Returns its argument. */
export function softmaxPlanes(logits: ClassPlanes): ClassPlanes {
  throw new Error(`not built yet ${logits.classes}`)
}

export interface ContextBlend {
  /** the TA's probabilities of the whole-height views of `contextWindows` */
  readonly views: readonly WindowProbabilities[]
  readonly frame: PanoramaFrame
  /** 0: the window alone, 1: the context alone */
  readonly weight: number
}

/**
 * Mixes the whole-panorama prediction into a window's, in place: p = (1 - weight) p_window + weight p_context, where
 * p_context is the mean of the views that see the pixel, by their distance to the view's edge (METHOD section 1 [D]).
 * Returns `probabilities`.
 */
export function blendContext(probabilities: ClassPlanes, window: PanoramaWindow, context: ContextBlend): ClassPlanes {
  throw new Error(`not built yet ${probabilities.classes} ${window.x} ${context.weight}`)
}

/** S_i and max p_i (0..255) at window resolution: probabilities upsampled bilinearly, then argmax (ties: lowest trainId). */
export function windowSemantics(probabilities: ClassPlanes, window: PanoramaWindow): WindowSemantics {
  throw new Error(`not built yet ${probabilities.classes} ${window.x}`)
}
