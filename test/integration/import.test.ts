import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeRaster } from '../../src/core/formats/bundles.ts'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { requireImportable } from '../../src/main/pipeline/import-plan.ts'
import { fromPixels, jpeg, picture, png, writeFiles } from '../fixtures/make_images.ts'
import {
  expectWhole, importedState, importFolder, openLabelWorkspace, submitImport, until, WHOLE, type LabelWorkspace,
} from '../support/label-workspace.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'

let workspace: LabelWorkspace
let folder: string

beforeEach(async () => {
  workspace = await openLabelWorkspace()
  folder = join(workspace.root, 'images')
})
afterEach(() => workspace.close())

const grey = (width: number, height: number, value: (x: number, y: number) => number): Uint8Array =>
  writeGreyPng({ width, height, data: Uint8Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width))) })

describe('folder layouts', () => {
  it('Cityscapes: splits and cities, label maps beside the images are no panoramas', async () => {
    await writeFiles(folder, {
      'leftImg8bit/train/aachen/aachen_000001_leftImg8bit.png': await png(picture(128, 64, 1)),
      'leftImg8bit/val/bonn/bonn_000002_leftImg8bit.png': await png(picture(128, 64, 2)),
      'gtFine/val/bonn/bonn_000002_gtFine_color.png': await png(picture(128, 64, 3)),
    })
    const { panoramas, job, log } = await importFolder(workspace, folder)
    expect(job.state).toBe('done')
    expect(panoramas.map(({ name, split }) => [name, split])).toEqual([['aachen_000001', 'train'], ['bonn_000002', 'val']])
    expect(log).toEqual([expect.stringMatching(/gtFine holds label maps/)])
  })

  it('DensePASS: a full turn of 2048 x 400, the underscore of its file names left out', async () => {
    await writeFiles(folder, {
      'leftImg8bit/val/cs/100_.png': await png(picture(2048, 400, 1)),
      'leftImg8bit/val/cs/101.png': await png(picture(2048, 400, 2)),
    })
    const { panoramas } = await importFolder(workspace, folder)
    expect(panoramas.map(({ name, split }) => [name, split])).toEqual([['100', 'val'], ['101', 'val']])
    expect(panoramas[0].projection).toMatchObject({ hfovDeg: 360, vfovDeg: 70.3125, cyclic: true, source: 'aspect' })
  })

  it('WildPASS: subsets of jpg, png and JPG', async () => {
    await writeFiles(folder, {
      'leftImg8bit/train/1.jpg': await jpeg(picture(128, 64, 1)),
      'leftImg8bit/train/2.JPG': await jpeg(picture(128, 64, 2)),
      'leftImg8bit/wild/3.png': await png(picture(128, 64, 3)),
    })
    const { panoramas } = await importFolder(workspace, folder)
    expect(panoramas.map(({ name, split }) => [name, split])).toEqual([['1', 'train'], ['2', 'train'], ['3', 'default']])
  })

  it('plain folders: natural order, hidden files left out, clashing names told apart', async () => {
    const files: Record<string, Uint8Array> = {}
    for (const [index, name] of ['2.jpg', '10.jpg', '.hidden.jpg', '__MACOSX/2.jpg', 'east/a.jpg', 'west/a.jpg', 'notes.txt'].entries()) {
      files[name] = await jpeg(picture(128, 64, index + 1))
    }
    const { panoramas, refused } = await importFolder(workspace, await writeFiles(folder, files))
    expect(panoramas.map(({ name }) => name)).toEqual(['2', '10', 'east_a', 'west_a'])
    expect(refused).toEqual([])
  })

  it('an image list: relative and absolute paths, comments, the split in its name; a missing file is refused with its line', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg(picture(128, 64, 1)), 'b/b.png': await png(picture(128, 64, 2)) })
    const list = join(folder, 'val.txt')
    await writeFile(list, `# chosen by hand\na.jpg\n\n${join(folder, 'b/b.png')}\ngone.jpg\n`)
    const { panoramas, refused } = await importFolder(workspace, list)
    expect(panoramas.map(({ name, split }) => [name, split])).toEqual([['a', 'val'], ['b', 'val']])
    expect(refused).toEqual([{ file: join(folder, 'gone.jpg'), code: 'bad-file', message: expect.stringMatching(/gone\.jpg does not exist.*line 5 of .*val\.txt/) }])
  })

  it('a single image', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg(), 'b.jpg': await jpeg(picture(128, 64, 2)) })
    const { panoramas } = await importFolder(workspace, join(folder, 'a.jpg'))
    expect(panoramas.map(({ name }) => name)).toEqual(['a'])
  })
})

