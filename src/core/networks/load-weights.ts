/** Fits the tensors of a safetensors file to the parameters of a network, or says how they differ. */
import { type SafetensorsFile, type Tensor as FileTensor, toFloat32, writeSafetensors } from '../formats/safetensors.ts'
import { formatShape, sameShape } from '../onnx/dims.ts'
import { ModelError } from '../onnx/errors.ts'
import { float32, type Tensor } from '../onnx/tensor.ts'
import { initialTensor, type Parameters, type Weights } from './parameters.ts'

export interface LoadOptions {
  /** Tensors of the file that are no parameters of the network and may be left */
  readonly ignored?: (name: string) => boolean
  /** Parameters that begin anew, from the seed, where the file lacks them or has them in another shape */
  readonly fresh?: { readonly allowed: (name: string) => boolean; readonly seed: number }
}

export interface LoadReport {
  readonly loaded: number
  /** parameters that begin anew */
  readonly fresh: readonly string[]
  /** tensors of the file that were left */
  readonly ignored: readonly string[]
}

export interface LoadedWeights {
  readonly weights: Map<string, Tensor>
  readonly report: LoadReport
}

const DIFFERENCES_SHOWN = 10

/** Loads floats of 16, 32 or 64 bits as float32. Throws ModelError 'invalid' with the first ten differences, expected and found. */
export function loadTensors(parameters: Parameters, file: SafetensorsFile, { ignored = () => false, fresh }: LoadOptions = {}): LoadedWeights {
  const found = new Map(Object.entries(file.tensors))
  const begun: string[] = []
  const differences: string[] = []
  const weights = new Map<string, Tensor>()
  for (const [name, parameter] of parameters) {
    const tensor = found.get(name)
    const problem = difference(parameter.dims, tensor)
    if (tensor !== undefined && problem === undefined) weights.set(name, float32(parameter.dims, toFloat32(tensor)))
    else if (fresh?.allowed(name) === true) {
      begun.push(name)
      weights.set(name, initialTensor(name, parameter, fresh.seed))
    } else differences.push(`"${name}" ${problem}`)
  }
  const unknown = [...found.keys()].filter((name) => !parameters.has(name))
  const left = unknown.filter(ignored)
  for (const name of unknown) if (!ignored(name)) differences.push(`"${name}" is none of the network's parameters`)
  if (differences.length > 0) throw new ModelError('invalid', describeDifferences(differences))
  return { weights, report: { loaded: weights.size - begun.length, fresh: begun, ignored: left } }
}

/** A safetensors file that PyTorch code reads. `extra`: tensors of the file that are no parameters here. */
export function saveTensors(parameters: Parameters, weights: Weights, extra: Readonly<Record<string, FileTensor>> = {}): Uint8Array<ArrayBuffer> {
  const tensors = [...parameters.keys()].map((name): [string, FileTensor] => {
    const tensor = weights.get(name)
    if (!(tensor?.data instanceof Float32Array)) throw new ModelError('invalid', `The weights lack the float32 parameter "${name}".`)
    return [name, { dtype: 'F32', shape: tensor.dims, data: tensor.data }]
  })
  return writeSafetensors({ ...Object.fromEntries(tensors), ...extra }, { format: 'pt' })
}

const FLOATS: ReadonlySet<string> = new Set(['F16', 'BF16', 'F32', 'F64'])

function difference(expected: readonly number[], found: FileTensor | undefined): string | undefined {
  if (found === undefined) return `is missing, expected ${formatShape(expected)}`
  if (!sameShape(found.shape, expected)) return `is ${formatShape(found.shape)}, expected ${formatShape(expected)}`
  return FLOATS.has(found.dtype) ? undefined : `has elements of the type ${found.dtype}, expected floats`
}

function describeDifferences(differences: readonly string[]): string {
  const more = differences.length - DIFFERENCES_SHOWN
  return `The file does not fit the network: ${differences.slice(0, DIFFERENCES_SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}.`
}
