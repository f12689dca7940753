import type Database from 'better-sqlite3'
import { CORE_TABLES } from './migrations/001-core.ts'
import { STAGE_CACHE } from './migrations/002-stage-cache.ts'
import { DISTILLATION } from './migrations/003-distillation.ts'
import { GENERATED_STREETS } from './migrations/004-generated-streets.ts'
import { SHARES_OVER_PANORAMA } from './migrations/005-shares-over-panorama.ts'
import { UNCOVERED_PIXELS } from './migrations/006-uncovered-pixels.ts'
import { CATALOGUE } from './migrations/007-catalogue.ts'

/** Step n takes a database from version n to n + 1. A step that was released is never edited: add the next one. */
const STEPS: readonly ((connection: Database.Database) => void)[] = [
  (connection) => connection.exec(CORE_TABLES),
  (connection) => connection.exec(STAGE_CACHE),
  (connection) => connection.exec(DISTILLATION),
  (connection) => connection.exec(GENERATED_STREETS),
  (connection) => connection.exec(SHARES_OVER_PANORAMA),
  (connection) => connection.exec(UNCOVERED_PIXELS),
  (connection) => connection.exec(CATALOGUE),
]

/** The schema this program reads and writes, kept in the database as user_version. */
export const SCHEMA_VERSION = STEPS.length

/**
 * Brings a database up to a version, the newest unless told: all steps in one transaction, or none.
 * Throws when a step fails or leaves a reference that points nowhere.
 */
export function migrate(connection: Database.Database, to = SCHEMA_VERSION): void {
  connection.transaction(() => {
    const from = Number(connection.pragma('user_version', { simple: true }))
    for (const step of STEPS.slice(from, to)) step(connection)
    const dangling = connection.pragma('foreign_key_check') as unknown[]
    if (dangling.length > 0) throw new Error(`The migration from ${from} to ${to} leaves ${dangling.length} dangling references.`)
    connection.pragma(`user_version = ${to}`)
  })()
}
