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
  readonly first: Int32Array
  readonly second: Int32Array
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
  const first = new Int32Array(width * height).fill(NOBODY)
  const second = new Int32Array(width * height).fill(NOBODY)
  const counting = new Set(chosen)
  const rectangles = windows.map(({ window }) => window)
  const scratch = { differs: new Uint8Array(width), tally: new Int32Array(windows.length) }
  let votes = 0
  let dropped = 0
  for (const cell of windows.length === 0 ? [] : cutCells(rectangles, width, height)) {
    const seenBy = cell.seenBy.filter((index) => counting.has(index)).map((index) => windows[index])
    if (seenBy.length === 0) continue
    const columns = seenBy.map(({ window }) => panoramaColumnToWindow(window, cell.x0, width))
    for (let y = cell.y0; y < cell.y1; y++) {
      const starts = seenBy.map(({ window }, i) => (y - window.y) * window.width + columns[i])
      const counted = countRow({ first, second, seenBy, starts, ...scratch }, cell.x1 - cell.x0, y * width + cell.x0)
      votes += counted.votes
      dropped += counted.dropped
    }
  }
  return { width, first, second, votes, dropped }
}

interface Row {
  readonly first: Int32Array
  readonly second: Int32Array
  readonly seenBy: readonly TrainingWindow[]
  /** Where each window's pixels of the row begin */
  readonly starts: readonly number[]
  /** For use while a row is counted: of a row's length, and of as many as there are windows */
  readonly differs: Uint8Array
  readonly tally: Int32Array
}

/** `length` pixels that the same windows see. Mostly they agree: all are taken at once, window by window, and what differs again. */
function countRow(row: Row, length: number, to: number): { votes: number; dropped: number } {
  const { first, seenBy, starts, differs } = row
  differs.fill(0, 0, length)
  for (const [i, seen] of seenBy.entries()) addVotes(first, seen, { to, from: starts[i], length, differs })
  let votes = 0
  let dropped = 0
  for (let x = 0; x < length; x++) {
    if (differs[x] === 0) {
      votes += votesFor(first[to + x])
      continue
    }
    const counted = countDiffering(row, x, to + x)
    votes += counted.votes
    dropped += counted.dropped
  }
  return { votes, dropped }
}

function addVotes(votes: Int32Array, { label, trusted }: TrainingWindow, { to, from, length, differs }: { to: number; from: number; length: number; differs: Uint8Array }): void {
  for (let x = 0; x < length; x++) {
    const own = label[from + x]
    if (own === NOBODY) continue
    const before = votes[to + x]
    const vote = ONE_VOTE + (trusted[from + x] << 16)
    if (votedClass(before) === own) votes[to + x] = before + vote
    else if (before === NOBODY) votes[to + x] = own + vote
    else differs[x] = 1
  }
}

/** Pixel x of a row, `to` of the panorama. */
function countDiffering({ first, second, seenBy, starts, tally }: Row, x: number, to: number): { votes: number; dropped: number } {
  let different = 0
  let votes = 0
  let dropped = 0
  for (let i = 0; i < seenBy.length; i++) {
    const { label, trusted } = seenBy[i]
    const at = starts[i] + x
    const own = label[at]
    if (own === NOBODY) continue
    let slot = 0
    while (slot < different && votedClass(tally[slot]) !== own) slot++
    if (slot === different) tally[different++] = own
    tally[slot] += ONE_VOTE + (trusted[at] << 16)
    votes++
  }
  let best = NOBODY
  let next = NOBODY
  for (let slot = 0; slot < different; slot++) {
    const candidate = tally[slot]
    if (outvotes(candidate, best)) {
      next = best
      best = candidate
    } else if (outvotes(candidate, next)) next = candidate
    dropped += votesFor(candidate)
  }
  first[to] = best
  second[to] = next
  return { votes, dropped: dropped - votesFor(best) - votesFor(next) }
}

function outvotes(a: number, b: number): boolean {
  return votesFor(a) > votesFor(b) || (votesFor(a) === votesFor(b) && votedClass(a) < votedClass(b))
}
