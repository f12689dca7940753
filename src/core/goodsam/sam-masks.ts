import { nonMaximumSuppression } from '../mask/boxes.ts'
import { buildMaskTable, type MaskRow, selectMasks } from '../mask/build.ts'
import { cleanMask } from '../mask/clean.ts'
import type { MaskTable } from '../mask/mask-table.ts'
import { type MaskScan, scanMask } from '../mask/stability.ts'
import { type LogitCrop, lineSampling, upsampledRuns } from '../mask/upsample.ts'
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
 * frame that is image counts: a pixel belongs to the window where its centre does. Logits must be numbers (no NaN).
 */
export function filterCandidates(batch: DecodedBatch, settings: SamSettings): MaskCandidates {
  const { masksPerPrompt, scores, points } = batch
  const candidates = batch.prompts * masksPerPrompt
  const frame = { width: wholePixels(batch.validWidth, batch.lowWidth), height: wholePixels(batch.validHeight, batch.lowHeight) }
  const survivors: { index: number; scan: MaskScan }[] = []
  let afterPredIou = 0
  for (let index = 0; index < candidates; index++) {
    if (!(scores[index] > settings.predIou)) continue
    afterPredIou++
    const start = index * batch.lowWidth * batch.lowHeight
    const scan = scanMask({ logits: batch.logits, start, stride: batch.lowWidth, ...frame }, settings.stabilityOffset)
    if (scan.x1 > 0 && scan.stability >= settings.stability) survivors.push({ index, scan })
  }

  const count = survivors.length
  const boxes = new Uint32Array(4 * count)
  const crops = new Uint32Array(4 * count)
  const logitOffsets = new Uint32Array(count + 1)
  survivors.forEach(({ scan }, m) => {
    boxes.set([scan.x0, scan.y0, scan.x1, scan.y1], 4 * m)
    // an upsampled pixel can be positive only next to a positive one: with one more pixel around, the crop is enough
    crops.set([Math.max(0, scan.x0 - 1), Math.max(0, scan.y0 - 1)], 4 * m)
    crops.set([Math.min(frame.width, scan.x1 + 1), Math.min(frame.height, scan.y1 + 1)], 4 * m + 2)
    logitOffsets[m + 1] = logitOffsets[m] + cropArea(crops, m)
  })
  const logits = new Float32Array(logitOffsets[count])
  survivors.forEach(({ index }, m) => copyCrop(batch, index, crops.subarray(4 * m, 4 * m + 4), logits.subarray(logitOffsets[m])))
  return {
    lowWidth: frame.width,
    lowHeight: frame.height,
    validWidth: batch.validWidth,
    validHeight: batch.validHeight,
    count,
    boxes,
    crops,
    logitOffsets,
    logits,
    predictedIou: Float32Array.from(survivors, ({ index }) => scores[index]),
    stability: Float32Array.from(survivors, ({ scan }) => scan.stability),
    points: Float32Array.from({ length: 2 * count }, (_, k) => {
      const prompt = Math.floor(survivors[k >> 1].index / masksPerPrompt)
      return points[2 * prompt + (k & 1)]
    }),
    funnel: { prompts: batch.prompts, candidates, afterPredIou, afterStability: count },
  }
}

/** The buffers of candidates, for `postMessage`'s transfer list. */
export function candidateBuffers(candidates: MaskCandidates): ArrayBufferLike[] {
  const { boxes, crops, logitOffsets, logits, predictedIou, stability, points } = candidates
  return [boxes, crops, logitOffsets, logits, predictedIou, stability, points].map((column) => column.buffer)
}

/** How many whole low-resolution pixels have their centre inside the valid part. */
function wholePixels(valid: number, length: number): number {
  return Math.min(length, Math.max(1, Math.round(valid)))
}

function cropArea(crops: Uint32Array, m: number): number {
  return (crops[4 * m + 2] - crops[4 * m]) * (crops[4 * m + 3] - crops[4 * m + 1])
}

function copyCrop(batch: DecodedBatch, index: number, [x0, y0, x1, y1]: Uint32Array, out: Float32Array): void {
  const plane = index * batch.lowWidth * batch.lowHeight
  const width = x1 - x0
  for (let y = y0; y < y1; y++) {
    const from = plane + y * batch.lowWidth + x0
    out.set(batch.logits.subarray(from, from + width), (y - y0) * width)
  }
}

