import { existsSync } from 'node:fs'
import nodeFiles, { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { panopticSegments } from '../../src/core/formats/coco-panoptic.ts'
import { readLabelPng } from '../../src/core/formats/indexed-png.ts'
import { exportLabels, type ExportRequest } from '../../src/main/pipeline/export-labels.ts'
import { failResult } from '../../src/main/store/panorama-results.ts'
import { appendReview } from '../../src/main/store/reviews.ts'
import { fusedFrom, raster } from '../fixtures/make_labels.ts'
import { jpeg, picture, png, writeFiles } from '../fixtures/make_images.ts'
import { addRun, importFolder, openLabelWorkspace, type ImportedFolder, type LabelWorkspace } from '../support/label-workspace.ts'
import { mountSmallDisk, writeError } from '../support/small-disk.ts'

const [WIDTH, HEIGHT] = [128, 64]
/** every class, ignore among them, in vertical stripes */
const STRIPES = raster(WIDTH, HEIGHT, (x, y) => (x === 127 ? 255 : (x + y) % 19))
const OTHER = raster(WIDTH, HEIGHT, (x) => (x < 64 ? 0 : 10))

let workspace: LabelWorkspace
let imported: ImportedFolder
let out: string

beforeEach(async () => {
  workspace = await openLabelWorkspace()
  out = join(workspace.root, 'out', 'labels')
  imported = await importFolder(workspace, await writeFiles(join(workspace.root, 'images'), {
    'train/a.jpg': await jpeg(picture(WIDTH, HEIGHT, 1)),
    'val/b.png': await png(picture(WIDTH, HEIGHT, 2)),
    'val/c.png': await png(picture(WIDTH, HEIGHT, 3)),
    'val/d.png': await png(picture(WIDTH, HEIGHT, 4)),
    'val/e.png': await png(picture(WIDTH, HEIGHT, 5)),
  }))
})
afterEach(() => workspace.close())

function idOf(name: string): string {
  return imported.byName.get(name)!.id
}

/** a map of the panorama a in an export */
function mapOfA(kind: string): string {
  return join(out, `gtFine/train/a/a_gtFine_${kind}.png`)
}

/** a and b are labelled, c is rejected, d failed, e is pending */
async function labelled(): Promise<string> {
  const run = await addRun(workspace, 'streets', { a: fusedFrom(STRIPES), b: fusedFrom(OTHER), c: fusedFrom(OTHER) })
  workspace.store.transaction((db) => {
    appendReview(db, { runId: run.id, panoramaId: idOf('a') }, 'accepted')
    appendReview(db, { runId: run.id, panoramaId: idOf('c') }, 'rejected')
    failResult(db, { runId: run.id, panoramaId: idOf('d') }, 'The network answered NaN.')
  })
  return run.id
}

const exporting = (request: Partial<ExportRequest> = {}, more: Partial<Parameters<typeof exportLabels>[0]> = {}) =>
  exportLabels({ ...workspace, ...more }, { run: 'last', format: 'cityscapes', out, ...request })

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}

/** What sharp (libpng) makes of a PNG: an independent reader. */
async function seen(path: string): Promise<{ isPalette: boolean; depth: string; rgb: Buffer }> {
  const metadata = await sharp(path).metadata()
  return { isPalette: metadata.isPalette, depth: metadata.depth!, rgb: await sharp(path).toColourspace('srgb').removeAlpha().raw().toBuffer() }
}

