import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { generateView } from '../src/core/synth/generate.ts'
import { panoramaName } from '../src/core/formats/cityscapes.ts'
import { drawStreetFolder, usualFov, type StreetFolderRequest } from '../src/main/pipeline/generate-folder.ts'
import { createSynthPool } from '../src/main/workers/synth-pool.ts'
import { digestOf, digestOfFiles } from './digest.ts'
import type { BenchmarkSize } from './sizes.ts'

/** Generated streets on the disk. */
export interface World {
  /** SHA-256 of all its images and label maps */
  readonly hash: string
  readonly training: ImageFolder
  readonly evaluation: ImageFolder
}

export interface ImageFolder {
  /** of images alone, as they are imported */
  readonly images: string
  /** of label maps by trainId, `truthFile(name)` each */
  readonly truth: string
  /** panoramas' names in order, and their images' files */
  readonly names: readonly string[]
  readonly files: readonly string[]
}

/** Seeds of the two sets: their streets have nothing in common. */
const SEEDS = { training: 20_240, evaluation: 40_480 } as const
/** As Cityscapes calls them. */
const SPLITS = { training: 'train', evaluation: 'val' } as const
const CITY = 'streets'
/** A picture so small that it costs nothing says whether the streets are still those that were drawn. */
const PROBE = { width: 64, height: 32 } as const

type Part = keyof typeof SEEDS

export function truthFile(name: string): string {
  return `${name}_gtFine_labelTrainIds.png`
}

/** Beside it: the instance map of a panorama. */
export function instanceFile(name: string): string {
  return `${name}_gtFine_instanceIds.png`
}

/**
 * The streets of a size, drawn on all cores where they are not on the disk yet; an interrupted drawing goes on. Throws what
 * drawStreetFolder throws.
 */
export async function drawWorld(
  folder: string, size: BenchmarkSize, { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (part: Part, done: number, total: number) => void },
): Promise<World> {
  const pool = createSynthPool()
  try {
    const draw = async (part: Part): Promise<ImageFolder> => {
      const request = requestOf(size, part)
      const target = join(folder, digestOf({ request, probe: probe(request) }).slice(0, 16))
      await drawStreetFolder(target, request, { pool, count: size[part], depth: false, signal, onProgress: ({ done, total }) => onProgress(part, done, total) })
      const split = SPLITS[part]
      return openImageFolder({ images: join(target, 'leftImg8bit', split, CITY), truth: join(target, 'gtFine', split, CITY) }, size[part])
    }
    return await worldOf(await draw('training'), await draw('evaluation'))
  } finally {
    await pool.close()
  }
}

/** The first `count` images of a folder. Throws where there are fewer. */
export async function openImageFolder({ images, truth }: Pick<ImageFolder, 'images' | 'truth'>, count: number): Promise<ImageFolder> {
  const files = (await readdir(images)).filter((name) => name.endsWith('.png')).toSorted().slice(0, count)
  if (files.length < count) throw new Error(`${images} holds ${files.length} images, not ${count}: remove the folder, it is drawn again.`)
  return { images, truth, files: files.map((file) => join(images, file)), names: files.map((file) => panoramaName(file)) }
}

/** Hashes every file. */
export async function worldOf(training: ImageFolder, evaluation: ImageFolder): Promise<World> {
  const hashOf = ({ files, truth, names }: ImageFolder): Promise<string> => digestOfFiles([...files, ...names.map((name) => join(truth, truthFile(name)))])
  return { hash: digestOf({ training: await hashOf(training), evaluation: await hashOf(evaluation) }), training, evaluation }
}

function requestOf({ width, height }: BenchmarkSize, part: Part): StreetFolderRequest {
  return { view: 'panorama', style: 'target', seed: SEEDS[part], width, height, fovDeg: usualFov({ view: 'panorama', width, height }), split: SPLITS[part] }
}

function probe({ view, style, seed, fovDeg }: StreetFolderRequest): string {
  const { rgb, trainIds } = generateView({ view, style, seed, fovDeg, index: 0, ...PROBE })
  return createHash('sha256').update(rgb).update(trainIds).digest('hex')
}
