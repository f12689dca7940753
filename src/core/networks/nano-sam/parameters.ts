/**
 * The parameters of the nano promptable segmenter. The prompt encoder, the mask decoder and the shared positional
 * embedding are named as in Hugging Face's SamModel; the image encoder is a mix transformer with a neck like SamModel's.
 * Of its own are what belongs to features of pixels: `vision_encoder.pixels`, the prompts' `pixel_embed` and the filters'
 * `pixel_out`.
 */
import type { Tensor } from '../../onnx/tensor.ts'
import { type Initial, initialTensors, ParameterList, type Parameters } from '../parameters.ts'
import { encoderParameters } from '../segformer/parameters.ts'
import { cellSide, MASK_TOKENS, maskStride, type NanoSamConfig } from './config.ts'

export const VISION = 'vision_encoder'
export const PROMPTS = 'prompt_encoder'
export const DECODER = 'mask_decoder'
/** of the encoder: what it knows of each pixel of a mask */
export const PIXELS = `${VISION}.pixels`
export const POSITIONS = 'shared_image_embedding.positional_embedding'
/** Kinds of points that have an embedding of their own: background, foreground, first and second corner of a box. */
export const POINT_KINDS = 4
/** The first of them are clicks */
export const CLICK_KINDS = 2

const EMBEDDING: Initial = { deviation: 1 }

export function nanoSamParameters(config: NanoSamConfig): Parameters {
  const list = new ParameterList()
  const { hiddenSize, encoder, embeddingStage, fineStages, pixelFeatures } = config
  list.add(POSITIONS, { dims: [2, hiddenSize / 2], kind: 'buffer', initial: { deviation: 1 } })
  encoderParameters(list, `${VISION}.encoder`, encoder)
  for (const [stage, size] of encoder.hiddenSizes.entries()) {
    if (stage >= embeddingStage) list.linear(`${VISION}.neck.lateral.${stage}`, [hiddenSize, size], byFanIn(size))
    else if (fineStages) {
      const side = cellSide(config, stage)
      list.add(`${VISION}.neck.fine.${stage}.weight`, { dims: [hiddenSize, size, side, side], kind: 'weight', initial: byFanIn(size * side * side) })
    }
  }
  list.norm(`${VISION}.neck.layer_norm1`, hiddenSize)
  list.conv(`${VISION}.neck.conv2`, [hiddenSize, hiddenSize, 3, 3], { bias: false })
  list.norm(`${VISION}.neck.layer_norm2`, hiddenSize)
  if (pixelFeatures > 0) pixelParameters(list, config)

  const embedding = (name: string, rows = 1) => list.add(`${name}.weight`, { dims: [rows, hiddenSize], kind: 'weight', initial: EMBEDDING })
  for (let kind = 0; kind < POINT_KINDS; kind++) embedding(`${PROMPTS}.point_embed.${kind}`)
  // silent at first, as `pixel_out` is
  if (pixelFeatures > 0) for (let kind = 0; kind < CLICK_KINDS; kind++) list.linear(`${PROMPTS}.pixel_embed.${kind}`, [hiddenSize, pixelFeatures], { fill: 0 })
  embedding(`${PROMPTS}.not_a_point_embed`)
  embedding(`${PROMPTS}.no_mask_embed`)
  embedding(`${DECODER}.iou_token`)
  embedding(`${DECODER}.mask_tokens`, MASK_TOKENS)
  decoderParameters(list, config)
  return list.parameters
}

/** What the pixels of a mask are told by: the image itself, the first stage and the cells; then two convolutions. */
function pixelParameters(list: ParameterList, config: NanoSamConfig): void {
  const { encoder, hiddenSize, pixelFeatures: size } = config
  // by fan-in, as all layers here are: `list.conv` begins by fan-out
  const square = (name: string, input: number, kernel: number) => {
    list.add(`${PIXELS}.${name}.weight`, { dims: [size, input, kernel, kernel], kind: 'weight', initial: byFanIn(input * kernel ** 2) })
    list.add(`${PIXELS}.${name}.bias`, { dims: [size], kind: 'bias', initial: { fill: 0 } })
  }
  square('image', encoder.channels, pixelKernel(config))
  list.linear(`${PIXELS}.stage`, [size, encoder.hiddenSizes[0]], byFanIn(encoder.hiddenSizes[0]))
  list.linear(`${PIXELS}.cells`, [size, hiddenSize], byFanIn(hiddenSize))
  square('conv1', size, 3)
  square('conv2', size, 3)
}

