import type { Equirectangular } from '../geometry/equirectangular.ts'
import { solidAngleRowWeights } from '../metrics/latitude.ts'
import { linkMasks } from './linked-masks.ts'
import { sharesOf, type ClassCounts, type MaskShares, type ShareOptions } from './shares.ts'
import type { PanoramaMasks, PanoramaSemantics } from './types.ts'

export interface PanoramaShareOptions extends ShareOptions {
  /** IoU from which masks of different windows are one (linked-masks.ts) */
  readonly linkIou: number
  /** how the rows lie on the sphere; undefined: square pixels of a full turn, the horizon in the middle */
  readonly projection: Equirectangular | undefined
}

export interface PanoramaShares {
  /** by window */
  readonly windows: readonly MaskShares[]
  /** of every mask, windows in order: the index of the first mask of its group */
  readonly groups: Uint32Array
}

/** Solid angles as whole numbers: sums of them are exact, so the order of windows and masks decides nothing. */
const HORIZON = 1 << 12

/**
 * Shares of masks over the panorama instead of over one window (Eq. 3 with what all windows know, [D]): masks of different
 * windows that are one are counted together, every pixel of the panorama once, by the class that the TA has for it from all
 * windows (S_TA^w) and by its solid angle, since towards the poles one and the same patch covers ever more pixels.
 *
 * A pixel counts by the TA's confidence as well where that is asked for; a group without any counts plainly. Throws RangeError
 * where S_TA^w holds a class the TA does not have.
 */
export function panoramaShares(masks: PanoramaMasks, semantics: PanoramaSemantics, options: PanoramaShareOptions): PanoramaShares {
  const groups = linkMasks(masks, semantics, options.linkIou)
  const counts = countGroups(masks, semantics, { ...options, groups })
  let first = 0
  const windows = masks.windows.map(({ masks: table }, index) => {
    const own = groups.subarray(first, first + table.count)
    first += table.count
    return sharesOf(table, semantics.windows[index], { ...options, counted: (m) => counts[own[m]] ?? NOTHING })
  })
  return { windows, groups }
}

const NOTHING: ClassCounts = { byClass: new Float64Array(256), total: 0 }

/** By the group's first mask. */
function countGroups(
  masks: PanoramaMasks,
  semantics: PanoramaSemantics,
  { classes, confidenceWeightedShares, projection, groups }: PanoramaShareOptions & { readonly groups: Uint32Array },
): (ClassCounts | undefined)[] {
  const { width, height, data: label } = semantics.label
  const confidence = semantics.confidence.data
  const solidAngles = solidAngleRowWeights(height, projection ?? { hfovDeg: 360, vfovDeg: (360 * height) / width, horizonOffsetPx: 0 })
    .map((weight) => Math.max(1, Math.round(HORIZON * weight)))
  const members = membersOf(masks, groups)
  /** the group, plus 1, that counted the pixel last */
  const countedBy = new Uint32Array(width * height)
  return members.map((group, index) => {
    if (group === undefined) return undefined
    const plain = new Float64Array(256)
    const weighted = new Float64Array(256)
    for (const { window, table, mask } of group) {
      for (let k = table.runOffsets[mask]; k < table.runOffsets[mask + 1]; k++) {
        const end = table.runs[2 * k] + table.runs[2 * k + 1]
        for (let p = table.runs[2 * k]; p < end; p++) {
          const row = Math.floor(p / window.width)
          const y = window.y + row
          const column = window.x + p - row * window.width
          const at = y * width + (column < width ? column : column - width)
          if (countedBy[at] === index + 1) continue
          countedBy[at] = index + 1
          plain[label[at]] += solidAngles[y]
          weighted[label[at]] += solidAngles[y] * confidence[at]
        }
      }
    }
    const byConfidence = { byClass: weighted, total: totalOf(weighted, classes) }
    return confidenceWeightedShares && byConfidence.total > 0 ? byConfidence : { byClass: plain, total: totalOf(plain, classes) }
  })
}

interface Member {
  readonly window: PanoramaMasks['windows'][number]['window']
  readonly table: PanoramaMasks['windows'][number]['masks']
  readonly mask: number
}

function membersOf(masks: PanoramaMasks, groups: Uint32Array): (Member[] | undefined)[] {
  const members: (Member[] | undefined)[] = Array.from({ length: groups.length }, () => undefined)
  let next = 0
  for (const { window, masks: table } of masks.windows) {
    for (let mask = 0; mask < table.count; mask++, next++) (members[groups[next]] ??= []).push({ window, table, mask })
  }
  return members
}

function totalOf(byClass: Float64Array, classes: number): number {
  let total = 0
  for (let trainId = 0; trainId < byClass.length; trainId++) {
    if (trainId >= classes && byClass[trainId] > 0) throw new RangeError(`S_TA holds class ${trainId}, but the TA has ${classes} classes.`)
    total += byClass[trainId]
  }
  return total
}
