/** The sizes of the nano promptable segmenter. */
import { ModelError } from '../../onnx/errors.ts'
import { type EncoderConfig, segformerConfig } from '../segformer/config.ts'

export interface NanoSamConfig {
  /** side of the square input image; points are given in its pixels */
  readonly imageSize: number
  readonly encoder: EncoderConfig
  /** the encoder's stage whose map has the size of the image embedding; later stages are interpolated to it */
  readonly embeddingStage: number
  /** the stages before it are part of the embedding, too: a cell then knows what lies where within it, which fine masks need */
  readonly fineStages: boolean
  /**
   * Numbers that each pixel of a mask (a sixteenth of a cell) has of its own, from the image alone; 0: none. A mask is as
   * sharp as they are, then, and a click is told those of the pixel where it lies
   */
  readonly pixelFeatures: number
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
    imageSize: 512, encoder, embeddingStage: 2, fineStages: false, pixelFeatures: 0, hiddenSize: 64, decoderLayers: 2, decoderHeads: 4, decoderMlpSize: 256,
    attentionDownsampling: 2, iouHeadSize: 64, ...changes,
  }
}

/** Pixels of a mask per cell of the image embedding, in either direction */
export const CELL_PIXELS = 4

/**
 * Pixels of the image per pixel of a mask, in either direction. Throws ModelError where the image is not made of whole
 * cells, or cells not of whole pixels of a mask.
 */
export function maskStride(config: NanoSamConfig): number {
  const { imageSize, encoder } = config
  const cell = encoder.strides[0] * cellSide(config, 0)
  if (imageSize % cell !== 0 || cell % CELL_PIXELS !== 0) {
    throw new ModelError('invalid', `Features of pixels need images of whole cells and cells of a multiple of ${CELL_PIXELS} pixels: the image is ${imageSize}, a cell ${cell} pixels wide.`)
  }
  return cell / CELL_PIXELS
}

/** Channels of the image embedding as it lies between encoder and decoder: a cell's own, then its pixels' features. */
export function embeddingChannels({ hiddenSize, pixelFeatures }: NanoSamConfig): number {
  return hiddenSize + pixelFeatures * CELL_PIXELS ** 2
}

/** Side of the image embedding. */
export function embeddingSize({ imageSize, encoder, embeddingStage }: NanoSamConfig): number {
  return encoder.strides.slice(0, embeddingStage + 1).reduce((size, stride) => Math.ceil(size / stride), imageSize)
}

/** Side of a cell of the image embedding in cells of an earlier stage. */
export function cellSide({ encoder, embeddingStage }: NanoSamConfig, stage: number): number {
  return encoder.strides.slice(stage + 1, embeddingStage + 1).reduce((side, stride) => side * stride, 1)
}
