import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import nodeFiles, { chmod, mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openArtifactStore } from './artifact-store.ts'

// FIPS 180-4 examples: SHA-256 of "abc" and of the empty message
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const HOUR = 3_600_000

let folder: string
let root: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'artifacts-'))
  root = join(folder, 'artifacts')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const abc = new TextEncoder().encode('abc')
const everyFile = async () =>
  (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name)

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}

/** A full disk: what is there can be read. */
const openToRead: typeof nodeFiles.open = (path, flags) =>
  flags === 'r' ? nodeFiles.open(path, flags) : Promise.reject(failure('ENOSPC'))

test('names files by the SHA-256 of their content', async () => {
  const store = openArtifactStore(root)
  expect(await store.put(abc)).toEqual({ hash: ABC, bytes: 3 })
  expect(await store.put(new Uint8Array())).toEqual({ hash: EMPTY, bytes: 0 })
  expect(store.path(ABC)).toBe(join(root, 'ba', ABC))
  expect(await readFile(join(root, 'ba', ABC), 'utf8')).toBe('abc')
  expect(await everyFile()).toHaveLength(2)
  expect(await store.has(ABC)).toBe(true)
  expect(await store.has('0'.repeat(64))).toBe(false)
  expect(await store.usage()).toEqual({ artifacts: 2, bytes: 3 })
})

test('a long artifact is hashed as sha256sum hashes it, by put, putFile and read', async () => {
  const bytes = new Uint8Array(9_000_001).map((_, index) => (index * 2654435761) >>> 24)
  const file = join(folder, 'long.bin')
  await writeFile(file, bytes)
  const expected = execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)
  const store = openArtifactStore(root)
  expect(await store.putFile(file)).toEqual({ hash: expected, bytes: 9_000_001 })
  expect((await store.put(bytes)).hash).toBe(expected)
  expect(Buffer.compare(await store.read(expected), bytes)).toBe(0)
})

test('what is there already is not written again', async () => {
  await openArtifactStore(root).put(abc)
  const store = openArtifactStore(root, { fileSystem: { open: openToRead } })
  expect(await store.put(abc)).toEqual({ hash: ABC, bytes: 3 })
})

test('a damaged artifact of the right length is written again', async () => {
  const store = openArtifactStore(root)
  await store.put(abc)
  await writeFile(store.path(ABC), 'abd')
  await store.put(abc)
  expect(Buffer.from(await store.read(ABC)).toString()).toBe('abc')
})

test('a damaged artifact is never streamed to its full length', async () => {
  const store = openArtifactStore(root)
  const bytes = new Uint8Array(2_500_000).fill(7)
  const { hash } = await store.put(bytes)
  const drain = async (): Promise<number> => {
    let seen = 0
    const { stream } = await store.openRead(hash)
    try {
      for await (const part of stream) seen += (part as Uint8Array).length
    } catch {
      return -seen
    }
    return seen
  }
  expect(await drain()).toBe(bytes.length)
  await writeFile(store.path(hash), bytes.fill(8))
  const broken = await drain()
  expect(broken).toBeLessThanOrEqual(0)
  expect(broken).toBeGreaterThan(-bytes.length)
})

test('an artifact cut short by a broken disk is written again', async () => {
  const store = openArtifactStore(root)
  await store.put(abc)
  await truncate(store.path(ABC), 1)
  await store.put(abc)
  expect(await store.read(ABC)).toEqual(abc)
})

test('the same bytes put at the same time by many give one whole file', async () => {
  const store = openArtifactStore(root)
  const puts = await Promise.all(Array.from({ length: 20 }, () => store.put(abc)))
  expect(new Set(puts.map((put) => put.hash))).toEqual(new Set([ABC]))
  expect(await everyFile()).toEqual([ABC])
})

