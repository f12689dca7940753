/** A sample's colours: cut out of the panorama, changed, and as the network wants them. */
import { IMAGENET_MEAN, IMAGENET_STD } from '../../raster/pixel-values.ts'
import type { RgbImage } from '../../raster/raster.ts'
import { type ColourJitter, type ColourPlanes, colourPasses } from './colour-jitter.ts'
import { type AxisView, type AxisViews, seenPixels } from './view.ts'

/** What a network's input is: `(value / 255 - mean) / std` per channel. */
export interface Normalisation {
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

export const IMAGENET: Normalisation = { mean: IMAGENET_MEAN, std: IMAGENET_STD }

export interface ColourOptions {
  readonly axes: AxisViews
  readonly jitter: ColourJitter
  readonly normalisation: Normalisation
}

/** Fills the part of the planes that shows something; the rest is not touched. Row by row, so that a row stays in the cache. */
export function sampleColours(image: RgbImage, { axes, jitter, normalisation }: ColourOptions, planes: ColourPlanes): void {
  const { columns, rows } = axes
  const width = columns.nearest.length
  const stretchOf = (y: number): { from: number; to: number } => ({ from: y * width + columns.begin, to: y * width + columns.end })
  const sample = rowSampler(image, axes)
  const { first, second } = colourPasses(planes, jitter)
  let grey = 0
  for (let y = rows.begin; y < rows.end; y++) {
    sample(y, planes)
    grey = first(stretchOf(y), grey)
    if (second === null) normalise(planes, stretchOf(y), normalisation)
  }
  if (second === null) return
  const mean = grey / seenPixels(axes)
  for (let y = rows.begin; y < rows.end; y++) {
    second(stretchOf(y), mean)
    normalise(planes, stretchOf(y), normalisation)
  }
}

function normalise({ red, green, blue }: ColourPlanes, { from, to }: { readonly from: number; readonly to: number }, { mean, std }: Normalisation): void {
  for (const [channel, plane] of [red, green, blue].entries()) {
    const scale = 1 / std[channel]
    const shift = -mean[channel] * scale
    for (let i = from; i < to; i++) plane[i] = plane[i] * scale + shift
  }
}

/** Writes a row of the sample in 0..1, linear between pixel centres, into the columns that show something. */
function rowSampler(image: RgbImage, { columns, rows }: AxisViews): (y: number, planes: ColourPlanes) => void {
  const { begin, end, nearest, taps } = columns
  const across = { begin, end, left: taps.from.map((column) => 3 * column), right: taps.to.map((column) => 3 * column), fraction: taps.fraction }
  const stride = 3 * image.width
  const seen = seenRuns(columns, image.width)
  const row = new Float32Array(stride)
  return (y, planes) => {
    const lines = { upper: stride * rows.taps.from[y], lower: stride * rows.taps.to[y], fraction: rows.taps.fraction[y] }
    for (const run of seen) blendRows(row, { data: image.data, ...run }, lines)
    blendColumns(row, across, { planes, out: y * nearest.length })
  }
}

interface Run {
  readonly from: number
  readonly to: number
}

/** Where in a row of the panorama the sample's colours come from: values, three per column, half open. */
function seenRuns({ begin, end, taps }: AxisView, width: number): readonly Run[] {
  // one more than there are: every run ends
  const seen = new Uint8Array(width + 1)
  for (let x = begin; x < end; x++) {
    seen[taps.from[x]] = 1
    seen[taps.to[x]] = 1
  }
  const runs: Run[] = []
  for (let from = seen.indexOf(1); from !== -1;) {
    const to = seen.indexOf(0, from)
    runs.push({ from: 3 * from, to: 3 * to })
    from = seen.indexOf(1, to)
  }
  return runs
}

/** Part of a row between two rows of the image, in 0..1. */
function blendRows(row: Float32Array, { data, from, to }: Run & { readonly data: Uint8Array }, { upper, lower, fraction }: { upper: number; lower: number; fraction: number }): void {
  const b = fraction / 255
  const a = 1 / 255 - b
  for (let i = from; i < to; i++) row[i] = a * data[upper + i] + b * data[lower + i]
}

/** How the columns of a sample mix those of the panorama: where in a row their red is, and how much of the right one. */
interface Across {
  readonly begin: number
  readonly end: number
  readonly left: Int32Array
  readonly right: Int32Array
  readonly fraction: Float32Array
}

function blendColumns(row: Float32Array, { begin, end, left, right, fraction }: Across, { planes: { red, green, blue }, out }: { planes: ColourPlanes; out: number }): void {
  for (let x = begin; x < end; x++) {
    const l = left[x]
    const r = right[x]
    const f = fraction[x]
    const leftRed = row[l]
    const leftGreen = row[l + 1]
    const leftBlue = row[l + 2]
    red[out + x] = leftRed + f * (row[r] - leftRed)
    green[out + x] = leftGreen + f * (row[r + 1] - leftGreen)
    blue[out + x] = leftBlue + f * (row[r + 2] - leftBlue)
  }
}
