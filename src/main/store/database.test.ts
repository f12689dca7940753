import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WriteDb } from './database.ts'
import { createHandles, guarded } from './database.ts'

let folder: string
let connection: Database.Database
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'database-'))
  connection = new Database(join(folder, 'test.db'))
  connection.exec('CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER) STRICT')
})
afterEach(() => {
  connection.close()
  rmSync(folder, { recursive: true, force: true })
})

const handles = () => createHandles(connection, () => new Date('2026-02-03T04:05:06.789Z'))
const INSERT = 'INSERT INTO things (name, size) VALUES (@name, @size)'

test('a transaction is kept as a whole or not at all', () => {
  const { read, transaction } = handles()
  const changed = transaction((db) => db.run(INSERT, { name: 'a', size: 1 }))
  expect(changed).toBe(1)
  expect(() => transaction((db) => {
    db.run(INSERT, { name: 'b', size: 2 })
    expect(db.get('SELECT size FROM things WHERE name = @name', { name: 'b' })).toEqual({ size: 2 })
    throw new Error('stop')
  })).toThrow('stop')
  expect(read.all('SELECT * FROM things')).toEqual([{ name: 'a', size: 1 }])
  expect(read.get('SELECT * FROM things WHERE name = @name', { name: 'b' })).toBeUndefined()
})

test('a nested transaction that fails undoes its own part alone', () => {
  const { read, transaction } = handles()
  transaction((db) => {
    db.run(INSERT, { name: 'outer', size: 1 })
    expect(() => transaction((inner) => {
      inner.run(INSERT, { name: 'inner', size: 2 })
      throw new Error('stop')
    })).toThrow('stop')
  })
  expect(read.all('SELECT name FROM things')).toEqual([{ name: 'outer' }])
})

test('a write handle is worth nothing outside its transaction, a read handle never writes', () => {
  const { read, transaction } = handles()
  let kept: WriteDb | undefined
  transaction((db) => {
    kept = db
    expect(db.now()).toBe('2026-02-03T04:05:06.789Z')
  })
  expect(() => kept!.run(INSERT, { name: 'a', size: 1 })).toThrow('outside its transaction')
  expect(() => read.get("INSERT INTO things (name) VALUES ('x') RETURNING name")).toThrow('asked to write')
  expect(() => read.all('DELETE FROM things RETURNING name')).toThrow('asked to write')
  expect(read.all('SELECT * FROM things')).toEqual([])
})

test('work that awaits is refused and undone', () => {
  const { read, transaction } = handles()
  expect(() => transaction(async (db) => db.run(INSERT, { name: 'a', size: 1 }))).toThrow('promise')
  expect(read.all('SELECT * FROM things')).toEqual([])
})

test('a full disk is a storage error and nothing of the transaction stays', () => {
  const { read, transaction } = handles()
  const pages = Number(connection.pragma('page_count', { simple: true }))
  // SQLite treats its page limit as it treats a full disk: SQLITE_FULL
  connection.pragma(`max_page_count = ${pages + 2}`)
  const fill = () => transaction((db) => {
    for (let i = 0; i < 1000; i++) db.run(INSERT, { name: `${i}`.padEnd(500, 'x'), size: i })
  })
  expect(fill).toThrow(expect.objectContaining({ code: 'storage', message: expect.stringMatching(/disk is full.*test\.db/) }))
  expect(read.get('SELECT count(*) AS n FROM things')).toEqual({ n: 0 })
  transaction((db) => db.run(INSERT, { name: 'small', size: 1 }))
  expect(read.get('SELECT count(*) AS n FROM things')).toEqual({ n: 1 })
})

test('failures of SQLite get their place in the closed list, others pass', () => {
  const path = join(folder, 'other.db')
  writeFileSync(path, 'not a database at all, but long enough to have a header of its own'.repeat(20))
  const other = new Database(path)
  expect(() => guarded(path, () => other.prepare('SELECT * FROM sqlite_schema').all()))
    .toThrow(expect.objectContaining({ code: 'workspace-damaged', message: expect.stringContaining(path) }))
  other.close()
  const readonly = new Database(join(folder, 'test.db'), { readonly: true })
  expect(() => guarded('x.db', () => readonly.exec('DELETE FROM things'))).toThrow(expect.objectContaining({ code: 'storage' }))
  connection.exec('BEGIN EXCLUSIVE')
  const second = new Database(join(folder, 'test.db'), { timeout: 0 })
  expect(() => guarded('x.db', () => second.exec('BEGIN IMMEDIATE'))).toThrow(expect.objectContaining({ code: 'workspace-locked' }))
  connection.exec('COMMIT')
  for (const database of [readonly, second]) database.close()
  expect(() => guarded('x.db', () => connection.exec('SELEC'))).toThrow(expect.objectContaining({ code: 'SQLITE_ERROR' }))
})
