import type { TrainingData, TrainingWindow } from '../../formats/training-data.ts'
import { resizeNearest, resizeRgb } from '../../raster/resize.ts'
import type { Raster, RgbImage } from '../../raster/raster.ts'
import type { Equirectangular } from '../../geometry/equirectangular.ts'
import type { FusionConfig } from '../config.ts'
import { levelThresholds, prepareFusion, type ShareSettings } from '../fusion.ts'
import { stitchedWindow } from '../stitched-window.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from '../types.ts'
import { castVote, decideMasks, unpackPixel } from '../votes.ts'
import type { SampleSize } from './sample-planes.ts'

/** What the windows of a panorama teach, at their own resolution (METHOD section 4). */
export interface WindowTargets {
  readonly window: PanoramaWindow
  /** E_i. 255 where the labelling run leaves out masks below theta or what no mask covers, and unseen */
  readonly label: Uint8Array
  /** M_i: 0 inside masks below theta, 1 elsewhere */
  readonly trusted: Uint8Array
}

/**
 * E_i and M_i of every window, from the same shares, thresholds and decisions as the fusion: mask by mask the majority class
 * where it is trusted, below theta as `belowTheta` says, and 255 under no mask where `uncovered` says so. Where the TA decides (no mask, or one that leaves it to the TA) E_i is
 * S_TA^w, as it is in the fused label: a window alone judges worse than all that see the pixel [D].
 *
 * Without masks (a TA-only run) E_i is S_TA^w everywhere, and nothing is trusted: no mask confirms it. The confident term of
 * the loss is empty then, and the window term says what the image term says.
 */
export function windowTargets(masks: PanoramaMasks | null, semantics: PanoramaSemantics, fusion: FusionConfig & ShareSettings): WindowTargets[] {
  const prepared = prepareFusion(masks, semantics, fusion)
  if (prepared.masks === null) return semantics.windows.map((seen) => ({ window: seen.window, label: stitchedWindow(seen, semantics).label, trusted: new Uint8Array(seen.label.length) }))
  const thresholds = levelThresholds(prepared, fusion)
  const leftOut = fusion.uncovered === 'ignore'
  return prepared.windows.map(({ window, shares, firstPixel }, index) => {
    const decisions = new Int32Array(shares.count + 1)
    decideMasks(decisions, shares, thresholds, fusion.belowTheta)
    const { label } = stitchedWindow(semantics.windows[index], semantics)
    const trusted = new Uint8Array(label.length)
    for (let p = 0; p < label.length; p++) {
      const pixel = prepared.pixels[firstPixel + p]
      const { mask } = unpackPixel(pixel)
      const { votedClass, byMajority, byTa } = castVote(decisions[mask], pixel)
      if (!byTa) label[p] = votedClass
      else if (mask === 0 && leftOut) label[p] = 255
      trusted[p] = mask === 0 || byMajority ? 1 : 0
    }
    return { window, label, trusted }
  })
}

/** All that a labelling run knows about a panorama, at the panorama's size. */
export interface LabelledPanorama {
  readonly image: RgbImage
  readonly cyclic: boolean
  /** how its pixels lie on the sphere; undefined: as a full turn of square pixels does */
  readonly projection?: Equirectangular | undefined
  readonly semantics: PanoramaSemantics
  /** null for a TA-only run */
  readonly masks: PanoramaMasks | null
  /** of the labelling run */
  readonly fusion: FusionConfig
  readonly fused: Raster
  /** B_ref; null for a TA-only run */
  readonly boundary: Raster | null
  readonly truth: Raster | null
}

/**
 * Everything at the training size: the image antialiased, labels by the nearest pixel centre (window labels where the
 * panorama's are, so that windows stay crops of the panorama), boundaries so that no edge vanishes. Throws RangeError
 * where the parts are not of one size.
 */