describe('cityscapes', () => {
  it('writes five maps of the panorama\'s size per panorama, and names what is left out', async () => {
    await labelled()
    const done = await exporting()
    expect(done).toMatchObject({ folder: out, format: 'cityscapes', panoramas: 2, files: 10 })
    expect(done.skipped.map(({ file, code }) => [file, code])).toEqual([['c', 'rejected'], ['d', 'failed'], ['e', 'pending']])
    expect(done.skipped[1].message).toContain('The network answered NaN.')
    const kinds = ['color', 'confidence', 'labelIds', 'labelTrainIds', 'provenance']
    expect(await filesBelow(out)).toEqual([
      'goodsam-export.json',
      ...kinds.map((kind) => `gtFine/train/a/a_gtFine_${kind}.png`),
      ...kinds.map((kind) => `gtFine/val/b/b_gtFine_${kind}.png`),
    ])
  })

  it('the pixels are the stored ones: ids as indices, colours as Cityscapes publishes them', async () => {
    await labelled()
    await exporting()
    const ids = async (kind: string) => readLabelPng(await readFile(mapOfA(kind)))
    const fused = fusedFrom(STRIPES)
    expect((await ids('labelTrainIds')).data).toEqual(STRIPES.data)
    expect((await ids('color')).data).toEqual(STRIPES.data)
    expect((await ids('confidence')).data).toEqual(fused.confidence.data)
    expect((await ids('provenance')).data).toEqual(fused.provenance.data)
    // trainIds 0..18 -> labelIds, from the dataset's own table
    const labelIds = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    expect((await ids('labelIds')).data).toEqual(STRIPES.data.map((id) => labelIds[id] ?? 0))

    for (const kind of ['labelTrainIds', 'labelIds', 'color']) {
      const { isPalette, depth, rgb } = await seen(mapOfA(kind))
      expect({ isPalette, depth }).toEqual({ isPalette: true, depth: 'uchar' })
      // the first four pixels: road, sidewalk, building, wall; the last of the row: ignore
      expect([...rgb.subarray(0, 12)]).toEqual([128, 64, 128, 244, 35, 232, 70, 70, 70, 102, 102, 156])
      expect([...rgb.subarray(127 * 3, 128 * 3)]).toEqual([0, 0, 0])
    }
    for (const kind of ['confidence', 'provenance']) expect((await seen(mapOfA(kind))).isPalette).toBe(false)
    expect(await sharp(mapOfA('confidence')).metadata()).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 1, depth: 'uchar' })
  })

  it('the manifest says where the labels come from', async () => {
    const runId = await labelled()
    await exporting()
    const manifest = JSON.parse(await readFile(join(out, 'goodsam-export.json'), 'utf8')) as Record<string, unknown>
    expect(manifest).toMatchObject({
      program: 'GoodSAM Studio', format: 'cityscapes', dataset: 'streets', panoramas: 2,
      run: { id: runId, name: 'run 1', config: { recipe: 'goodsam' } },
      models: [{ kind: 'ta', sha256: 'ab'.repeat(32) }],
      labelSet: { id: 'cityscapes' },
      provenance: { samMajority: 1, taOnly: 3 },
    })
    expect(manifest.skipped).toHaveLength(3)
    expect(manifest.files).toHaveLength(10)
  })

  it('can be imported again as truth', async () => {
    await labelled()
    await exporting()
    const again = await importFolder(workspace, join(workspace.root, 'images'), { dataset: 'again', labelsFolder: out })
    expect(again.dataset.withTruth).toBe(2)
    expect(again.panoramas.flatMap(({ warnings }) => warnings)).toEqual([])
  })
})

