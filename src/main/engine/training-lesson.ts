/** What is learned: how a batch looks, how it is drawn, and what a step minimises. */
import type { LossBuilder } from '../../core/autodiff/training-step.ts'
import type { TrainingData } from '../../core/formats/training-data.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import { distillationLoss } from '../../core/goodsam/distillation/loss.ts'
import type { Random } from '../../core/goodsam/distillation/random.ts'
import { refinementLoss } from '../../core/goodsam/distillation/refinement-loss.ts'
import { drawPair, makePairPlanes, pairPlanesBytes } from '../../core/goodsam/distillation/refinement-sampler.ts'
import { makePlanes, planesAsTensors, planesAt, planesBytes } from '../../core/goodsam/distillation/sample-planes.ts'
import { drawSample } from '../../core/goodsam/distillation/sampler.ts'
import { countWindowVotes, type WindowVotes } from '../../core/goodsam/distillation/window-votes.ts'
import type { Tensor } from '../../core/onnx/tensor.ts'
import type { TrainTask } from './training-protocol.ts'

type Config = Pick<DistillationConfig, 'height' | 'width' | 'augmentation' | 'windowsPerSample' | 'losses'>

/** A panorama as samples are drawn from it. */
export interface PreparedData extends TrainingData {
  /** of all windows, which are then left out; where each sample counts its own, there are none */
  readonly votes?: WindowVotes
}

/** Where a sample goes: its place in a batch's memory. */
export interface SamplePlace {
  readonly buffer: SharedArrayBuffer
  readonly batch: number
  readonly index: number
}

export interface Lesson {
  readonly loss: (config: Config) => LossBuilder
  /** images that the network sees at once for so many samples */
  readonly images: (batch: number) => number
  readonly batchNormalization: 'train' | 'frozen'
  /** of a batch of samples */
  readonly bytes: (config: Config, batch: number) => number
  /** the inputs of the step by name, the image as `pixel_values`: views */
  readonly tensors: (config: Config, batch: number, buffer: SharedArrayBuffer) => Readonly<Record<string, Tensor>>
  /** What is the same for all samples of a panorama, done once */
  readonly prepare: (data: TrainingData, config: Config) => PreparedData
  /** Returns the share of the windows' votes that were left out. */
  readonly draw: (data: PreparedData, options: { readonly config: Config; readonly random: Random; readonly weight: number }, into: SamplePlace) => number
}

/** METHOD section 5: the student on whole panoramas, and the optional refinement of the TA on pairs of windows. */
export const LESSONS: Readonly<Record<TrainTask, Lesson>> = {
  distil: {
    loss: distillationLoss,
    images: (batch) => batch,
    batchNormalization: 'train',
    bytes: planesBytes,
    tensors: (config, batch, buffer) => planesAsTensors(makePlanes(config, batch, buffer), config),
    // where all windows count, their votes say all about them
    prepare: (data, { windowsPerSample }) => (windowsPerSample === null ? { ...data, windows: [], votes: countWindowVotes(data) } : data),
    draw: (data, options, { buffer, batch, index }) =>
      drawSample(data, { ...options, votes: data.votes }, planesAt(makePlanes(options.config, batch, buffer), index, options.config)).droppedVotes,
  },
  'refine-ta': {
    loss: refinementLoss,
    images: (batch) => 2 * batch,
    // a few windows say less about a street than all that the TA has seen
    batchNormalization: 'frozen',
    bytes: pairPlanesBytes,
    tensors({ height, width }, batch, buffer) {
      const { pixel_values: pixels, ensemble, trusted } = makePairPlanes({ height, width }, batch, buffer)
      return {
        pixel_values: { elementType: 'float32', dims: [2 * batch, 3, height, width], data: pixels },
        ensemble: { elementType: 'int32', dims: [2 * batch, height, width], data: ensemble },
        trusted: { elementType: 'float32', dims: [2 * batch, height, width], data: trusted },
      }
    },
    prepare: (data) => data,
    draw(data, { config, random }, { buffer, batch, index }) {
      drawPair(data, { random, augmentation: config.augmentation, size: config }, { planes: makePairPlanes(config, batch, buffer), index })
      return 0
    },
  },
}
