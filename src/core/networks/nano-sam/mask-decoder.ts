/**
 * SAM's mask decoder: tokens (one for the scores, four for masks, the prompt's) and image cells attend to each other; what
 * the mask tokens became are the filters that the enlarged image embedding is multiplied with. Beyond SAM: where pixels
 * have features of their own, each mask has a second filter (`pixel_out`) for these.
 *
 * Tokens are [batch, prompts, tokens, channels]; image cells are [batch, 1, cells, channels] until they have heard of the
 * prompts. The transposed convolutions (kernel = stride = 2) are dense layers per cell whose outputs are its 2 x 2 parts;
 * the parts are put in place once, at the end, when there are but three channels left.
 */
import type { Value } from '../../onnx/graph-builder.ts'
import { layerNorm, linearOnLast, type Net, parameter, shapeOfParts, sizes } from '../layers.ts'
import { CELL_PIXELS, MASK_TOKENS, type NanoSamConfig } from './config.ts'
import type { ImageEmbedding } from './image-encoder.ts'
import { DECODER, PROMPTS } from './parameters.ts'

const NORM = { epsilon: 1e-6 }
const HEADS_FIRST = [0, 1, 3, 2, 4]

export interface DecoderInputs {
  readonly embedding: ImageEmbedding
  readonly positions: Value
  /** [batch, prompts, points, channels] */
  readonly prompts: Value
  readonly config: NanoSamConfig
}

/** Scores [batch, prompts, 3] and mask logits [batch, prompts, 3, 4s, 4s]. */
export function maskDecoder(net: Net, { embedding, positions, prompts, config }: DecoderInputs): { readonly scores: Value; readonly masks: Value } {
  const { builder } = net
  return builder.scope(DECODER, () => {
    const noMask = builder.emit('Reshape', [parameter(net, `${PROMPTS}.no_mask_embed.weight`), [1, -1, 1, 1]])
    const cells = imageCells(net, builder.emit('Add', [embedding.cells, noMask]))
    const decoder: Decoder = { ...net, config, prompts: withOutputTokens(net, prompts), positions: imageCells(net, positions) }
    const { tokens, image } = twoWayTransformer(decoder, cells)
    const heads = Array.from({ length: MASK_TOKENS - 1 }, (_, mask) => {
      const name = `${DECODER}.output_hypernetworks_mlps.${mask + 1}`
      return { name, hidden: twoLayers(net, name, slice(net, tokens, [mask + 2, mask + 3])) }
    })
    /** [batch, prompts, masks, features] */
    const filters = (layer: string) => builder.emit('Concat', heads.map(({ name, hidden }) => linearOnLast(net, `${name}.${layer}`, hidden)), { axis: 2 })
    const parts = builder.emit('MatMul', [filters('proj_out'), builder.emit('Transpose', [enlarge(net, image)], { perm: [0, 1, 3, 2] })])
    const masks = placeParts(net, parts, embedding.cells)
    const scores = builder.emit('Squeeze', [threeLayers(net, `${DECODER}.iou_prediction_head`, slice(net, tokens, [0, 1])), [2]])
    return { scores: slice(net, scores, [1, MASK_TOKENS]), masks: embedding.pixels === null ? masks : builder.emit('Add', [masks, filtered(net, embedding.pixels, filters('pixel_out'))]) }
  })
}

/** What all layers of the decoder share. */
interface Decoder extends Net {
  readonly config: NanoSamConfig
  /** tokens before any attention; they are added again to what asks and is asked, as the positions of the image's cells are */
  readonly prompts: Value
  readonly positions: Value
}

interface TwoWay {
  readonly tokens: Value
  readonly image: Value
}

function twoWayTransformer(decoder: Decoder, cells: Value): TwoWay {
  let state: TwoWay = { tokens: decoder.prompts, image: cells }
  for (let layer = 0; layer < decoder.config.decoderLayers; layer++) state = twoWayLayer(decoder, layer, state)
  const name = `${DECODER}.transformer`
  const attended = lookAtImage(decoder, `${name}.final_attn_token_to_image`, state)
  return { tokens: layerNorm(decoder, `${name}.layer_norm_final_attn`, attended), image: state.image }
}

function twoWayLayer(decoder: Decoder, layer: number, { tokens, image }: TwoWay): TwoWay {
  const { builder: { emit }, prompts } = decoder
  const name = `${DECODER}.transformer.layers.${layer}`
  const norm = (index: number, x: Value) => layerNorm(decoder, `${name}.layer_norm${index}`, x, NORM)
  // the first layer's tokens are the prompts themselves: nothing to add, and nothing to keep
  const asking = layer === 0 ? tokens : emit('Add', [tokens, prompts])
  const among = attention(decoder, `${name}.self_attn`, { query: asking, key: asking, value: tokens })
  const first = norm(1, layer === 0 ? among : emit('Add', [tokens, among]))
  const second = norm(2, lookAtImage(decoder, `${name}.cross_attn_token_to_image`, { tokens: first, image }))
  const wide = emit('Relu', [linearOnLast(decoder, `${name}.mlp.lin1`, second)])
  const third = norm(3, emit('Add', [second, linearOnLast(decoder, `${name}.mlp.lin2`, wide)]))
  const heard = attention(decoder, `${name}.cross_attn_image_to_token`, {
    query: emit('Add', [image, decoder.positions]), key: emit('Add', [third, prompts]), value: third,
  })
  return { tokens: third, image: norm(4, emit('Add', [image, heard])) }
}

/** The tokens plus what they find in the image. */
function lookAtImage(decoder: Decoder, name: string, { tokens, image }: TwoWay): Value {
  const { builder: { emit }, prompts, positions } = decoder
  return emit('Add', [tokens, attention(decoder, name, { query: emit('Add', [tokens, prompts]), key: emit('Add', [image, positions]), value: image })])
}

