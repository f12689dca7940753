import type { TrainingData } from '../../formats/training-data.ts'
import { IMAGENET_MEAN, IMAGENET_STD } from '../../raster/pixel-values.ts'
import type { Raster } from '../../raster/raster.ts'
import type { DistillationConfig } from '../distillation-config.ts'
import { applyColourJitter, drawColourJitter } from './colour-jitter.ts'
import type { Random } from './random.ts'
import { makePlanes, type SamplePlanes } from './sample-planes.ts'
import { axisView, type AxisView, drawView, sampleRgb } from './view.ts'
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
  const votes = countWindowVotes(data, drawWindows(data.windows.length, windowsPerSample, random))

  const columns = axisView({ ...view.columns, length: data.width, step: view.step })
  const rows = axisView({ ...view.rows, length: data.height, step: view.step })
  const area = data.width * data.height
  const [red, green, blue] = [0, 1, 2].map((channel) => into.pixel_values.subarray(channel * area, (channel + 1) * area))
  sampleRgb(data.image, { columns, rows }, { red, green, blue })
  if (augmentation.jitter > 0) applyColourJitter({ red, green, blue }, jitter, columns.seen * rows.seen)
  normalise([red, green, blue], { columns, rows }, normalisation)
  sampleTargets(data, { votes, columns, rows, weight }, into)
  return { planes: into, droppedVotes: votes.votes === 0 ? 0 : votes.dropped / votes.votes }
}

interface Axes {
  readonly columns: AxisView
  readonly rows: AxisView
}

/** In place; 0 where the sample shows nothing. */
function normalise(planes: readonly Float32Array[], { columns, rows }: Axes, { mean, std }: Normalisation): void {
  const width = columns.nearest.length
  for (const [channel, plane] of planes.entries()) {
    const shift = mean[channel]
    const scale = 1 / std[channel]
    for (let i = 0; i < plane.length; i++) plane[i] = (plane[i] - shift) * scale
    if (rows.seen < rows.nearest.length) rows.nearest.forEach((row, y) => row < 0 && plane.fill(0, y * width, (y + 1) * width))
    if (columns.seen === width) continue
    for (let i = 0; i < plane.length; i++) if (columns.nearest[i % width] < 0) plane[i] = 0
  }
}

/** Everything but the image. */
function sampleTargets(data: TrainingData, { votes, columns, rows, weight }: Axes & { votes: WindowVotes; weight: number }, into: SamplePlanes): void {
  const { ta, first, second, first_votes, second_votes, first_trusted, second_trusted, pixel_weight, boundary } = into
  const width = columns.nearest.length
  for (let y = 0; y < rows.nearest.length; y++) {
    const row = rows.nearest[y] * data.width
    const out = y * width
    for (let x = 0; x < width; x++) {
      const column = columns.nearest[x]
      const to = out + x
      const seen = row >= 0 && column >= 0
      const from = row + column
      const most = seen ? votes.first[from] : NOTHING
      const next = seen ? votes.second[from] : NOTHING
      ta[to] = seen ? data.ta.data[from] : NOTHING
      first[to] = votedClass(most)
      second[to] = votedClass(next)
      first_votes[to] = votesFor(most)
      second_votes[to] = votesFor(next)
      first_trusted[to] = trustedVotesFor(most)
      second_trusted[to] = trustedVotesFor(next)
      pixel_weight[to] = seen ? weight : 0
    }
  }
  if (data.boundary === null) boundary.fill(0)
  else sampleBoundary(data.boundary, { columns, rows }, boundary)
}

/** The largest of the pixels that a sample pixel covers: no edge vanishes where the panorama is made smaller. */
function sampleBoundary({ width: sourceWidth, data }: Raster, { columns, rows }: Axes, into: Float32Array): void {
  const width = columns.nearest.length
  for (let y = 0; y < rows.nearest.length; y++) {
    for (let x = 0; x < width; x++) {
      let most = 0
      if (rows.nearest[y] >= 0 && columns.nearest[x] >= 0) {
        for (let down = 0; down < rows.covered[y]; down++) {
          const row = (rows.first[y] + down) * sourceWidth
          for (let right = 0; right < columns.covered[x]; right++) {
            const column = columns.first[x] + right
            most |= data[row + (column < sourceWidth ? column : column - sourceWidth)]
          }
        }
      }
      into[y * width + x] = most
    }
  }
}

/** The packed vote, and the label, of a pixel that shows nothing. */
const NOTHING = 255
