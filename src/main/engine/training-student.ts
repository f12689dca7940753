/** The network that is trained: one of the students, or any ONNX file, with the numbers it starts from. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { StudentArchitecture } from '../../contract/training-schemas.ts'
import { withParameters } from '../../core/autodiff/parameter-layout.ts'
import type { ParameterFilter } from '../../core/autodiff/training-parameters.ts'
import { readSafetensors, type SafetensorsFile, toFloat32, writeSafetensors } from '../../core/formats/safetensors.ts'
import { isTrained } from '../../core/networks/parameters.ts'
import { studentConfig } from '../../core/networks/segformer/config.ts'
import { segformer } from '../../core/networks/segformer/network.ts'
import { initialWeights, segformerParameters } from '../../core/networks/segformer/parameters.ts'
import { loadWeights, toSafetensors } from '../../core/networks/segformer/weights.ts'
import { type Bindings, rebuild } from '../../core/onnx/bind.ts'
import { dims } from '../../core/onnx/graph-builder.ts'
import { ModelError } from '../../core/onnx/errors.ts'
import type { Model, Shape } from '../../core/onnx/model.ts'
import { float32, type Tensor } from '../../core/onnx/tensor.ts'
import { readModelFile } from '../models/onnx-file.ts'

export interface StudentSource {
  readonly architecture: StudentArchitecture
  readonly classes: number
  /** absolute path of the ONNX file that is the student; null: built from `architecture` */
  readonly network: string | null
  /** absolute path of the safetensors file it starts from; null: random, or the network's own numbers */
  readonly weights: string | null
  /** of the parameters that begin at random */
  readonly seed: number
}

export interface Student {
  /** in words, for messages */
  readonly name: string
  /** batch, height and width symbolic, as far as the file leaves them open */
  readonly model: Model
  /** its input, [batch, 3, height, width] */
  readonly input: string
  /** undefined: all that the loss depends on */
  readonly trainable: ParameterFilter | undefined
  /** Numbers for its symbolic dimensions. Throws bad-model where it has other ones of its own. */
  readonly bindings: (size: BatchSize) => Bindings
  /** What was trained as safetensors, under the names that others know it by; what was not, as far as a file needs it */
  readonly weightsFile: (trained: ReadonlyMap<string, Tensor>) => Uint8Array<ArrayBuffer>
}

export interface BatchSize {
  readonly batch: number
  readonly height: number
  readonly width: number
}

/** Throws StudioError: bad-file (a file that cannot be read), bad-model (one that is no such network, or has other classes). */
export async function openStudent(source: StudentSource): Promise<Student> {
  try {
    return source.network === null ? await openSegformer(source) : await openOnnx(source, source.network)
  } catch (error) {
    throw asBadModel(error)
  }
}

/** What the compiler says of a model, as what a person is told. */
export function asBadModel(error: unknown): unknown {
  return error instanceof ModelError ? new StudioError('bad-model', `The student cannot be trained: ${error.message}`, { cause: error }) : error
}

async function openSegformer({ architecture, classes, weights, seed }: StudentSource): Promise<Student> {
  if (architecture.kind !== 'segformer') throw new StudioError('bad-input', `The student ${architecture.name} has no file: choose its .onnx file again.`)
  const config = studentConfig(architecture.size, classes)
  const parameters = segformerParameters(config)
  const begin = weights === null ? initialWeights(config, seed) : await segformerWeights({ path: weights, classes }, (file) => loadWeights(config, file, { seed }).weights)
  return {
    name: architecture.size[0].toUpperCase() + architecture.size.slice(1),
    model: segformer(config, begin),
    input: 'pixel_values',
    trainable: isTrained(parameters),
    bindings: (size) => ({ ...size }),
    weightsFile: (trained) => toSafetensors(config, new Map([...begin, ...trained])),
  }
}