export function makeTrainingData(panorama: LabelledPanorama, { height, width }: SampleSize): TrainingData {
  const { image, semantics, fused, boundary, truth, cyclic } = panorama
  for (const [name, map] of Object.entries({ 'TA map': semantics.label, 'fused label': fused, boundary, truth })) {
    if (map === null || (map.width === image.width && map.height === image.height)) continue
    throw new RangeError(`The ${name} is ${map.width}x${map.height}, but the panorama is ${image.width}x${image.height}.`)
  }
  const nearest = (map: Raster): Raster => resizeNearest(map, width, height)
  const columns = { from: image.width, to: width }
  const rows = { from: image.height, to: height }
  return {
    width, height, cyclic,
    image: resizeRgb(image, width, height),
    ta: nearest(semantics.label),
    fused: nearest(fused),
    boundary: boundary === null ? null : resizeEdges(boundary, { columns, rows }),
    truth: truth === null ? null : nearest(truth),
    windows: windowTargets(panorama.masks, semantics, { ...panorama.fusion, projection: panorama.projection })
      .map((targets) => resizeWindow(targets, { columns, rows }))
      .filter(({ window }) => window.width > 0 && window.height > 0),
  }
}

/** An axis of the panorama and how long it is at the training size. */
interface Axis {
  readonly from: number
  readonly to: number
}

interface Axes {
  readonly columns: Axis
  readonly rows: Axis
}

/** The pixel under the centre of pixel `target`, which may be beyond the first turn. In whole numbers, hence exact. */
function nearestPixel({ from, to }: Axis, target: number): number {
  return Math.floor(((2 * target + 1) * from) / (2 * to))
}

/** The first target pixel whose centre lies at `position` or behind: of the windows that end and begin there, it is the second's. */
function firstFrom({ from, to }: Axis, position: number): number {
  return Math.floor((2 * position * to + from - 1) / (2 * from))
}

function resizeWindow({ window, label, trusted }: WindowTargets, { columns, rows }: Axes): TrainingWindow {
  const x = firstFrom(columns, window.x)
  const y = firstFrom(rows, window.y)
  const width = firstFrom(columns, window.x + window.width) - x
  const height = firstFrom(rows, window.y + window.height) - y
  const small = { label: new Uint8Array(width * height), trusted: new Uint8Array(width * height) }
  const column = Int32Array.from({ length: width }, (_, i) => nearestPixel(columns, x + i) - window.x)
  for (let down = 0; down < height; down++) {
    const row = (nearestPixel(rows, y + down) - window.y) * window.width
    for (let right = 0; right < width; right++) {
      const to = down * width + right
      const from = row + column[right]
      small.label[to] = label[from]
      small.trusted[to] = trusted[from]
    }
  }
  // a gnomonic window's view is not needed any more: its label says where it sees nothing
  const { index, family } = window
  return { window: { index, family, x: x % columns.to, y, width, height }, ...small }
}

/** Made smaller: 1 where a pixel's part of the panorama has an edge, so that edges stay and stay thin. Made larger: the nearest. */
function resizeEdges({ data }: Raster, { columns, rows }: Axes): Raster {
  const out = new Uint8Array(columns.to * rows.to)
  const across = partsOf(columns)
  const down = partsOf(rows)
  for (let y = 0; y < rows.to; y++) {
    for (let x = 0; x < columns.to; x++) {
      let most = 0
      for (let v = down.first[y]; v < down.end[y]; v++) for (let u = across.first[x]; u < across.end[x]; u++) most |= data[v * columns.from + u]
      out[y * columns.to + x] = most
    }
  }
  return { width: columns.to, height: rows.to, data: out }
}

/** The pixels of the panorama whose centres each target pixel covers, half open; where the target is larger, the nearest. */
function partsOf(axis: Axis): { first: Int32Array; end: Int32Array } {
  const inverse = { from: axis.to, to: axis.from }
  const range = (of: (target: number) => number): Int32Array => Int32Array.from({ length: axis.to }, (_, target) => of(target))
  if (axis.to > axis.from) return { first: range((target) => nearestPixel(axis, target)), end: range((target) => nearestPixel(axis, target) + 1) }
  return { first: range((target) => firstFrom(inverse, target)), end: range((target) => firstFrom(inverse, target + 1)) }
}
