import type { MaskTable } from '../mask/mask-table.ts'
import { largestFirst } from '../mask/paint.ts'
import type { WindowSemantics } from './types.ts'
import { UNSEEN } from './view-weights.ts'

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
  /** upper bounds (inclusive) of small and medium as fractions of the window's area */
  readonly areaLevels: readonly [small: number, medium: number]
  /** how much the pixels of each row of the window count, whole numbers; undefined: all the same */
  readonly rowWeights?: ArrayLike<number> | undefined
}

/**
 * Lcr(c) = |K and S_i = c| / |K| for every mask K of a window, and Y_max, the largest of them (Eq. 3). Weighted shares of
 * a mask whose pixels all have confidence 0 fall back to plain ones. An empty mask has no shares: Y_max 0, majority 0.
 * Throws RangeError where S_i holds a class the TA does not have.
 */
export function maskShares(masks: MaskTable, semantics: WindowSemantics, options: ShareOptions): MaskShares {
  const { classes } = options
  const { count } = masks
  const shares = new Float64Array(count * classes)
  const majority = new Uint8Array(count)
  const yMax = new Float64Array(count)
  const level = new Uint8Array(count)
  const [small, medium] = options.areaLevels
  const windowArea = shownArea(semantics)
  for (let m = 0; m < count; m++) {
    const counted = countClasses(masks, m, semantics, options)
    for (let c = 0; c < classes; c++) {
      const share = counted.total === 0 ? 0 : counted.byClass[c] / counted.total
      shares[m * classes + c] = share
      if (share > yMax[m]) {
        yMax[m] = share
        majority[m] = c
      }
    }
    const fraction = masks.areas[m] / windowArea
    level[m] = fraction <= small ? AREA_LEVEL.small : fraction <= medium ? AREA_LEVEL.medium : AREA_LEVEL.large
  }
  return { classes, count, shares, majority, yMax, level }
}

/** Pixels of the window; of a gnomonic one, those that its view shows. */
function shownArea({ window, label }: WindowSemantics): number {
  if (window.view === undefined) return label.length
  let shown = 0
  for (let p = 0; p < label.length; p++) if (label[p] !== UNSEEN) shown++
  return shown
}

/** |K and S_i = c| by class c, and their sum; with weights where asked and any is above 0. Sums of whole numbers: exact. */
function countClasses(
  masks: MaskTable,
  mask: number,
  semantics: WindowSemantics,
  options: ShareOptions,
): { byClass: Float64Array; total: number } {
  if (options.confidenceWeightedShares) {
    const weighted = countPixels(masks, mask, { ...semantics, rowWeights: options.rowWeights })
    const total = sumOfClasses(weighted, options.classes, semantics)
    if (total > 0) return { byClass: weighted, total }
  }
  const byClass = countPixels(masks, mask, { label: semantics.label, rowWeights: options.rowWeights })
  return { byClass, total: sumOfClasses(byClass, options.classes, semantics) }
}

/** Pixels of a mask by class, each counting by its row and, where there are confidences, by that too. */
function countPixels(
  { runs, runOffsets, width }: MaskTable,
  mask: number,
  { label, confidence, rowWeights }: { readonly label: Uint8Array; readonly confidence?: Uint8Array; readonly rowWeights: ShareOptions['rowWeights'] },
): Float64Array {
  const byClass = new Float64Array(256)
  for (let k = runOffsets[mask]; k < runOffsets[mask + 1]; k++) {
    const end = runs[2 * k] + runs[2 * k + 1]
    for (let p = runs[2 * k]; p < end;) {
      const row = Math.floor(p / width)
      const stop = Math.min(end, (row + 1) * width)
      const weight = rowWeights === undefined ? 1 : rowWeights[row]
      for (; p < stop; p++) byClass[label[p]] += confidence === undefined ? weight : weight * confidence[p]
    }
  }
  return byClass
}

function sumOfClasses(byClass: Float64Array, classes: number, semantics: WindowSemantics): number {
  let total = 0
  for (let c = 0; c < classes; c++) total += byClass[c]
  for (let c = classes; c < 256; c++) {
    if (byClass[c] === 0) continue
    throw new RangeError(`The TA's map of window ${semantics.window.index} holds class ${c}, but the TA has ${classes} classes.`)
  }
  return total
}

/**
 * Which mask lies on top of every pixel of a window: 1 + the mask's index, 0 where none. Largest masks are painted first,
 * so small ones stay on top; of equal areas the later one does. Knows nothing of theta.
 */
export function ensembleMap(masks: MaskTable): Uint16Array {
  if (masks.count > 0xffff) throw new RangeError(`A window of ${masks.count} masks: at most 65535 can be told apart.`)
  const { runs, runOffsets } = masks
  const map = new Uint16Array(masks.width * masks.height)
  for (const m of largestFirst(masks)) {
    for (let k = runOffsets[m]; k < runOffsets[m + 1]; k++) {
      const end = runs[2 * k] + runs[2 * k + 1]
      // A loop, not fill(): runs are short.
      for (let p = runs[2 * k]; p < end; p++) map[p] = m + 1
    }
  }
  return map
}
