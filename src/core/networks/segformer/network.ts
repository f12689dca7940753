/**
 * SegFormer (Xie et al., NeurIPS 2021, https://arxiv.org/abs/2105.15203) as an ONNX graph: the hierarchical transformer
 * MiT and the all-MLP head, with the parameters of Hugging Face's SegformerForSemanticSegmentation and the same function.
 * What is computed differently, because it costs less and is equal but for rounding:
 * - The feed-forward layers work on maps [batch, channels, height, width], where the depthwise convolution needs them, so
 *   that only the narrow side is transposed.
 * - The head's linear_c and linear_fuse have nothing but a bilinear interpolation between them, which commutes with what
 *   is done to channels: both are one matrix per stage, applied before the interpolation.
 * There is no dropout and no stochastic depth.
 */
import type { Model } from '../../onnx/model.ts'
import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { conv, layerNorm, linear, linearOnMap, type Net, parameter, shapeOfParts, sizes } from '../layers.ts'
import type { Weights } from '../parameters.ts'
import type { SegformerConfig } from './config.ts'
import { ENCODER, HEAD } from './parameters.ts'

/**
 * The network: `pixel_values` [batch, channels, height, width] (normalised) -> `logits` [batch, classes, h, w], where h and w
 * are height and width divided by the first stride and rounded up. Batch, height and width are symbolic.
 * Throws ModelError where the weights do not fit the configuration.
 */
export function segformer(config: SegformerConfig, weights: Weights): Model {
  const builder = new GraphBuilder()
  const pixels = builder.input('pixel_values', 'float32', ['batch', config.channels, 'height', 'width'])
  const net = { builder, weights }
  builder.output(head(net, encoder(net, pixels, config)), 'logits')
  return builder.build('segformer')
}

/** The stages' feature maps, [batch, channels, height, width] each. */
function encoder(net: Net, pixels: Value, config: SegformerConfig): readonly Value[] {
  const maps: Value[] = []
  for (const [stage, depth] of config.depths.entries()) {
    const embeddings = `${ENCODER}.patch_embeddings.${stage}`
    const map = net.builder.scope(embeddings, () => conv(net, `${embeddings}.proj`, maps.at(-1) ?? pixels, {
      kernel: config.patchSizes[stage], stride: config.strides[stage], pad: Math.floor(config.patchSizes[stage] / 2),
    }))
    const scope: Stage = {
      ...net, channels: config.hiddenSizes[stage], heads: config.heads[stage], reduction: config.reductions[stage],
      batch: sizes(net.builder, map, 0, 1), area: sizes(net.builder, map, 2, 4),
    }
    let rows = net.builder.scope(embeddings, () => layerNorm(net, `${embeddings}.layer_norm`, toRows(scope, map)))
    for (let block = 0; block < depth; block++) {
      const name = `${ENCODER}.block.${stage}.${block}`
      rows = net.builder.scope(name, () => transformerBlock(scope, name, rows))
    }
    const norm = `${ENCODER}.layer_norm.${stage}`
    maps.push(net.builder.scope(norm, () => toMap(scope, layerNorm(net, norm, rows))))
  }
  return maps
}

/** What the blocks of one stage share. */
interface Stage extends Net {
  readonly channels: number
  readonly heads: number
  readonly reduction: number
  /** int64 [1] */
  readonly batch: Value
  /** int64 [2]: height and width of the stage's map */
  readonly area: Value
}

/** x + attention(norm(x)), then x + feedForward(norm(x)), on rows [batch * height * width, channels]. */
function transformerBlock(stage: Stage, name: string, rows: Value): Value {
  const { emit } = stage.builder
  const attended = emit('Add', [selfAttention(stage, `${name}.attention`, layerNorm(stage, `${name}.layer_norm_1`, rows)), rows])
  return emit('Add', [feedForward(stage, `${name}.mlp`, layerNorm(stage, `${name}.layer_norm_2`, attended)), attended])
}

