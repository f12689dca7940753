import type { TrainingData, TrainingWindow } from '../../formats/training-data.ts'
import { panoramaColumnToWindow } from '../windows.ts'
import { drawColourJitter } from './colour-jitter.ts'
import type { Random } from './random.ts'
import { IMAGENET, type Normalisation, sampleColours } from './sample-colours.ts'
import type { SampleSize } from './sample-planes.ts'
import { axisView, type AxisViews } from './view.ts'

/** Two windows side by side, the second beginning half a window to the right of the first: indices into the windows. */
export type WindowPair = readonly [left: number, right: number]

/** A batch of pairs (refinement-loss.ts): the left windows of all pairs, then the right ones. */
export interface PairPlanes {
  /** [2 pairs, 3, height, width] */
  readonly pixel_values: Float32Array
  /** E_i, [2 pairs, height, width]; 255 ignored */
  readonly ensemble: Int32Array
  /** M_i, [2 pairs, height, width] */
  readonly trusted: Float32Array
}

export interface PairOptions {
  readonly random: Random
  readonly augmentation: { readonly flip: boolean; readonly jitter: number }
  /** Pixels of a window as the TA sees it; an even width */
  readonly size: SampleSize
  /** ImageNet's where omitted */
  readonly normalisation?: Normalisation
}

const CHANNELS = 3
const PLANES_OF_PAIR = 2 * (CHANNELS + 2)

export function pairPlanesBytes({ height, width }: SampleSize, pairs = 1): number {
  return 4 * PLANES_OF_PAIR * pairs * height * width
}

/** Planes for `pairs` pairs, all in `buffer` (of `pairPlanesBytes` at least; perhaps shared between threads). */
export function makePairPlanes(size: SampleSize, pairs = 1, buffer: ArrayBufferLike = new ArrayBuffer(pairPlanesBytes(size, pairs))): PairPlanes {
  const area = 2 * pairs * size.height * size.width
  return {
    pixel_values: new Float32Array(buffer, 0, CHANNELS * area),
    ensemble: new Int32Array(buffer, 4 * CHANNELS * area, area),
    trusted: new Float32Array(buffer, 4 * (CHANNELS + 1) * area, area),
  }
}

/** All pairs of a panorama's windows: neighbours in a row, of one family, overlapping by a quarter to three quarters. */
export function windowPairs({ width, cyclic, windows }: Pick<TrainingData, 'width' | 'cyclic'> & { readonly windows: readonly Pick<TrainingWindow, 'window'>[] }): readonly WindowPair[] {
  return windows.flatMap(({ window: left }, l) => {
    const candidates = windows.flatMap(({ window: right }, r) => {
      const offset = cyclic ? panoramaColumnToWindow({ ...left, width }, right.x, width) : right.x - left.x
      const inRow = l !== r && right.family === left.family && right.y === left.y && right.height === left.height
      return inRow && offset >= left.width / 4 && offset <= (3 * left.width) / 4 ? [{ r, miss: Math.abs(offset - left.width / 2) }] : []
    })
    const [nearest] = candidates.toSorted((a, b) => a.miss - b.miss)
    return nearest === undefined ? [] : [[l, nearest.r] as const]
  })
}

/**
 * One pair of a batch: two windows cut from one strip of the panorama, so that the right half of the first is, pixel by
 * pixel, the left half of the second, also where the layout is a pixel off. What a window's labels do not cover is 255.
 * Mirrored as a whole, coloured as a whole. Throws RangeError where no two windows overlap, or the width is odd.
 */
export function drawPair(data: TrainingData, { random, augmentation, size, normalisation = IMAGENET }: PairOptions, into: { readonly planes: PairPlanes; readonly index: number }): void {
  const { width, height } = size
  if (width % 2 === 1) throw new RangeError(`Windows that share a half need an even width, not ${width}.`)
  const pairs = windowPairs(data)
  if (pairs.length === 0) throw new RangeError('No two windows of this layout overlap by about half: the TA cannot be refined on it.')
  const [l, r] = pairs[random.below(pairs.length)]
  const mirrored = random.next() < 0.5 && augmentation.flip
  const jitter = drawColourJitter(random, augmentation.jitter)

  const { window: left } = data.windows[l]
  const stripWidth = (3 * width) / 2
  const axes = {
    columns: axisView({ start: left.x, step: left.width / width, flipped: mirrored, cyclic: data.cyclic, length: data.width, samples: stripWidth }),
    rows: axisView({ start: left.y, step: left.height / height, flipped: false, cyclic: false, length: data.height, samples: height }),
  }
  const [red, green, blue] = [0, 1, 2].map(() => new Float32Array(stripWidth * height))
  sampleColours(data.image, { axes, jitter, normalisation }, { red, green, blue })

  const count = into.planes.ensemble.length / (width * height) / 2
  for (const [side, index] of (mirrored ? [r, l] : [l, r]).entries()) {
    const slot = side * count + into.index
    const shift = (side * width) / 2
    for (const [channel, plane] of [red, green, blue].entries()) {
      const start = (CHANNELS * slot + channel) * width * height
      for (let y = 0; y < height; y++) into.planes.pixel_values.set(plane.subarray(y * stripWidth + shift, y * stripWidth + shift + width), start + y * width)
    }
    sampleWindow(data, { seen: data.windows[index], axes, shift }, { planes: into.planes, slot, size })
  }
}

/** The labels of one window in the frame of its half of the strip. */
function sampleWindow(data: TrainingData, { seen, axes: { columns, rows }, shift }: { seen: TrainingWindow; axes: AxisViews; shift: number }, into: { planes: PairPlanes; slot: number; size: SampleSize }): void {
  const { window, label, trusted } = seen
  const { planes: { ensemble, trusted: trust }, slot, size: { width, height } } = into
  for (let y = 0; y < height; y++) {
    const row = (rows.nearest[y] - window.y) * window.width
    const out = (slot * height + y) * width
    for (let x = 0; x < width; x++) {
      const shown = x + shift >= columns.begin && x + shift < columns.end
      const column = shown ? panoramaColumnToWindow(window, columns.nearest[x + shift], data.width) : -1
      ensemble[out + x] = column < 0 ? 255 : label[row + column]
      trust[out + x] = column < 0 ? 0 : trusted[row + column]
    }
  }
}
