import type { TrainingData, TrainingWindow } from '../../formats/training-data.ts'
import { cutCells } from '../cells.ts'
import { panoramaColumnToWindow } from '../windows.ts'
import { shuffle, type Random } from './random.ts'

/**
 * What the windows say about each pixel of a panorama. The student's P_i are crops of its P_S, so the sum over windows of
 * CE(P_i, E_i) is, pixel by pixel, the cross-entropy with each class that some window says, times the number of windows
 * that say it. Two classes per pixel are kept.
 */
export interface WindowVotes {
  /** Of the panorama at the training size */
  readonly width: number
  /** Per pixel the class most windows say and the class second most do, packed; of equals the lower trainId */
  readonly first: Uint32Array
  readonly second: Uint32Array
  /** Votes, ignored ones (255) left out, and those that were for a third class or a further one */
  readonly votes: number
  readonly dropped: number
}

/** label | votes << 8 | trusted votes << 16 */
export const votedClass = (packed: number): number => packed & 255
export const votesFor = (packed: number): number => (packed >>> 8) & 255
export const trustedVotesFor = (packed: number): number => (packed >>> 16) & 255
const NOBODY = 255
const ONE_VOTE = 1 << 8

/** Which windows count in a sample: `count` of them, drawn without returning any; all where `count` is null. Ascending. */
export function drawWindows(windows: number, count: number | null, random: Random): readonly number[] {
  const all = Array.from({ length: windows }, (_, index) => index)
  if (count === null || count >= windows) return all
  shuffle(all, random)
  return all.slice(0, count).toSorted((a, b) => a - b)
}

/** Counts the votes of the windows `chosen` (ascending indices); of all where omitted. */
export function countWindowVotes({ width, height, windows }: TrainingData, chosen: readonly number[] = windows.map((_, index) => index)): WindowVotes {
  const first = new Uint32Array(width * height).fill(NOBODY)
  const second = new Uint32Array(width * height).fill(NOBODY)
  const counts = { votes: 0, dropped: 0 }
  const counting = new Set(chosen)
  const rectangles = windows.map(({ window }) => window)
  for (const cell of windows.length === 0 ? [] : cutCells(rectangles, width, height)) {
    const seenBy = cell.seenBy.filter((index) => counting.has(index)).map((index) => windows[index])
    if (seenBy.length === 0) continue
    const columns = seenBy.map(({ window }) => panoramaColumnToWindow(window, cell.x0, width))
    for (let y = cell.y0; y < cell.y1; y++) {
      const starts = seenBy.map(({ window }, i) => (y - window.y) * window.width + columns[i])
      countRow({ first, second, seenBy, starts, counts }, cell.x1 - cell.x0, y * width + cell.x0)
    }
  }
  return { width, first, second, ...counts }
}

interface Row {
  readonly first: Uint32Array
  readonly second: Uint32Array
  readonly seenBy: readonly TrainingWindow[]
  /** Where each window's pixels of the row begin */
  readonly starts: readonly number[]
  readonly counts: { votes: number; dropped: number }
}

/** `length` pixels that the same windows see. Mostly they agree. */
function countRow(row: Row, length: number, to: number): void {
  const { first, seenBy, starts, counts } = row
  const voters = seenBy.length
  const labels = seenBy.map(({ label }, i) => label.subarray(starts[i], starts[i] + length))
  const trusts = seenBy.map(({ trusted }, i) => trusted.subarray(starts[i], starts[i] + length))
  const [labels0] = labels
  const tally = new Uint32Array(voters)
  for (let x = 0; x < length; x++) {
    const class0 = labels0[x]
    let agreeing = 1
    while (agreeing < voters && labels[agreeing][x] === class0) agreeing++
    if (agreeing < voters) countDiffering(row, { x, to, tally })
    else if (class0 !== NOBODY) {
      let trusted = 0
      for (let i = 0; i < voters; i++) trusted += trusts[i][x]
      first[to + x] = class0 | (voters << 8) | (trusted << 16)
      counts.votes += voters
    }
  }
}

function countDiffering({ first, second, seenBy, starts, counts }: Row, { x, to, tally }: { x: number; to: number; tally: Uint32Array }): void {
  let different = 0
  for (let i = 0; i < seenBy.length; i++) {
    const { label, trusted } = seenBy[i]
    const at = starts[i] + x
    const own = label[at]
    if (own === NOBODY) continue
    let slot = 0
    while (slot < different && votedClass(tally[slot]) !== own) slot++
    if (slot === different) tally[different++] = own
    tally[slot] += ONE_VOTE + (trusted[at] << 16)
    counts.votes++
  }
  let best = NOBODY
  let next = NOBODY
  for (let slot = 0; slot < different; slot++) {
    const candidate = tally[slot]
    if (outvotes(candidate, best)) {
      next = best
      best = candidate
    } else if (outvotes(candidate, next)) next = candidate
    counts.dropped += votesFor(candidate)
  }
  first[to + x] = best
  second[to + x] = next
  counts.dropped -= votesFor(best) + votesFor(next)
}

function outvotes(a: number, b: number): boolean {
  return votesFor(a) > votesFor(b) || (votesFor(a) === votesFor(b) && votedClass(a) < votedClass(b))
}
