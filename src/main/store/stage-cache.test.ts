import { expect, test } from 'vitest'
import { addPanoramas, setTruth } from './panoramas.ts'
import { finishResult } from './panorama-results.ts'
import { referencedArtifacts } from './referenced-artifacts.ts'
import type { StageKind } from './stage-cache.ts'
import { cachedBytes, findStage, forgetStages, forgetUnusedStages, rememberStage, stagesToEvict, touchStages } from './stage-cache.ts'
import type { TestWorkspace } from './workspace.fixture.ts'
import { addTestRun, aPanorama, artifactsOf, hashOf, makeWorkspace, SOME_STATS } from './workspace.fixture.ts'

const remember = ({ store }: TestWorkspace, key: string, bytes: number, options: { kind?: StageKind; hash?: string } = {}) =>
  store.transaction((db) => rememberStage(db, { key, kind: options.kind ?? 'embedding', hash: options.hash ?? hashOf(key), bytes }))

test('a stage is found by its key until its artifact is forgotten', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  expect(findStage(store.read, 'a')).toBeNull()
  remember(workspace, 'a', 10, { kind: 'masks' })
  remember(workspace, 'b', 10, { kind: 'masks', hash: hashOf('a') })
  expect(findStage(store.read, 'a')).toMatchObject({ key: 'a', kind: 'masks', hash: hashOf('a'), bytes: 10 })
  remember(workspace, 'a', 12, { kind: 'masks', hash: hashOf('a2') })
  expect(findStage(store.read, 'a')).toMatchObject({ hash: hashOf('a2'), bytes: 12 })
  remember(workspace, 'a', 10, { kind: 'masks' })
  expect(store.transaction((db) => forgetStages(db, hashOf('a')))).toBe(2)
  expect(findStage(store.read, 'b')).toBeNull()
})

test('the least recently used go first, just as many as must', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  for (const [key, bytes] of [['a', 10], ['b', 20], ['c', 30], ['d', 40]] as const) remember(workspace, key, bytes)
  remember(workspace, 'masks', 1000, { kind: 'masks' })
  // the same artifact under two keys is on the disk once
  remember(workspace, 'b again', 20, { hash: hashOf('b') })
  expect(cachedBytes(store.read, 'embedding')).toBe(100)
  store.transaction((db) => touchStages(db, ['a']))
  const evicted = (keepBytes: number) => stagesToEvict(store.read, 'embedding', keepBytes)
  expect(evicted(100)).toEqual([])
  expect(evicted(99)).toEqual([{ hash: hashOf('c'), bytes: 30 }])
  expect(evicted(70)).toEqual([{ hash: hashOf('c'), bytes: 30 }])
  expect(evicted(69)).toEqual([{ hash: hashOf('c'), bytes: 30 }, { hash: hashOf('d'), bytes: 40 }])
  expect(evicted(0).map(({ hash }) => hash)).toEqual(['c', 'd', 'b', 'a'].map(hashOf))
})

test('stages that no result names are forgotten when they were not used for long', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a']))
  const artifacts = artifactsOf('a')
  for (const kind of ['masks', 'semantics', 'boundary', 'fusion'] as const) remember(workspace, `used ${kind}`, 1, { kind, hash: artifacts[kind] })
  remember(workspace, 'unused', 1, { kind: 'fusion' })
  store.transaction((db) => finishResult(db, { runId: run.id, panoramaId: panoramas[0]!.id }, { artifacts, stats: SOME_STATS, doubt: 0 }))
  const { lastUsedAt } = findStage(store.read, 'unused')!
  expect(store.transaction((db) => forgetUnusedStages(db, lastUsedAt))).toBe(0)
  expect(store.transaction((db) => forgetUnusedStages(db, '2027-01-01T00:00:00.000Z'))).toBe(1)
  expect(findStage(store.read, 'unused')).toBeNull()
  expect(findStage(store.read, 'used fusion')).not.toBeNull()
})

test('every hash in the database is either an artifact that is kept or a known fingerprint of a file', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a', 'b']))
  store.transaction((db) => {
    setTruth(db, panoramas[0]!.id, hashOf('truth'))
    finishResult(db, { runId: run.id, panoramaId: panoramas[0]!.id }, { artifacts: artifactsOf('a'), stats: SOME_STATS, doubt: 0 })
  })
  remember(workspace, hashOf('key'), 1)
  const referenced = await referencedArtifacts(store.read)
  expect(referenced).toEqual(new Set([
    hashOf('image of a'), hashOf('image of b'), hashOf('truth'), ...Object.values(artifactsOf('a')), hashOf(hashOf('key')),
  ]))

  // whatever else looks like a hash, in any column of any table, must be on this list: a new column cannot be forgotten
  const fingerprints = new Set(['panoramas.file_sha256', 'models.files', 'models.sha256', 'stage_cache.key'])
  const found = new Set<string>()
  for (const { name: table } of store.read.all("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    for (const row of store.read.all(`SELECT * FROM ${String(table)}`)) {
      for (const [column, value] of Object.entries(row)) {
        const hashes = String(value).match(/[0-9a-f]{64}/g) ?? []
        if (hashes.some((hash) => !referenced.has(hash))) found.add(`${String(table)}.${column}`)
      }
    }
  }
  expect(found).toEqual(fingerprints)
})

test('references of a large workspace are read without blocking', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { dataset } = store.transaction((db) => addTestRun(db, ['first']))
  store.transaction((db) => addPanoramas(db, dataset.id, Array.from({ length: 12_000 }, (_, index) => aPanorama(`p${index}`))))
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  expect((await referencedArtifacts(store.read)).size).toBe(12_001)
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})