/**
 * From candidates (of all batches of one window, all of one frame) to the window's masks: box NMS by predicted IoU,
 * bilinear upsampling of the logits to the window, threshold at 0, holes and islands cleaned, minimum area, box NMS
 * again, in which a mask that needed no cleaning wins over one that did (as in segment-anything). Masks come best
 * predicted IoU first. `width`, `height`: the window.
 */
export function finishWindowMasks(
  candidates: readonly MaskCandidates[],
  options: { readonly width: number; readonly height: number; readonly settings: SamSettings },
): WindowMasks {
  const { width, height, settings } = options
  const window = { width, height }
  const minArea = settings.minAreaFraction * width * height
  const all = joinCandidates(candidates)
  const afterNms = nonMaximumSuppression(all.boxes, all.predictedIou, settings.boxNms)

  const columns = lineSampling(width, all.lowWidth, all.validWidth)
  const rows = lineSampling(height, all.lowHeight, all.validHeight)
  const large: MaskRow[] = []
  const changed: boolean[] = []
  for (const index of afterNms) {
    const upsampled = upsampledRuns(all.crop(index), columns, rows)
    const cleaned = cleanMask(upsampled, window, minArea)
    const area = runsArea(cleaned.runs)
    if (area === 0 || area < minArea) continue
    changed.push(cleaned.changed)
    large.push({
      runs: cleaned.runs,
      predictedIou: all.predictedIou[index],
      stability: all.stability[index],
      x: all.points[2 * index],
      y: all.points[2 * index + 1],
    })
  }
  const table = buildMaskTable(window, large)
  // rank by (needed no cleaning, predicted IoU); the table is already in order of predicted IoU
  const ranks = changed.map((wasChanged, m) => (wasChanged ? 0 : large.length) - m)
  const kept = nonMaximumSuppression(table.boxes, ranks, settings.boxNms).sort()
  const masks = selectMasks(table, kept)
  return { masks, funnel: { ...all.funnel, afterNms: afterNms.length, kept: masks.count } }
}

function runsArea(runs: readonly number[]): number {
  let area = 0
  for (let k = 1; k < runs.length; k += 2) area += runs[k]
  return area
}

/** The candidates of all batches as one table; logits stay where they are. Throws RangeError where their frames differ. */
function joinCandidates(parts: readonly MaskCandidates[]) {
  const [first] = parts
  const origin: { part: MaskCandidates; m: number }[] = []
  const funnel = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0 }
  for (const part of parts) {
    if (part.validWidth !== first.validWidth || part.validHeight !== first.validHeight) {
      throw new RangeError('The candidates of one window must come from decoder frames of one size.')
    }
    for (let m = 0; m < part.count; m++) origin.push({ part, m })
    funnel.prompts += part.funnel.prompts
    funnel.candidates += part.funnel.candidates
    funnel.afterPredIou += part.funnel.afterPredIou
    funnel.afterStability += part.funnel.afterStability
  }
  const boxes = new Uint32Array(4 * origin.length)
  const points = new Float32Array(2 * origin.length)
  origin.forEach(({ part, m }, index) => {
    boxes.set(part.boxes.subarray(4 * m, 4 * m + 4), 4 * index)
    points.set(part.points.subarray(2 * m, 2 * m + 2), 2 * index)
  })
  return {
    lowWidth: first?.lowWidth ?? 1,
    lowHeight: first?.lowHeight ?? 1,
    validWidth: first?.validWidth ?? 1,
    validHeight: first?.validHeight ?? 1,
    boxes,
    points,
    predictedIou: Float32Array.from(origin, ({ part, m }) => part.predictedIou[m]),
    stability: Float32Array.from(origin, ({ part, m }) => part.stability[m]),
    crop(index: number): LogitCrop {
      const { part, m } = origin[index]
      const [x0, y0, x1, y1] = part.crops.subarray(4 * m, 4 * m + 4)
      return { logits: part.logits, start: part.logitOffsets[m], x0, y0, x1, y1 }
    },
    funnel,
  }
}
