/** What a network's parameters are: their names, shapes and kinds, and what they are before training. */
import { elementCount, float32, type Tensor } from '../onnx/tensor.ts'
import { seededRandom } from './random.ts'

/**
 * - weight: a matrix or kernel; weight decay applies
 * - bias: what is added
 * - norm: scale or offset of a normalisation
 * - buffer: no parameter: running statistics, fixed random projections. Never trained by a gradient
 */
export type ParameterKind = 'weight' | 'bias' | 'norm' | 'buffer'

export interface Parameter {
  readonly dims: readonly number[]
  readonly kind: ParameterKind
  readonly initial: Initial
}

/** How a parameter begins: one number, or a normal distribution of this deviation, cut off at `cutoff` deviations. */
export type Initial = { readonly fill: number } | { readonly deviation: number; readonly cutoff?: number }

export type Parameters = ReadonlyMap<string, Parameter>
export type Weights = ReadonlyMap<string, Tensor>

/** Deviation of the weights of linear layers in transformers; cut off at two deviations. */
const LINEAR: Initial = { deviation: 0.02, cutoff: 2 }

/** Collects parameters by the layers they belong to, under the names that PyTorch modules give them. */
export class ParameterList {
  readonly parameters = new Map<string, Parameter>()

  add(name: string, parameter: Parameter): void {
    this.parameters.set(name, parameter)
  }

  linear(name: string, [output, input]: readonly [number, number], initial: Initial = LINEAR): void {
    this.add(`${name}.weight`, { dims: [output, input], kind: 'weight', initial })
    this.add(`${name}.bias`, { dims: [output], kind: 'bias', initial: { fill: 0 } })
  }

  /** A convolution with weight [output, input / groups, kernel...]; Kaiming initialisation by fan-out, as the SegFormer authors' code. */
  conv(name: string, dims: readonly number[], { groups = 1, bias = true } = {}): void {
    const fanOut = (elementCount(dims) / dims[1]) / groups
    this.add(`${name}.weight`, { dims, kind: 'weight', initial: { deviation: Math.sqrt(2 / fanOut) } })
    if (bias) this.add(`${name}.bias`, { dims: [dims[0]], kind: 'bias', initial: { fill: 0 } })
  }

  /** Scale and offset of a normalisation over `size` channels. */
  norm(name: string, size: number): void {
    this.add(`${name}.weight`, { dims: [size], kind: 'norm', initial: { fill: 1 } })
    this.add(`${name}.bias`, { dims: [size], kind: 'norm', initial: { fill: 0 } })
  }

  /** A batch normalisation: scale, offset and the running statistics. */
  batchNorm(name: string, size: number): void {
    this.norm(name, size)
    this.add(`${name}.running_mean`, { dims: [size], kind: 'buffer', initial: { fill: 0 } })
    this.add(`${name}.running_var`, { dims: [size], kind: 'buffer', initial: { fill: 1 } })
  }
}

/** The tensors before training. The same seed gives the same tensors; a tensor depends on the seed, its name and its shape alone. */
export function initialTensors(parameters: Parameters, seed: number): Map<string, Tensor> {
  return new Map([...parameters].map(([name, parameter]) => [name, initialTensor(name, parameter, seed)]))
}

export function initialTensor(name: string, { dims, initial }: Parameter, seed: number): Tensor {
  const data = new Float32Array(elementCount(dims))
  if ('fill' in initial) return float32(dims, data.fill(initial.fill))
  const { normal } = seededRandom(`${seed}:${name}`)
  const { deviation, cutoff = Infinity } = initial
  for (let index = 0; index < data.length; index++) {
    let value = normal()
    while (Math.abs(value) > cutoff) value = normal()
    data[index] = value * deviation
  }
  return float32(dims, data)
}

/** Which tensors of a graph are to be trained: the network's parameters, not its buffers or constants. */
export function isTrained(parameters: Parameters): (name: string) => boolean {
  return (name) => (parameters.get(name)?.kind ?? 'buffer') !== 'buffer'
}

/** How many numbers training changes: parameters without buffers. */
export function parameterCount(parameters: Parameters): number {
  return [...parameters.values()].reduce((sum, { dims, kind }) => sum + (kind === 'buffer' ? 0 : elementCount(dims)), 0)
}