async function segformerWeights<Weights>({ path, classes }: { path: string; classes: number }, load: (file: SafetensorsFile) => Weights): Promise<Weights> {
  const file = await readWeights(path)
  const own = file.tensors['decode_head.classifier.weight']?.shape[0]
  if (own !== undefined && own !== classes) {
    throw new StudioError('bad-model', `${basename(path)} has weights for ${own} classes; the labels have ${classes}. Start from weights with ${classes} classes, or from an encoder alone (nvidia/mit-b0 and its kin), whose head begins anew.`)
  }
  try {
    return load(file)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    throw new StudioError('bad-model', `${basename(path)} does not fit this student. ${error.message} Choose the weights of a SegFormer of the same size.`, { cause: error })
  }
}

async function openOnnx({ architecture, classes, weights }: StudentSource, path: string): Promise<Student> {
  const name = architecture.kind === 'onnx' ? architecture.name : basename(path)
  const file = await readModelFile(path)
  const model = weights === null ? file : withParameters(file, floats(await readWeights(weights)))
  const { input, shape } = imageInput(model, name)
  const student: Student = {
    name, model, input,
    trainable: undefined,
    bindings: (size) => bindingsOf({ name, shape }, size),
    weightsFile: (trained) => writeSafetensors(
      Object.fromEntries([...trained].map(([parameter, { dims: sides, data }]) => [parameter, { dtype: 'F32' as const, shape: sides, data: data as Float32Array }])),
      { format: 'pt' },
    ),
  }
  // a free size: what its classes are does not depend on it
  const size = { batch: 1, height: typeof shape[2] === 'number' ? shape[2] : 64, width: typeof shape[3] === 'number' ? shape[3] : 64 }
  requireClasses(student, size, classes)
  return student
}

function requireClasses(student: Student, size: BatchSize, classes: number): void {
  const { outputs } = rebuild(student.model, { bindings: student.bindings(size) })
  const logits = logitsOf(outputs)
  const found = logits === undefined ? [] : dims(logits)
  if (found.length !== 4) throw new StudioError('bad-model', `${student.name} has no output "logits" [batch, classes, height, width]: export the network with its logits as the output.`)
  if (found[1] !== classes) throw new StudioError('bad-model', `${student.name} tells ${found[1]} classes apart; the labels have ${classes}. Choose a network with ${classes} classes, or labels of its own classes.`)
}

/** The output "logits", or the only one. */
export function logitsOf<Value>(outputs: Readonly<Record<string, Value>>): Value | undefined {
  const names = Object.keys(outputs)
  return outputs['logits'] ?? (names.length === 1 ? outputs[names[0]] : undefined)
}

function imageInput({ graph }: Model, name: string): { readonly input: string; readonly shape: Shape } {
  const inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name))
  const [input] = inputs
  const shape = input?.type?.kind === 'tensor' && input.type.elementType === 'float32' ? input.type.shape : undefined
  if (inputs.length !== 1 || shape?.length !== 4 || shape[1] !== 3) {
    throw new StudioError('bad-model', `${name} cannot be a student: it needs one float32 input [batch, 3, height, width]. It has ${inputs.map((each) => `"${each.name}"`).join(', ') || 'none'}.`)
  }
  return { input: input.name, shape }
}

function bindingsOf({ name, shape }: { readonly name: string; readonly shape: Shape }, { batch, height, width }: BatchSize): Bindings {
  const wanted = [batch, undefined, height, width]
  for (const [axis, size] of wanted.entries()) {
    const own = shape[axis]
    if (size === undefined || typeof own === 'string' || own === size) continue
    const what = axis === 0 ? `a batch of ${own}` : `images of ${shape[2]}x${shape[3]}`
    throw new StudioError('bad-model', `${name} takes ${what} only: train with that, or export it with dynamic batch, height and width.`)
  }
  return Object.fromEntries(wanted.flatMap((size, axis) => (size !== undefined && typeof shape[axis] === 'string' ? [[shape[axis], size]] : [])))
}

async function readWeights(path: string): Promise<SafetensorsFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `The weights ${path} cannot be read: check that the file exists and that you may read it.`, { cause })
  })
  try {
    return readSafetensors(bytes)
  } catch (cause) {
    throw new StudioError('bad-file', `The weights ${path} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function floats({ tensors }: SafetensorsFile): ReadonlyMap<string, Tensor> {
  return new Map(Object.entries(tensors).map(([name, tensor]) => [name, float32(tensor.shape, toFloat32(tensor))]))
}
