import type { TrainingData } from '../../formats/training-data.ts'
import { IMAGENET_MEAN, IMAGENET_STD } from '../../raster/pixel-values.ts'
import type { Raster } from '../../raster/raster.ts'
import type { DistillationConfig } from '../distillation-config.ts'
import { applyColourJitter, drawColourJitter } from './colour-jitter.ts'
import type { Random } from './random.ts'
import { makePlanes, type PlaneName, type SamplePlanes } from './sample-planes.ts'
import { axisView, type AxisViews, drawView, sampleRgb, seenPixels } from './view.ts'
import { countWindowVotes, drawWindows, trustedVotesFor, votedClass, votesFor, type WindowVotes } from './window-votes.ts'

/** What a network's input is: `(value / 255 - mean) / std` per channel. */
export interface Normalisation {
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

export const IMAGENET: Normalisation = { mean: IMAGENET_MEAN, std: IMAGENET_STD }

/** The panorama as it is, for scores and pictures. */
export const NO_AUGMENTATION: DistillationConfig['augmentation'] = { yaw: false, flip: false, jitter: 0, scale: [1, 1] }

export interface SampleOptions {
  readonly config: Pick<DistillationConfig, 'augmentation' | 'windowsPerSample'>
  /** Decides everything that is drawn (random.ts: `samplePlan` gives each sample its own) */
  readonly random: Random
  /** How much the panorama's pixels count; 1 where omitted */
  readonly weight?: number
  /** ImageNet's where omitted */
  readonly normalisation?: Normalisation
  /** `countWindowVotes(data)`, where it was counted before: a quarter of the work, and the same for every sample that counts all windows */
  readonly votes?: WindowVotes
}

export interface Sample {
  readonly planes: SamplePlanes
  /** Share of the windows' votes that were for a third class of a pixel, and do not count */
  readonly droppedVotes: number
}

/**
 * One training sample (METHOD section 5): the panorama rolled about its vertical axis, mirrored, zoomed and cut to its
 * own size, its colours changed; image and targets alike. `into` is filled and returned where given (every element is
 * written). The same data, options and random state give the same bytes.
 */
export function drawSample(data: TrainingData, options: SampleOptions, into: SamplePlanes = makePlanes(data)): Sample {
  const { config: { augmentation, windowsPerSample }, random, weight = 1, normalisation = IMAGENET } = options
  // all of it is drawn first, in an order that never changes
  const view = drawView(data, augmentation, random)
  const jitter = drawColourJitter(random, augmentation.jitter)
  const chosen = drawWindows(data.windows.length, windowsPerSample, random)
  const votes = chosen.length === data.windows.length && options.votes !== undefined ? options.votes : countWindowVotes(data, chosen)

  const axes = {
    columns: axisView({ ...view.columns, step: view.step, length: data.width, samples: data.width }),
    rows: axisView({ ...view.rows, step: view.step, length: data.height, samples: data.height }),
  }
  const area = data.width * data.height
  if (seenPixels(axes) < area) for (const [name, plane] of Object.entries(into)) plane.fill(LABELS.has(name) ? NOTHING : 0)
  const [red, green, blue] = [0, 1, 2].map((channel) => into.pixel_values.subarray(channel * area, (channel + 1) * area))
  sampleRgb(data.image, axes, { red, green, blue })
  if (augmentation.jitter > 0) applyColourJitter({ red, green, blue }, jitter, seenPixels(axes))
  for (const [channel, plane] of [red, green, blue].entries()) normalise(plane, axes, { mean: normalisation.mean[channel], std: normalisation.std[channel] })
  sampleNearest(data.ta, axes, into.ta)
  sampleVotes(votes, axes, into)
  if (data.boundary === null) into.boundary.fill(0)
  else if (view.step <= 1) sampleNearest(data.boundary, axes, into.boundary)
  else sampleLargest(data.boundary, axes, into.boundary)
  sampleWeight(weight, axes, into)
  return { planes: into, droppedVotes: votes.votes === 0 ? 0 : votes.dropped / votes.votes }
}

/** The label of a pixel that shows nothing. */
const NOTHING = 255
const LABELS: ReadonlySet<string> = new Set(['ta', 'first', 'second'] satisfies PlaneName[])

/** In place, where the sample shows something. */
export function normalise(plane: Float32Array, { columns, rows }: AxisViews, { mean, std }: { mean: number; std: number }): void {
  const width = columns.nearest.length
  const scale = 1 / std
  const shift = -mean * scale
  for (let y = rows.begin; y < rows.end; y++) {
    const end = y * width + columns.end
    for (let i = y * width + columns.begin; i < end; i++) plane[i] = plane[i] * scale + shift
  }
}

function sampleNearest({ width: sourceWidth, data }: Raster, { columns, rows }: AxisViews, plane: Int32Array | Float32Array): void {
  const { nearest, begin, end } = columns
  for (let y = rows.begin; y < rows.end; y++) {
    const row = rows.nearest[y] * sourceWidth
    const out = y * nearest.length
    for (let x = begin; x < end; x++) plane[out + x] = data[row + nearest[x]]
  }
}

function sampleVotes(votes: WindowVotes, { columns, rows }: AxisViews, planes: SamplePlanes): void {
  const { nearest, begin, end } = columns
  const { first, second, first_votes, second_votes, first_trusted, second_trusted } = planes
  // mostly there is no second class
  second.fill(NOTHING)
  second_votes.fill(0)
  second_trusted.fill(0)
  for (let y = rows.begin; y < rows.end; y++) {
    const row = rows.nearest[y] * votes.width
    const out = y * nearest.length
    for (let x = begin; x < end; x++) {
      const from = row + nearest[x]
      const most = votes.first[from]
      first[out + x] = votedClass(most)
      first_votes[out + x] = votesFor(most)
      first_trusted[out + x] = trustedVotesFor(most)
      const next = votes.second[from]
      if (next === NOTHING) continue
      second[out + x] = votedClass(next)
      second_votes[out + x] = votesFor(next)
      second_trusted[out + x] = trustedVotesFor(next)
    }
  }
}

/** The largest of the pixels that a sample pixel covers: no edge vanishes where the panorama is made smaller. */
function sampleLargest({ width: sourceWidth, data }: Raster, { columns, rows }: AxisViews, plane: Float32Array): void {
  for (let y = rows.begin; y < rows.end; y++) {
    const out = y * columns.nearest.length
    for (let x = columns.begin; x < columns.end; x++) {
      let most = 0
      for (let down = 0; down < rows.covered[y]; down++) {
        const row = (rows.first[y] + down) * sourceWidth
        for (let right = 0; right < columns.covered[x]; right++) {
          const column = columns.first[x] + right
          most |= data[row + (column < sourceWidth ? column : column - sourceWidth)]
        }
      }
      plane[out + x] = most
    }
  }
}

function sampleWeight(weight: number, { columns, rows }: AxisViews, { pixel_weight }: SamplePlanes): void {
  const width = columns.nearest.length
  for (let y = rows.begin; y < rows.end; y++) pixel_weight.fill(weight, y * width + columns.begin, y * width + columns.end)
}
