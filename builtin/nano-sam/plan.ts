/** The sizes of nano-sam and how it is trained. */
import { type NanoSamConfig, nanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import { learningRateAt } from '../../src/core/goodsam/distillation/schedule.ts'
import type { PromptGroup } from '../../src/core/networks/nano-sam/network.ts'

/** Side of the windows that the method cuts from a panorama of 1024 x 512, pixels: a quarter turn */
export const WINDOW = 256
/** Side of the network's image: it sees a window enlarged, as Segment Anything does, so that its cells are finer */
export const SIDE = 384

/** Embeddings of an eighth of the image's side, masks of a half of it: windows of a panorama are small. */
export const NANO_SAM: NanoSamConfig = nanoSamConfig({
  imageSize: SIDE, embeddingStage: 1, fineStages: true, pixelFeatures: 16, hiddenSize: 64, decoderLayers: 2, decoderHeads: 4, decoderMlpSize: 128, iouHeadSize: 64,
  encoder: {
    // the first three stages of street-ta's encoder (of the last one two blocks), whose weights it begins with
    channels: 3, depths: [2, 2, 2], hiddenSizes: [24, 48, 96], heads: [1, 2, 3], reductions: [8, 4, 2], mlpRatios: [4, 4, 4],
    patchSizes: [7, 3, 3], strides: [4, 2, 2],
  },
})

/** A part of the training with one size of image and batch. */
export interface NanoSamPhase {
  /** its last step */
  readonly until: number
  /** of the images, pixels */
  readonly side: number
  /** pixels of a street image in either direction that mostly make one */
  readonly window: number
  /** per step */
  readonly images: number
  /** of four of them: so many are collages, the others windows of street images */
  readonly collages: number
  /** how much more often large regions are asked for: in proportion to their area to this power */
  readonly preference: number
  /** Prompts per image: single clicks, and pairs of points (boxes, a point within and one outside) */
  readonly groups: readonly PromptGroup[]
}

/** Streets that are learnt from, and streets that no training sees. */
export const [STREET_SEED, HELD_OUT_STREET_SEED] = [7001, 7002]
/** of held-out collages */
export const COLLAGE_SEED = 21

export const PLAN = {
  seed: 20,
  /** begins with small images, of which a step has four; enlarged windows are the last thing, since they cost more than twice as much */
  phases: [
    { until: 1500, side: 128, window: 128, images: 4, collages: 1, preference: 0.4, groups: [{ prompts: 6, points: 1 }, { prompts: 2, points: 2 }] },
    { until: 25000, side: 256, window: WINDOW, images: 1, collages: 1, preference: 0.2, groups: [{ prompts: 14, points: 1 }, { prompts: 3, points: 2 }] },
    { until: 28000, side: SIDE, window: WINDOW, images: 1, collages: 1, preference: 0.2, groups: [{ prompts: 14, points: 1 }, { prompts: 3, points: 2 }] },
  ] satisfies NanoSamPhase[],
  /** stretches of the training, each with a learning rate that falls to nothing at its end */
  courses: [{ until: 12000, learningRate: 6e-4 }, { until: 20000, learningRate: 4e-4 }, { until: 28000, learningRate: 4e-4 }],
  /** street images to choose windows from: so many at first, one more each so many steps, so many in all */
  streets: { first: 40, every: 10, most: 400 },
  warmupSteps: 100,
  weightDecay: 0.01,
  clipNorm: 1,
  averageDecay: 0.998,
  focal: 4,
  dice: 1,
  /** factor of the affinity loss */
  affinity: 0.5,
  /** of the automatic masks */
  pointsPerSide: 16,
} as const

/** Of a step of the plan, from 1 on; past the end that of the last one. */
export function plannedLearningRate(step: number): number {
  const { courses, warmupSteps } = PLAN
  const found = courses.findIndex(({ until }) => step <= until)
  const index = found < 0 ? courses.length - 1 : found
  const [begin, { until, learningRate }] = [index === 0 ? 0 : courses[index - 1].until, courses[index]]
  return learningRateAt(step - begin, { learningRate, warmupSteps, steps: until - begin, schedule: 'cosine' })
}
