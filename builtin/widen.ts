/**
 * A wider SegFormer that begins with what a narrower one has learnt (Net2Net: Chen, Goodfellow and Shlens, ICLR 2016): new
 * channels are copies of old ones, and what reads a channel that is there n times reads each copy with an n-th of the
 * weight. Normalisations over channels see the same numbers where every channel is there equally often, and about the
 * same otherwise; noise makes copies differ. Blocks beyond those of the wider network are left out.
 */
import type { SegformerConfig } from '../src/core/networks/segformer/config.ts'
import { HEAD, segformerParameters } from '../src/core/networks/segformer/parameters.ts'
import { seededRandom } from '../src/core/networks/random.ts'
import { elementCount, float32, type Tensor } from '../src/core/onnx/tensor.ts'

export interface Widening {
  readonly from: SegformerConfig
  readonly to: SegformerConfig
  /** standard deviation of the noise, of a weight's own size */
  readonly noise: number
  readonly seed: number
}

/** For each channel of the wider network, the one of the narrower network that it copies. */
type Copies = readonly number[]

/** How the two axes of a weight are widened, and by how much its rows are to be scaled (1 where omitted). */
interface Rule {
  readonly output: Copies
  readonly input?: Copies
  readonly rowScale?: (row: number) => number
}

/** Weights for `to`. Throws RangeError where `to` is narrower than `from`, or has other kernels, stages or classes. */
export function widened(weights: ReadonlyMap<string, Tensor>, { from, to, noise, seed }: Widening): Map<string, Tensor> {
  const rules = rulesOf(from, to)
  return new Map([...segformerParameters(to)].map(([name, { dims }]) => {
    const old = weights.get(name)
    const rule = rules(name)
    if (!(old?.data instanceof Float32Array) || rule === undefined) throw new RangeError(`The narrower network has no "${name}".`)
    return [name, widenedTensor({ dims: old.dims, data: old.data }, dims, { ...rule, noise: name.includes('norm') ? 0 : noise, random: seededRandom(`${seed}:${name}`) })]
  }))
}

interface Filling extends Rule {
  readonly noise: number
  readonly random: ReturnType<typeof seededRandom>
}

function widenedTensor(old: { readonly dims: readonly number[]; readonly data: Float32Array }, dims: readonly number[], { output, input, rowScale = () => 1, noise, random }: Filling): Tensor {
  const [rows, columns = 1] = dims
  const kernel = elementCount(dims) / (rows * columns)
  const oldColumns = old.dims[1] ?? 1
  if (elementCount(old.dims) / (old.dims[0] * oldColumns) !== kernel || rows < old.dims[0] || columns < oldColumns) {
    throw new RangeError(`A tensor of [${old.dims.join(', ')}] cannot be widened to [${dims.join(', ')}].`)
  }
  const shares = input === undefined ? undefined : sharesOf(input)
  const data = new Float32Array(elementCount(dims))
  for (let row = 0; row < rows; row++) {
    const scale = rowScale(row)
    for (let column = 0; column < columns; column++) {
      const from = (output[row] * oldColumns + (input?.[column] ?? column)) * kernel
      const share = scale * (shares?.[column] ?? 1)
      for (let k = 0; k < kernel; k++) data[(row * columns + column) * kernel + k] = old.data[from + k] * share * (noise === 0 ? 1 : 1 + noise * random.normal())
    }
  }
  return float32(dims, data)
}

/** 1 / how often the same channel is there. */
function sharesOf(copies: Copies): readonly number[] {
  const counts = new Map<number, number>()
  for (const source of copies) counts.set(source, (counts.get(source) ?? 0) + 1)
  return copies.map((source) => 1 / (counts.get(source) ?? 1))
}

function repeated(size: number, old: number): Copies {
  return Array.from({ length: size }, (_, index) => index % old)
}

function rulesOf(from: SegformerConfig, to: SegformerConfig): (name: string) => Rule | undefined {
  const stages = to.hiddenSizes.map((size, stage) => {
    const old = from.hiddenSizes[stage]
    const [heads, oldHeads] = [to.heads[stage], from.heads[stage]]
    const [width, oldWidth] = [size / heads, old / oldHeads]
    const inHead = repeated(width, oldWidth)
    const inHeadShares = sharesOf(inHead)
    return {
      stream: repeated(size, old),
      attention: Array.from({ length: size }, (_, index) => (Math.floor(index / width) % oldHeads) * oldWidth + inHead[index % width]),
      // queries times keys: a sum over the head's channels, divided by the root of their number
      queryScale: (row: number) => inHeadShares[row % width] * Math.sqrt(width / oldWidth),
      inner: repeated(size * to.mlpRatios[stage], old * from.mlpRatios[stage]),
    }
  })
  const head = repeated(to.decoderSize, from.decoderSize)
  const channels = repeated(to.channels, from.channels)
  const fused = stages.flatMap((_, stage) => head.map((source) => stage * from.decoderSize + source))
  const classes = repeated(to.classes, from.classes)

  return (name) => {
    const [, kind, number, rest = ''] = /^(?:segformer\.encoder|decode_head)\.(patch_embeddings|block|layer_norm|linear_c)\.(\d)\.?(.*)$/.exec(name) ?? []
    const stage = kind === undefined ? undefined : stages[Number(number)]
    if (stage === undefined) return headRule(name, { head, fused, classes })
    const before = Number(number) === 0 ? channels : stages[Number(number) - 1].stream
    if (kind === 'linear_c') return weight(name, head, stage.stream)
    if (kind === 'layer_norm' || name.includes('layer_norm')) return { output: stage.stream }
    if (kind === 'patch_embeddings') return weight(name, stage.stream, before)
    if (/query|key|value/.test(rest)) return { ...weight(name, stage.attention, stage.stream), ...(rest.includes('query') ? { rowScale: stage.queryScale } : {}) }
    if (rest.includes('self.sr')) return weight(name, stage.stream, stage.stream)
    if (rest.includes('output.dense')) return weight(name, stage.stream, stage.attention)
    if (rest.includes('dense1')) return weight(name, stage.inner, stage.stream)
    if (rest.includes('dwconv')) return { output: stage.inner }
    if (rest.includes('dense2')) return weight(name, stage.stream, stage.inner)
    return undefined
  }
}

function headRule(name: string, { head, fused, classes }: { readonly head: Copies; readonly fused: Copies; readonly classes: Copies }): Rule | undefined {
  if (name.startsWith(`${HEAD}.linear_fuse`)) return { output: head, input: fused }
  if (name.startsWith(`${HEAD}.batch_norm`)) return { output: head }
  if (name.startsWith(`${HEAD}.classifier`)) return weight(name, classes, head)
  return undefined
}

/** A bias has rows alone. */
function weight(name: string, output: Copies, input: Copies): Rule {
  return name.endsWith('.bias') ? { output } : { output, input }
}
