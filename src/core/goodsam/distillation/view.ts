import { linearTapsAt, type LinearTaps } from '../../raster/linear-taps.ts'
import type { DistillationConfig } from '../distillation-config.ts'
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
  /** Which sample pixels show something: those from `begin` up to `end`. The other columns hold nothing of use beyond them. */
  readonly begin: number
  readonly end: number
  /** The panorama pixel under the sample pixel's centre */
  readonly nearest: Int32Array
  /** For colours: between which two panorama pixels the centre lies */
  readonly taps: LinearTaps
  /** For edges: the first panorama pixel whose centre the sample pixel covers, and how many; one alone where the sample is enlarged */
  readonly first: Int32Array
  readonly covered: Int32Array
}

/** An axis of `length` panorama pixels under `samples` sample pixels. */
export function axisView({ start, step, flipped, cyclic, length, samples }: ViewAxis & { readonly step: number; readonly length: number; readonly samples: number }): AxisView {
  const positions = Float64Array.from({ length: samples }, (_, i) => start + ((flipped ? samples - 1 - i : i) + 0.5) * step)
  const inside = (position: number): boolean => cyclic || (position >= 0 && position < length)
  const wrapped = (index: number): number => (cyclic ? modulo(index, length) : Math.min(length - 1, Math.max(0, index)))
  // the panorama pixels whose centres the sample pixel covers: each belongs to one sample pixel
  const low = Int32Array.from(positions, (position) => (step > 1 ? Math.ceil(position - step / 2 - 0.5) : Math.floor(position)))
  const high = Int32Array.from(positions, (position) => (step > 1 ? Math.ceil(position + step / 2 - 0.5) - 1 : Math.floor(position)))
  return {
    begin: positions.findIndex(inside), end: positions.findLastIndex(inside) + 1,
    nearest: Int32Array.from(positions, (position) => wrapped(Math.floor(position))),
    taps: linearTapsAt(positions, length, { cyclic }),
    first: low.map((index) => wrapped(index)),
    covered: high.map((index, i) => (cyclic ? index - low[i] : wrapped(index) - wrapped(low[i])) + 1),
  }
}

/** How many pixels of a sample show something. */
export function seenPixels({ columns, rows }: AxisViews): number {
  return (columns.end - columns.begin) * (rows.end - rows.begin)
}

export interface AxisViews {
  readonly columns: AxisView
  readonly rows: AxisView
}

function modulo(index: number, length: number): number {
  return ((index % length) + length) % length
}
