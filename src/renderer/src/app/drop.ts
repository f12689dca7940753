import { folderOf } from './format.ts'
import type { Studio } from './studio.ts'

/** What a drop of files and folders asks for. */
export type DropWish =
  | { readonly kind: 'models'; readonly files: readonly string[] }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'nothing'; readonly why: string }

export interface DroppedPath {
  /** on the host's machine */
  readonly path: string
  readonly isFolder: boolean
}

/** Model files are added; a folder is imported; loose images stand for the folder they lie in. */
export function readDrop(dropped: readonly DroppedPath[]): DropWish {
  const models = dropped.filter(({ path, isFolder }) => !isFolder && /\.onnx(_data|\.data)?$/i.test(path))
  if (models.length > 0) return { kind: 'models', files: models.map(({ path }) => path) }
  const folders = new Set(dropped.map(({ path, isFolder }) => (isFolder ? path : folderOf(path))))
  const [folder, ...others] = folders
  if (folder === undefined) return { kind: 'nothing', why: 'There was no file in it.' }
  if (others.length > 0) return { kind: 'nothing', why: `These come from ${folders.size} folders. Drop one folder at a time: each becomes a dataset.` }
  return { kind: 'folder', folder }
}

/** A file of a drop and its place in what was dropped: "berlin/val/a.jpg", or "a.jpg" for a loose file. */
export interface DroppedFile {
  readonly file: File
  readonly place: string
}

/** All that was dropped. Entries are only readable while the drop event lasts: call it there, before any await. */
export function readTransfer(transfer: DataTransfer): { readonly files: readonly File[]; readonly entries: readonly FileSystemEntry[] } {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  return { files: [...transfer.files], entries }
}

/** Every file under the entries, depth first. */
export async function filesUnder(entries: readonly FileSystemEntry[]): Promise<readonly DroppedFile[]> {
  const found: DroppedFile[] = []
  for (const entry of entries) {
    if (isFileEntry(entry)) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
      found.push({ file, place: entry.fullPath.replace(/^\//, '') })
    } else if (isDirectoryEntry(entry)) {
      found.push(...(await filesUnder(await childrenOf(entry))))
    }
  }
  return found
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}
function isDirectoryEntry(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

/** A reader gives a folder in portions, until an empty one. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

export interface UploadProgress {
  readonly done: number
  readonly total: number
}

/**
 * Sends dropped files to the server, three at a time, into one folder, and returns what stands for them there: the
 * folders and loose files as they were dropped. Rejects with the first failure; the signal ends it.
 */
export async function uploadDrop(
  studio: Pick<Studio, 'pathOf'>, files: readonly DroppedFile[],
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: UploadProgress) => void },
): Promise<readonly DroppedPath[]> {
  // not randomUUID: a browser on another machine has that over https alone
  const batch = crypto.getRandomValues(new Uint32Array(4)).join('-')
  const roots = new Map<string, DroppedPath>()
  const waiting = [...files]
  let done = 0
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { file, place } = next
      // where a folder was dropped the file does not know its place itself
      Object.defineProperty(file, 'webkitRelativePath', { value: place.includes('/') ? place : '' })
      const path = await studio.pathOf(file, { batch, signal: options.signal })
      const root = rootOf(path, place)
      roots.set(root.path, root)
      done += 1
      options.onProgress({ done, total: files.length })
    }
  }
  await Promise.all([worker(), worker(), worker()])
  return [...roots.values()]
}

/** "/up/b1/berlin/val/a.jpg" of place "berlin/val/a.jpg" is part of the folder "/up/b1/berlin". */
export function rootOf(path: string, place: string): DroppedPath {
  const levels = place.split('/').length - 1
  if (levels === 0) return { path, isFolder: false }
  let root = path
  for (let level = 0; level < levels; level++) root = folderOf(root)
  return { path: root, isFolder: true }
}
