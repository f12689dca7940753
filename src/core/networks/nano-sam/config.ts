/** The sizes of the nano promptable segmenter. */
import { type EncoderConfig, segformerConfig } from '../segformer/config.ts'

export interface NanoSamConfig {
  /** side of the square input image; points are given in its pixels */
  readonly imageSize: number
  readonly encoder: EncoderConfig
  /** the encoder's stage whose map has the size of the image embedding; later stages are interpolated to it */
  readonly embeddingStage: number
  /** the stages before it are part of the embedding, too: a cell then knows what lies where within it, which fine masks need */
  readonly fineStages: boolean
  /** channels of the image embedding and of the decoder */
  readonly hiddenSize: number
  readonly decoderLayers: number
  readonly decoderHeads: number
  readonly decoderMlpSize: number
  /** by how much the cross attentions are narrower than the decoder */
  readonly attentionDownsampling: number
  readonly iouHeadSize: number
}

/** Masks of one prompt: whole, part, part of a part. A further mask token belongs to SAM's single-mask answer, which is not asked for. */
export const MASKS = 3
export const MASK_TOKENS = MASKS + 1

/**
 * MiT-B0 as encoder, embeddings of a sixteenth and masks of a quarter of the image's side, as SAM has them; 3.6 million
 * parameters for the default.
 */
export function nanoSamConfig(changes: Partial<NanoSamConfig> = {}): NanoSamConfig {
  const { classes: _, decoderSize: __, ...encoder } = segformerConfig('b0', 1)
  return {
    imageSize: 512, encoder, embeddingStage: 2, fineStages: false, hiddenSize: 64, decoderLayers: 2, decoderHeads: 4, decoderMlpSize: 256,
    attentionDownsampling: 2, iouHeadSize: 64, ...changes,
  }
}

/** Side of the image embedding. */
export function embeddingSize({ imageSize, encoder, embeddingStage }: NanoSamConfig): number {
  return encoder.strides.slice(0, embeddingStage + 1).reduce((size, stride) => Math.ceil(size / stride), imageSize)
}

/** Side of a cell of the image embedding in cells of an earlier stage. */
export function cellSide({ encoder, embeddingStage }: NanoSamConfig, stage: number): number {
  return encoder.strides.slice(stage + 1, embeddingStage + 1).reduce((side, stride) => side * stride, 1)
}
