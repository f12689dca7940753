import { mkdir, writeFile } from 'node:fs/promises'
import nodeFiles from 'node:fs/promises'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import {
  animatedWebp, fromPixels, hugePng, jpeg, picture, png, sixteenBitPng, writeFiles,
} from '../fixtures/make_images.ts'
import {
  expectWhole, importFolder, openLabelWorkspace, WHOLE, type ImportedFolder, type LabelWorkspace,
} from '../support/label-workspace.ts'
import { mountSmallDisk, writeError } from '../support/small-disk.ts'

let workspace: LabelWorkspace
let folder: string

beforeEach(async () => {
  workspace = await openLabelWorkspace()
  folder = join(workspace.root, 'images')
})
afterEach(() => workspace.close())

/** Two good images around whatever is bad: the batch must go on before and after it. */
async function importWithGoodOnes(files: Readonly<Record<string, Uint8Array | string>>): Promise<ImportedFolder> {
  await writeFiles(folder, { '0-good.jpg': await jpeg(picture(128, 64, 101)), ...files, 'z-good.png': await png(picture(128, 64, 102)) })
  const imported = await importFolder(workspace, folder)
  expect(imported.job.state).toBe('done')
  expect(imported.byName.has('0-good')).toBe(true)
  expect(imported.byName.has('z-good')).toBe(true)
  expect(await expectWhole(workspace)).toEqual(WHOLE)
  return imported
}

/** 1.png, 2.png, ... of about 200 kB each */
async function numberedImages(count: number): Promise<void> {
  for (let seed = 1; seed <= count; seed++) await writeFiles(folder, { [`${seed}.png`]: await png(picture(512, 256, seed)) })
}

function grey(width: number, height: number, id: number): Uint8Array {
  return writeGreyPng({ width, height, data: new Uint8Array(width * height).fill(id) })
}

describe('a file that cannot be used is refused with its name and the remedy; the others go on', () => {
  it.each([
    ['cut.jpg', async () => (await jpeg()).subarray(0, 3000), /cut\.jpg is damaged or cut short .*Copy it again/],
    ['text.png', () => 'hello, I am a text', /text\.png is not a jpg, png, webp or tiff image.*Convert it, or leave it out/],
    ['empty.jpg', () => '', /empty\.jpg is empty \(0 bytes\)\. Copy it again/],
    ['dot.png', () => png(picture(1, 1)), /dot\.png has 1 x 1 pixels; a panorama has at least 64 x 32\. .*full-size/],
    ['huge.png', () => hugePng(30_000, 15_000), /huge\.png has 30000 x 15000 pixels .*at most 268 megapixels.*Scale it down/],
    ['phone.heic', () => 'whatever', /phone\.heic is not a jpg, png, webp or tiff file\. Convert it/],
    ['walk.gif', () => fromPixels(picture()).gif().toBuffer(), /walk\.gif is not a jpg, png, webp or tiff file\. Convert it/],
  ])('%s', async (name, make, message) => {
    const { refused, panoramas, job, log } = await importWithGoodOnes({ [name]: await make() })
    expect(refused).toEqual([{ file: join(folder, name), code: 'bad-file', message: expect.stringMatching(message) }])
    expect(panoramas).toHaveLength(2)
    expect(job).toMatchObject({ done: 3, failed: 1, total: 3 })
    expect(log.join('\n')).toContain(name)
  })

  it('all of them at once', async () => {
    const { refused, panoramas } = await importWithGoodOnes({
      'cut.jpg': (await jpeg()).subarray(0, 3000), 'text.png': 'text', 'empty.jpg': '', 'dot.png': await png(picture(1, 1)), 'huge.png': hugePng(30_000, 15_000),
    })
    expect(refused.map(({ file }) => basename(file))).toEqual(['cut.jpg', 'dot.png', 'empty.jpg', 'huge.png', 'text.png'])
    expect(panoramas).toHaveLength(2)
  })

  it('a link to nothing', async () => {
    await mkdir(folder)
    await nodeFiles.symlink(join(folder, 'gone'), join(folder, 'link.jpg'))
    const { refused } = await importWithGoodOnes({})
    expect(refused).toEqual([{ file: join(folder, 'link.jpg'), code: 'bad-file', message: expect.stringMatching(/link\.jpg is a link to nothing.*Repair/) }])
  })

  it('links in a circle are followed once', async () => {
    await mkdir(join(folder, 'deep'), { recursive: true })
    await nodeFiles.symlink(folder, join(folder, 'deep', 'up'))
    expect((await importWithGoodOnes({})).panoramas).toHaveLength(2)
  })
})