describe('what is stored', () => {
  it('the bytes of a plain jpg, and the hash of the file', async () => {
    const bytes = await jpeg()
    const { panoramas: [panorama] } = await importFolder(workspace, await writeFiles(folder, { 'a.jpg': bytes }))
    expect(panorama).toMatchObject({ width: 128, height: 64, mediaType: 'image/jpeg', truth: null, warnings: [], imageBytes: bytes.length })
    expect(panorama.image).toBe(panorama.fileSha256)
    expect(Buffer.from(await workspace.artifacts.read(panorama.image)).equals(bytes)).toBe(true)
  })

  it('upright pixels for a rotated photo; the hash stays the file\'s', async () => {
    const rotated = await fromPixels(picture(64, 128)).png().withMetadata({ orientation: 6 }).toBuffer()
    const { panoramas: [panorama] } = await importFolder(workspace, await writeFiles(folder, { 'a.png': rotated }))
    expect(panorama).toMatchObject({ width: 128, height: 64, mediaType: 'image/png' })
    expect(panorama.image).not.toBe(panorama.fileSha256)
    expect(await sharp(Buffer.from(await workspace.artifacts.read(panorama.image))).metadata()).toMatchObject({ width: 128, height: 64 })
  })

  it('the projection of the file\'s GPano metadata, and of a person before it', async () => {
    const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
      xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="256"
      GPano:FullPanoHeightPixels="128" GPano:CroppedAreaImageWidthPixels="128" GPano:CroppedAreaImageHeightPixels="64"
      GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="16"/></rdf:RDF></x:xmpmeta>`
    await writeFiles(folder, { 'a.jpg': await fromPixels(picture()).jpeg().withXmp(xmp).toBuffer(), 'b.png': await fromPixels(picture(128, 64, 2)).png().withXmp(xmp).toBuffer() })
    const { panoramas } = await importFolder(workspace, folder)
    // rows 16..80 of 128: the horizon is row 48 of 64, 16 below the middle
    const expected = { kind: 'equirectangular', hfovDeg: 180, vfovDeg: 90, horizonOffsetPx: 16, cyclic: false, source: 'gpano' }
    expect(panoramas.map(({ projection }) => projection)).toEqual([expected, expected])

    const said = await importFolder(workspace, folder, { dataset: 'said', hfovDeg: 360, vfovDeg: 100 })
    expect(said.panoramas[0].projection).toEqual({ ...expected, hfovDeg: 360, vfovDeg: 100, cyclic: true, source: 'user' })
  })

  it('one panorama for files of the same content: the others are named', async () => {
    const bytes = await jpeg()
    await writeFiles(folder, { 'a.jpg': bytes, 'copy/b.jpg': bytes, 'c.jpg': await jpeg(picture(128, 64, 2)) })
    const { panoramas, refused, log, job } = await importFolder(workspace, folder)
    expect(panoramas.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(refused).toEqual([])
    expect(job).toMatchObject({ state: 'done', done: 3, failed: 0 })
    expect(log).toEqual([`${join(folder, 'copy/b.jpg')} has the same content as the panorama "a" and was skipped.`])
  })
})

describe('truth', () => {
  const SIZE = [128, 64] as const

  it('is found in the Cityscapes layout, by split, trainIds before labelIds', async () => {
    await writeFiles(folder, {
      'leftImg8bit/train/1_leftImg8bit.png': await png(picture(128, 64, 1)),
      'leftImg8bit/val/1_leftImg8bit.png': await png(picture(128, 64, 2)),
      'gtFine/train/1_gtFine_labelTrainIds.png': grey(...SIZE, () => 3),
      'gtFine/train/1_gtFine_labelIds.png': grey(...SIZE, () => 7),
      'gtFine/train/1_gtFine_color.png': await png(),
      'gtFine/val/1_gtFine_labelIds.png': grey(...SIZE, (x) => [7, 23, 4, 255][x % 4]),
    })
    const { byName, dataset } = await importFolder(workspace, folder, { labelsFolder: folder })
    expect(dataset.withTruth).toBe(2)
    const read = async (name: string) => decodeRaster(await workspace.artifacts.read(byName.get(name)!.truth!))
    expect(new Set((await read('train_1')).data)).toEqual(new Set([3]))
    // labelIds 7 road, 23 sky, 4 static (not evaluated), 255
    expect([...(await read('val_1')).data.subarray(0, 4)]).toEqual([0, 10, 255, 255])
  })

  it('is found by DensePASS and plain names', async () => {
    await writeFiles(folder, {
      'images/100_.png': await png(picture(128, 64, 1)),
      'images/street.jpg': await jpeg(picture(128, 64, 2)),
      'labels/100_labelTrainIds.png': grey(...SIZE, () => 5),
      'labels/street.png': grey(...SIZE, () => 6),
    })
    const { panoramas } = await importFolder(workspace, join(folder, 'images'), { labelsFolder: join(folder, 'labels') })
    const first = await Promise.all(panoramas.map(async ({ truth }) => decodeRaster(await workspace.artifacts.read(truth!)).data[0]))
    expect(first).toEqual([5, 6])
  })

  it('can be given to panoramas that were imported without', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg() })
    expect((await importFolder(workspace, folder)).dataset.withTruth).toBe(0)
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'a.png': grey(...SIZE, () => 9) })
    const again = await importFolder(workspace, folder, { labelsFolder: labels })
    expect(again.job).toMatchObject({ state: 'done', done: 1, failed: 0 })
    expect(again.dataset).toMatchObject({ panoramas: 1, withTruth: 1 })
    expect(decodeRaster(await workspace.artifacts.read(again.panoramas[0].truth!)).data[0]).toBe(9)
  })

  it('images without a label map are counted and the expected names are said', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg(), 'b.jpg': await jpeg(picture(128, 64, 2)) })
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'b.png': grey(...SIZE, () => 9) })
    const { log, dataset } = await importFolder(workspace, folder, { labelsFolder: labels })
    expect(dataset.withTruth).toBe(1)
    expect(log).toEqual([expect.stringMatching(/^1 of 2 images have no label map in .*a_gtFine_labelTrainIds\.png/)])
  })
})

describe('an import that is interrupted', () => {
  it('is cancelled at once and keeps what it finished; the next import does only the rest', async () => {
    for (let i = 0; i < 30; i++) await writeFiles(folder, { [`${i}.jpg`]: await jpeg(picture(512, 256, i + 1)) })
    const { id } = submitImport(workspace, folder)
    workspace.runner.start()
    await until(() => workspace.runner.get(id).done >= 3, 'three files imported')
    workspace.runner.cancel(id)
    await workspace.runner.settled(id)
    const cancelled = importedState(workspace, id)
    expect(cancelled.job.state).toBe('cancelled')
    expect(cancelled.panoramas.length).toBeGreaterThanOrEqual(3)
    expect(cancelled.panoramas.length).toBeLessThan(30)
    expect(await expectWhole(workspace)).toEqual(WHOLE)

    // what is imported already is not read again: without its file it still counts
    const ids = new Set(cancelled.panoramas.map((panorama) => panorama.id))
    const [first] = cancelled.panoramas
    await writeFile(join(folder, `${first.name}.jpg`), 'no longer an image')
    const finished = await importFolder(workspace, folder)
    expect(finished.job).toMatchObject({ state: 'done', done: 30, total: 30, failed: 0 })
    expect(finished.panoramas).toHaveLength(30)
    expect(finished.panoramas.filter((panorama) => ids.has(panorama.id))).toHaveLength(ids.size)
  })

  it('goes on after the program was closed and gives the same names', async () => {
    for (let i = 0; i < 12; i++) {
      await writeFiles(folder, { [`east/${i}.jpg`]: await jpeg(picture(512, 256, 2 * i + 1)), [`west/${i}.jpg`]: await jpeg(picture(512, 256, 2 * i + 2)) })
    }
    const { id } = submitImport(workspace, folder)
    workspace.runner.start()
    await until(() => workspace.runner.get(id).done >= 3, 'three files imported')
    await workspace.runner.stop()
    workspace.store.close()

    const reopened = await openLabelWorkspace({ root: workspace.root })
    expect(reopened.runner.get(id)).toMatchObject({ state: 'queued' })
    reopened.runner.start()
    await reopened.runner.settled(id)
    const { panoramas, job } = importedState(reopened, id)
    await reopened.close()
    expect(job).toMatchObject({ state: 'done', done: 24, failed: 0, attempts: 2 })
    expect(panoramas.map(({ name }) => name).sort()).toEqual(
      ['east', 'west'].flatMap((side) => Array.from({ length: 12 }, (_, i) => `${side}_${i}`)).sort(),
    )
  })

  it('a refused file that was repaired is taken by the next import', async () => {
    await writeFiles(folder, { 'a.jpg': await jpeg(), 'b.jpg': 'broken' })
    const first = await importFolder(workspace, folder)
    expect(first.refused.map(({ file }) => file)).toEqual([join(folder, 'b.jpg')])
    await rename(join(folder, 'a.jpg'), join(workspace.root, 'aside.jpg'))
    await writeFiles(folder, { 'b.jpg': await jpeg(picture(128, 64, 2)) })
    const second = await importFolder(workspace, folder)
    expect(second.refused).toEqual([])
    expect(second.panoramas.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('real panoramas', () => {
  it('are imported as they are: 20 spheres and 3 full turns without poles', async () => {
    warnWithoutRealData('import of real panoramas')
    if (!REAL.present) return
    const { job, panoramas, refused, log } = await importFolder(workspace, REAL.panoramas)
    expect(job).toMatchObject({ state: 'done', done: 23, failed: 0 })
    expect({ refused, log }).toEqual({ refused: [], log: [] })
    const angles = panoramas.map(({ width, height, projection }) => [width, height, projection.hfovDeg, projection.vfovDeg, projection.cyclic].join())
    expect(angles.filter((text) => text === '2048,1024,360,180,true')).toHaveLength(20)
    expect(angles.filter((text) => text === '2048,692,360,121.640625,true')).toHaveLength(3)
    for (const { image, fileSha256 } of panoramas) expect(image).toBe(fileSha256)
  })
})

describe('requireImportable', () => {
  it('says before a dataset is made that there is nothing to import', async () => {
    await mkdir(folder)
    await expect(requireImportable({ folder, labelsFolder: null })).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(folder) })
    await writeFiles(folder, { 'a.jpg': 'anything' })
    await expect(requireImportable({ folder, labelsFolder: join(folder, 'none') })).rejects.toMatchObject({ code: 'bad-file', message: expect.stringMatching(/labels folder .*none does not exist/) })
    await requireImportable({ folder, labelsFolder: folder })
  })
})