interface Attention {
  readonly query: Value
  readonly key: Value
  readonly value: Value
}

/** Multi-head attention over axis 2; the batch and prompt axes broadcast. */
function attention(decoder: Decoder, name: string, { query, key, value }: Attention): Value {
  const { builder: { emit }, config: { decoderHeads: heads } } = decoder
  const project = (side: string, x: Value) => linearOnLast(decoder, `${name}.${side}_proj`, x)
  const projected = project('q', query)
  const size = Number(projected.shape[3]) / heads
  const byHead = (x: Value, perm: readonly number[]) => emit('Transpose', [emit('Reshape', [x, [0, 0, 0, heads, size]])], { perm })
  const scores = emit('MatMul', [byHead(emit('Mul', [projected, 1 / Math.sqrt(size)]), HEADS_FIRST), byHead(project('k', key), [0, 1, 3, 4, 2])])
  const mixed = emit('MatMul', [emit('Softmax', [scores], { axis: -1 }), byHead(project('v', value), HEADS_FIRST)])
  return project('out', emit('Reshape', [emit('Transpose', [mixed], { perm: HEADS_FIRST }), [0, 0, 0, heads * size]]))
}

/** The score token and the mask tokens before the prompt's: [batch, prompts, 5 + points, channels]. */
function withOutputTokens(net: Net, prompts: Value): Value {
  const { builder } = net
  const own = builder.emit('Concat', [parameter(net, `${DECODER}.iou_token.weight`), parameter(net, `${DECODER}.mask_tokens.weight`)], { axis: 0 })
  const repeated = builder.emit('Expand', [own, shapeOfParts(builder, sizes(builder, prompts, [0, 2]), ...own.shape.map(Number))])
  return builder.emit('Concat', [repeated, prompts], { axis: 2 })
}

/** [batch, channels, s, s] -> [batch, 1, cells, channels] */
function imageCells({ builder: { emit } }: Net, map: Value): Value {
  const flat = emit('Reshape', [map, [0, 0, -1]])
  return emit('Unsqueeze', [emit('Transpose', [flat], { perm: [0, 2, 1] }), [1]])
}

/** Two transposed convolutions: [batch, prompts, cells, channels] -> [batch, prompts, cells * 16, channels / 8], a cell's 16 parts in a row. */
function enlarge(net: Net, image: Value): Value {
  const { builder } = net
  const once = layerNorm(net, `${DECODER}.upscale_layer_norm`, intoParts(net, `${DECODER}.upscale_conv1`, image), NORM)
  return builder.emit('Gelu', [intoParts(net, `${DECODER}.upscale_conv2`, builder.emit('Gelu', [once]))])
}

/** A transposed convolution with kernel and stride 2, with the four parts of each cell in a row: above left, above right, below left, below right. */
function intoParts(net: Net, name: string, x: Value): Value {
  const { builder } = net
  const [weight, bias] = [parameter(net, `${name}.weight`), parameter(net, `${name}.bias`)]
  const [input, output] = weight.shape.map(Number)
  const dense = builder.emit('Reshape', [builder.emit('Transpose', [weight], { perm: [2, 3, 1, 0] }), [4 * output, input]])
  const rows = builder.emit('Gemm', [builder.emit('Reshape', [x, [-1, input]]), dense, builder.emit('Concat', [bias, bias, bias, bias], { axis: 0 })], { transB: 1 })
  return builder.emit('Reshape', [rows, shapeOfParts(builder, sizes(builder, x, [0, 2]), -1, output)])
}

/** [batch, prompts, masks, cells * 16] -> [batch, prompts, masks, 4s, 4s] */
function placeParts({ builder }: Net, masks: Value, cells: Value): Value {
  const [height, width] = cells.shape.slice(2).map(Number)
  const parts = builder.emit('Reshape', [masks, [-1, height, width, 2, 2, 2, 2]])
  const placed = builder.emit('Transpose', [parts], { perm: [0, 1, 3, 5, 2, 4, 6] })
  return builder.emit('Reshape', [placed, shapeOfParts(builder, sizes(builder, masks, [0, 3]), CELL_PIXELS * height, CELL_PIXELS * width)])
}

/** What the filters find in the pixels' own features: [batch, features, 4s, 4s] -> [batch, prompts, masks, 4s, 4s] */
function filtered({ builder }: Net, pixels: Value, filters: Value): Value {
  const [features, height, width] = pixels.shape.slice(1).map(Number)
  const [prompts, masks] = [sizes(builder, filters, [1, 2]), Number(filters.shape[2])]
  const rows = builder.emit('Reshape', [filters, shapeOfParts(builder, 0, -1, features)])
  const found = builder.emit('MatMul', [rows, builder.emit('Reshape', [pixels, [0, features, -1]])])
  return builder.emit('Reshape', [found, shapeOfParts(builder, 0, prompts, masks, height, width)])
}

function threeLayers(net: Net, name: string, x: Value): Value {
  return linearOnLast(net, `${name}.proj_out`, twoLayers(net, name, x))
}

/** All but the last of three. */
function twoLayers(net: Net, name: string, x: Value): Value {
  const { emit } = net.builder
  const first = emit('Relu', [linearOnLast(net, `${name}.proj_in`, x)])
  return emit('Relu', [linearOnLast(net, `${name}.layers.0`, first)])
}

/** Tokens `from` to before `to`, of axis 2. */
function slice({ builder }: Net, x: Value, [from, to]: readonly [number, number]): Value {
  return builder.emit('Slice', [x, [from], [to], [2]])
}
