import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { Style, SynthRequest } from '../../core/synth/types.ts'
import { ignore, writeDurably } from '../artifacts/durable-files.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import type { SynthFileKind } from '../workers/synth-tasks.ts'
import type { SynthPool } from '../workers/synth-pool.ts'
import { inParallel } from './in-parallel.ts'

/** What a folder of generated streets is made of; the same says the same pixels. */
export interface StreetFolderRequest {
  readonly view: SynthRequest['view']
  readonly style: Style
  readonly seed: number
  readonly width: number
  readonly height: number
  readonly fovDeg: number
  readonly split: 'train' | 'val' | 'test'
}

export interface StreetFolderOptions {
  /** images the folder is to hold */
  readonly count: number
  readonly depth: boolean
  readonly signal: AbortSignal
  /** after each image; `drawn` of those that were not there */
  readonly onProgress: (progress: { readonly done: number; readonly total: number; readonly drawn: number }) => void
}

export interface StreetFolder {
  readonly folder: string
  readonly images: number
  /** by this call; the others were there */
  readonly drawn: number
}

/** Says what a folder of generated streets holds, so that it is never continued with others. */
const MANIFEST = 'synth.json'
const FORMAT = 'GoodSAM Studio generated streets'
const manifestSchema = z.object({ format: z.literal(FORMAT), request: z.unknown() })
/** A file that is being written: hidden, so that nobody takes it for an image. */
const PART = /^\..*\.part$/
const CITY = 'streets'

/** "streets_000001_000042": the city, the seed and the number of the street. */
export function streetName(seed: number, index: number): string {
  return [CITY, padded(seed), padded(index)].join('_')
}

/** The vertical field of view of a panorama whose pixels are as high as wide; a street camera's horizontal one. */
export function usualFov({ view, width, height }: Pick<StreetFolderRequest, 'view' | 'width' | 'height'>): number {
  return view === 'panorama' ? Math.min(180, (360 * height) / width) : 90
}

/**
 * Draws streets into a folder in Cityscapes layout: images with their truth. Each file appears under its name when it is whole,
 * an image after its truth; what is there is not drawn again, so a call that was stopped anywhere goes on when it is made again.
 *
 * Throws StudioError: bad-input (the folder holds something else), storage; what aborts the signal passes through.
 */
export async function drawStreetFolder(
  target: string, request: StreetFolderRequest, { pool, ...options }: StreetFolderOptions & { readonly pool: SynthPool },
): Promise<StreetFolder> {
  const { count, depth, signal, onProgress } = options
  const folder = resolve(target)
  await claim(folder, request)
  const kinds: readonly SynthFileKind[] = ['labelTrainIds', 'labelIds', 'instanceIds', 'color', ...(depth ? ['depth' as const] : []), 'image']
  const places = new Map(kinds.map((kind) => [kind, join(folder, folderOf(kind, request.split))]))
  const present = await presentFiles([...new Set(places.values())])

  const missing: number[] = []
  for (let index = 0; index < count; index++) {
    const name = streetName(request.seed, index)
    const whole = kinds.every((kind) => present.has(fileName(name, kind)))
    if (!whole) missing.push(index)
  }
  let done = count - missing.length
  let drawn = 0
  onProgress({ done, total: count, drawn })
  const { split: _, ...view } = request
  await inParallel(missing, pool.threads, async (index) => {
    signal.throwIfAborted()
    const { files } = await pool.draw({ request: { ...view, index }, kinds }, { signal })
    const name = streetName(request.seed, index)
    // in their order: the image comes last and says that its truth is there
    for (const { kind, bytes } of files) {
      signal.throwIfAborted()
      await writeWhole(join(places.get(kind) ?? folder, fileName(name, kind)), bytes)
    }
    done++
    drawn++
    onProgress({ done, total: count, drawn })
  })
  return { folder, images: done, drawn }
}

function padded(number: number): string {
  return `${number}`.padStart(6, '0')
}

function folderOf(kind: SynthFileKind, split: string): string {
  return join(kind === 'image' ? 'leftImg8bit' : 'gtFine', split, CITY)
}

function fileName(name: string, kind: SynthFileKind): string {
  return kind === 'image' ? `${name}_leftImg8bit.png` : `${name}_gtFine_${kind}.png`
}

/** Makes the folder ours, or finds that it is. */
async function claim(folder: string, request: StreetFolderRequest): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new StudioError('bad-input', `${folder} cannot be opened as a folder. Name a new folder, or one that this command made.`, { cause: error })
  })
  const visible = entries.filter((name) => !name.startsWith('.'))
  if (visible.length === 0) {
    await writeWhole(join(folder, MANIFEST), Buffer.from(`${JSON.stringify({ format: FORMAT, request }, null, 2)}\n`))
    return
  }
  const text = visible.includes(MANIFEST) ? await readFile(join(folder, MANIFEST), 'utf8') : null
  const known = text === null ? null : manifestSchema.safeParse(parsed(text)).data
  if (known === null || known === undefined) throw new StudioError('bad-input', `${folder} holds other files. Name a new folder, or one that this command made.`)
  if (isDeepStrictEqual(known.request, JSON.parse(JSON.stringify(request)))) return
  throw new StudioError('bad-input', `${folder} holds streets that were drawn with other settings (${JSON.stringify(known.request)}). Give the same again, or name another folder.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Names of the files that are there; what an ended process left half-written goes. */
export async function presentFiles(folders: readonly string[]): Promise<ReadonlySet<string>> {
  const present = new Set<string>()
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (PART.test(name)) await unlink(join(folder, name)).catch(ignore)
      else present.add(name)
    }
  }
  return present
}

/** A file that is there as a whole or not at all. Throws `storage`. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.part`)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeDurably(temporary, bytes)
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(ignore)
    throw storageError('write', path, error)
  }
}
