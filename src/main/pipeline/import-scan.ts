import type { Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, resolve, sep } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { RefusedFile } from '../../contract/schemas.ts'
import { parseLabelFileName } from '../../core/formats/cityscapes.ts'
import { pathText, type NameSource } from './import-names.ts'

/** A file that may be a panorama. */
export interface SourceFile extends NameSource {
  /** the path as text, for people and as the file's key in the database */
  readonly display: string
  readonly split: string
  readonly bytes: number
  readonly mtimeMs: number
}

export interface ImageScan {
  /** in the order of their paths */
  readonly files: readonly SourceFile[]
  readonly refused: readonly RefusedFile[]
  readonly warnings: readonly string[]
}

const READABLE = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'])
/** Pictures that a person would expect to be imported: named as refused instead of passed over. */
const OTHER_IMAGES = new Set([
  '.gif', '.bmp', '.hdr', '.exr', '.heic', '.heif', '.avif', '.jp2', '.jxl', '.insp', '.dng', '.cr2', '.nef', '.arw', '.ppm', '.tga',
])
const SPLITS: Readonly<Record<string, string>> = {
  train: 'train', training: 'train', val: 'val', validation: 'val', valid: 'val', test: 'test', testing: 'test',
}
/** Cityscapes keeps its label maps in folders of these names, beside the images. */
const LABEL_FOLDERS = new Set(['gtfine', 'gtcoarse'])
const IMAGES_FOLDER = 'leftimg8bit'

export interface ScanOptions {
  readonly signal?: AbortSignal
  /** stop after this many images */
  readonly limit?: number
}

/**
 * Finds the images under a folder (Cityscapes, DensePASS, WildPASS or any other layout, hidden files left out), in a
 * text file with one path per line, or the one image file. Throws `bad-file` when the path does not exist, cannot be
 * read, or holds no image.
 */
export async function scanImages(root: string, options: ScanOptions = {}): Promise<ImageScan> {
  const path = resolve(root)
  const found = await stat(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `Cannot read ${path}. Check that it exists and that you may read it.`, { cause })
  })
  const scan = found.isDirectory() ? await scanFolder(path, found, options)
    : extname(path).toLowerCase() === '.txt' ? await scanList(path)
    : { files: [sourceFile(Buffer.from(path), found, { root: dirname(path), folders: [] })], refused: [], warnings: [] }
  if (scan.files.length > 0) return scan
  const others = scan.refused.length > 0 ? ` It holds ${scan.refused.length} files of other kinds, the first is ${scan.refused[0].file}.` : ''
  throw new StudioError(
    'bad-file',
    `There is no image in ${path}.${others} Choose a folder with jpg, png, webp or tiff files, or a .txt file that lists them.`,
  )
}

interface Place {
  readonly root: string
  readonly folders: readonly string[]
}

async function scanFolder(root: string, rootStats: Stats, { signal, limit = Infinity }: ScanOptions): Promise<ImageScan> {
  const files: SourceFile[] = []
  const refused: RefusedFile[] = []
  const warnings: string[] = []
  const visited = new Set<string>()
  firstVisit(visited, rootStats)

  async function walk(folder: Buffer, folders: readonly string[]): Promise<void> {
    signal?.throwIfAborted()
    for (const name of (await readdir(folder, { encoding: 'buffer' })).sort(Buffer.compare)) {
      if (files.length >= limit) return
      const text = pathText(name)
      if (text.startsWith('.') || text === '__MACOSX') continue
      const path = Buffer.concat([folder, Buffer.from(sep), name])
      const found = await stat(path).catch(() => null)
      const file = { file: pathText(path), code: 'bad-file' }
      if (found === null) {
        if (isImageName(text)) refused.push({ ...file, message: `${file.file} is a link to nothing, or may not be read. Repair the link.` })
      } else if (found.isDirectory()) {
        if (LABEL_FOLDERS.has(text.toLowerCase())) {
          warnings.push(`${file.file} holds label maps and was not searched for images. To use them as truth, name it as the labels folder.`)
        } else if (firstVisit(visited, found)) {
          await walk(path, [...folders, text]).catch((cause: unknown) => {
            if (signal?.aborted) throw cause
            refused.push({ ...file, message: `The folder ${file.file} cannot be read. Check its permissions.` })
          })
        }
      } else if (found.isFile() && isImageName(text) && !isLabelMap(text)) {
        files.push(sourceFile(path, found, { root, folders }))
      } else if (found.isFile() && OTHER_IMAGES.has(extname(text).toLowerCase())) {
        refused.push({ ...file, message: `${file.file} is not a jpg, png, webp or tiff file. Convert it to one of them.` })
      }
    }
  }

  try {
    await walk(Buffer.from(root), [])
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new StudioError('bad-file', `The folder ${root} cannot be read. Check its permissions.`, { cause })
  }
  return { files, refused, warnings }
}