describe('other formats', () => {
  it('color writes the colour maps alone', async () => {
    await labelled()
    expect(await exporting({ format: 'color' })).toMatchObject({ panoramas: 2, files: 2 })
    expect(await filesBelow(out)).toEqual(['goodsam-export.json', 'gtFine/train/a/a_gtFine_color.png', 'gtFine/val/b/b_gtFine_color.png'].sort())
  })

  it('coco-panoptic: the PNG\'s ids are the JSON\'s segments', async () => {
    await labelled()
    expect(await exporting({ format: 'coco-panoptic' })).toMatchObject({ panoramas: 2, files: 4 })
    interface Segment { id: number; category_id: number; area: number }
    const json = JSON.parse(await readFile(join(out, 'annotations/panoptic_val.json'), 'utf8')) as {
      images: { id: number; file_name: string; width: number; height: number }[]
      annotations: { image_id: number; file_name: string; segments_info: Segment[] }[]
      categories: { id: number; name: string }[]
    }
    expect(json.images).toEqual([{ id: 1, file_name: 'b.png', width: WIDTH, height: HEIGHT }])
    expect(json.categories.find(({ id }) => id === 10)).toMatchObject({ name: 'sky' })
    const [annotation] = json.annotations
    const { rgb } = await seen(join(out, 'annotations/panoptic_val', annotation.file_name))
    const areas = new Map<number, number>()
    const classes = new Map<number, Set<number>>()
    for (let i = 0; i < WIDTH * HEIGHT; i++) {
      const id = rgb[3 * i] + 256 * rgb[3 * i + 1] + 65536 * rgb[3 * i + 2]
      areas.set(id, (areas.get(id) ?? 0) + 1)
      classes.set(id, (classes.get(id) ?? new Set()).add(OTHER.data[i]))
    }
    expect(new Map(annotation.segments_info.map(({ id, area }) => [id, area]))).toEqual(areas)
    for (const { id, category_id: category } of annotation.segments_info) expect(classes.get(id)).toEqual(new Set([category]))
    // masks are 32 columns wide, the classes change at column 64: one segment per mask
    expect(annotation.segments_info).toHaveLength(4)
  })

  it('coco-panoptic: the document of many panoramas is the same whichever ends first', async () => {
    const files: Record<string, Uint8Array> = {}
    // the first is by far the largest, so that it ends last
    const sizes = new Map<string, [number, number]>([['a', [1024, 512]], ['a-1', [64, 32]], ['a10', [66, 33]], ['a9', [96, 48]], ['b', [68, 34]]])
    for (const [name, [width, height]] of sizes) {
      const write = name === 'a9' ? jpeg : png
      files[`val/${name}.${name === 'a9' ? 'jpg' : 'png'}`] = await write(picture(width, height, width))
    }
    await importFolder(workspace, await writeFiles(join(workspace.root, 'many'), files), { dataset: 'many' })
    const labels = new Map([...sizes].map(([name, [width, height]]) => [name, fusedFrom(raster(width, height, (x, y) => (Math.imul(x + name.length, y + 7) >>> 2) % 19))]))
    await addRun(workspace, 'many', Object.fromEntries(labels))
    expect(await exporting({ format: 'coco-panoptic' })).toMatchObject({ panoramas: 5, files: 6 })

    const names = ['a-1.png', 'a.png', 'a10.png', 'a9.jpg', 'b.png']
    const segmentsOf = (name: string) => {
      const { label, mask } = labels.get(name.slice(0, -4))!
      return panopticSegments(label, { cyclic: true, masks: mask }).segments
    }
    expect(JSON.parse(await readFile(join(out, 'annotations/panoptic_val.json'), 'utf8'))).toEqual({
      images: names.map((name, index) => {
        const [width, height] = sizes.get(name.slice(0, -4))!
        return { id: index + 1, file_name: name, width, height }
      }),
      annotations: names.map((name, index) => ({ image_id: index + 1, file_name: `${name.slice(0, -4)}.png`, segments_info: segmentsOf(name) })),
      categories: expect.arrayContaining([{ id: 13, name: 'car', isthing: 1, color: [0, 0, 142] }]),
    })
  })

  it('coco-panoptic: a disk that fills up in the middle of the document leaves nothing', async () => {
    await labelled()
    const fileSystem = {
      ...nodeFiles,
      open: async (...args: Parameters<typeof nodeFiles.open>) => {
        const handle = await nodeFiles.open(...args)
        if (String(args[0]).endsWith('.json')) handle.appendFile = async () => Promise.reject(writeError('ENOSPC'))
        return handle
      },
    }
    await expect(exporting({ format: 'coco-panoptic' }, { fileSystem })).rejects.toMatchObject({
      code: 'storage', message: expect.stringMatching(/Could not write .*panoptic_(train|val)\.json\. The disk is full/),
    })
    expect(existsSync(join(workspace.root, 'out'))).toBe(false)
  })
})

