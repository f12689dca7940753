/** Where things are: random Fourier features of positions, and what a prompt's points mean. */
import { float32, int64 } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/graph-builder.ts'
import { type Net, parameter, shapeOfParts, sizes } from '../layers.ts'
import { POINT_KINDS, POSITIONS, PROMPTS } from './parameters.ts'

const FLOAT = 1
/** The label of a point that is none; one such point ends every prompt, as in SAM. */
const NO_POINT = -1

/** Features of positions [..., 2] in 0..1: sine and cosine of a random projection (Tancik et al., 2020). */
function fourierFeatures(net: Net, positions: Value): Value {
  const { emit } = net.builder
  const centred = emit('Sub', [emit('Mul', [positions, 2]), 1])
  const angles = emit('Mul', [emit('MatMul', [centred, parameter(net, POSITIONS)]), 2 * Math.PI])
  return emit('Concat', [emit('Sin', [angles]), emit('Cos', [angles])], { axis: -1 })
}

/** Features of the centres of an embedding's cells, in its shape [batch, channels, s, s]. */
export function imagePositions(net: Net, embeddings: Value): Value {
  const { builder } = net
  const [channels, height, width] = embeddings.shape.slice(1).map(Number)
  return builder.scope('image_positions', () => {
    const centres = Float32Array.from({ length: 2 * height * width }, (_, index) => {
      const cell = Math.floor(index / 2)
      return index % 2 === 0 ? ((cell % width) + 0.5) / width : (Math.floor(cell / width) + 0.5) / height
    })
    const features = builder.emit('Transpose', [fourierFeatures(net, builder.constant(float32([height * width, 2], centres)))])
    const map = builder.emit('Reshape', [features, [1, channels, height, width]])
    return builder.emit('Expand', [map, shapeOfParts(builder, sizes(builder, embeddings, [0, 1]), channels, height, width)])
  })
}

export interface PointPrompts {
  /** [batch, prompts, points, 2]: x, y in pixels of the input image */
  readonly points: Value
  /** int64 [batch, prompts, points] */
  readonly labels: Value
  readonly imageSize: number
}

/**
 * Points as tokens [batch, prompts, points + 1, channels]: the features of where the point is plus the embedding of its
 * label. The token of a label -1 is that of no point, of -10 zero.
 */
export function promptEncoder(net: Net, { points, labels, imageSize }: PointPrompts): Value {
  const { builder } = net
  return builder.scope(PROMPTS, () => {
    const ended = builder.emit('Pad', [points, [0, 0, 0, 0, 0, 0, 1, 0], 0])
    const kinds = builder.emit('Unsqueeze', [builder.emit('Pad', [labels, [0, 0, 0, 0, 0, 1], NO_POINT]), [-1]])
    const positions = builder.emit('Mul', [builder.emit('Add', [ended, 0.5]), 1 / imageSize])
    const isPoint = builder.emit('Cast', [builder.emit('GreaterOrEqual', [kinds, 0])], { to: FLOAT })
    const table = builder.emit('Concat', [
      parameter(net, `${PROMPTS}.not_a_point_embed.weight`),
      ...Array.from({ length: POINT_KINDS }, (_, kind) => parameter(net, `${PROMPTS}.point_embed.${kind}.weight`)),
    ], { axis: 0 })
    const known = builder.constant(int64([POINT_KINDS + 1], [NO_POINT, ...Array.from({ length: POINT_KINDS }, (_, kind) => kind)]))
    const chosen = builder.emit('Cast', [builder.emit('Equal', [kinds, known])], { to: FLOAT })
    return builder.emit('Add', [builder.emit('Mul', [fourierFeatures(net, positions), isPoint]), builder.emit('MatMul', [chosen, table])])
  })
}
