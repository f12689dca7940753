import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors } from '../src/core/formats/safetensors.ts'
import { isTrained } from '../src/core/networks/parameters.ts'
import { studentConfig } from '../src/core/networks/segformer/config.ts'
import { segformer } from '../src/core/networks/segformer/network.ts'
import { segformerParameters } from '../src/core/networks/segformer/parameters.ts'
import { loadWeights } from '../src/core/networks/segformer/weights.ts'
import { bindModel } from '../src/core/onnx/bind.ts'
import { graphSize } from '../src/core/onnx/print.ts'
import type { Tensor } from '../src/core/onnx/tensor.ts'
import { writeModel } from '../src/core/onnx/write.ts'
import { readModelFile } from '../src/main/models/onnx-file.ts'
import { digestOfFiles } from './digest.ts'

/** The networks that the benchmark runs with. Absolute paths. */
export interface ModelFiles {
  readonly sam: readonly string[]
  /** its settings, which the product reads where they lie beside it; null: none */
  readonly samSettings: string | null
  readonly ta: string
  /** safetensors of a SegFormer-B0 with head, trained on street images */
  readonly source: string
}

export interface BenchmarkModels extends ModelFiles {
  /** SHA-256 by name */
  readonly hashes: Readonly<Record<'sam' | 'ta' | 'source', string>>
  /** numbers of TA and SAM together, and of the TA */
  readonly parameters: { readonly ta: number; readonly sam: number; readonly source: number }
}

/** Throws where a file cannot be read. */
export async function describeModels(files: ModelFiles): Promise<BenchmarkModels> {
  return {
    ...files,
    hashes: { sam: await digestOfFiles(files.samSettings === null ? files.sam : [...files.sam, files.samSettings]), ta: await digestOfFiles([files.ta]), source: await digestOfFiles([files.source]) },
    parameters: { ta: await parametersOf([files.ta]), sam: await parametersOf(files.sam), source: await sourceParameters(files.source) },
  }
}

async function parametersOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => graphSize((await readModelFile(path)).graph).parameters))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Mini, 19 Cityscapes classes. */
const SOURCE = studentConfig('mini', 19)

async function sourceWeights(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return loadWeights(SOURCE, readSafetensors(await readFile(path))).weights
}

/** Numbers that are learned, as the product counts them for students. */
async function sourceParameters(path: string): Promise<number> {
  const isLearned = isTrained(segformerParameters(SOURCE))
  return [...(await sourceWeights(path))].reduce((sum, [name, { data }]) => sum + (isLearned(name) ? data.length : 0), 0)
}

/**
 * The student before it has learned anything, as an ONNX file that sees panoramas at the students' own size. Returns its
 * path. Throws where the weights are not those of such a network.
 */
export async function writeSourceNetwork(
  models: ModelFiles, folder: string, { height, width }: { readonly height: number; readonly width: number },
): Promise<string> {
  const path = join(folder, `source-only-${height}x${width}.onnx`)
  const network = segformer(SOURCE, await sourceWeights(models.source))
  await writeFile(path, writeModel(bindModel(network, { height, width })))
  return path
}
