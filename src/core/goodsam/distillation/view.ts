import { linearTapsAt, type LinearTaps } from '../../raster/linear-taps.ts'
import type { RgbImage } from '../../raster/raster.ts'
import type { DistillationConfig } from '../distillation-config.ts'
import type { ColourPlanes } from './colour-jitter.ts'
import type { Random } from './random.ts'

/** The part of a panorama that a sample shows, as a straight line along each axis: sample i shows `start + (i + 0.5) * step`. */
export interface View {
  /** Panorama pixels per sample pixel: below 1 enlarges */
  readonly step: number
  readonly columns: ViewAxis
  readonly rows: ViewAxis
}

export interface ViewAxis {
  readonly start: number
  readonly flipped: boolean
  readonly cyclic: boolean
}

/**
 * Draws roll, mirroring, zoom and cut. A panorama that is rolled starts at any whole column (so that without a zoom pixels
 * stay what they are); else what a zoom cuts off, or the padding it needs, is drawn on both axes.
 */
export function drawView(frame: { readonly width: number; readonly height: number; readonly cyclic: boolean }, augmentation: DistillationConfig['augmentation'], random: Random): View {
  const { width, height, cyclic } = frame
  const zoom = random.between(...augmentation.scale)
  const [across, down] = [random.next(), random.next()]
  const mirrored = random.next() < 0.5
  const step = 1 / zoom
  const rolled = cyclic && augmentation.yaw
  return {
    step,
    columns: { start: rolled ? Math.floor(across * width) : across * (width - width * step), flipped: augmentation.flip && mirrored, cyclic },
    rows: { start: down * (height - height * step), flipped: false, cyclic: false },
  }
}

/** Where the pixels of one axis of a sample come from: parallel columns. */
export interface AxisView {
  /** The panorama pixel under the sample pixel's centre, -1 beyond the panorama */
  readonly nearest: Int32Array
  /** For colours: between which two panorama pixels the centre lies */
  readonly taps: LinearTaps
  /** Whether every centre lies on a panorama pixel's */
  readonly exact: boolean
  /** For edges: the first panorama pixel whose centre the sample pixel covers, and how many; one alone where the sample is enlarged */
  readonly first: Int32Array
  readonly covered: Int32Array
  /** How many sample pixels show something */
  readonly seen: number
}

export function axisView({ start, step, flipped, cyclic, length }: ViewAxis & { readonly step: number; readonly length: number }): AxisView {
  const positions = Float64Array.from({ length }, (_, i) => start + ((flipped ? length - 1 - i : i) + 0.5) * step)
  const taps = linearTapsAt(positions, length, { cyclic })
  const inside = (position: number): boolean => cyclic || (position >= 0 && position < length)
  const wrapped = (index: number): number => (cyclic ? modulo(index, length) : Math.min(length - 1, Math.max(0, index)))
  const nearest = Int32Array.from(positions, (position) => (inside(position) ? wrapped(Math.floor(position)) : -1))
  // the panorama pixels whose centres the sample pixel covers: each belongs to one sample pixel
  const low = Int32Array.from(positions, (position) => (step > 1 ? Math.ceil(position - step / 2 - 0.5) : Math.floor(position)))
  const high = Int32Array.from(positions, (position) => (step > 1 ? Math.ceil(position + step / 2 - 0.5) - 1 : Math.floor(position)))
  return {
    nearest, taps,
    exact: taps.fraction.every((fraction) => fraction === 0),
    first: low.map((index) => wrapped(index)),
    covered: high.map((index, i) => (cyclic ? index - low[i] : wrapped(index) - wrapped(low[i])) + 1),
    seen: nearest.reduce((sum, index) => sum + (index < 0 ? 0 : 1), 0),
  }
}

function modulo(index: number, length: number): number {
  return ((index % length) + length) % length
}

/** The image in 0..1, linear between pixel centres; 0 beyond the panorama. Every element of the planes is written. */
export function sampleRgb(image: RgbImage, { columns, rows }: { readonly columns: AxisView; readonly rows: AxisView }, { red, green, blue }: ColourPlanes): void {
  const { from, to, fraction } = columns.taps
  const width = columns.nearest.length
  const row = new Float32Array(3 * image.width)
  for (let y = 0; y < rows.nearest.length; y++) {
    const out = y * width
    if (rows.nearest[y] < 0) {
      for (const plane of [red, green, blue]) plane.fill(0, out, out + width)
      continue
    }
    blendRows(row, image, { upper: rows.taps.from[y], lower: rows.taps.to[y], fraction: rows.taps.fraction[y] })
    for (let x = 0; x < width; x++) {
      if (columns.nearest[x] < 0) {
        red[out + x] = 0
        green[out + x] = 0
        blue[out + x] = 0
        continue
      }
      const left = 3 * from[x]
      const right = 3 * to[x]
      const f = fraction[x]
      red[out + x] = row[left] + f * (row[right] - row[left])
      green[out + x] = row[left + 1] + f * (row[right + 1] - row[left + 1])
      blue[out + x] = row[left + 2] + f * (row[right + 2] - row[left + 2])
    }
  }
}

/** A row of the image between two of its rows, in 0..1. */
function blendRows(into: Float32Array, { width, data }: RgbImage, { upper, lower, fraction }: { upper: number; lower: number; fraction: number }): void {
  const above = 3 * width * upper
  const below = 3 * width * lower
  for (let i = 0; i < into.length; i++) into[i] = (data[above + i] + fraction * (data[below + i] - data[above + i])) / 255
}
