import type { TrainingData } from '../../formats/training-data.ts'
import type { Raster } from '../../raster/raster.ts'
import type { DistillationConfig } from '../distillation-config.ts'
import { drawColourJitter } from './colour-jitter.ts'
import type { Random } from './random.ts'
import { IMAGENET, type Normalisation, sampleColours } from './sample-colours.ts'
import { makePlanes, type PlaneName, type SamplePlanes } from './sample-planes.ts'
import { axisView, type AxisViews, drawView, seenPixels } from './view.ts'
import { countWindowVotes, drawWindows, trustedVotesFor, votedClass, votesFor, type WindowVotes } from './window-votes.ts'

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
  sampleColours(data.image, { axes, jitter, normalisation }, { red, green, blue })
  sampleLabels({ ta: data.ta, votes }, axes, into)
  if (data.boundary === null) into.boundary.fill(0)
  else if (view.step <= 1) sampleEdges(data.boundary, axes, into.boundary)
  else sampleLargest(data.boundary, axes, into.boundary)
  sampleWeight(weight, axes, into)
  return { planes: into, droppedVotes: votes.votes === 0 ? 0 : votes.dropped / votes.votes }
}

/** The label of a pixel that shows nothing. */
const NOTHING = 255
const LABELS: ReadonlySet<string> = new Set(['ta', 'first', 'second'] satisfies PlaneName[])

/** TA map and votes: the pixel under each sample pixel's centre. */
function sampleLabels({ ta, votes }: { readonly ta: Raster; readonly votes: WindowVotes }, { columns: { nearest, begin, end }, rows }: AxisViews, into: SamplePlanes): void {
  const planes = [into.ta, into.first, into.first_votes, into.first_trusted, into.second, into.second_votes, into.second_trusted]
  const width = nearest.length
  for (let y = rows.begin; y < rows.end; y++) {
    const out = y * width
    // enlarged, rows come twice
    if (y > rows.begin && rows.nearest[y] === rows.nearest[y - 1]) {
      for (const plane of planes) plane.copyWithin(out + begin, out - width + begin, out - width + end)
      continue
    }
    const row = rows.nearest[y] * width
    sampleMost({ ta: ta.data, votes: votes.first, row }, { nearest, begin, end, out }, into)
    // mostly there is no second class
    into.second.fill(NOTHING, out + begin, out + end)
    into.second_votes.fill(0, out + begin, out + end)
    into.second_trusted.fill(0, out + begin, out + end)
    sampleSecond({ votes: votes.second, row }, { nearest, begin, end, out }, into)
  }
}

interface SampleRow {
  readonly nearest: Int32Array
  readonly begin: number
  readonly end: number
  /** Where in the sample the row begins */
  readonly out: number
}

function sampleMost({ ta, votes, row }: { ta: Uint8Array; votes: Int32Array; row: number }, { nearest, begin, end, out }: SampleRow, into: SamplePlanes): void {
  const { ta: label, first, first_votes, first_trusted } = into
  for (let x = begin; x < end; x++) {
    const from = row + nearest[x]
    const most = votes[from]
    label[out + x] = ta[from]
    first[out + x] = votedClass(most)
    first_votes[out + x] = votesFor(most)
    first_trusted[out + x] = trustedVotesFor(most)
  }
}

function sampleSecond({ votes, row }: { votes: Int32Array; row: number }, { nearest, begin, end, out }: SampleRow, { second, second_votes, second_trusted }: SamplePlanes): void {
  for (let x = begin; x < end; x++) {
    const next = votes[row + nearest[x]]
    if (next === NOTHING) continue
    second[out + x] = votedClass(next)
    second_votes[out + x] = votesFor(next)
    second_trusted[out + x] = trustedVotesFor(next)
  }
}

function sampleEdges({ data }: Raster, { columns: { nearest, begin, end }, rows }: AxisViews, plane: Float32Array): void {
  const width = nearest.length
  for (let y = rows.begin; y < rows.end; y++) {
    const row = rows.nearest[y] * width
    const out = y * width
    for (let x = begin; x < end; x++) plane[out + x] = data[row + nearest[x]]
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
