import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { FolderListing } from '../../contract/schemas.ts'

const IMAGES = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'])
const MODELS = new Set(['.onnx'])
const WEIGHTS = new Set(['.safetensors'])

/** Folders, model files, files of weights and the number of images below one folder of the host's machine. Null: the home folder. */
export async function listFolder(path: string | null): Promise<FolderListing> {
  const folder = path === null || path.trim() === '' ? homedir() : resolve(path.replace(/^~(?=$|[/\\])/, homedir()))
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new StudioError('bad-file', `${folder} cannot be read: choose a folder that exists and that you may open.`, { cause })
  })
  const folders: FolderListing['folders'] = []
  const models: FolderListing['models'] = []
  const weights: FolderListing['weights'] = []
  let images = 0
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const full = join(folder, entry.name)
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(full).catch(() => null))?.isDirectory())
    const extension = extname(entry.name).toLowerCase()
    if (isFolder) folders.push({ name: entry.name, path: full })
    else if (IMAGES.has(extension)) images += 1
    else if (MODELS.has(extension)) models.push({ name: entry.name, path: full })
    else if (WEIGHTS.has(extension)) weights.push({ name: entry.name, path: full })
  }
  const parent = dirname(folder)
  return {
    path: folder, parent: parent === folder ? null : parent, images,
    folders: folders.sort(byName), models: models.sort(byName), weights: weights.sort(byName),
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true })
}
