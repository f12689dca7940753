import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { StudioError } from '../../contract/errors.ts'
import { errnoOf, storageError } from '../artifacts/storage-errors.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { createHandles, guarded, studioError } from './database.ts'
import { seedLabelSets } from './label-sets.ts'
import { lockedError, removeLockInfo, writeLockInfo } from './lock-info.ts'
import { migrate, SCHEMA_VERSION } from './migrations.ts'

/** Where things lie in a workspace folder. Absolute paths. */
export interface WorkspacePaths {
  readonly root: string
  readonly database: string
  readonly artifacts: string
  readonly models: string
  readonly exports: string
  readonly logs: string
}

/** An open workspace. Only one process has it open at a time. */
export interface Store {
  readonly paths: WorkspacePaths
  readonly schemaVersion: number
  /** for queries */
  readonly read: ReadDb
  /**
   * Runs the work and keeps all it wrote, or nothing when it throws. Synchronous: the work must not await.
   * Throws StudioError `storage`, `workspace-damaged`, and what the work throws.
   */
  transaction<T>(work: (db: WriteDb) => T): T
  close(): void
}

export interface OpenStoreOptions {
  /** make the folder and the database where they are missing */
  readonly create: boolean
  /** the clock of the rows' times */
  readonly now?: () => Date
}

/** Marks the file as ours ("GSAM"), so that another program's database of the same name is not touched. */
const APPLICATION_ID = 0x4753414d
/** How long to wait for a process that is just ending. It blocks the caller, so it is short. */
const BUSY_MS = 200

export function workspacePaths(folder: string): WorkspacePaths {
  const root = resolve(folder)
  return {
    root,
    database: join(root, 'goodsam.db'),
    artifacts: join(root, 'artifacts'),
    models: join(root, 'models'),
    exports: join(root, 'exports'),
    logs: join(root, 'logs'),
  }
}

/**
 * Opens a workspace, or makes it with `create`. An older schema is migrated after a backup copy.
 *
 * Throws StudioError: `not-found` (no workspace there), `bad-input` (a file, or another program's database),
 * `workspace-locked` (another process has it open; names it), `workspace-newer`, `workspace-damaged`, `storage`
 * (read-only, full).
 */
export function openStore(folder: string, options: OpenStoreOptions): Store {
  const paths = workspacePaths(folder)
  const now = options.now ?? (() => new Date())
  requireFolder(paths, options.create)
  requireWritable(paths)
  const connection = guarded(paths.database, () => new Database(paths.database, { timeout: BUSY_MS }))
  try {
    lock(connection, paths)
    guarded(paths.database, () => {
      requireOurs(connection, paths)
      configure(connection)
      upgrade(connection, paths, now())
    })
    const handles = createHandles(connection, now)
    handles.transaction(seedLabelSets)
    makeFolders(paths)
    writeInfo(paths, now())

    const close = (): void => {
      if (!connection.open) return
      removeLockInfo(paths.root)
      connection.close()
    }
    return { paths, schemaVersion: SCHEMA_VERSION, ...handles, close }
  } catch (error) {
    connection.close()
    throw error
  }
}

function requireFolder(paths: WorkspacePaths, create: boolean): void {
  const folder = statSync(paths.root, { throwIfNoEntry: false })
  if (folder !== undefined && !folder.isDirectory()) {
    throw new StudioError('bad-input', `${paths.root} is a file. A workspace is a folder: name another path.`)
  }
  if (create) {
    makeFolders(paths)
    return
  }
  const remedy = 'Check the path, or make a workspace there with "goodsam init".'
  if (folder === undefined) throw new StudioError('not-found', `There is no folder ${paths.root}. ${remedy}`)
  if (statSync(paths.database, { throwIfNoEntry: false }) === undefined) {
    throw new StudioError('not-found', `${paths.root} is not a workspace: it has no goodsam.db. ${remedy}`)
  }
}

/** SQLite opens a file that it may not write all the same, and its lock then fails in words that help nobody. */
function requireWritable(paths: WorkspacePaths): void {
  for (const path of [paths.root, paths.database]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw storageError('write to', path, error)
    }
  }
}

function makeFolders(paths: WorkspacePaths): void {
  for (const folder of [paths.root, paths.artifacts, paths.models, paths.exports, paths.logs]) {
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      throw storageError('make the folder', folder, error)
    }
  }
}

/**
 * Takes SQLite's own lock and keeps it until the connection closes or the process dies. Set before the first access,
 * EXCLUSIVE also keeps the WAL's index in memory, so the workspace may lie on a network folder.
 */
function lock(connection: Database.Database, paths: WorkspacePaths): void {
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    guarded(paths.database, () => connection.exec('BEGIN EXCLUSIVE; COMMIT'))
  } catch (error) {
    throw error instanceof StudioError && error.code === 'workspace-locked' ? lockedError(paths.root, error.cause) : error
  }
}

function requireOurs(connection: Database.Database, paths: WorkspacePaths): void {
  const id = Number(connection.pragma('application_id', { simple: true }))
  const version = Number(connection.pragma('user_version', { simple: true }))
  // a file that was made and not filled before the process died is as good as none
  const empty = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
  if (!empty && id !== APPLICATION_ID) {
    throw new StudioError('bad-input', `${paths.database} belongs to another program. Choose another folder for the workspace.`)
  }
  if (version > SCHEMA_VERSION) {
    throw new StudioError(
      'workspace-newer',
      `The workspace ${paths.root} has schema ${version}; this version reads up to ${SCHEMA_VERSION}. Update GoodSAM ` +
        'Studio, or open the goodsam.db.backup that the newer version left beside it.',
    )
  }
}

function configure(connection: Database.Database): void {
  connection.pragma('journal_mode = WAL')
  // FULL: a review or a finished panorama is a person's or a minute's work and commits are that rare, so each one is
  // flushed and survives a power cut. NORMAL would save a millisecond and may lose the last ones.
  connection.pragma('synchronous = FULL')
  connection.pragma('foreign_keys = ON')
  connection.pragma(`application_id = ${APPLICATION_ID}`)
}

function upgrade(connection: Database.Database, paths: WorkspacePaths, now: Date): void {
  const version = Number(connection.pragma('user_version', { simple: true }))
  if (version === SCHEMA_VERSION) return
  const backup = `goodsam.db.backup-v${version}-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  if (version > 0) backUp(connection, paths, backup)
  try {
    migrate(connection)
  } catch (error) {
    const failure = studioError(error, paths.database)
    if (failure instanceof StudioError) throw failure
    const message = `Could not bring ${paths.database} from schema ${version} to ${SCHEMA_VERSION} (${String(error)}). It is ` +
      `unchanged${version > 0 ? ` and copied to ${backup}` : ''}: open it with the older version and report this.`
    throw new StudioError('workspace-damaged', message, { cause: error })
  }
}

/**
 * A copy made by SQLite itself: to open the database's file a second time in this process and close it again would
 * lift the lock (POSIX locks belong to the process).
 */
function backUp(connection: Database.Database, paths: WorkspacePaths, name: string): void {
  const target = join(paths.root, name)
  const temporary = `${target}.part`
  try {
    rmSync(temporary, { force: true })
    connection.prepare('VACUUM INTO ?').run(temporary)
    const file = openSync(temporary, 'r+')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    if (error instanceof Database.SqliteError) throw error
    throw storageError('write the backup', target, error)
  }
}

function writeInfo(paths: WorkspacePaths, now: Date): void {
  try {
    writeLockInfo(paths.root, now)
  } catch (error) {
    throw storageError('write to the workspace folder', paths.root, error)
  }
}