test('putFile copies, or moves', async () => {
  const store = openArtifactStore(root)
  const file = join(folder, 'a.txt')
  await writeFile(file, 'abc')
  await chmod(file, 0o444)
  expect(await store.putFile(file)).toEqual({ hash: ABC, bytes: 3 })
  expect(await readFile(file, 'utf8')).toBe('abc')
  await store.remove(ABC)
  expect(await store.putFile(file, { move: true })).toEqual({ hash: ABC, bytes: 3 })
  expect(await store.read(ABC)).toEqual(abc)
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

test('putFile moves across volumes by copying', async () => {
  const file = join(folder, 'a.txt')
  await writeFile(file, 'abc')
  const store = openArtifactStore(root, {
    fileSystem: {
      rename: (from, to) => (from === file ? Promise.reject(failure('EXDEV')) : nodeFiles.rename(from, to)),
    },
  })
  await store.putFile(file, { move: true })
  expect(await store.read(ABC)).toEqual(abc)
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

test('a move that fails leaves the file where it was', async () => {
  const file = join(folder, 'a.txt')
  await writeFile(file, 'abc')
  const store = openArtifactStore(root, { fileSystem: { rename: () => Promise.reject(failure('EACCES')) } })
  await expect(store.putFile(file, { move: true })).rejects.toMatchObject({ code: 'storage' })
  expect(await readFile(file, 'utf8')).toBe('abc')
})

test('a source that cannot be read is a bad file, named', async () => {
  const store = openArtifactStore(root)
  const file = join(folder, 'missing.png')
  await expect(store.putFile(file)).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(file) })
})

test.each([
  ['ENOSPC', 'The disk is full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'may not write'],
])('a write that fails with %s is a storage error with a remedy and leaves nothing', async (code, remedy) => {
  const store = openArtifactStore(root, {
    fileSystem: {
      async open(path, flags, mode) {
        const handle = await nodeFiles.open(path, flags, mode)
        // a disk that fills up half-way through the file
        handle.writeFile = async () => {
          await handle.write(abc.subarray(0, 1))
          throw failure(code)
        }
        return handle
      },
    },
  })
  await expect(store.put(abc)).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining(remedy) })
  await expect(store.put(abc)).rejects.toThrow(root)
  expect(await everyFile()).toEqual([])
})

test.runIf(existsSync('/dev/full'))('a device that is really full gives a storage error and leaves nothing', async () => {
  const file = join(folder, 'a.txt')
  await writeFile(file, 'abc')
  const full = openArtifactStore(root, {
    fileSystem: {
      // opened for writing only, never created, copied onto or removed: it is the machine's own device
      open: (path, flags) => nodeFiles.open(flags === 'wx' ? '/dev/full' : path, flags === 'wx' ? 'r+' : flags),
      async copyFile() {
        const handle = await nodeFiles.open('/dev/full', 'r+')
        await handle.writeFile(abc).finally(() => handle.close())
      },
    },
  })
  const storage = { code: 'storage', message: expect.stringContaining('The disk is full') }
  await expect(full.put(abc)).rejects.toMatchObject(storage)
  await expect(full.putFile(file)).rejects.toMatchObject(storage)
  expect(await everyFile()).toEqual([])
})

test('a flush or a rename that fails leaves nothing either', async () => {
  for (const call of ['rename', 'mkdir'] as const) {
    const store = openArtifactStore(root, { fileSystem: { [call]: () => Promise.reject(failure('ENOSPC')) } })
    await expect(store.put(abc)).rejects.toMatchObject({ code: 'storage' })
  }
  expect(await everyFile()).toEqual([])
})

test('reading checks the content: changed, cut and missing artifacts are damage', async () => {
  const store = openArtifactStore(root)
  await store.put(abc)
  const drain = async () => {
    const { stream } = await store.openRead(ABC)
    const parts: Uint8Array[] = []
    for await (const part of stream) parts.push(part)
    return Buffer.concat(parts).toString()
  }
  expect(await drain()).toBe('abc')
  const damaged = { code: 'workspace-damaged', message: expect.stringContaining(ABC) }
  await writeFile(store.path(ABC), 'abd')
  await expect(store.read(ABC)).rejects.toMatchObject(damaged)
  await expect(drain()).rejects.toMatchObject(damaged)
  await truncate(store.path(ABC), 2)
  await expect(store.read(ABC)).rejects.toMatchObject(damaged)
  expect(await store.remove(ABC)).toBe(2)
  expect(await store.remove(ABC)).toBe(0)
  await expect(store.read(ABC)).rejects.toMatchObject(damaged)
  await expect(store.openRead(ABC)).rejects.toMatchObject(damaged)
})

test('only a hash names an artifact', async () => {
  const store = openArtifactStore(root)
  for (const name of ['../../etc/passwd', ABC.toUpperCase(), ABC.slice(1), `${ABC}/..`, '']) {
    expect(() => store.path(name)).toThrow('is not the SHA-256')
    await expect(store.read(name)).rejects.toMatchObject({ code: 'bad-input' })
  }
})

test('collects orphans past their grace, and lists exactly what is there', async () => {
  const store = openArtifactStore(root)
  const old = new Date(Date.now() - 2 * HOUR)
  const hashes: string[] = []
  for (const text of ['kept', 'old orphan', 'fresh orphan', 'old orphan put again']) {
    const { hash } = await store.put(Buffer.from(text))
    hashes.push(hash)
    if (text !== 'fresh orphan') await utimes(store.path(hash), old, old)
  }
  await store.put(Buffer.from('old orphan put again'))
  expect(await store.collectOrphans(new Set([hashes[0]!]))).toEqual({ removed: 1, bytes: 'old orphan'.length })
  const left: string[] = []
  for await (const { hash } of store.list()) left.push(hash)
  expect(left.sort()).toEqual([hashes[0], hashes[2], hashes[3]].sort())
  expect(await store.collectOrphans(new Set([hashes[0]!]), { graceMs: -1000 })).toMatchObject({ removed: 2 })
})

test('opening clears temporary files of processes that are gone and leaves those of the living', async () => {
  const temporary = join(root, 'tmp')
  await mkdir(temporary, { recursive: true })
  const pidOfTheDead = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }))
  const names = {
    dead: `${pidOfTheDead}-00`,
    living: `${process.ppid}-00`,
    forgotten: `${process.ppid}-01`,
    samePidBeforeRestart: `${process.pid}-00`,
    mine: `${process.pid}-01`,
    stranger: 'x.part',
  }
  for (const name of Object.values(names)) await writeFile(join(temporary, name), 'half')
  const age = async (name: string, ms: number) => utimes(join(temporary, name), new Date(), new Date(Date.now() - ms))
  await age(names.forgotten, 25 * HOUR)
  await age(names.samePidBeforeRestart, process.uptime() * 1000 + 60_000)
  openArtifactStore(root)
  expect((await readdir(temporary)).sort()).toEqual([names.living, names.mine].sort())
})

test('a folder that cannot be made is a storage error', () => {
  const file = join(folder, 'file')
  execFileSync('touch', [file])
  expect(() => openArtifactStore(join(file, 'artifacts'))).toThrow(expect.objectContaining({ code: 'storage' }))
  expect(readFileSync(file, 'utf8')).toBe('')
})
