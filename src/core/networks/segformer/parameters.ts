/** The parameters of a SegFormer, named as in Hugging Face's SegformerForSemanticSegmentation. */
import type { Tensor } from '../../onnx/tensor.ts'
import { initialTensors, ParameterList, type Parameters } from '../parameters.ts'
import type { EncoderConfig, SegformerConfig } from './config.ts'

export const ENCODER = 'segformer.encoder'
export const HEAD = 'decode_head'

/** Every parameter and buffer by its name, in Hugging Face's order. */
export function segformerParameters(config: SegformerConfig): Parameters {
  const list = new ParameterList()
  const { depths, hiddenSizes, decoderSize, classes } = config
  encoderParameters(list, ENCODER, config)
  for (const [stage, size] of hiddenSizes.entries()) list.linear(`${HEAD}.linear_c.${stage}.proj`, [decoderSize, size])
  list.conv(`${HEAD}.linear_fuse`, [decoderSize, decoderSize * depths.length, 1, 1], { bias: false })
  list.batchNorm(`${HEAD}.batch_norm`, decoderSize)
  list.conv(`${HEAD}.classifier`, [classes, decoderSize, 1, 1])
  return list.parameters
}

/** Adds the parameters of a mix transformer. `prefix`: of their names. */
export function encoderParameters(list: ParameterList, prefix: string, config: EncoderConfig): void {
  const { channels, depths, hiddenSizes, patchSizes } = config
  for (const [stage, size] of hiddenSizes.entries()) {
    const kernel = patchSizes[stage]
    list.conv(`${prefix}.patch_embeddings.${stage}.proj`, [size, stage === 0 ? channels : hiddenSizes[stage - 1], kernel, kernel])
    list.norm(`${prefix}.patch_embeddings.${stage}.layer_norm`, size)
  }
  for (const [stage, depth] of depths.entries()) {
    for (let block = 0; block < depth; block++) blockParameters(list, `${prefix}.block.${stage}.${block}`, { config, stage })
  }
  for (const [stage, size] of hiddenSizes.entries()) list.norm(`${prefix}.layer_norm.${stage}`, size)
}

function blockParameters(list: ParameterList, name: string, { config, stage }: { config: EncoderConfig; stage: number }): void {
  const [size, reduction] = [config.hiddenSizes[stage], config.reductions[stage]]
  const inner = size * config.mlpRatios[stage]
  list.norm(`${name}.layer_norm_1`, size)
  for (const each of ['query', 'key', 'value']) list.linear(`${name}.attention.self.${each}`, [size, size])
  if (reduction > 1) {
    list.conv(`${name}.attention.self.sr`, [size, size, reduction, reduction])
    list.norm(`${name}.attention.self.layer_norm`, size)
  }
  list.linear(`${name}.attention.output.dense`, [size, size])
  list.norm(`${name}.layer_norm_2`, size)
  list.linear(`${name}.mlp.dense1`, [inner, size])
  list.conv(`${name}.mlp.dwconv.dwconv`, [inner, 1, 3, 3], { groups: inner })
  list.linear(`${name}.mlp.dense2`, [size, inner])
}

/**
 * Weights before training, as the SegFormer authors' code begins: dense layers from a truncated normal of deviation 0.02,
 * convolutions by Kaiming's fan-out rule, normalisations 1 and 0, biases 0.
 */
export function initialWeights(config: SegformerConfig, seed: number): Map<string, Tensor> {
  return initialTensors(segformerParameters(config), seed)
}
