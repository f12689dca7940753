import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SynthPool } from '../workers/synth-pool.ts'
import { drawStreetFolder, streetName, usualFov, type StreetFolderOptions, type StreetFolderRequest } from './generate-folder.ts'
import { scanImages } from './import-scan.ts'
import { indexTruth } from './import-truth.ts'

const REQUEST: StreetFolderRequest = { view: 'panorama', style: 'target', seed: 7, width: 128, height: 64, fovDeg: 180, split: 'val' }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streets-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Threads that draw nothing: each file says what it is. `drawn` counts. */
function paper(onDraw: (index: number) => void = () => {}): { readonly pool: SynthPool; readonly drawn: number[] } {
  const drawn: number[] = []
  const pool: SynthPool = {
    threads: 2,
    async draw({ request, kinds }, { signal }) {
      onDraw(request.index)
      signal.throwIfAborted()
      drawn.push(request.index)
      return { milliseconds: 1, files: kinds.map((kind) => ({ kind, bytes: Buffer.from(`${kind} ${JSON.stringify(request)}`) })) }
    },
    close: async () => {},
  }
  return { pool, drawn }
}

function draw(pool: SynthPool, options: Partial<StreetFolderOptions> = {}, request = REQUEST): ReturnType<typeof drawStreetFolder> {
  return drawStreetFolder(join(folder, 'out'), request, { count: 3, depth: false, signal: new AbortController().signal, onProgress: () => {}, ...options, pool })
}

const files = async () => (await readdir(join(folder, 'out'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 5)).sort()

test('the layout is that of Cityscapes, and the import finds images and truth in it', async () => {
  const told: string[] = []
  const result = await draw(paper().pool, { depth: true, onProgress: ({ done, total }) => told.push(`${done}/${total}`) })
  expect(result).toMatchObject({ images: 3, drawn: 3 })
  expect(told).toEqual(['0/3', '1/3', '2/3', '3/3'])
  const names = [0, 1, 2].map((index) => streetName(7, index))
  expect(names[2]).toBe('streets_000007_000002')
  expect(await files()).toEqual([
    ...names.flatMap((name) => ['color', 'depth', 'instanceIds', 'labelIds', 'labelTrainIds'].map((kind) => `gtFine/val/streets/${name}_gtFine_${kind}.png`)),
    ...names.map((name) => `leftImg8bit/val/streets/${name}_leftImg8bit.png`),
    'synth.json',
  ])
  const scan = await scanImages(join(folder, 'out'))
  expect(scan.files.map(({ fileName, split }) => [fileName, split])).toEqual(names.map((name) => [`${name}_leftImg8bit.png`, 'val']))
  const truth = await indexTruth(join(folder, 'out', 'gtFine'))
  expect(truth.find([names[1]], ['val', 'streets'])).toMatchObject({ ids: 'trainIds' })
})

test('what was stopped goes on: whole images are kept, half-written files are not taken for any', async () => {
  const ending = new AbortController()
  const first = paper((index) => {
    if (index === 3) ending.abort(new Error('enough'))
  })
  await expect(draw(first.pool, { count: 6, signal: ending.signal })).rejects.toThrow('enough')
  expect((await files()).filter((name) => name.includes('.part'))).toEqual([])
  // a process that was killed between truth and image, and while it wrote
  await rm(join(folder, 'out', 'leftImg8bit', 'val', 'streets', `${streetName(7, 0)}_leftImg8bit.png`))
  await writeFile(join(folder, 'out', 'leftImg8bit', 'val', 'streets', '.0123456789ab.part'), 'half of it')

  const second = paper()
  const result = await draw(second.pool, { count: 6 })
  expect(result.images).toBe(6)
  // 1 was whole; 2 was being written when it was stopped
  expect(second.drawn).toEqual(expect.arrayContaining([0, 3, 4, 5]))
  expect(second.drawn).not.toContain(1)
  expect((await files()).filter((name) => name.includes('.part'))).toEqual([])
  const image = await readFile(join(folder, 'out', 'leftImg8bit', 'val', 'streets', `${streetName(7, 4)}_leftImg8bit.png`), 'utf8')
  expect(image).toBe(`image ${JSON.stringify({ view: 'panorama', style: 'target', seed: 7, width: 128, height: 64, fovDeg: 180, index: 4 })}`)
})

test('more images can be asked for later; other settings and foreign folders are refused and untouched', async () => {
  await draw(paper().pool)
  const more = paper()
  await draw(more.pool, { count: 5 })
  expect(more.drawn).toEqual([3, 4])
  await expect(draw(paper().pool, {}, { ...REQUEST, seed: 8 })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/other settings.*"seed":7/) })
  await rm(join(folder, 'out', 'synth.json'))
  const before = await files()
  await expect(draw(paper().pool)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/holds other files/) })
  expect(await files()).toEqual(before)
})

test('the usual field of view gives pixels that are as high as wide', () => {
  expect(usualFov({ view: 'panorama', width: 2048, height: 400 })).toBe(70.3125)
  expect(usualFov({ view: 'panorama', width: 512, height: 512 })).toBe(180)
  expect(usualFov({ view: 'pinhole', width: 1024, height: 512 })).toBe(90)
})
