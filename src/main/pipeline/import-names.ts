import { createHash } from 'node:crypto'
import { panoramaName } from '../../core/formats/cityscapes.ts'

/**
 * Names of panoramas: unique in their dataset and safe as file and folder names on every system, because exports are
 * named after them.
 */

/**
 * UTF-8 bytes of a name without its hash: `<name>_gtFine_labelTrainIds.png` must stay below the 255 bytes that file
 * systems allow.
 */
const NAME_BYTES = 120
const HASH_CHARS = 8

/** What a name is made from. */
export interface NameSource {
  /** the path as the file system has it: names need not be UTF-8 */
  readonly path: Buffer
  /** the file's own name as text, see pathText */
  readonly fileName: string
  /** folders between the imported folder and the file, outermost first, as text */
  readonly folders: readonly string[]
}

/**
 * One name per file, in order. A name is the file's stem; where two files would share one, their parent folders are put
 * in front, then the extension behind, and last a hash of the path. Letter case does not make a name different: file
 * systems disagree about it. The names depend on the files alone, so an import that goes on later gives the same ones.
 */
export function uniqueNames(files: readonly NameSource[]): string[] {
  const attempts = files.map(() => 0)
  const names = files.map((file) => candidateName(file, 0))
  for (;;) {
    const clashes = clashing(names)
    if (clashes.length === 0) return names
    for (const index of clashes) names[index] = candidateName(files[index], ++attempts[index])
  }
}

/** Indices of names that another file has too. */
function clashing(names: readonly string[]): number[] {
  const owners = new Map<string, number[]>()
  for (const [index, name] of names.entries()) {
    const key = name.toLowerCase()
    const same = owners.get(key)
    if (same) same.push(index)
    else owners.set(key, [index])
  }
  return [...owners.values()].flatMap((indices) => (indices.length > 1 ? indices : []))
}

/** 0: the stem; then one parent folder more each time; then with the extension; then with ever more of a path hash. */
function candidateName(file: NameSource, attempt: number): string {
  const extra = attempt - file.folders.length
  const parents = file.folders.slice(Math.max(0, file.folders.length - attempt))
  const name = [...parents, panoramaName(file.fileName)].join('_')
  if (extra <= 0) return safeName(name)
  const withExtension = safeName(`${name}_${file.fileName.slice(file.fileName.lastIndexOf('.') + 1)}`)
  return extra === 1 ? withExtension : `${withExtension}-${shortHash(file.path, HASH_CHARS + 4 * (extra - 2))}`
}

/**
 * The text without what some file system forbids (control characters, separators, `:*?"<>|`, leading dots, trailing
 * dots), at most 120 bytes; of a longer one the rest is replaced by a short hash of the whole.
 */
export function safeName(text: string): string {
  const clean = text
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Z}/\\:*?"<>|]+/gu, '_')
    .replace(/^\.+/, '_')
    .replace(/\.+$/, '')
  const short = truncateUtf8(clean, NAME_BYTES)
  if (short === clean) return clean === '' ? '_' : clean
  return `${short}-${shortHash(clean, HASH_CHARS)}`
}

/**
 * A path or file name as text. Names need not be UTF-8 (an old disk, a foreign archive): in those every byte beyond ASCII
 * is shown as \\xNN, so two different names stay different.
 */
export function pathText(path: Buffer): string {
  const text = path.toString('utf8')
  if (Buffer.from(text, 'utf8').equals(path)) return text
  return path.toString('latin1').replaceAll(/[\u0080-\u00FF]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
}

/** As many whole characters as fit. */
function truncateUtf8(text: string, maxBytes: number): string {
  let end = 0
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) return text.slice(0, end)
    end += character.length
  }
  return text
}

function shortHash(content: string | Buffer, characters: number): string {
  return createHash('sha256').update(content).digest('hex').slice(0, characters)
}
