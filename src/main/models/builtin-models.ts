/**
 * The models that come with the program (resources/models): weights of 16 bits beside a configuration, from which the
 * ONNX files are made that everything else works with. builtin/ trains them.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { readSafetensors, type SafetensorsFile } from '../../core/formats/safetensors.ts'
import { loadTensors } from '../../core/networks/load-weights.ts'
import type { NanoSamConfig } from '../../core/networks/nano-sam/config.ts'
import { nanoSamMaskDecoder, nanoSamVisionEncoder } from '../../core/networks/nano-sam/network.ts'
import { nanoSamParameters } from '../../core/networks/nano-sam/parameters.ts'
import { fromConfigJson } from '../../core/networks/segformer/config.ts'
import { segformer } from '../../core/networks/segformer/network.ts'
import { loadWeights } from '../../core/networks/segformer/weights.ts'
import { errnoOf, storageError } from '../artifacts/storage-errors.ts'
import { resourcesFolder } from '../entries.ts'
import { writeModelFile } from './onnx-file.ts'
import { parseSamSettings } from './sam-settings.ts'

export type BuiltinName = 'street-ta' | 'mit-b0' | 'nano-sam'

export interface BuiltinModel {
  readonly name: BuiltinName
  /** `initial`: weights that students start from; as a network it is what a student knows without the method */
  readonly kind: 'sam' | 'ta' | 'initial'
  readonly description: string
  /** absolute path */
  readonly folder: string
}

export interface ExpandedModel {
  /** absolute paths of the .onnx files, the encoder of a SAM first */
  readonly files: readonly string[]
  /** safetensors that a student's training can start from; null for a SAM */
  readonly weights: string | null
}

const DESCRIPTIONS: Readonly<Record<BuiltinName, Pick<BuiltinModel, 'kind' | 'description'>>> = {
  'nano-sam': { kind: 'sam', description: 'A small promptable segmenter in the manner of Segment Anything, trained on generated streets' },
  'street-ta': { kind: 'ta', description: 'A small SegFormer for the 19 Cityscapes classes, trained on generated pinhole images of streets' },
  'mit-b0': { kind: 'initial', description: 'A SegFormer-B0 trained on generated pinhole images of streets: what a Mini student starts from' },
}

const NAMES = ['nano-sam', 'street-ta', 'mit-b0'] as const

/** All of them, whether their files are there or not. `root`: the folder of their folders (GOODSAM_MODELS names another one). */
export function builtinModels(root: string = process.env['GOODSAM_MODELS'] ?? join(resourcesFolder(), 'models')): readonly BuiltinModel[] {
  return NAMES.map((name) => ({ name, ...DESCRIPTIONS[name], folder: join(root, name) }))
}

/**
 * Writes the model's float32 ONNX files into the folder `into`, which may not exist yet: model.onnx, or vision_encoder.onnx,
 * prompt_encoder_mask_decoder.onnx and settings.json. Throws StudioError: bad-file (files of the program are missing or
 * damaged), storage.
 */
export async function expandBuiltinModel({ name, kind, folder }: Pick<BuiltinModel, 'name' | 'kind' | 'folder'>, into: string): Promise<ExpandedModel> {
  const weights = join(folder, 'model.safetensors')
  const file = await read(name, weights, readSafetensors)
  await mkdir(into, { recursive: true }).catch((error: unknown) => {
    throw storageError('write the model into', into, error)
  })
  if (kind === 'sam') return { files: await expandSam({ name, folder, into, file }), weights: null }
  const model = await read(name, join(folder, 'config.json'), (bytes) => {
    const { config } = fromConfigJson(parsed(bytes))
    return segformer(config, loadWeights(config, file).weights)
  })
  const path = join(into, 'model.onnx')
  await writeModelFile(path, model)
  return { files: [path], weights }
}

interface SamParts {
  readonly name: BuiltinName
  readonly folder: string
  readonly into: string
  readonly file: SafetensorsFile
}

async function expandSam({ name, folder, into, file }: SamParts): Promise<string[]> {
  const settings = join(folder, 'settings.json')
  await read(name, settings, (bytes) => parseSamSettings(new TextDecoder().decode(bytes), { file: settings, dialect: 'sam-transformers-js' }))
  const { encoder, decoder } = await read(name, join(folder, 'config.json'), (bytes) => {
    const config: NanoSamConfig = nanoSamConfigSchema.parse(parsed(bytes))
    const { weights } = loadTensors(nanoSamParameters(config), file)
    return { encoder: nanoSamVisionEncoder(config, weights), decoder: nanoSamMaskDecoder(config, weights) }
  })
  const paths = ['vision_encoder.onnx', 'prompt_encoder_mask_decoder.onnx'].map((each) => join(into, each))
  await writeModelFile(paths[0], encoder)
  await writeModelFile(paths[1], decoder)
  await copyFile(settings, join(into, 'settings.json')).catch((error: unknown) => {
    throw storageError('write the settings into', into, error)
  })
  return paths
}

const count = z.int().positive()
const perStage = z.array(count).min(1)

/** config.json of nano-sam: `model_type`, and the fields of NanoSamConfig under their own names. */
const nanoSamConfigSchema = z.object({
  model_type: z.literal('nano-sam'),
  imageSize: count,
  embeddingStage: z.int().nonnegative(),
  fineStages: z.boolean().default(false),
  pixelFeatures: z.int().nonnegative().default(0),
  hiddenSize: count,
  decoderLayers: count,
  decoderHeads: count,
  decoderMlpSize: count,
  attentionDownsampling: count,
  iouHeadSize: count,
  encoder: z.object({
    channels: count, depths: perStage, hiddenSizes: perStage, heads: perStage, reductions: perStage, mlpRatios: perStage, patchSizes: perStage, strides: perStage,
  }),
})

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
}

/** Reads one of the model's files; whatever is wrong with it is said with its name and what helps. */
async function read<Result>(name: BuiltinName, path: string, understand: (bytes: Uint8Array) => Result): Promise<Result> {
  const remedy = `Restore it (it comes with the program), or train the model again: npm run train:builtin -- ${name}`
  const bytes = await readFile(path).catch((cause: unknown) => {
    const why = errnoOf(cause) === 'ENOENT' ? 'is missing' : 'cannot be read'
    throw new StudioError('bad-file', `The built-in model ${name} is not complete: ${path} ${why}. ${remedy}`, { cause })
  })
  try {
    return understand(bytes)
  } catch (cause) {
    throw new StudioError('bad-file', `The built-in model ${name} is damaged: ${path}: ${cause instanceof Error ? cause.message : String(cause)} ${remedy}`, { cause })
  }
}
