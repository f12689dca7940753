import { readdir, readFile, stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import { panoramaName, parseLabelFileName } from '../../core/formats/cityscapes.ts'
import type { TruthFile } from '../workers/label-tasks.ts'
import { pathText, safeName } from './import-names.ts'

/** Finds the truth label map that belongs to a panorama by its name. */
export interface TruthIndex {
  readonly folder: string
  /** label maps found */
  readonly count: number
  /**
   * The label map of the panorama with one of these names, tried in order; `folders` (split, city, ...) decide between
   * label maps of the same name. null: there is none; `ambiguous`: several fit equally.
   */
  find(names: readonly string[], folders: readonly string[]): LabelMapFile | 'ambiguous' | null
}

export interface LabelMapFile {
  readonly path: Buffer
  /** the path as text */
  readonly display: string
  readonly ids: TruthFile['ids']
}

interface Candidate extends LabelMapFile {
  /** lower is better: trainIds as they are, labelIds remapped, a plain PNG taken for trainIds */
  readonly rank: number
  /** parent folders in front of the name it was found by */
  readonly parents: number
  readonly folders: readonly string[]
}

const RANK: Readonly<Record<string, number>> = { labelTrainIds: 0, labelIds: 1 }
const PLAIN_RANK = 2
/** A panorama whose name clashed has parent folders in front of it; a label map is found by such names too. */
const MAX_PARENTS = 3

/**
 * Looks through a folder for label maps: `X_gtFine_labelTrainIds.png`, `X_gtFine_labelIds.png` and their DensePASS forms,
 * or plain `X.png` with trainIds, in any folder layout (gtFine, an earlier export). `images` are left out: paths that
 * were imported as panoramas. Throws `bad-file` when the folder cannot be read.
 */
export async function indexTruth(folder: string, images: ReadonlySet<string> = new Set(), signal?: AbortSignal): Promise<TruthIndex> {
  const root = await requireTruthFolder(folder)
  const byName = new Map<string, Candidate[]>()
  let count = 0
  for await (const { path, name, folders } of labelPngs(Buffer.from(root), [], signal)) {
    const candidate = labelMap(path, name, folders)
    if (candidate === null || images.has(candidate.display)) continue
    count++
    const own = parseLabelFileName(name)?.name ?? panoramaName(name)
    for (let parents = 0; parents <= Math.min(MAX_PARENTS, folders.length); parents++) {
      const key = safeName([...folders.slice(folders.length - parents), own].join('_'))
      byName.set(key, [...(byName.get(key) ?? []), { ...candidate, parents }])
    }
  }
  return {
    folder: root,
    count,
    find(names, nearFolders) {
      const candidates = names.map((name) => byName.get(name)).find((some) => some !== undefined)
      return candidates === undefined ? null : best(candidates, nearFolders)
    },
  }
}

/** The folder's absolute path. Throws `bad-file` when it cannot be read. */
export async function requireTruthFolder(folder: string): Promise<string> {
  const root = resolve(folder)
  const found = await stat(root).catch(() => null)
  if (found?.isDirectory()) return root
  throw new StudioError('bad-file', `The labels folder ${root} ${found ? 'is no folder' : 'does not exist or may not be read'}. Name the folder that holds the label maps.`)
}

function labelMap(path: Buffer, name: string, folders: readonly string[]): Omit<Candidate, 'parents'> | null {
  const kind = parseLabelFileName(name)?.kind ?? null
  const rank = kind === null ? PLAIN_RANK : RANK[kind]
  if (rank === undefined) return null
  return { path, display: pathText(path), folders: folders.map((folder) => folder.toLowerCase()), rank, ids: kind === 'labelIds' ? 'labelIds' : 'trainIds' }
}

function best(candidates: readonly Candidate[], nearFolders: readonly string[]): LabelMapFile | 'ambiguous' {
  const near = new Set(nearFolders.map((folder) => folder.toLowerCase()))
  const shared = (candidate: Candidate): number => candidate.folders.filter((folder) => near.has(folder)).length
  const order = (a: Candidate, b: Candidate): number => a.parents - b.parents || shared(b) - shared(a) || a.rank - b.rank
  const [first, second] = candidates.toSorted(order)
  const isTie = second !== undefined && order(first, second) === 0
  return isTie ? 'ambiguous' : first
}

/** Reads a label map's bytes. Throws `bad-file`. */
export async function readTruthBytes(file: LabelMapFile): Promise<TruthFile> {
  const bytes = await readFile(file.path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `${file.display} cannot be read. Check that you may read it.`, { cause })
  })
  return { file: file.display, bytes, ids: file.ids }
}

/** PNG files below a folder; folders of images are not entered. */
async function* labelPngs(
  folder: Buffer, folders: readonly string[], signal?: AbortSignal,
): AsyncGenerator<{ path: Buffer; name: string; folders: readonly string[] }> {
  signal?.throwIfAborted()
  const entries = await readdir(folder, { encoding: 'buffer' }).catch(() => [])
  for (const entry of entries.sort(Buffer.compare)) {
    const name = pathText(entry)
    if (name.startsWith('.') || name.toLowerCase() === 'leftimg8bit') continue
    const path = Buffer.concat([folder, Buffer.from(sep), entry])
    if (name.toLowerCase().endsWith('.png')) {
      yield { path, name, folders }
    } else if ((await stat(path).catch(() => null))?.isDirectory() && folders.length < 16) {
      yield* labelPngs(path, [...folders, name], signal)
    }
  }
}
