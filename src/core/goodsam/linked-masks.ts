import type { MaskTable } from '../mask/mask-table.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'
import { UNSEEN } from './view-weights.ts'

/** What two masks must have in common, as a fraction of the smaller window's area: less is agreement by chance. [D] */
const LEAST_COMMON = 0.001

/**
 * Which masks of different windows are one: those whose IoU within the overlap of their windows (where both see) is at least
 * `leastIou`, and those that are one with the same. Windows of `masks` and `semantics` are the same (fusion.ts checks).
 *
 * Returns for every mask, windows one after the other in order, the index of the first mask of its group.
 */
export function linkMasks(masks: PanoramaMasks, semantics: PanoramaSemantics, leastIou: number): Uint32Array {
  const widthPx = semantics.label.width
  const views = masks.windows.map(({ window, masks: table }, index) => viewOf(window, table, semantics.windows[index].label))
  const first: number[] = []
  let count = 0
  for (const { own } of views) {
    first.push(count)
    count += own.length
  }
  const groups = disjointSets(count)
  for (let i = 0; i < views.length; i++) {
    for (let j = i + 1; j < views.length; j++) {
      for (const [a, b] of matches(views[i], views[j], { widthPx, leastIou })) groups.join(first[i] + a, first[j] + b)
    }
  }
  return groups.firsts()
}

/** Pixels as triples row, first column, end column, sorted: they do not overlap. */
type Spans = Int32Array

interface View {
  readonly window: PanoramaWindow
  /** of every mask */
  readonly own: readonly Spans[]
  /** x0, y0, x1, y1 of every mask, half open */
  readonly boxes: Uint32Array
  /** what a gnomonic window sees of its rectangle; null: all */
  readonly shown: Spans | null
}

function viewOf(window: PanoramaWindow, table: MaskTable, label: Uint8Array): View {
  const own = Array.from({ length: table.count }, (_, m) => spansOf(table.runs.subarray(2 * table.runOffsets[m], 2 * table.runOffsets[m + 1]), table.width))
  return { window, own, boxes: table.boxes, shown: window.view === undefined ? null : spansOf(shownRuns(label), window.width) }
}

/** Runs (start, length), which may go on in the next row, cut at the rows' ends. */
function spansOf(runs: ArrayLike<number>, width: number): Spans {
  const spans: number[] = []
  for (let k = 0; k < runs.length; k += 2) {
    const end = runs[k] + runs[k + 1]
    for (let start = runs[k]; start < end;) {
      const row = Math.floor(start / width)
      const stop = Math.min(end, (row + 1) * width)
      spans.push(row, start - row * width, stop - row * width)
      start = stop
    }
  }
  return Int32Array.from(spans)
}

function shownRuns(label: Uint8Array): number[] {
  const runs: number[] = []
  for (let p = 0; p < label.length; p++) {
    if (label[p] === UNSEEN) continue
    const start = p
    while (p < label.length && label[p] !== UNSEEN) p++
    runs.push(start, p - start)
  }
  return runs
}

/** The part of window `a` that window `b` covers, in a's pixels, and what is to be added to them to have b's. */
interface Overlap {
  readonly x0: number
  readonly x1: number
  readonly y0: number
  readonly y1: number
  readonly dx: number
  readonly dy: number
}

/** Around a full turn two wide windows may meet on both sides. */
function overlapsOf(a: PanoramaWindow, b: PanoramaWindow, widthPx: number): Overlap[] {
  const [y0, y1] = [Math.max(0, b.y - a.y), Math.min(a.height, b.y + b.height - a.y)]
  if (y1 <= y0) return []
  const right = (b.x - a.x + widthPx) % widthPx
  return [right, right - widthPx].flatMap((shift) => {
    const [x0, x1] = [Math.max(0, shift), Math.min(a.width, shift + b.width)]
    return x1 <= x0 ? [] : [{ x0, x1, y0, y1, dx: -shift, dy: a.y - b.y }]
  })
}

