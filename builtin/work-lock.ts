import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/**
 * Keeps every other training out of `folder` until `release` is called. The lock is SQLite's, so that the system lifts it
 * when the process ends, however it does. Throws Error where another process holds it.
 */
export async function lockWork(folder: string): Promise<{ readonly release: () => void }> {
  await mkdir(folder, { recursive: true })
  const lock = new Database(join(folder, 'work.lock'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Database.SqliteError && cause.code === 'SQLITE_BUSY')) throw cause
    throw new Error(`Another training goes on in ${folder}: wait for its end, or give this one a folder of its own with --work.`, { cause })
  }
  return { release: () => lock.close() }
}
