import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startModelHub, type ModelHub, type ModelHubOptions } from '../../../test/support/model-hub.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { fetchHubFile, hubAddress, listHubFiles, type FetchOptions, type HubFile } from './hub.ts'

const REPO = 'someone/something'
/** more than the hub's client keeps in memory at once, and no two parts alike */
const BYTES = Buffer.concat(Array.from({ length: 3000 }, (_, index) => createHash('sha512').update(`${index}`).digest()))
const CONFIG = Buffer.from('{"a": 1}')

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let hub: ModelHub
let options: ModelHubOptions
let target: string
beforeEach(async () => {
  folder = await temporaryFolder()
  target = join(folder.path, 'model.onnx')
  options = {}
  hub = await startModelHub({ [`${REPO}/onnx/model.onnx`]: BYTES, [`${REPO}/config.json`]: CONFIG }, options)
})
afterEach(async () => {
  await hub.close()
  await folder.remove()
})

const repo = () => ({ hub: hub.url, repo: REPO })
const listed = () => listHubFiles(repo(), { signal: new AbortController().signal })
const fetching = (changes: Partial<FetchOptions> = {}): FetchOptions => ({ signal: new AbortController().signal, onBytes: () => {}, log: () => {}, backoffMs: [1, 1], ...changes })

async function fileOf(name: string): Promise<HubFile> {
  return (await listed()).find((file) => file.name === name)!
}

/** Ranges in which the file's bytes were asked for; not the one byte that tells its size. */
const ranges = () => hub.requests.filter(({ path, range }) => path.endsWith('/model.onnx') && range !== 'bytes=0-0').map(({ range }) => range)

describe('listHubFiles', () => {
  it('names every file with its size and hash', async () => {
    expect((await listed()).toSorted((a, b) => a.bytes - b.bytes)).toEqual([
      { name: 'config.json', bytes: CONFIG.length, hash: createHash('sha1').update('blob 8\0').update(CONFIG).digest('hex') },
      { name: 'onnx/model.onnx', bytes: BYTES.length, hash: createHash('sha256').update(BYTES).digest('hex') },
    ])
  })

  it('says what the hub does not have, and when there is no hub', async () => {
    await expect(listHubFiles({ hub: hub.url, repo: 'no/body' }, { signal: new AbortController().signal })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('no/body') })
    await hub.close()
    await expect(listed()).rejects.toMatchObject({ code: 'network', message: expect.stringMatching(/127\.0\.0\.1.*ECONNREFUSED.*mirror in Settings/) })
  })
})

describe('fetchHubFile', () => {
  it('leaves the file alone, whole, and tells how far it is', async () => {
    const seen: number[] = []
    await fetchHubFile(repo(), await fileOf('onnx/model.onnx'), target, fetching({ onBytes: (bytes) => seen.push(bytes) }))
    expect((await readFile(target)).equals(BYTES)).toBe(true)
    expect(await readdir(folder.path)).toEqual(['model.onnx'])
    expect([seen[0], seen.at(-1)]).toEqual([0, BYTES.length])
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    await fetchHubFile(repo(), await fileOf('config.json'), join(folder.path, 'config.json'), fetching())
    expect((await readFile(join(folder.path, 'config.json'))).equals(CONFIG)).toBe(true)
  })

  it('a connection that breaks goes on where it broke', async () => {
    options.failAfterBytes = 80_000
    const said: string[] = []
    await fetchHubFile(repo(), await fileOf('onnx/model.onnx'), target, fetching({ log: (message) => said.push(message) }))
    expect((await readFile(target)).equals(BYTES)).toBe(true)
    expect(ranges()).toEqual([null, `bytes=80000-${BYTES.length - 1}`, `bytes=160000-${BYTES.length - 1}`])
    expect(said).toHaveLength(2)
  })

  it('one that brings nothing is given up, and what had come is kept for the next time', async () => {
    const file = await fileOf('onnx/model.onnx')
    await writeFile(`${target}.part`, BYTES.subarray(0, 1000))
    options.failAfterBytes = 0
    await expect(fetchHubFile(repo(), file, target, fetching())).rejects.toMatchObject({ code: 'network' })
    expect(hub.requests.filter(({ path }) => path.endsWith('/model.onnx'))).toHaveLength(3)
    expect(await readdir(folder.path)).toEqual(['model.onnx.part'])
    options.failAfterBytes = Number.POSITIVE_INFINITY
    await fetchHubFile(repo(), file, target, fetching())
    expect(ranges().at(-1)).toBe(`bytes=1000-${BYTES.length - 1}`)
    expect((await readFile(target)).equals(BYTES)).toBe(true)
  })

  it('ends at once when it is told to, with what had come', async () => {
    options.bytesPerSecond = 200_000
    const ending = new AbortController()
    const onBytes = (bytes: number): void => {
      if (bytes > 30_000) ending.abort(new Error('enough'))
    }
    await expect(fetchHubFile(repo(), await fileOf('onnx/model.onnx'), target, fetching({ signal: ending.signal, onBytes }))).rejects.toThrow('enough')
    const part = await readFile(`${target}.part`)
    expect(part.length).toBeGreaterThan(0)
    expect(part.equals(BYTES.subarray(0, part.length))).toBe(true)
  })

  it('what is not the file that the hub has is thrown away', async () => {
    const file = await fileOf('onnx/model.onnx')
    await writeFile(`${target}.part`, Buffer.alloc(1000, 7))
    await expect(fetchHubFile(repo(), file, target, fetching())).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(file.hash) })
    expect(await readdir(folder.path)).toEqual([])
    const config = await fileOf('config.json')
    await expect(fetchHubFile(repo(), { ...config, hash: config.hash.replace(/^./, (first) => (first === '0' ? '1' : '0')) }, target, fetching())).rejects.toMatchObject({ code: 'bad-file' })
  })

  it('a file that is there and whole is not asked for; another of its name is replaced', async () => {
    const file = await fileOf('onnx/model.onnx')
    await writeFile(target, BYTES)
    await fetchHubFile(repo(), file, target, fetching())
    expect(ranges()).toEqual([])
    await writeFile(target, Buffer.alloc(BYTES.length, 1))
    await fetchHubFile(repo(), file, target, fetching())
    expect((await readFile(target)).equals(BYTES)).toBe(true)
  })

  it('a folder that cannot be written to is said to be that', async () => {
    const file = await fileOf('onnx/model.onnx')
    await expect(fetchHubFile(repo(), file, join(folder.path, 'missing', 'model.onnx'), fetching())).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('missing') })
  })
})

describe('hubAddress', () => {
  it('the setting counts more than HF_ENDPOINT, and that more than the official hub', () => {
    expect([hubAddress('http://a/', { HF_ENDPOINT: 'http://b' }), hubAddress('', { HF_ENDPOINT: 'http://b/' }), hubAddress('', { HF_ENDPOINT: '' }), hubAddress('', {})])
      .toEqual(['http://a', 'http://b', 'https://huggingface.co', 'https://huggingface.co'])
  })
})
