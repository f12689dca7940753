import { randomBytes } from 'node:crypto'
import nodeFiles, { readFile, type FileHandle } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { flushFolder, ignore, writeDurably } from '../artifacts/durable-files.ts'
import { errnoOf, storageError } from '../artifacts/storage-errors.ts'

/** The file that tells what an export holds and that the folder is ours to replace. */
export const MANIFEST_NAME = 'goodsam-export.json'

const manifestSchema = z.object({ program: z.literal('GoodSAM Studio'), format: z.string(), files: z.array(z.string()) })
export type ExportManifest = z.infer<typeof manifestSchema>

/** The calls that write. A test fills the disk here. */
export type ExportFileSystem = Pick<
  typeof nodeFiles, 'chmod' | 'copyFile' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'rmdir' | 'stat' | 'unlink' | 'utimes'
>

/** A file of an export that is written in pieces. */
export interface ExportFile {
  append(text: string): Promise<void>
  /** Flushes it to the disk. A file that is not closed is no part of the export. */
  close(): Promise<void>
}

/** An export being written: hidden in its folder until it is whole. */
export interface ExportFolder {
  readonly folder: string
  /** paths of the files that are written whole, so far */
  readonly written: readonly string[]
  /** Writes one file; `path` is relative and uses `/`. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Begins a file that is too large to be held in memory. */
  create(path: string): Promise<ExportFile>
  /**
   * Where a file lies until the export is shown, for somebody else to write it (durably): absolute. It becomes part of the
   * export by `placed`.
   */
  place(path: string): Promise<string>
  placed(path: string): void
  /** Shows the export: what was written takes the place of an earlier export. */
  finish(manifest: Omit<ExportManifest, 'program' | 'files'> & Readonly<Record<string, unknown>>): Promise<void>
  /** Removes everything that was written. The folder is as before. */
  discard(): Promise<void>
}

const STAGING = /^\.goodsam-(new|old)-((\d+)-[0-9a-f]+)$/
/** What is different for a folder that can be any: another one will do. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free space there, or choose a folder on another disk.',
  EDQUOT: 'The disk quota is used up. Free space there, or choose a folder on another disk.',
  EROFS: 'That disk is read-only. Choose a folder on another one.',
  EACCES: 'You may not write there. Choose another folder, or change its permissions.',
  EPERM: 'You may not write there. Choose another folder, or change its permissions.',
}
/** Left by file managers. */
const CLUTTER = new Set(['Thumbs.db', 'desktop.ini'])

/**
 * Opens a folder for an export. It must be missing, empty, or hold an earlier export of the same format and nothing else:
 * otherwise `conflict`, and nothing is touched. Throws `storage` where it cannot be written.
 *
 * The files are written to a hidden folder inside and renamed at the end, so a full disk or a cancelled export leaves the
 * folder as it was. An earlier export that a killed process left half replaced is brought back first.
 */
