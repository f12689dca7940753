/** Where things are: random Fourier features of positions, and what a prompt's points mean. */
import { float32, int64 } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/graph-builder.ts'
import { linearOnLast, type Net, parameter, shapeOfParts, sizes } from '../layers.ts'
import { CLICK_KINDS, POINT_KINDS, POSITIONS, PROMPTS } from './parameters.ts'

const [FLOAT, INT64] = [1, 7]
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
  /** features of a mask's pixels, [batch, features, 4s, 4s], or null */
  readonly pixels: Value | null
}

/**
 * Points as tokens [batch, prompts, points + 1, channels]: the features of where the point is plus the embedding of its
 * label. The token of a label -1 is that of no point, of -10 zero. Beyond SAM: where pixels have features of their own, a
 * click's token also says what is seen there (`pixel_embed`), which cells are too coarse to tell of a pole or a sign.
 */
export function promptEncoder(net: Net, { points, labels, imageSize, pixels }: PointPrompts): Value {
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
    const tokens = builder.emit('Add', [builder.emit('Mul', [fourierFeatures(net, positions), isPoint]), builder.emit('MatMul', [chosen, table])])
    if (pixels === null) return tokens
    const seen = featuresAt(net, positions, pixels)
    return Array.from({ length: CLICK_KINDS }, (_, kind) => kind).reduce((sum, kind) => {
      const isKind = builder.emit('Cast', [builder.emit('Equal', [kinds, builder.constant(int64([1], [kind]))])], { to: FLOAT })
      return builder.emit('Add', [sum, builder.emit('Mul', [linearOnLast(net, `${PROMPTS}.pixel_embed.${kind}`, seen), isKind])])
    }, tokens)
  })
}

/** Of the pixels that positions [batch, prompts, points, 2] (0..1, the nearest where beyond) lie in: [batch, prompts, points, features]. */
function featuresAt({ builder }: Net, positions: Value, pixels: Value): Value {
  const { emit } = builder
  const [features, height, width] = pixels.shape.slice(1).map(Number)
  const sides = builder.constant(float32([2], [width, height]))
  const last = builder.constant(float32([2], [width - 1, height - 1]))
  const places = emit('Max', [emit('Min', [emit('Floor', [emit('Mul', [positions, sides])]), last]), 0])
  const indices = emit('Cast', [emit('MatMul', [places, builder.constant(float32([2, 1], [1, width]))])], { to: INT64 })
  const rows = emit('Reshape', [indices, shapeOfParts(builder, sizes(builder, positions, [0, 1]), 1, -1)])
  const everyFeature = emit('Expand', [rows, shapeOfParts(builder, 1, features, 1)])
  const found = emit('GatherElements', [emit('Reshape', [pixels, [0, features, -1]]), everyFeature], { axis: 2 })
  return emit('Reshape', [emit('Transpose', [found], { perm: [0, 2, 1] }), shapeOfParts(builder, sizes(builder, positions, [0, 3]), features)])
}
