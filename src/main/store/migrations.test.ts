import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Dataset } from '../../contract/schemas.ts'
import { RECIPES } from '../../core/goodsam/config.ts'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import { createHandles, type WriteDb } from './database.ts'
import { seedLabelSets } from './label-sets.ts'
import { getLabellingRun } from './labelling-runs.ts'
import { migrate, SCHEMA_VERSION } from './migrations.ts'
import { openStore } from './open-store.ts'
import { finishResult, getResult } from './panorama-results.ts'
import { appendReview } from './reviews.ts'
import { findStage, rememberStage } from './stage-cache.ts'
import { addTestRun, artifactsOf, hashOf, SOME_STATS } from './workspace.fixture.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'))
  path = join(folder, 'goodsam.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const olderVersions = Array.from({ length: SCHEMA_VERSION - 1 }, (_, index) => index + 1)
const backups = () => readdirSync(folder).filter((name) => name.startsWith('goodsam.db.backup'))

/** A workspace as the program of that version left it: the older steps are run, then rows that it could have. */
function writeOlder(version: number): { runId: string; panoramaId: string } {
  const connection = new Database(path)
  connection.pragma('application_id = 0x4753414d')
  migrate(connection, version)
  const { transaction } = createHandles(connection, () => new Date())
  const { run, panoramas } = transaction((db) => {
    seedLabelSets(db)
    return addTestRun(db, ['a', 'b'], 'a run', version < 4 ? olderDataset(db) : undefined)
  })
  const key = { runId: run.id, panoramaId: panoramas[0]!.id }
  transaction((db) => {
    if (version < 5) db.run("UPDATE labelling_runs SET config = json_remove(config, '$.fusion.shares')")
    if (version < 6) db.run("UPDATE labelling_runs SET config = json_remove(config, '$.fusion.uncovered')")
    finishResult(db, key, { artifacts: artifactsOf('a'), stats: SOME_STATS, doubt: 0.5 })
    appendReview(db, key, 'accepted')
    if (version >= 2) rememberStage(db, { key: 'kept', kind: 'semantics', hash: hashOf('kept'), bytes: 7 })
  })
  connection.close()
  return key
}

/** As schemas before 4 had it: no column says how it was drawn. */
function olderDataset(db: WriteDb): Dataset {
  const row = { id: 'ds_older', name: 'dataset of a run', folder: '/photos', labelSetId: CITYSCAPES.id, createdAt: db.now() }
  db.run('INSERT INTO datasets (id, name, folder, label_set_id, created_at) VALUES (@id, @name, @folder, @labelSetId, @createdAt)', row)
  return { ...row, panoramas: 0, withTruth: 0, refused: 0, generated: null }
}

function userVersion(file: string): unknown {
  const connection = new Database(file)
  const version = connection.pragma('user_version', { simple: true })
  connection.close()
  return version
}

function schemaOf(file: string): unknown[] {
  const connection = new Database(file)
  const schema = connection.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
  connection.close()
  return schema
}

test('there is an older version to come from', () => {
  expect(olderVersions.length).toBeGreaterThan(0)
})

test.each(olderVersions)('a workspace of schema %i is copied and migrated with all it holds', (version) => {
  const { runId, panoramaId } = writeOlder(version)
  const store = openStore(folder, { create: false, now: () => new Date('2026-03-04T05:06:07.890Z') })
  expect(getLabellingRun(store.read, 'a run')).toMatchObject({ id: runId, panoramas: 2, done: 1, accepted: 1 })
  // shares over the panorama came with 5; what no mask covers could be left out from 6 on
  expect(getLabellingRun(store.read, runId).config.fusion).toEqual({ ...RECIPES.goodsam.fusion, shares: version < 5 ? 'window' : 'panorama', uncovered: 'ta' })
  expect(getResult(store.read, runId, panoramaId)).toMatchObject({ artifacts: artifactsOf('a'), review: 'accepted' })
  if (version >= 2) expect(findStage(store.read, 'kept')).toMatchObject({ kind: 'semantics', hash: hashOf('kept'), bytes: 7 })
  store.transaction((db) => rememberStage(db, { key: 'k', kind: 'masks', hash: hashOf('m'), bytes: 5 }))
  expect(findStage(store.read, 'k')).toMatchObject({ hash: hashOf('m'), bytes: 5 })
  store.close()
  expect(userVersion(path)).toBe(SCHEMA_VERSION)

  expect(backups()).toEqual([`goodsam.db.backup-v${version}-20260304T050607Z`])
  const backup = join(folder, backups()[0]!)
  expect(userVersion(backup)).toBe(version)
  const copy = new Database(backup)
  expect(copy.prepare('SELECT count(*) FROM panoramas').pluck().get()).toBe(2)
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok')
  copy.close()

  openStore(folder, { create: false }).close()
  expect(backups()).toHaveLength(1)
})

test.each(olderVersions)('coming from schema %i gives the same tables as a new workspace', (version) => {
  writeOlder(version)
  openStore(folder, { create: false }).close()
  const fresh = join(folder, 'fresh')
  openStore(fresh, { create: true }).close()
  expect(schemaOf(path)).toEqual(schemaOf(join(fresh, 'goodsam.db')))
})

test.each(olderVersions)('a backup of schema %i can be opened in its place', (version) => {
  const { runId } = writeOlder(version)
  openStore(folder, { create: false }).close()
  const other = join(folder, 'other')
  openStore(other, { create: true }).close()
  rmSync(join(other, 'goodsam.db'))
  const copy = new Database(join(folder, backups()[0]!))
  copy.prepare('VACUUM INTO ?').run(join(other, 'goodsam.db'))
  copy.close()
  const store = openStore(other, { create: false })
  expect(getLabellingRun(store.read, runId)).toMatchObject({ done: 1 })
  store.close()
})

test('a migration that fails leaves the workspace as it was, with its backup', () => {
  writeOlder(1)
  const connection = new Database(path)
  connection.exec('CREATE TABLE stage_cache (in_the_way)')
  connection.close()
  const before = schemaOf(path)
  expect(() => openStore(folder, { create: false })).toThrow(
    expect.objectContaining({ code: 'workspace-damaged', message: expect.stringMatching(/from schema 1 to .*backup-v1-/) }),
  )
  expect(userVersion(path)).toBe(1)
  expect(schemaOf(path)).toEqual(before)
  expect(backups()).toHaveLength(1)
})

test('a migration that would leave dangling references is undone', () => {
  writeOlder(1)
  const connection = new Database(path)
  connection.pragma('foreign_keys = OFF')
  connection.exec("UPDATE panoramas SET dataset_id = 'gone'")
  expect(() => migrate(connection)).toThrow('dangling references')
  expect(connection.pragma('user_version', { simple: true })).toBe(1)
  connection.close()
})