export async function openExportFolder(
  target: string, format: string, files: ExportFileSystem = nodeFiles,
): Promise<ExportFolder> {
  const folder = resolve(target)
  await guarded('bring back the earlier export in', folder, () => bringBack(folder, files))
  await requireReplaceable(folder, format)
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`
  const staging = join(folder, `.goodsam-new-${unique}`)
  const retired = join(folder, `.goodsam-old-${unique}`)
  const written: string[] = []
  const folders = new Set<string>()
  const open = new Set<FileHandle>()
  let firstMade: string | undefined

  async function discard(): Promise<void> {
    for (const handle of open) await handle.close().catch(ignore)
    await files.rm(staging, { recursive: true, force: true }).catch(ignore)
    await files.rmdir(retired).catch(ignore)
    if (firstMade === undefined) return
    // folders that were made for this export; one that meanwhile holds something stays
    for (let made = folder; ; made = dirname(made)) {
      const isGone = await files.rmdir(made).then(() => true, () => false)
      if (!isGone || made === firstMade) return
    }
  }

  await guarded('make the export folder', folder, async () => {
    firstMade = await files.mkdir(folder, { recursive: true })
    await removeLeftovers(folder, files)
    await files.mkdir(staging)
  }).catch(async (error: unknown) => {
    await discard()
    throw error
  })

  /** Where the file is written until it is shown. */
  async function staged(path: string): Promise<string> {
    const hidden = join(staging, path)
    if (!folders.has(dirname(hidden))) await files.mkdir(dirname(hidden), { recursive: true })
    folders.add(dirname(hidden))
    return hidden
  }

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    await guarded('write', join(folder, path), async () => writeDurably(await staged(path), bytes, files))
    written.push(path)
  }

  function place(path: string): Promise<string> {
    return guarded('write', join(folder, path), () => staged(path))
  }

  async function create(path: string): Promise<ExportFile> {
    const shown = join(folder, path)
    const handle = await guarded('write', shown, async () => files.open(await staged(path), 'wx'))
    open.add(handle)
    return {
      append: (text) => guarded('write', shown, () => handle.appendFile(text)),
      async close() {
        await guarded('write', shown, async () => {
          await handle.sync()
          await handle.close()
        })
        open.delete(handle)
        written.push(path)
      },
    }
  }

  async function finish(manifest: Parameters<ExportFolder['finish']>[0]): Promise<void> {
    const content = { program: 'GoodSAM Studio', ...manifest, files: written.toSorted() }
    await write(MANIFEST_NAME, Buffer.from(`${JSON.stringify(content, null, 2)}\n`))
    await guarded('show the export in', folder, async () => {
      const earlier = (await files.readdir(folder)).filter((name) => !isIgnored(name))
      if (earlier.length > 0) await files.mkdir(retired)
      // the manifest goes first and comes last: a folder with one is whole
      const moves = [
        ...manifestFirst(earlier).map((name) => ({ from: join(folder, name), to: join(retired, name) })),
        ...manifestFirst(await files.readdir(staging)).toReversed().map((name) => ({ from: join(staging, name), to: join(folder, name) })),
      ]
      await moveAll(moves, files)
      await flushFolder(folder, files)
    })
    await files.rm(staging, { recursive: true, force: true }).catch(ignore)
    await files.rm(retired, { recursive: true, force: true }).catch(ignore)
  }

  return { folder, written, write, create, place, placed: (path) => void written.push(path), finish, discard }
}

/** All renames, or none: after a failure the earlier ones are taken back. */
async function moveAll(moves: readonly { readonly from: string; readonly to: string }[], files: ExportFileSystem): Promise<void> {
  const moved: typeof moves[number][] = []
  try {
    for (const move of moves) {
      await files.rename(move.from, move.to)
      moved.push(move)
    }
  } catch (error) {
    for (const { from, to } of moved.toReversed()) await files.rename(to, from).catch(ignore)
    throw error
  }
}

async function guarded<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const remedy = REMEDIES[errnoOf(cause) ?? '']
    if (remedy === undefined) throw storageError(action, path, cause)
    throw new StudioError('storage', `Could not ${action} ${path}. ${remedy} Nothing of this export was kept.`, { cause })
  }
}

function manifestFirst(names: readonly string[]): string[] {
  return names.toSorted((a, b) => Number(b === MANIFEST_NAME) - Number(a === MANIFEST_NAME))
}

/** Throws `conflict` unless the folder is missing, empty, or holds an earlier export of the format and nothing else. */
export async function requireReplaceable(folder: string, format: string): Promise<void> {
  const present = await nodeFiles.readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    if (errnoOf(error) === 'ENOTDIR') throw new StudioError('conflict', `${folder} is a file. Name a folder for the export.`)
    throw storageError('read the export folder', folder, error)
  })
  const found = present
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.split('/').some(isIgnored))
  if (found.length === 0) return
  const manifest = await readManifest(folder)
  if (manifest === null) {
    throw new StudioError('conflict', `The folder ${folder} is not empty (it holds ${found[0]}). Choose an empty or a new folder for the export.`)
  }
  if (manifest.format !== format) {
    throw new StudioError('conflict', `The folder ${folder} holds an export in the format ${manifest.format}. Choose another folder for ${format}.`)
  }
  const ours = new Set([...manifest.files, MANIFEST_NAME])
  const foreign = found.find((path) => !ours.has(path))
  if (foreign !== undefined) {
    throw new StudioError('conflict', `The folder ${folder} holds an earlier export and other files (${foreign}). Move them away, or choose another folder.`)
  }
}

async function readManifest(folder: string): Promise<ExportManifest | null> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST_NAME), 'utf8')))
  } catch {
    return null
  }
}

/**
 * A process that was killed while it replaced an export left the folder without a manifest and the earlier export, or a
 * part of it, put away: it goes back to its place. Killed here, this goes on at the next time.
 */
async function bringBack(folder: string, files: ExportFileSystem): Promise<void> {
  if (await readManifest(folder) !== null) return
  for (const { name, kind, unique } of await leftovers(folder, files)) {
    const retired = join(folder, name)
    if (kind !== 'old' || await readManifest(retired) === null) continue
    const present = new Set(await files.readdir(folder))
    // the manifest comes last: a folder with one is whole
    for (const entry of manifestFirst(await files.readdir(retired)).toReversed()) {
      // what took its place belongs to the export that was not finished
      if (present.has(entry)) await files.rename(join(folder, entry), join(folder, `.goodsam-new-${unique}`, entry))
      await files.rename(join(retired, entry), join(folder, entry))
    }
    return
  }
}

/** Removes what exports of processes that are gone left unfinished. */
async function removeLeftovers(folder: string, files: ExportFileSystem): Promise<void> {
  for (const { name } of await leftovers(folder, files)) await files.rm(join(folder, name), { recursive: true, force: true })
}

/** The hidden folders of exports whose processes are gone. */
async function leftovers(
  folder: string, files: ExportFileSystem,
): Promise<{ readonly name: string; readonly kind: string; readonly unique: string }[]> {
  const names = await files.readdir(folder).catch((error: unknown) => {
    // no folder yet, or a file: what to say about it comes later
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  })
  return names.flatMap((name) => {
    const [, kind, unique, pid] = STAGING.exec(name) ?? []
    return kind === undefined || Number(pid) === process.pid || isAlive(Number(pid)) ? [] : [{ name, kind, unique }]
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

function isIgnored(name: string): boolean {
  return name.startsWith('.') || CLUTTER.has(name)
}
