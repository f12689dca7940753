/**
 * SegFormer (Xie et al., NeurIPS 2021, https://arxiv.org/abs/2105.15203) as an ONNX graph: the hierarchical transformer
 * MiT (mix-transformer.ts) and the all-MLP head. Parameters and function are those of Hugging Face's
 * SegformerForSemanticSegmentation, without dropout and stochastic depth.
 *
 * The head's linear_c and linear_fuse have nothing but a bilinear interpolation between them, which commutes with what is
 * done to channels: both are one matrix per stage, applied before the interpolation (equal but for rounding, a tenth of
 * the arithmetic).
 */
import type { Model } from '../../onnx/model.ts'
import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { conv, type Net, parameter, shapeOfParts, sizes } from '../layers.ts'
import type { Weights } from '../parameters.ts'
import type { SegformerConfig } from './config.ts'
import { mixTransformer } from './mix-transformer.ts'
import { ENCODER, HEAD, segformerParameters } from './parameters.ts'

/**
 * The network: `pixel_values` [batch, channels, height, width] (normalised) -> `logits` [batch, classes, h, w], where h and w
 * are height and width divided by the first stride and rounded up. Batch, height and width are symbolic.
 * Throws ModelError where the weights do not fit the configuration.
 */
export function segformer(config: SegformerConfig, weights: Weights): Model {
  const builder = new GraphBuilder()
  const net = { builder, parameters: segformerParameters(config), weights }
  const pixels = builder.input('pixel_values', 'float32', ['batch', config.channels, 'height', 'width'])
  builder.output(head(net, mixTransformer(net, pixels, { prefix: ENCODER, config })), 'logits')
  return builder.build('segformer')
}

/** The all-MLP head: every stage in the head's channels and the first stage's size, summed, normalised, classified. */
function head(net: Net, maps: readonly Value[]): Value {
  const { builder } = net
  const { emit } = builder
  return builder.scope(HEAD, () => {
    const size = sizes(builder, maps[0], [2, 4])
    const parts = maps.map((map, stage) => {
      const part = emit('Conv', [map, ...fusedLinear(net, stage, maps.length)], { kernel_shape: [1, 1] })
      return stage === 0 ? part : emit('Resize', [part, undefined, undefined, shapeOfParts(builder, sizes(builder, part, [0, 2]), size)], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' })
    })
    const fused = parts.reduce((sum, part) => emit('Add', [sum, part]))
    const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((each) => parameter(net, `${HEAD}.batch_norm.${each}`))
    const normalized = emit('BatchNormalization', [fused, ...statistics], { epsilon: 1e-5 })
    return conv(net, `${HEAD}.classifier`, emit('Relu', [normalized]), { kernel: 1 })
  })
}

/**
 * linear_c of a stage followed by the stage's columns of linear_fuse, which takes the last stage first: weight and bias of
 * one 1x1 convolution.
 */
function fusedLinear(net: Net, stage: number, stages: number): readonly [Value, Value] {
  const { emit } = net.builder
  const [weight, bias] = ['weight', 'bias'].map((each) => parameter(net, `${HEAD}.linear_c.${stage}.proj.${each}`))
  const size = Number(weight.shape[0])
  const at = (stages - 1 - stage) * size
  const fuse = emit('Slice', [emit('Squeeze', [parameter(net, `${HEAD}.linear_fuse.weight`), [2, 3]]), [at], [at + size], [1]])
  return [emit('Unsqueeze', [emit('MatMul', [fuse, weight]), [2, 3]]), emit('MatMul', [fuse, bias])]
}