describe('the folder', () => {
  it('is made under the workspace\'s exports when none is named, a new one each time', async () => {
    await labelled()
    const first = await exporting({ out: null })
    const second = await exporting({ out: null })
    expect(first.folder).toBe(join(workspace.store.paths.exports, 'run_1-cityscapes'))
    expect(second.folder).toBe(join(workspace.store.paths.exports, 'run_1-cityscapes-2'))
  })

  it('may be an empty one, and an earlier export of the format is replaced as a whole', async () => {
    const runId = await labelled()
    await mkdir(out, { recursive: true })
    await exporting()
    workspace.store.transaction((db) => appendReview(db, { runId, panoramaId: idOf('a') }, 'rejected'))
    expect(await exporting()).toMatchObject({ panoramas: 1 })
    const files = await filesBelow(out)
    expect(files).toHaveLength(6)
    expect(files.join()).not.toContain('/a/')
  })

  it.each([
    ['holds other files', { 'thesis.tex': 'years of work' }, /labels is not empty \(it holds thesis\.tex\)\. Choose an empty or a new folder/],
    ['holds a manifest that is not ours', { 'goodsam-export.json': '{}', 'thesis.tex': '' }, /not empty/],
  ])('that %s is not touched', async (_, files, message) => {
    await labelled()
    await writeFiles(out, files)
    await expect(exporting()).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(message) })
    expect(await filesBelow(out)).toEqual(Object.keys(files).sort())
  })

  it('with an earlier export is not touched when something was added to it, or it has another format', async () => {
    await labelled()
    await exporting()
    await expect(exporting({ format: 'color' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/format cityscapes\. Choose another folder/) })
    await writeFile(join(out, 'gtFine', 'train', 'a', 'notes.txt'), 'mine')
    const before = await filesBelow(out)
    await expect(exporting()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('gtFine/train/a/notes.txt') })
    expect(await filesBelow(out)).toEqual(before)
  })

  it('that is a file is refused', async () => {
    await labelled()
    await writeFiles(workspace.root, { 'out/labels': 'a file' })
    await expect(exporting()).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/labels is a file/) })
  })
})

