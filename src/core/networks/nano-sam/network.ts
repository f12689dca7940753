/**
 * A promptable segmenter with the anatomy of Segment Anything (Kirillov et al., ICCV 2023, https://arxiv.org/abs/2304.02643),
 * small enough to train here: an image encoder that runs once per image, and prompt encoder and two-way mask decoder that
 * run for many prompts at once. Both graphs speak the dialect of transformers.js exports; the joint graph is for training.
 */
import type { Model } from '../../onnx/model.ts'
import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import type { Net } from '../layers.ts'
import type { Weights } from '../parameters.ts'
import { embeddingChannels, embeddingSize, type NanoSamConfig } from './config.ts'
import { type ImageEmbedding, imageEncoder, packEmbedding, unpackEmbedding } from './image-encoder.ts'
import { maskDecoder } from './mask-decoder.ts'
import { nanoSamParameters } from './parameters.ts'
import { imagePositions, promptEncoder } from './prompt-encoder.ts'

/**
 * `pixel_values` [batch, 3, size, size] (normalised, padded right and below) -> `image_embeddings` [batch,
 * embeddingChannels, s, s] and `image_positional_embeddings` [batch, channels, s, s]. Throws ModelError where the weights do not fit the configuration.
 */
export function nanoSamVisionEncoder(config: NanoSamConfig, weights: Weights): Model {
  const net = newNet(config, weights)
  const embedding = imageEncoder(net, pixelInput(net, config), config)
  net.builder.output(packEmbedding(net, embedding, config), 'image_embeddings')
  net.builder.output(imagePositions(net, embedding.cells), 'image_positional_embeddings')
  return net.builder.build('nano-sam-vision-encoder')
}

/**
 * The encoder's outputs, `input_points` [batch, prompts, points, 2] (x, y in pixels of the input image) and `input_labels`
 * int64 [batch, prompts, points] -> `iou_scores` [batch, prompts, 3] and `pred_masks` [batch, prompts, 3, 4s, 4s] (logits).
 * Labels: 1 foreground, 0 background, 2 and 3 the corners of a box, -1 no point, -10 padding.
 */
export function nanoSamMaskDecoder(config: NanoSamConfig, weights: Weights): Model {
  const net = newNet(config, weights)
  const size = embeddingSize(config)
  const [points, labels] = promptInputs(net)
  const embeddings = net.builder.input('image_embeddings', 'float32', ['batch', embeddingChannels(config), size, size])
  const positions = net.builder.input('image_positional_embeddings', 'float32', ['batch', config.hiddenSize, size, size])
  emitMasks(net, { embedding: unpackEmbedding(net, embeddings, config), positions, points, labels, config })
  return net.builder.build('nano-sam-mask-decoder')
}

/** Image, points and labels -> scores and masks: both graphs in one, to be trained. Every operator has a gradient. */
export function nanoSamJoint(config: NanoSamConfig, weights: Weights): Model {
  const net = newNet(config, weights)
  const pixels = pixelInput(net, config)
  const [points, labels] = promptInputs(net)
  const embedding = imageEncoder(net, pixels, config)
  emitMasks(net, { embedding, positions: imagePositions(net, embedding.cells), points, labels, config })
  return net.builder.build('nano-sam')
}

/** Prompts of one number of points. */
export interface PromptGroup {
  readonly prompts: number
  readonly points: number
}

/**
 * The joint graph for groups of prompts that differ in their number of points, so that none has to be filled up: the image
 * is encoded once. Inputs `input_points.N` and `input_labels.N` for group N, from 0; the prompts of the outputs `iou_scores`
 * and `pred_masks` are those of the groups, one after the other. `cell_embeddings` [batch, channels, s, s] comes out too, for
 * `affinityLoss`.
 */
export function nanoSamGroups(config: NanoSamConfig, weights: Weights, groups: readonly PromptGroup[]): Model {
  const net = newNet(config, weights)
  const { builder } = net
  const prompts = groups.map(({ prompts: count, points }, group) => {
    const shape = ['batch', count, points]
    return { points: builder.input(`input_points.${group}`, 'float32', [...shape, 2]), labels: builder.input(`input_labels.${group}`, 'int64', shape) }
  })
  const embedding = imageEncoder(net, pixelInput(net, config), config)
  const positions = imagePositions(net, embedding.cells)
  const answers = prompts.map((each) => maskDecoder(net, { embedding, positions, prompts: promptEncoder(net, { ...each, imageSize: config.imageSize, pixels: embedding.pixels }), config }))
  builder.output(builder.emit('Concat', answers.map(({ scores }) => scores), { axis: 1 }), 'iou_scores')
  builder.output(builder.emit('Concat', answers.map(({ masks }) => masks), { axis: 1 }), 'pred_masks')
  builder.output(embedding.cells, 'cell_embeddings')
  return builder.build('nano-sam-groups')
}

function newNet(config: NanoSamConfig, weights: Weights): Net {
  return { builder: new GraphBuilder(), parameters: nanoSamParameters(config), weights }
}

function pixelInput({ builder }: Net, { imageSize, encoder }: NanoSamConfig): Value {
  return builder.input('pixel_values', 'float32', ['batch', encoder.channels, imageSize, imageSize])
}

function promptInputs({ builder }: Net): readonly [points: Value, labels: Value] {
  const shape = ['batch', 'prompts', 'points']
  return [builder.input('input_points', 'float32', [...shape, 2]), builder.input('input_labels', 'int64', shape)]
}

interface Masks {
  readonly embedding: ImageEmbedding
  readonly positions: Value
  readonly points: Value
  readonly labels: Value
  readonly config: NanoSamConfig
}

function emitMasks(net: Net, { embedding, positions, points, labels, config }: Masks): void {
  const prompts = promptEncoder(net, { points, labels, imageSize: config.imageSize, pixels: embedding.pixels })
  const { scores, masks } = maskDecoder(net, { embedding, positions, prompts, config })
  net.builder.output(scores, 'iou_scores')
  net.builder.output(masks, 'pred_masks')
}