/** Side of the kernel that sees a mask's pixel in the image: the next odd one, so that none of the image's pixels is left out. */
export function pixelKernel(config: NanoSamConfig): number {
  return 2 * Math.floor(maskStride(config) / 2) + 1
}

function decoderParameters(list: ParameterList, config: NanoSamConfig): void {
  const { hiddenSize, decoderLayers, decoderMlpSize, iouHeadSize, pixelFeatures } = config
  const narrow = hiddenSize / config.attentionDownsampling
  for (let layer = 0; layer < decoderLayers; layer++) {
    const name = `${DECODER}.transformer.layers.${layer}`
    attentionParameters(list, `${name}.self_attn`, [hiddenSize, hiddenSize])
    attentionParameters(list, `${name}.cross_attn_token_to_image`, [hiddenSize, narrow])
    attentionParameters(list, `${name}.cross_attn_image_to_token`, [hiddenSize, narrow])
    list.linear(`${name}.mlp.lin1`, [decoderMlpSize, hiddenSize], byFanIn(hiddenSize))
    list.linear(`${name}.mlp.lin2`, [hiddenSize, decoderMlpSize], byFanIn(decoderMlpSize))
    for (let norm = 1; norm <= 4; norm++) list.norm(`${name}.layer_norm${norm}`, hiddenSize)
  }
  attentionParameters(list, `${DECODER}.transformer.final_attn_token_to_image`, [hiddenSize, narrow])
  list.norm(`${DECODER}.transformer.layer_norm_final_attn`, hiddenSize)

  upscaleParameters(list, `${DECODER}.upscale_conv1`, [hiddenSize, hiddenSize / 4])
  list.norm(`${DECODER}.upscale_layer_norm`, hiddenSize / 4)
  upscaleParameters(list, `${DECODER}.upscale_conv2`, [hiddenSize / 4, hiddenSize / 8])
  for (let mask = 0; mask < MASK_TOKENS; mask++) {
    headParameters(list, `${DECODER}.output_hypernetworks_mlps.${mask}`, [hiddenSize, hiddenSize, hiddenSize / 8])
    // silent at first: the masks begin as those of the cells. The first token's mask is not asked for
    if (pixelFeatures > 0 && mask > 0) list.linear(`${DECODER}.output_hypernetworks_mlps.${mask}.pixel_out`, [pixelFeatures, hiddenSize], { fill: 0 })
  }
  headParameters(list, `${DECODER}.iou_prediction_head`, [hiddenSize, iouHeadSize, MASK_TOKENS])
}

function attentionParameters(list: ParameterList, name: string, [size, inner]: readonly [number, number]): void {
  for (const each of ['q_proj', 'k_proj', 'v_proj']) list.linear(`${name}.${each}`, [inner, size], byFanIn(size))
  list.linear(`${name}.out_proj`, [size, inner], byFanIn(inner))
}

/** A transposed convolution of kernel and stride 2: weight [input, output, 2, 2]. */
function upscaleParameters(list: ParameterList, name: string, [input, output]: readonly [number, number]): void {
  list.add(`${name}.weight`, { dims: [input, output, 2, 2], kind: 'weight', initial: byFanIn(input) })
  list.add(`${name}.bias`, { dims: [output], kind: 'bias', initial: { fill: 0 } })
}

/** Three dense layers. */
function headParameters(list: ParameterList, name: string, [input, hidden, output]: readonly [number, number, number]): void {
  list.linear(`${name}.proj_in`, [hidden, input], byFanIn(input))
  list.linear(`${name}.layers.0`, [hidden, hidden], byFanIn(hidden))
  list.linear(`${name}.proj_out`, [output, hidden], byFanIn(hidden))
}

function byFanIn(input: number): Initial {
  return { deviation: Math.sqrt(1 / input) }
}

/** Weights before training; the positional embedding is a random projection that stays. */
export function initialNanoSamWeights(config: NanoSamConfig, seed: number): Map<string, Tensor> {
  return initialTensors(nanoSamParameters(config), seed)
}