describe('a file that needs work is imported as upright 8-bit RGB', () => {
  it.each([
    ['cmyk.jpg', () => fromPixels(picture()).toColourspace('cmyk').jpeg().toBuffer(), 0],
    ['grey.jpg', () => fromPixels(picture()).toColourspace('b-w').jpeg().toBuffer(), 0],
    ['deep.png', () => sixteenBitPng(), 0],
    ['alpha.png', () => fromPixels(picture()).ensureAlpha(0.5).png().toBuffer(), 1],
    ['moving.webp', () => animatedWebp([picture(128, 64, 1), picture(128, 64, 2)]), 1],
    ['turned.jpg', () => fromPixels(picture(64, 128)).jpeg().withMetadata({ orientation: 8 }).toBuffer(), 0],
    ['scan.tif', () => fromPixels(picture()).tiff({ compression: 'deflate' }).toBuffer(), 0],
  ])('%s', async (name, make, warnings) => {
    const { byName, refused } = await importWithGoodOnes({ [name]: await make() })
    expect(refused).toEqual([])
    const panorama = byName.get(name.split('.')[0])!
    expect(panorama).toMatchObject({ width: 128, height: 64 })
    expect(panorama.warnings).toHaveLength(warnings)
    for (const warning of panorama.warnings) expect(warning).toContain(name)
    expect(await sharp(Buffer.from(await workspace.artifacts.read(panorama.image))).metadata()).toMatchObject({
      width: 128, height: 64, channels: 3, depth: 'uchar', space: 'srgb', hasAlpha: false,
    })
  })
})

describe('names', () => {
  it('that are not UTF-8 are imported under a readable name', async () => {
    await mkdir(folder)
    const path = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9]), Buffer.from('.jpg')])
    try {
      await writeFile(path, await jpeg())
    } catch {
      console.warn('SKIPPED names that are not UTF-8: this file system does not take them.')
      return
    }
    const broken = Buffer.concat([Buffer.from(`${folder}/gar`), Buffer.from([0xe7]), Buffer.from('on.jpg')])
    await writeFile(broken, 'text')
    const { panoramas, refused } = await importWithGoodOnes({})
    expect(panoramas.map(({ name }) => name)).toEqual(['0-good', 'caf_xe9', 'z-good'])
    expect(refused).toEqual([{ file: `${folder}/gar\\xe7on.jpg`, code: 'bad-file', message: expect.stringContaining('gar\\xe7on.jpg') }])
    // and the second import knows both
    expect((await importFolder(workspace, folder)).panoramas).toHaveLength(3)
  })

  it('that are as long as a file system allows are cut and stay different', async () => {
    const long = 'a'.repeat(250)
    const { panoramas } = await importWithGoodOnes({ [`${long}1.jpg`]: await jpeg(), [`${long}2.jpg`]: await jpeg(picture(128, 64, 2)) })
    const names = panoramas.map(({ name }) => name).filter((name) => name.startsWith('aaa'))
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name).toMatch(/^a{120}-[0-9a-f]{8}$/)
  })

  it('with characters that other systems forbid are made safe', async () => {
    const { panoramas } = await importWithGoodOnes({ 'a: "b" <c>|?*.jpg': await jpeg() })
    expect(panoramas.map(({ name }) => name)).toContain('a_b_c_')
  })
})

