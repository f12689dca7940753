/**
 * The mix transformer (MiT), SegFormer's encoder: four stages of overlapping patch embeddings and transformer blocks.
 * Blocks work on rows [batch * height * width, channels], which layer normalisations and dense layers want; where a
 * convolution comes next they become maps [batch, channels, height, width]. The feed-forward layers' wide side stays a map
 * throughout, so that only narrow tensors are transposed.
 */
import type { Value } from '../../onnx/graph-builder.ts'
import { conv, layerNorm, linear, linearOnMap, type Net, shapeOfParts, sizes } from '../layers.ts'
import type { EncoderConfig } from './config.ts'

/** The stages' feature maps, [batch, channels, height, width] each, of an image [batch, channels, height, width]. `prefix`: of its parameters' names. */
export function mixTransformer(net: Net, pixels: Value, { prefix, config }: { readonly prefix: string; readonly config: EncoderConfig }): readonly Value[] {
  const maps: Value[] = []
  for (const [stage, depth] of config.depths.entries()) {
    const embeddings = `${prefix}.patch_embeddings.${stage}`
    const map = net.builder.scope(embeddings, () => conv(net, `${embeddings}.proj`, maps.at(-1) ?? pixels, {
      kernel: config.patchSizes[stage], stride: config.strides[stage], pad: Math.floor(config.patchSizes[stage] / 2),
    }))
    const scope: Stage = {
      ...net, channels: config.hiddenSizes[stage], heads: config.heads[stage], reduction: config.reductions[stage],
      batch: sizes(net.builder, map, [0, 1]), area: sizes(net.builder, map, [2, 4]),
    }
    let rows = net.builder.scope(embeddings, () => layerNorm(net, `${embeddings}.layer_norm`, toRows(scope, map)))
    for (let block = 0; block < depth; block++) {
      const name = `${prefix}.block.${stage}.${block}`
      rows = net.builder.scope(name, () => transformerBlock(scope, name, rows))
    }
    const norm = `${prefix}.layer_norm.${stage}`
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
  const queries = byHead(stage, linear(stage, `${name}.self.query`, rows), [0, 2, 1, 3])
  // the scores are divided by the root of the channels; the keys are fewer than the scores
  const scaled = emit('Mul', [linear(stage, `${name}.self.key`, context), 1 / Math.sqrt(channels / heads)])
  const keys = byHead(stage, scaled, [0, 2, 3, 1])
  const values = byHead(stage, linear(stage, `${name}.self.value`, context), [0, 2, 1, 3])
  const mixed = emit('MatMul', [emit('Softmax', [emit('MatMul', [queries, keys])], { axis: -1 }), values])
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
