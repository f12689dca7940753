/**
 * The image encoder: a mix transformer whose stages are summed at the size of the embedding, then SAM's neck; where asked
 * for, features of each pixel of a mask beside it.
 */
import type { Value } from '../../onnx/graph-builder.ts'
import { conv, layerNormOnMap, linearOnMap, type Net, shapeOfParts, sizes } from '../layers.ts'
import { mixTransformer } from '../segformer/mix-transformer.ts'
import { CELL_PIXELS, cellSide, embeddingChannels, embeddingSize, maskStride, type NanoSamConfig } from './config.ts'
import { pixelKernel, PIXELS, VISION } from './parameters.ts'

const NORM = { epsilon: 1e-6 }

/** What the encoder says of an image. */
export interface ImageEmbedding {
  /** [batch, channels, s, s] */
  readonly cells: Value
  /** Features of a mask's pixels, [batch, pixelFeatures, 4s, 4s]; null: none are asked for */
  readonly pixels: Value | null
}

/** Of `image` [batch, 3, size, size]. */
export function imageEncoder(net: Net, image: Value, config: NanoSamConfig): ImageEmbedding {
  const maps = mixTransformer(net, image, { prefix: `${VISION}.encoder`, config: config.encoder })
  const cells = neck(net, maps, config)
  return { cells, pixels: config.pixelFeatures === 0 ? null : pixelEmbedding(net, { image, stage: maps[0], cells }, config) }
}

function neck(net: Net, maps: readonly Value[], config: NanoSamConfig): Value {
  const { builder } = net
  return builder.scope(`${VISION}.neck`, () => {
    const laterals = maps.flatMap((map, stage) => (stage < config.embeddingStage ? [] : [linearOnMap(net, `${VISION}.neck.lateral.${stage}`, map)]))
    const shape = shapeOfParts(builder, sizes(builder, laterals[0], [0, 4]))
    const coarse = laterals.reduce((total, map) => builder.emit('Add', [total, builder.emit('Resize', [map, undefined, undefined, shape], { mode: 'linear' })]))
    // what lies where within a cell: convolutions that see each cell alone
    const fine = config.fineStages ? maps.slice(0, config.embeddingStage).map((map, stage) => {
      const side = cellSide(config, stage)
      return conv(net, `${VISION}.neck.fine.${stage}`, map, { kernel: side, stride: side, bias: false })
    }) : []
    const sum = fine.reduce((total, map) => builder.emit('Add', [total, map]), coarse)
    const normalized = layerNormOnMap(net, `${VISION}.neck.layer_norm1`, sum, NORM)
    return layerNormOnMap(net, `${VISION}.neck.layer_norm2`, conv(net, `${VISION}.neck.conv2`, normalized, { kernel: 3, pad: 1, bias: false }), NORM)
  })
}

interface Sources {
  readonly image: Value
  /** of the mix transformer, the first */
  readonly stage: Value
  readonly cells: Value
}

/** The image, the first stage and the cells at the masks' size, summed, and two convolutions. */
function pixelEmbedding(net: Net, { image, stage, cells }: Sources, config: NanoSamConfig): Value {
  const { builder } = net
  const { emit } = builder
  const side = CELL_PIXELS * embeddingSize(config)
  const kernel = pixelKernel(config)
  const enlarged = (name: string, map: Value) => {
    const features = linearOnMap(net, `${PIXELS}.${name}`, map)
    return emit('Resize', [features, undefined, undefined, shapeOfParts(builder, sizes(builder, features, [0, 2]), side, side)], { mode: 'linear' })
  }
  return builder.scope(PIXELS, () => {
    const own = conv(net, `${PIXELS}.image`, image, { kernel, stride: maskStride(config), pad: (kernel - 1) / 2 })
    const sum = emit('Add', [own, emit('Add', [enlarged('stage', stage), enlarged('cells', cells)])])
    const mixed = conv(net, `${PIXELS}.conv1`, emit('Gelu', [sum]), { kernel: 3, pad: 1 })
    return conv(net, `${PIXELS}.conv2`, emit('Gelu', [mixed]), { kernel: 3, pad: 1 })
  })
}

/**
 * Both as one tensor [batch, embeddingChannels, s, s], which is what lies between SAM's two graphs: after the channels of a
 * cell come its pixels', 16 f + 4 y + x for feature f of its pixel in row y, column x.
 */
export function packEmbedding({ builder: { emit } }: Net, { cells, pixels }: ImageEmbedding, config: NanoSamConfig): Value {
  if (pixels === null) return cells
  const side = embeddingSize(config)
  const apart = emit('Reshape', [pixels, [0, config.pixelFeatures, side, CELL_PIXELS, side, CELL_PIXELS]])
  const channels = emit('Transpose', [apart], { perm: [0, 1, 3, 5, 2, 4] })
  return emit('Concat', [cells, emit('Reshape', [channels, [0, config.pixelFeatures * CELL_PIXELS ** 2, side, side]])], { axis: 1 })
}

/** The inverse of `packEmbedding`. */
export function unpackEmbedding({ builder: { emit } }: Net, embeddings: Value, config: NanoSamConfig): ImageEmbedding {
  const { hiddenSize, pixelFeatures: count } = config
  if (count === 0) return { cells: embeddings, pixels: null }
  const side = embeddingSize(config)
  const part = (from: number, to: number) => emit('Slice', [embeddings, [from], [to], [1]])
  const channels = emit('Reshape', [part(hiddenSize, embeddingChannels(config)), [0, count, CELL_PIXELS, CELL_PIXELS, side, side]])
  const placed = emit('Transpose', [channels], { perm: [0, 1, 4, 2, 5, 3] })
  return { cells: part(0, hiddenSize), pixels: emit('Reshape', [placed, [0, count, CELL_PIXELS * side, CELL_PIXELS * side]]) }
}
