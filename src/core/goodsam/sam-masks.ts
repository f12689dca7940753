import type { MaskTable } from '../mask/mask-table.ts'
import type { SamSettings } from './config.ts'
import type { MaskFunnel } from './types.ts'

/** SAM's automatic mask generation for one window (METHOD section 2), after the decoder. */

/** What one decoder run gives. Every array is a plain typed array, so a batch can be transferred to a worker. */
export interface DecodedBatch {
  readonly prompts: number
  readonly masksPerPrompt: number
  readonly lowWidth: number
  readonly lowHeight: number
  /** part of the low-resolution frame that is image, not padding; may be fractional */
  readonly validWidth: number
  readonly validHeight: number
  /** [prompts, masksPerPrompt, lowHeight, lowWidth] */
  readonly logits: Float32Array
  /** predicted IoU, [prompts, masksPerPrompt] */
  readonly scores: Float32Array
  /** x, y of each prompt in window px, length 2 * prompts */
  readonly points: Float32Array
}

/** Survivors of the first two filters, as parallel columns (transferable). Logits are cut to where the mask is. */
export interface MaskCandidates {
  /** size of the frame that the crops are cut from: the part of the decoder's frame that is image, in whole pixels */
  readonly lowWidth: number
  readonly lowHeight: number
  readonly validWidth: number
  readonly validHeight: number
  readonly count: number
  /** box of the positive logits: x0, y0, x1, y1 (half open, low px), length 4 * count */
  readonly boxes: Uint32Array
  /** box of the crop: the positive box and one pixel around it, as far as the frame goes; length 4 * count */
  readonly crops: Uint32Array
  /** crop m is `logits[logitOffsets[m] .. logitOffsets[m + 1]]`, row-major; length count + 1 */
  readonly logitOffsets: Uint32Array
  readonly logits: Float32Array
  readonly predictedIou: Float32Array
  readonly stability: Float32Array
  /** window px, length 2 * count */
  readonly points: Float32Array
  /** how many masks came this far */
  readonly funnel: Pick<MaskFunnel, 'prompts' | 'candidates' | 'afterPredIou' | 'afterStability'>
}

export interface WindowMasks {
  readonly masks: MaskTable
  readonly funnel: MaskFunnel
}

/** A grid of pointsPerSide x pointsPerSide prompts at the centres of equal cells, row by row: x, y pairs in window px. */
export function pointGrid(pointsPerSide: number, widthPx: number, heightPx: number): Float32Array {
  const points = new Float32Array(2 * pointsPerSide * pointsPerSide)
  let at = 0
  for (let row = 0; row < pointsPerSide; row++) {
    for (let column = 0; column < pointsPerSide; column++) {
      points[at++] = ((column + 0.5) / pointsPerSide) * widthPx
      points[at++] = ((row + 0.5) / pointsPerSide) * heightPx
    }
  }
  return points
}

/**
 * Predicted-IoU filter, then stability filter, at the decoder's resolution; nothing is upsampled. Only the part of the
 * frame that is image counts.
 */
export function filterCandidates(batch: DecodedBatch, settings: SamSettings): MaskCandidates {
  void [batch, settings]
  throw new Error('not yet')
}

/**
 * From candidates (of all batches of the window) to its masks: box NMS by predicted IoU, bilinear upsampling of the
 * logits to the window, threshold at 0, holes and islands cleaned, minimum area, box NMS again. Masks come best
 * predicted IoU first. `width`, `height`: the window.
 */
export function finishWindowMasks(
  candidates: readonly MaskCandidates[],
  options: { readonly width: number; readonly height: number; readonly settings: SamSettings },
): WindowMasks {
  void [candidates, options]
  throw new Error('not yet')
}
