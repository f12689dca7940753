/**
 * What nano-sam begins with: the eyes of street-ta, and a search for what looks like the place of the click. From random
 * weights a training this short would spend thousands of steps on finding out what an edge is, and that masks depend on
 * the click at all.
 */
import { type SafetensorsFile, toFloat32 } from '../../src/core/formats/safetensors.ts'
import { MASK_TOKENS, type NanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import { DECODER, initialNanoSamWeights, POSITIONS, PROMPTS, VISION } from '../../src/core/networks/nano-sam/parameters.ts'
import { ENCODER } from '../../src/core/networks/segformer/parameters.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'

/** By how much the positions' random waves are shorter than SAM's: a click is told apart from one some ten pixels beside it */
const SHORTER_WAVES = 0.7
/** Factor of the cross attentions' queries and keys */
const SHARPER = 1.5
const QUIETER = 0.3
const QUIET = [`${VISION}.neck.layer_norm2.weight`, `${DECODER}.iou_token.weight`, `${DECODER}.mask_tokens.weight`, `${PROMPTS}.no_mask_embed.weight`, `${PROMPTS}.not_a_point_embed.weight`, ...[0, 1, 2, 3].map((kind) => `${PROMPTS}.point_embed.${kind}.weight`)]
/** Factor of what the mask tokens are multiplied with */
const CONTRAST = 1.5

/** [rows, columns], row by row */
interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
}

/**
 * The usual weights, of which some are made to fit each other. Queries and keys of the cross attentions begin as the same
 * projection, so that a click attends to its own place; values and outputs of the attentions that tokens hear of each
 * other and of the image through as each other's transposes, so that what is said keeps its meaning; and the filters'
 * layers as those that enlarge the image, so that a mask is where cells are like what the token has seen.
 */
export function initialWeights(config: NanoSamConfig, seed: number): Map<string, Tensor> {
  const weights = new WeightTable(initialNanoSamWeights(config, seed))
  weights.scale(POSITIONS, SHORTER_WAVES)
  const layers = Array.from({ length: config.decoderLayers }, (_, layer) => `${DECODER}.transformer.layers.${layer}`)
  const toImage = [...layers.map((layer) => `${layer}.cross_attn_token_to_image`), `${DECODER}.transformer.final_attn_token_to_image`]
  const waves = wavesByLength(weights.matrix(POSITIONS))
  for (const attention of [...toImage, ...layers.map((layer) => `${layer}.cross_attn_image_to_token`)]) {
    const projection = positionsAlone(weights.matrix(`${attention}.q_proj.weight`), waves)
    weights.set(`${attention}.q_proj.weight`, projection)
    weights.set(`${attention}.k_proj.weight`, projection)
  }
  for (const quiet of QUIET) weights.scale(quiet, QUIETER)
  for (const attention of [...toImage, ...layers.map((layer) => `${layer}.self_attn`)]) {
    weights.set(`${attention}.out_proj.weight`, transposed(weights.matrix(`${attention}.v_proj.weight`)))
  }
  weights.repeatParts(`${DECODER}.upscale_conv1.weight`)
  weights.repeatParts(`${DECODER}.upscale_conv2.weight`)
  const enlarging = product(weights.firstPart(`${DECODER}.upscale_conv2.weight`), weights.firstPart(`${DECODER}.upscale_conv1.weight`))
  for (let mask = 0; mask < MASK_TOKENS; mask++) similarFilters(weights, `${DECODER}.output_hypernetworks_mlps.${mask}`, enlarging)
  return weights.tensors
}

/**
 * The same weights with the image encoder's from a SegFormer whose stages are as wide (further stages and blocks are left
 * out). Throws RangeError naming the first tensor that the file lacks or has in another shape.
 */
export function withEncoderOf(weights: ReadonlyMap<string, Tensor>, file: SafetensorsFile): Map<string, Tensor> {
  const prefix = `${VISION}.encoder`
  return new Map([...weights].map(([name, tensor]) => {
    if (!name.startsWith(`${prefix}.`)) return [name, tensor]
    const source = file.tensors[`${ENCODER}${name.slice(prefix.length)}`]
    if (source === undefined || source.shape.join() !== tensor.dims.join()) throw new RangeError(`The SegFormer has no ${name.slice(prefix.length + 1)} of [${tensor.dims.join(', ')}].`)
    return [name, float32(tensor.dims, toFloat32(source))]
  }))
}