/** Attention whose keys and values come from a map made smaller by a convolution. */
function selfAttention(stage: Stage, name: string, rows: Value): Value {
  const { builder: { emit }, channels, heads } = stage
  const context = stage.reduction === 1 ? rows : layerNorm(stage, `${name}.self.layer_norm`, toRows(stage,
    conv(stage, `${name}.self.sr`, toMap(stage, rows), { kernel: stage.reduction, stride: stage.reduction })))
  // the factor belongs to the scores; the keys are fewer
  const keys = emit('Mul', [linear(stage, `${name}.self.key`, context), 1 / Math.sqrt(channels / heads)])
  const scores = emit('MatMul', [
    byHead(stage, linear(stage, `${name}.self.query`, rows), [0, 2, 1, 3]),
    byHead(stage, keys, [0, 2, 3, 1]),
  ])
  const mixed = emit('MatMul', [emit('Softmax', [scores], { axis: -1 }), byHead(stage, linear(stage, `${name}.self.value`, context), [0, 2, 1, 3])])
  const joined = heads === 1 ? mixed : emit('Transpose', [mixed], { perm: [0, 2, 1, 3] })
  return linear(stage, `${name}.output.dense`, emit('Reshape', [joined, [-1, channels]]))
}

/** Rows as [batch, rows, heads, channels per head] with its axes reordered; one head needs no reordering of whole rows. */
function byHead({ builder, batch, channels, heads }: Stage, rows: Value, perm: readonly number[]): Value {
  if (heads === 1) {
    const single = builder.emit('Reshape', [rows, shapeOfParts(builder, batch, 1, -1, channels)])
    return perm[3] === 3 ? single : builder.emit('Transpose', [single], { perm: [0, 1, 3, 2] })
  }
  const split = builder.emit('Reshape', [rows, shapeOfParts(builder, batch, -1, heads, channels / heads)])
  return builder.emit('Transpose', [split], { perm })
}

/** Mix-FFN: wider, depthwise 3x3 (which tells the network where it is), GELU, narrower. */
function feedForward(stage: Stage, name: string, rows: Value): Value {
  const wide = linearOnMap(stage, `${name}.dense1`, toMap(stage, rows))
  const mixed = conv(stage, `${name}.dwconv.dwconv`, wide, { kernel: 3, pad: 1, groups: Number(wide.shape[1]) })
  return toRows(stage, linearOnMap(stage, `${name}.dense2`, stage.builder.emit('Gelu', [mixed])))
}

/** [batch, channels, height, width] -> [batch * height * width, channels] */
function toRows({ builder: { emit }, channels }: Stage, map: Value): Value {
  const flat = emit('Reshape', [map, [0, 0, -1]])
  return emit('Reshape', [emit('Transpose', [flat], { perm: [0, 2, 1] }), [-1, channels]])
}

/** [batch * height * width, channels] -> [batch, channels, height, width] */
function toMap({ builder, batch, area, channels }: Stage, rows: Value): Value {
  const flat = builder.emit('Reshape', [rows, shapeOfParts(builder, batch, -1, channels)])
  return builder.emit('Reshape', [builder.emit('Transpose', [flat], { perm: [0, 2, 1] }), shapeOfParts(builder, 0, 0, area)])
}

/** The all-MLP head: every stage in the head's channels and the first stage's size, summed, normalised, classified. */
function head(net: Net, maps: readonly Value[]): Value {
  const { builder } = net
  const { emit } = builder
  return builder.scope(HEAD, () => {
    const size = sizes(builder, maps[0], 2, 4)
    const parts = maps.map((map, stage) => {
      const part = emit('Conv', [map, ...fusedLinear(net, stage, maps.length)], { kernel_shape: [1, 1] })
      return stage === 0 ? part : emit('Resize', [part, undefined, undefined, shapeOfParts(builder, sizes(builder, part, 0, 2), size)], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' })
    })
    const fused = parts.reduce((sum, part) => emit('Add', [sum, part]))
    const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((each) => parameter(net, `${HEAD}.batch_norm.${each}`))
    const normalized = emit('BatchNormalization', [fused, ...statistics], { epsilon: 1e-5 })
    return conv(net, `${HEAD}.classifier`, emit('Relu', [normalized]), { kernel: 1 })
  })
}

/** linear_c of a stage followed by the stage's columns of linear_fuse, as the weight and bias of one 1x1 convolution. linear_fuse takes the last stage first. */
function fusedLinear(net: Net, stage: number, stages: number): readonly [Value, Value] {
  const { emit } = net.builder
  const [weight, bias] = ['weight', 'bias'].map((each) => parameter(net, `${HEAD}.linear_c.${stage}.proj.${each}`))
  const size = Number(weight.shape[0])
  const at = (stages - 1 - stage) * size
  const fuse = emit('Slice', [emit('Squeeze', [parameter(net, `${HEAD}.linear_fuse.weight`), [2, 3]]), [at], [at + size], [1]])
  return [emit('Unsqueeze', [emit('MatMul', [fuse, weight]), [2, 3]]), emit('MatMul', [fuse, bias])]
}
