/** The image encoder: a mix transformer whose stages are summed at the size of the embedding, then SAM's neck. */
import type { Value } from '../../onnx/graph-builder.ts'
import { conv, layerNormOnMap, linearOnMap, type Net, shapeOfParts, sizes } from '../layers.ts'
import { mixTransformer } from '../segformer/mix-transformer.ts'
import { cellSide, type NanoSamConfig } from './config.ts'
import { VISION } from './parameters.ts'

const NORM = { epsilon: 1e-6 }

/** [batch, 3, size, size] -> [batch, channels, s, s] */
export function imageEncoder(net: Net, pixels: Value, config: NanoSamConfig): Value {
  const { builder } = net
  const maps = mixTransformer(net, pixels, { prefix: `${VISION}.encoder`, config: config.encoder })
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