describe('a folder with nothing to import', () => {
  it.each([
    ['an empty one', {}],
    ['one of texts', { 'readme.md': 'text', 'data/list.csv': '1' }],
    ['one of other images', { 'a.gif': 'gif', 'b.exr': 'exr' }],
  ])('%s: the import fails and names it', async (_, files) => {
    await mkdir(folder)
    const { job, panoramas } = await importFolder(workspace, await writeFiles(folder, files))
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-file', error: expect.stringMatching(/There is no image in .*images\. .*Choose a folder/) })
    expect(panoramas).toEqual([])
  })

  it('one that does not exist', async () => {
    const { job } = await importFolder(workspace, join(folder, 'none'))
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-file', error: expect.stringContaining(join(folder, 'none')) })
  })

  it('one in which every file is bad: the import fails, each file has its reason', async () => {
    const { job, refused } = await importFolder(workspace, await writeFiles(folder, { 'a.jpg': 'text', 'b.jpg': '' }))
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-file' })
    expect(refused).toHaveLength(2)
  })
})

describe('labels that do not fit are left out with a warning that names the file and the remedy; the panorama is imported', () => {
  it.each([
    ['another size', () => grey(64, 64, 1), /bad\.png has 64 x 64 pixels, its panorama 128 x 64\. Scale it/],
    ['unknown ids', () => grey(128, 64, 40), /bad\.png holds the id 40, which Cityscapes does not have as trainIds\.png|_gtFine_labelIds\.png/],
    ['colours', () => png(), /bad\.png is not a label map .*one id per pixel/],
    ['text', () => Buffer.from('text'), /bad\.png is not a label map/],
    ['a cut file', () => grey(128, 64, 1).subarray(0, 60), /bad\.png is not a label map/],
    ['an empty file', () => Buffer.alloc(0), /bad\.png is not a label map/],
  ])('%s', async (_, make, message) => {
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'bad.png': await make(), 'good.png': grey(128, 64, 2) })
    await writeFiles(folder, { 'bad.jpg': await jpeg(picture(128, 64, 1)), 'good.jpg': await jpeg(picture(128, 64, 2)) })
    const { byName, job, refused, log } = await importFolder(workspace, folder, { labelsFolder: labels })
    expect(job).toMatchObject({ state: 'done', failed: 0 })
    expect(refused).toEqual([])
    expect(byName.get('bad')!.truth).toBeNull()
    expect(byName.get('good')!.truth).not.toBeNull()
    expect(byName.get('bad')!.warnings).toEqual([expect.stringMatching(message)])
    expect(log).toEqual(byName.get('bad')!.warnings)
  })

  it('ids of labelIds are known up to the last one of the data set', async () => {
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'a_gtFine_labelIds.png': grey(128, 64, 33), 'b_gtFine_labelIds.png': grey(128, 64, 34) })
    await writeFiles(folder, { 'a.jpg': await jpeg(picture(128, 64, 1)), 'b.jpg': await jpeg(picture(128, 64, 2)) })
    const { byName } = await importFolder(workspace, folder, { labelsFolder: labels })
    expect(byName.get('a')!.truth).not.toBeNull()
    expect(byName.get('b')!.warnings).toEqual([expect.stringMatching(/b_gtFine_labelIds\.png holds the id 34.*labelTrainIds/)])
  })

  it('several label maps of one name', async () => {
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'x/a.png': grey(128, 64, 1), 'y/a.png': grey(128, 64, 2) })
    await writeFiles(folder, { 'a.jpg': await jpeg() })
    const { byName, log } = await importFolder(workspace, folder, { labelsFolder: labels })
    expect(byName.get('a')!.truth).toBeNull()
    expect(log[0]).toMatch(/Several label maps in .*labels are named like .*a\.jpg/)
  })

  it('a labels folder that does not exist ends the import before it begins', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg() })
    const { job, panoramas } = await importFolder(workspace, folder, { labelsFolder: join(folder, 'none') })
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-file', error: expect.stringMatching(/labels folder .*none does not exist.*Name the folder/) })
    expect(panoramas).toEqual([])
  })
})