/** Pairs of a mask of `a` and one of `b` that are one. */
function matches(a: View, b: View, { widthPx, leastIou }: { readonly widthPx: number; readonly leastIou: number }): [number, number][] {
  const overlaps = overlapsOf(a.window, b.window, widthPx)
  if (overlaps.length === 0) return []
  const backwards = overlaps.map(({ x0, x1, y0, y1, dx, dy }): Overlap => ({ x0: x0 + dx, x1: x1 + dx, y0: y0 + dy, y1: y1 + dy, dx: -dx, dy: -dy }))
  const areasOfA = a.own.map((spans) => areaWithin(spans, overlaps, b.shown))
  const areasOfB = b.own.map((spans) => areaWithin(spans, backwards, a.shown))
  const least = Math.max(1, LEAST_COMMON * Math.min(a.window.width * a.window.height, b.window.width * b.window.height))
  const found: [number, number][] = []
  for (let m = 0; m < a.own.length; m++) {
    if (areasOfA[m] < least) continue
    for (let k = 0; k < b.own.length; k++) {
      // no IoU is higher than the ratio of the areas
      const [smaller, larger] = areasOfA[m] < areasOfB[k] ? [areasOfA[m], areasOfB[k]] : [areasOfB[k], areasOfA[m]]
      if (smaller < least || smaller < leastIou * larger) continue
      let common = 0
      for (const overlap of overlaps) if (boxesMeet(a.boxes, m, { boxes: b.boxes, mask: k, overlap })) common += commonPixels(a.own[m], b.own[k], overlap)
      if (common >= least && common >= leastIou * (smaller + larger - common)) found.push([m, k])
    }
  }
  return found
}

function areaWithin(spans: Spans, overlaps: readonly Overlap[], shown: Spans | null): number {
  return overlaps.reduce((sum, overlap) => sum + (shown === null ? clippedArea(spans, overlap) : commonPixels(spans, shown, overlap)), 0)
}

function clippedArea(spans: Spans, { x0, x1, y0, y1 }: Overlap): number {
  let area = 0
  for (let k = 0; k < spans.length; k += 3) {
    if (spans[k] >= y0 && spans[k] < y1) area += Math.max(0, Math.min(spans[k + 2], x1) - Math.max(spans[k + 1], x0))
  }
  return area
}

function boxesMeet(boxes: Uint32Array, mask: number, other: { readonly boxes: Uint32Array; readonly mask: number; readonly overlap: Overlap }): boolean {
  const { dx, dy } = other.overlap
  const [a, b] = [4 * mask, 4 * other.mask]
  return boxes[a] + dx < other.boxes[b + 2] && other.boxes[b] < boxes[a + 2] + dx && boxes[a + 1] + dy < other.boxes[b + 3] && other.boxes[b + 1] < boxes[a + 3] + dy
}

/** Pixels of `a` that are `b`'s, too, within the overlap: both lists are walked once. */
function commonPixels(a: Spans, b: Spans, { x0, x1, y0, y1, dx, dy }: Overlap): number {
  let common = 0
  let k = 0
  for (let i = 0; i < a.length; i += 3) {
    const row = a[i]
    if (row < y0) continue
    if (row >= y1) break
    const [from, to] = [Math.max(a[i + 1], x0) + dx, Math.min(a[i + 2], x1) + dx]
    // b's spans that end before this one begins end before all that follow
    while (k < b.length && (b[k] < row + dy || (b[k] === row + dy && b[k + 2] <= from))) k += 3
    for (let at = k; at < b.length && b[at] === row + dy && b[at + 1] < to; at += 3) {
      common += Math.max(0, Math.min(to, b[at + 2]) - Math.max(from, b[at + 1]))
    }
  }
  return common
}

/** Union-find: each set is named by its lowest member. */
function disjointSets(count: number): { readonly join: (a: number, b: number) => void; readonly firsts: () => Uint32Array } {
  const parent = Uint32Array.from({ length: count }, (_, index) => index)
  const find = (index: number): number => {
    let at = index
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]]
      at = parent[at]
    }
    return at
  }
  return {
    join: (a, b) => {
      const [first, second] = [find(a), find(b)]
      parent[Math.max(first, second)] = Math.min(first, second)
    },
    firsts: () => Uint32Array.from({ length: count }, (_, index) => find(index)),
  }
}
