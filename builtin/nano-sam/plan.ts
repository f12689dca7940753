/** The sizes of nano-sam and how it is trained. */
import { type NanoSamConfig, nanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import type { PromptGroup } from '../../src/core/networks/nano-sam/network.ts'

/** Side of the image, pixels */
export const SIDE = 256

/** Embeddings of an eighth of the image's side, masks of a half of it: windows of a panorama are small. */
export const NANO_SAM: NanoSamConfig = nanoSamConfig({
  imageSize: SIDE, embeddingStage: 1, hiddenSize: 64, decoderLayers: 2, decoderHeads: 4, decoderMlpSize: 128, iouHeadSize: 64,
  encoder: {
    channels: 3, depths: [1, 2, 2], hiddenSizes: [24, 48, 96], heads: [1, 2, 4], reductions: [8, 4, 2], mlpRatios: [2, 3, 3],
    patchSizes: [7, 3, 3], strides: [4, 2, 2],
  },
})

/** Prompts per image and step: single clicks, and pairs of points (boxes, a point within and one outside). */
export const PROMPT_GROUPS: readonly PromptGroup[] = [{ prompts: 8, points: 1 }, { prompts: 3, points: 2 }]

export const PLAN = {
  seed: 20,
  steps: 12000,
  /** of them, on collages alone */
  collageSteps: 3500,
  /** images per step */
  batch: 2,
  learningRate: 1e-3,
  warmupSteps: 200,
  weightDecay: 0.01,
  clipNorm: 1,
  averageDecay: 0.998,
  focal: 20,
  dice: 1,
} as const
