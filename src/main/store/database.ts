import Database from 'better-sqlite3'
import { StudioError } from '../../contract/errors.ts'

declare const readable: unique symbol
declare const writable: unique symbol

export type SqlValue = string | number | null
export type SqlParameters = Readonly<Record<string, SqlValue>>
export type Row = Readonly<Record<string, unknown>>

/** A handle that can only read. Rows are parsed by the repository that asked for them. */
export interface ReadDb {
  readonly [readable]: true
  get(sql: string, parameters?: SqlParameters): Row | undefined
  all(sql: string, parameters?: SqlParameters): Row[]
}

/** A handle that can write: there is one only inside a transaction. Using it later throws. */
export interface WriteDb extends ReadDb {
  readonly [writable]: true
  /** returns the number of rows changed */
  run(sql: string, parameters?: SqlParameters): number
  /** the time that goes into rows, ISO 8601 */
  now(): string
}

export interface Handles {
  readonly read: ReadDb
  /** Runs the work in a transaction (a nested one in a savepoint): all of it is kept or none. It must not be async. */
  transaction<T>(work: (db: WriteDb) => T): T
}

/** The handles over an open connection; statements are prepared once. */
export function createHandles(connection: Database.Database, now: () => Date): Handles {
  const statements = new Map<string, Database.Statement<[SqlParameters]>>()

  function prepare(sql: string): Database.Statement<[SqlParameters]> {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = connection.prepare<[SqlParameters]>(sql)
      statements.set(sql, statement)
    }
    return statement
  }

  function reader(sql: string): Database.Statement<[SqlParameters]> {
    const statement = prepare(sql)
    if (!statement.readonly) throw new Error(`A read handle was asked to write: ${sql}`)
    return statement
  }

  const get = (sql: string, parameters: SqlParameters = {}): Row | undefined =>
    guarded(connection.name, () => reader(sql).get(parameters) as Row | undefined)
  const all = (sql: string, parameters: SqlParameters = {}): Row[] =>
    guarded(connection.name, () => reader(sql).all(parameters) as Row[])

  function run(sql: string, parameters: SqlParameters = {}): number {
    if (!connection.inTransaction) throw new Error(`A write handle was used outside its transaction: ${sql}`)
    return guarded(connection.name, () => prepare(sql).run(parameters).changes)
  }

  // the brands exist for the compiler alone
  const read = { get, all } as ReadDb
  const write = { get, all, run, now: () => now().toISOString() } as WriteDb

  function transaction<T>(work: (db: WriteDb) => T): T {
    return guarded(connection.name, () => connection.transaction(() => work(write)).immediate())
  }
  return { read, transaction }
}

/** Runs a call into SQLite and gives its failures their place in the closed list. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw studioError(error, path)
  }
}

/** A failure of SQLite as StudioError; what is none of its known failures is returned as it is. */
export function studioError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const { code } = error
  const options = { cause: error }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new StudioError(
      'workspace-damaged',
      `The database ${path} is damaged (${error.message}). Put a copy of the workspace or one of its ` +
        'goodsam.db.backup files in its place; the artifacts beside it are not affected.',
      options,
    )
  }
  if (code === 'SQLITE_FULL') {
    return new StudioError(
      'storage', `The disk is full: could not write to ${path}. Free space there and try again; nothing was half-written.`, options,
    )
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM') {
    return new StudioError(
      'storage',
      `Cannot write to ${path}: the file or its folder is read-only or not yours. Change its permissions, or copy the ` +
        'workspace to a folder you may write to.',
      options,
    )
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return new StudioError('storage', `Reading or writing ${path} failed (${code}). Check the disk and its free space.`, options)
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StudioError('workspace-locked', `Another program uses ${path}. Close it and try again.`, options)
  }
  return error
}