/** The random waves [2, count] from the longest to the shortest. */
function wavesByLength({ columns, data }: Matrix): readonly number[] {
  return Array.from({ length: columns }, (_, wave) => wave).toSorted((a, b) => Math.hypot(data[a], data[columns + a]) - Math.hypot(data[b], data[columns + b]))
}

/** A projection that reads sine and cosine of some waves, and no more: the longest ones and every second of the others. */
function positionsAlone({ rows, columns }: Matrix, waves: readonly number[]): Matrix {
  const data = new Float32Array(rows * columns)
  for (let pair = 0; pair < rows / 2; pair++) {
    const wave = waves[pair]
    data[2 * pair * columns + wave] = SHARPER
    data[(2 * pair + 1) * columns + waves.length + wave] = SHARPER
  }
  return { rows, columns, data }
}

/** Three dense layers that give `linear` of their input, beside what they gave before: each of its numbers and its negative pass the ReLUs. */
function similarFilters(weights: WeightTable, name: string, linear: Matrix): void {
  const [first, second, last] = ['proj_in', 'layers.0', 'proj_out'].map((layer) => weights.matrix(`${name}.${layer}.weight`))
  const count = linear.rows
  for (let each = 0; each < 2 * count; each++) {
    const sign = each < count ? 1 : -1
    const from = (each % count) * linear.columns
    first.data.set(linear.data.subarray(from, from + linear.columns).map((value) => sign * value), each * first.columns)
    second.data.fill(0, each * second.columns, (each + 1) * second.columns)
    second.data[each * second.columns + each] = 1
    for (let row = 0; row < last.rows; row++) last.data[row * last.columns + each] = row === each % count ? sign * CONTRAST : 0
  }
}

class WeightTable {
  readonly tensors: Map<string, Tensor>

  constructor(tensors: Map<string, Tensor>) {
    this.tensors = tensors
  }

  /** Rows and columns of a dense layer's weight; its memory */
  matrix(name: string): Matrix {
    const { dims: [rows, columns] } = this.tensor(name)
    return { rows, columns, data: this.data(name) }
  }

  set(name: string, { data }: Matrix): void {
    this.tensors.set(name, float32(this.tensor(name).dims, data.slice()))
  }

  scale(name: string, factor: number): void {
    const data = this.data(name)
    for (let at = 0; at < data.length; at++) data[at] *= factor
  }

  /** All four parts of a cell that a transposed convolution [input, output, 2, 2] makes begin alike. */
  repeatParts(name: string): void {
    const data = this.data(name)
    for (let at = 0; at < data.length; at += 4) data.fill(data[at], at, at + 4)
  }

  /** What the convolution does for the first part of a cell: [output, input] */
  firstPart(name: string): Matrix {
    const { dims: [input, output] } = this.tensor(name)
    const data = this.data(name)
    return { rows: output, columns: input, data: Float32Array.from({ length: input * output }, (_, at) => data[4 * ((at % input) * output + Math.floor(at / input))]) }
  }

  private tensor(name: string): Tensor {
    const tensor = this.tensors.get(name)
    if (tensor === undefined) throw new RangeError(`nano-sam has no parameter ${name}.`)
    return tensor
  }

  private data(name: string): Float32Array {
    return this.tensor(name).data as Float32Array
  }
}

function transposed({ rows, columns, data }: Matrix): Matrix {
  return { rows: columns, columns: rows, data: Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)]) }
}

function product(a: Matrix, b: Matrix): Matrix {
  const data = new Float32Array(a.rows * b.columns)
  for (let row = 0; row < a.rows; row++) {
    for (let column = 0; column < b.columns; column++) {
      for (let inner = 0; inner < a.columns; inner++) data[row * b.columns + column] += a.data[row * a.columns + inner] * b.data[inner * b.columns + column]
    }
  }
  return { rows: a.rows, columns: b.columns, data }
}