describe('a disk that cannot be written', () => {
  it('fails for one file (injected): that file says so, the others go on, a retry takes it', async () => {
    await workspace.close()
    let writes = 0
    workspace = await openLabelWorkspace({
      fileSystem: {
        open: async (path, flags, mode) => {
          if (flags === 'wx' && ++writes === 2) throw writeError('ENOSPC')
          return nodeFiles.open(path, flags, mode)
        },
      },
    })
    folder = join(workspace.root, 'images')
    await numberedImages(3)
    const { job, refused, panoramas } = await importFolder(workspace, folder)
    expect(job).toMatchObject({ state: 'done', failed: 1 })
    expect(refused).toEqual([{ file: join(folder, '2.png'), code: 'storage', message: expect.stringMatching(/disk is full\. Free space/) }])
    expect(panoramas.map(({ name }) => name)).toEqual(['1', '3'])
    expect(await expectWhole(workspace)).toEqual(WHOLE)

    workspace.runner.retry(job.id)
    expect(await workspace.runner.settled(job.id)).toMatchObject({ state: 'done', failed: 0, done: 3 })
    expect((await importFolder(workspace, folder)).panoramas.map(({ name }) => name)).toEqual(['1', '2', '3'])
  })

  it('is full (a real one of 1 MB): nothing half-written, and with more space the import goes on', async () => {
    const disk = mountSmallDisk(workspace.artifacts.root, '1m')
    if (disk === null) return
    try {
      await mkdir(join(workspace.artifacts.root, 'tmp'))
      await numberedImages(9)
      const { job, panoramas } = await importFolder(workspace, folder)
      expect(job).toMatchObject({ state: 'failed', errorCode: 'storage', error: expect.stringMatching(/disk is full\. Free space/) })
      expect(panoramas.length).toBeGreaterThan(0)
      expect(panoramas.length).toBeLessThan(9)
      expect(await expectWhole(workspace)).toEqual(WHOLE)

      disk.remount('size=64m')
      workspace.runner.retry(job.id)
      expect(await workspace.runner.settled(job.id)).toMatchObject({ state: 'done', failed: 0 })
      expect((await importFolder(workspace, folder)).panoramas).toHaveLength(9)
      expect(await expectWhole(workspace)).toEqual(WHOLE)
    } finally {
      disk.unmount()
    }
  })

  it('is read-only: the error says so', async () => {
    const disk = mountSmallDisk(workspace.artifacts.root, '8m')
    if (disk === null) return
    try {
      await mkdir(join(workspace.artifacts.root, 'tmp'))
      disk.remount('ro')
      await numberedImages(3)
      const { job, panoramas } = await importFolder(workspace, folder)
      expect(job).toMatchObject({ state: 'failed', errorCode: 'storage', error: expect.stringMatching(/read-only/) })
      expect(panoramas).toEqual([])
    } finally {
      disk.unmount()
    }
  })
})

describe('the host', () => {
  it('never computes longer than 50 ms at a time for an import of large 16-bit images with labels', async () => {
    const [width, height] = [2048, 1024]
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'a.png': writeGreyPng({ width, height, data: new Uint8Array(width * height).fill(3) }) })
    await writeFiles(folder, { 'a.png': await sixteenBitPng(width, height), 'b.jpg': await jpeg(picture(width, height, 7)) })
    // the thread's own CPU time between two turns of the event loop: what other processes take does not count
    let longest = 0
    let last = threadMilliseconds()
    const timer = setInterval(() => {
      longest = Math.max(longest, threadMilliseconds() - last)
      last = threadMilliseconds()
    }, 1)
    const { job } = await importFolder(workspace, folder, { labelsFolder: labels })
    clearInterval(timer)
    expect(job.state).toBe('done')
    expect(longest).toBeLessThan(50)
  })
})

function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
