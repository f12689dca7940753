import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listDatasets } from './datasets.ts'
import { listLabelSets } from './label-sets.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { openStore } from './open-store.ts'
import { addTestRun } from './workspace.fixture.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'open-store-')), 'workspace')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const studioError = (code: string, ...words: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(words.map((word) => `(?=[^]*${word})`).join('')) })

test('makes a workspace folder, keeps what is written, seeds Cityscapes', () => {
  const first = openStore(folder, { create: true })
  expect(first.schemaVersion).toBe(SCHEMA_VERSION)
  for (const path of [first.paths.artifacts, first.paths.models, first.paths.exports, first.paths.logs]) {
    expect(statSync(path).isDirectory()).toBe(true)
  }
  first.transaction((db) => addTestRun(db, ['a', 'b']))
  first.close()
  first.close()
  const second = openStore(folder, { create: false })
  expect(listDatasets(second.read)).toMatchObject([{ name: 'dataset of a run', panoramas: 2 }])
  const [cityscapes] = listLabelSets(second.read)
  expect(cityscapes).toMatchObject({ id: 'cityscapes', name: 'Cityscapes' })
  expect(cityscapes!.classes).toHaveLength(19)
  // PRODUCT.md: 13 car (26) 0,0,142
  expect(cityscapes!.classes[13]).toEqual({ trainId: 13, name: 'car', labelId: 26, color: [0, 0, 142] })
  second.close()
  expect(openStore(folder, { create: true }).close()).toBeUndefined()
})

test('a closed workspace is one plain file beside its folders: it can be copied', () => {
  openStore(folder, { create: true }).close()
  expect(existsSync(join(folder, 'goodsam.db-wal'))).toBe(false)
  expect(existsSync(join(folder, 'workspace.lock'))).toBe(false)
})

test('what is no workspace is said to be none, and stays as it was', () => {
  expect(() => openStore(folder, { create: false })).toThrow(studioError('not-found', folder, 'goodsam init'))
  expect(existsSync(folder)).toBe(false)
  mkdirSync(folder)
  expect(() => openStore(folder, { create: false })).toThrow(studioError('not-found', folder, 'goodsam.db'))
  expect(existsSync(join(folder, 'goodsam.db'))).toBe(false)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(() => openStore(file, { create: true })).toThrow(studioError('bad-input', file, 'is a file'))
})

test("another program's goodsam.db is not touched", () => {
  mkdirSync(folder)
  const path = join(folder, 'goodsam.db')
  const other = new Database(path)
  other.exec('CREATE TABLE theirs (x)')
  other.close()
  const before = readFileSync(path)
  expect(() => openStore(folder, { create: true })).toThrow(studioError('bad-input', path, 'another program'))
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('a database file that was made but never filled is filled', () => {
  mkdirSync(folder)
  writeFileSync(join(folder, 'goodsam.db'), '')
  const store = openStore(folder, { create: false })
  expect(listDatasets(store.read)).toEqual([])
  store.close()
})

test('a newer schema is refused and not changed', () => {
  openStore(folder, { create: true }).close()
  const path = join(folder, 'goodsam.db')
  const newer = new Database(path)
  newer.pragma(`user_version = ${SCHEMA_VERSION + 1}`)
  newer.close()
  expect(() => openStore(folder, { create: false }))
    .toThrow(studioError('workspace-newer', folder, `schema ${SCHEMA_VERSION + 1}`, 'Update GoodSAM'))
  const after = new Database(path)
  expect(after.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION + 1)
  after.close()
})

test('a damaged database file is damage, named', () => {
  openStore(folder, { create: true }).close()
  const path = join(folder, 'goodsam.db')
  const bytes = readFileSync(path)
  writeFileSync(path, Buffer.concat([Buffer.from('rubbish rubbish!'), bytes.subarray(16)]))
  expect(() => openStore(folder, { create: false })).toThrow(studioError('workspace-damaged', path))
  // pages overwritten behind an intact header: the schema itself cannot be read
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0x5a)]))
  expect(() => openStore(folder, { create: false })).toThrow(studioError('workspace-damaged', path))
})

test('the second opening names the process that holds the workspace; closing frees it', () => {
  const first = openStore(folder, { create: true })
  for (const create of [false, true]) {
    expect(() => openStore(folder, { create })).toThrow(studioError('workspace-locked', folder, `process ${process.pid} on ${hostname()}`))
  }
  rmSync(join(folder, 'workspace.lock'))
  expect(() => openStore(folder, { create: false })).toThrow(studioError('workspace-locked', 'another program'))
  first.transaction((db) => addTestRun(db, ['a']))
  first.close()
  openStore(folder, { create: false }).close()
})

test('a stale lock file keeps nobody out', () => {
  openStore(folder, { create: true }).close()
  writeFileSync(join(folder, 'workspace.lock'), JSON.stringify({ pid: 1, host: hostname(), since: '2026-01-01T00:00:00Z' }))
  const store = openStore(folder, { create: false })
  expect(JSON.parse(readFileSync(join(folder, 'workspace.lock'), 'utf8'))).toMatchObject({ pid: process.pid })
  store.close()
})

test('a workspace that may only be read is a storage error that says so', () => {
  openStore(folder, { create: true }).close()
  chmodSync(folder, 0o555)
  chmodSync(join(folder, 'goodsam.db'), 0o444)
  chmodSync(join(folder, '..'), 0o755)
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open-store.ts'))}
    for (const folder of process.argv.slice(1)) {
      try { openStore(folder, { create: true }).close(); console.log('opened') }
      catch (error) { console.log(error.code, error.message) }
    }`
  // permissions do not bind root: the attempt is made as nobody
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const lines = execFileSync(process.execPath, ['--input-type=module', '-e', script, folder, join(folder, 'inner')], { encoding: 'utf8', ...user })
    .trim().split('\n')
  chmodSync(folder, 0o755)
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^storage .*${folder}.*may not write`)),
    expect.stringMatching(new RegExp(`^storage .*${folder}/inner.*may not write`)),
  ])
})