/** One path per line, absolute or relative to the list; blank lines and lines that start with # are passed over. */
async function scanList(list: string): Promise<ImageScan> {
  const files: SourceFile[] = []
  const refused: RefusedFile[] = []
  // latin1 keeps every byte, so a path that is no UTF-8 survives
  const lines = (await readFile(list)).toString('latin1').replace(/^\u00EF\u00BB\u00BF/, '').split(/\r?\n/)
  const seen = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const entry = Buffer.from(line.trim(), 'latin1')
    if (entry.length === 0 || entry[0] === 0x23 || seen.has(line.trim())) continue
    seen.add(line.trim())
    const text = pathText(entry)
    const path = isAbsolute(text) ? entry : Buffer.concat([Buffer.from(dirname(list) + sep), entry])
    const found = await stat(path).catch(() => null)
    const file = pathText(path)
    if (found?.isFile() && isImageName(text)) {
      const folders = dirname(text).split(/[/\\]/).filter((folder) => !['', '.', '..'].includes(folder))
      files.push(sourceFile(path, found, { root: list.slice(0, -'.txt'.length), folders }))
    } else {
      const reason = found === null ? 'does not exist or may not be read' : 'is not a jpg, png, webp or tiff file'
      refused.push({ file, code: 'bad-file', message: `${file} ${reason}. Correct line ${index + 1} of ${list}.` })
    }
  }
  return { files, refused, warnings: [] }
}

function sourceFile(path: Buffer, found: Stats, place: Place): SourceFile {
  const display = pathText(path)
  const folders = place.folders.filter((folder) => folder.toLowerCase() !== IMAGES_FOLDER)
  return {
    path,
    display,
    fileName: basename(display),
    folders,
    split: recogniseSplit(place),
    bytes: found.size,
    mtimeMs: Math.round(found.mtimeMs),
  }
}

/**
 * `leftImg8bit/<split>`, else the innermost folder named train, val or test, else the imported folder's (or list's) own
 * name, else "default".
 */
function recogniseSplit({ root, folders }: Place): string {
  const below = folders.map((folder) => folder.toLowerCase())
  const own = root.split(/[/\\]/).map((folder) => folder.toLowerCase())
  const all = [...own, ...below]
  const layout = all.lastIndexOf(IMAGES_FOLDER)
  const candidates = [
    layout >= 0 ? all[layout + 1] : undefined,
    ...below.toReversed(),
    own.at(-1),
  ]
  for (const candidate of candidates) {
    if (candidate !== undefined && Object.hasOwn(SPLITS, candidate)) return SPLITS[candidate]
  }
  return 'default'
}

function isImageName(name: string): boolean {
  return READABLE.has(extname(name).toLowerCase())
}

/** A label map that lies among the images: `X_gtFine_color.png` and its siblings. */
function isLabelMap(name: string): boolean {
  return parseLabelFileName(name) !== null
}

/** False when a link led to a folder that was searched already. */
function firstVisit(visited: Set<string>, folder: Stats): boolean {
  const identity = `${folder.dev}:${folder.ino}`
  if (folder.ino !== 0 && visited.has(identity)) return false
  visited.add(identity)
  return true
}