describe('nothing to export', () => {
  it('says why and makes no folder', async () => {
    await addRun(workspace, 'streets', {})
    await expect(exporting()).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/"run 1" has no pseudo-label to export\. a is not labelled yet/) })
    expect(existsSync(join(workspace.root, 'out'))).toBe(false)
  })

  it('an unknown run', async () => {
    await expect(exporting({ run: 'nobody' })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('an export that cannot be finished leaves the folder as it was', () => {
  it('a full disk (injected): no folder, and an earlier export stays', async () => {
    await labelled()
    let left = 7
    const fileSystem = {
      ...nodeFiles,
      open: async (...args: Parameters<typeof nodeFiles.open>) => {
        if (args[1] === 'wx' && left-- <= 0) throw writeError('ENOSPC')
        return nodeFiles.open(...args)
      },
    }
    await expect(exporting({}, { fileSystem })).rejects.toMatchObject({
      code: 'storage', message: expect.stringMatching(/Could not write .*_gtFine_.*\.png\. The disk is full\. Free space there, or choose a folder on another disk/),
    })
    expect(existsSync(join(workspace.root, 'out'))).toBe(false)

    await exporting()
    const before = await filesBelow(out)
    left = 3
    await expect(exporting({}, { fileSystem })).rejects.toMatchObject({ code: 'storage' })
    expect(await filesBelow(out)).toEqual(before)
    expect(await readdir(out)).toEqual(['goodsam-export.json', 'gtFine'])
  })

  it('a rename that fails half-way: the earlier export comes back', async () => {
    await labelled()
    await exporting()
    const before = await filesBelow(out)
    let renames = 0
    const fileSystem = {
      ...nodeFiles,
      rename: async (...args: Parameters<typeof nodeFiles.rename>) => {
        if (++renames === 4) throw writeError('EACCES')
        await nodeFiles.rename(...args)
      },
    }
    await expect(exporting({}, { fileSystem })).rejects.toMatchObject({ code: 'storage' })
    expect(await filesBelow(out)).toEqual(before)
    expect(await readdir(out)).toEqual(['goodsam-export.json', 'gtFine'])
  })

  it.each([0, 1, 2, 3])('a process that is killed after %i of the 4 renames: the earlier export comes back with the next one', async (survived) => {
    const runId = await labelled()
    await exporting()
    const before = await filesBelow(out)
    workspace.store.transaction((db) => appendReview(db, { runId, panoramaId: idOf('a') }, 'rejected'))
    const killed = Promise.withResolvers<void>()
    let renames = 0
    const dying = {
      ...nodeFiles,
      rename: async (...args: Parameters<typeof nodeFiles.rename>) => {
        if (renames++ < survived) return nodeFiles.rename(...args)
        killed.resolve()
        // nothing of this export happens any more
        await new Promise(() => {})
      },
    }
    void exporting({}, { fileSystem: dying })
    await killed.promise
    // as if another process had made them, one that is gone
    for (const name of await readdir(out)) {
      if (name.startsWith('.goodsam-')) await nodeFiles.rename(join(out, name), join(out, name.replace(/-\d+-/, '-999999999-')))
    }

    const full = { ...nodeFiles, open: async () => Promise.reject(writeError('ENOSPC')) }
    await expect(exporting({}, { fileSystem: full })).rejects.toMatchObject({ code: 'storage' })
    expect(await readdir(out)).toEqual(['goodsam-export.json', 'gtFine'])
    expect(await filesBelow(out)).toEqual(before)
    expect(await exporting()).toMatchObject({ panoramas: 1 })
    expect(await readdir(out)).toEqual(['goodsam-export.json', 'gtFine'])
    expect(await filesBelow(out)).toHaveLength(6)
  })

  it('a full disk (a real one of 64 kB)', async () => {
    const noise = raster(1024, 512, (x, y) => (Math.imul(x * 1024 + y, 2654435761) >>> 16) % 19)
    await importFolder(workspace, await writeFiles(join(workspace.root, 'large'), { 'l.png': await png(picture(1024, 512, 9)) }), { dataset: 'large' })
    await addRun(workspace, 'large', { l: fusedFrom(noise) })
    const disk = mountSmallDisk(out, '64k')
    if (disk === null) return
    try {
      await expect(exporting()).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/disk is full/) })
      expect(await readdir(out)).toEqual([])
      disk.remount('size=16m')
      expect(await exporting()).toMatchObject({ panoramas: 1, files: 5 })
      disk.remount('ro')
      await expect(exporting()).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/read-only\. Choose a folder/) })
      expect(await filesBelow(out)).toHaveLength(6)
    } finally {
      disk.unmount()
    }
  })

  it('a cancellation', async () => {
    await labelled()
    const stop = new AbortController()
    const cancelled = exportLabels(workspace, { run: 'last', format: 'cityscapes', out }, { signal: stop.signal, onProgress: () => stop.abort() })
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(join(workspace.root, 'out'))).toBe(false)
  })

  it('a damaged pseudo-label: names what to do', async () => {
    await labelled()
    const row = workspace.store.read.get('SELECT fusion FROM panorama_results WHERE fusion IS NOT NULL LIMIT 1')!
    await nodeFiles.chmod(workspace.artifacts.path(String(row.fusion)), 0o644)
    await writeFile(workspace.artifacts.path(String(row.fusion)), 'rubbish')
    await expect(exporting()).rejects.toMatchObject({ code: 'workspace-damaged' })
    expect(existsSync(join(workspace.root, 'out'))).toBe(false)
  })
})
