import { cropRasterAcrossSeam } from '../raster/crop.ts'
import type { PanoramaSemantics, WindowSemantics } from './types.ts'
import { UNSEEN } from './view-weights.ts'

/** S_TA^w and its confidence where the window sees, in the window's pixels: what all windows together say there. 255 and 0 elsewhere. */
export function stitchedWindow({ window, label: seen }: WindowSemantics, { label, confidence }: Pick<PanoramaSemantics, 'label' | 'confidence'>): WindowSemantics {
  const [labels, confidences] = [label, confidence].map((raster) => cropRasterAcrossSeam(raster, window).data)
  for (let p = 0; p < seen.length; p++) {
    if (seen[p] !== UNSEEN) continue
    labels[p] = UNSEEN
    confidences[p] = 0
  }
  return { window, label: labels, confidence: confidences }
}
