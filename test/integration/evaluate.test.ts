import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { evaluateLabels } from '../../src/main/pipeline/evaluate-labels.ts'
import { fusedFrom, raster } from '../fixtures/make_labels.ts'
import { jpeg, picture, png, writeFiles } from '../fixtures/make_images.ts'
import { addRun, importFolder, openLabelWorkspace, type LabelWorkspace } from '../support/label-workspace.ts'

const [WIDTH, HEIGHT] = [128, 64]

let workspace: LabelWorkspace
let images: string

beforeEach(async () => {
  workspace = await openLabelWorkspace()
  images = await writeFiles(join(workspace.root, 'images'), {
    'a.jpg': await jpeg(picture(WIDTH, HEIGHT, 1)), 'b.jpg': await jpeg(picture(WIDTH, HEIGHT, 2)), 'c.jpg': await jpeg(picture(WIDTH, HEIGHT, 3)),
  })
})
afterEach(() => workspace.close())

const evaluating = (truth: string | null, run = 'last') => evaluateLabels(workspace, { run, truth })

/**
 * Truth: the upper half sky (10), the lower half road (0), a column of ignore.
 * a is right but for a quarter of the sky, which it calls vegetation (8); b is right everywhere.
 */
const TRUTH = raster(WIDTH, HEIGHT, (x, y) => (x === 5 ? 255 : y < 32 ? 10 : 0))
const A = raster(WIDTH, HEIGHT, (x, y) => (y >= 32 ? 0 : x < 32 ? 8 : 10))
const B = raster(WIDTH, HEIGHT, (_, y) => (y < 32 ? 10 : 0))

describe('evaluateLabels', () => {
  it('scores with one confusion matrix over all panoramas: numbers by hand', async () => {
    const labels = await writeFiles(join(workspace.root, 'labels'), { 'a.png': writeGreyPng(TRUTH), 'b.png': writeGreyPng(TRUTH) })
    await importFolder(workspace, images, { labelsFolder: labels })
    await addRun(workspace, 'streets', { a: fusedFrom(A), b: fusedFrom(B) })
    const result = await evaluating(null)

    // of 2 x 127 labelled columns 31 (32 less the ignored one) are wrong in the sky of a
    const sky = (2 * 127 - 31) / (2 * 127)
    expect(result.panoramas).toBe(2)
    expect(result.pixelAccuracy).toBeCloseTo((2 * 127 * 64 - 31 * 32) / (2 * 127 * 64), 12)
    const iou = new Map(result.perClass.map((of) => [of.name, of.iou]))
    expect(iou.get('road')).toBe(1)
    expect(iou.get('sky')).toBeCloseTo(sky, 12)
    expect(iou.get('vegetation')).toBe(0)
    expect(iou.get('car')).toBeNull()
    expect(result.miou).toBeCloseTo((1 + sky + 0) / 3, 12)
    expect(result.perClass.find(({ name }) => name === 'sky')!.pixels).toBe(2 * 127 * 32)
    // wrong in whole columns: the weights of the rows cancel
    expect(result.solidAngleMiou).toBeCloseTo(result.miou, 12)
    expect(result.latitudeBands.map(({ fromDeg, toDeg }) => [fromDeg, toDeg])).toEqual([[-90, -60], [-60, -30], [-30, 0], [0, 30], [30, 60], [60, 90]])
    expect(result.latitudeBands.slice(0, 3).map(({ miou }) => miou)).toEqual([1, 1, 1])
    for (const { miou } of result.latitudeBands.slice(3)) expect(miou).toBeCloseTo((sky + 0) / 2, 12)
    expect(result.boundaryF).toBeGreaterThan(0)
    expect(result.boundaryF).toBeLessThan(1)
    expect(result.skipped.map(({ file }) => file)).toEqual(['c'])
  })

  it('a perfect label scores 1 everywhere', async () => {
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { b: fusedFrom(B) })
    const truth = await writeFiles(join(workspace.root, 'truth'), { 'b_gtFine_labelTrainIds.png': writeGreyPng(TRUTH) })
    expect(await evaluating(truth)).toMatchObject({ panoramas: 1, miou: 1, pixelAccuracy: 1, solidAngleMiou: 1, boundaryF: 1, seamConsistency: 1 })
  })

  it('reads truth from a folder in the Cityscapes layout, labelIds too', async () => {
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { a: fusedFrom(A), b: fusedFrom(B) })
    const labelIds = { ...TRUTH, data: TRUTH.data.map((id) => ({ 10: 23, 0: 7 })[id] ?? 255) }
    const truth = await writeFiles(join(workspace.root, 'truth'), {
      'gtFine/val/a/a_gtFine_labelIds.png': writeGreyPng(labelIds), 'gtFine/val/b/b_gtFine_labelIds.png': writeGreyPng(labelIds),
    })
    const fromLabelIds = await evaluating(truth)
    const trainIds = await writeFiles(join(workspace.root, 'train-ids'), { 'a.png': writeGreyPng(TRUTH), 'b.png': writeGreyPng(TRUTH) })
    expect(fromLabelIds).toEqual(await evaluating(trainIds))
    expect(fromLabelIds.panoramas).toBe(2)
  })

  it('predictions of no class are wrong, not left out', async () => {
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { b: fusedFrom(raster(WIDTH, HEIGHT, (_, y) => (y < 32 ? 255 : 0))) })
    const truth = await writeFiles(join(workspace.root, 'truth'), { 'b.png': writeGreyPng(TRUTH) })
    expect(await evaluating(truth)).toMatchObject({ pixelAccuracy: 0.5, miou: 0.5 })
  })

  it('seam consistency: a break at the seam of a full turn lowers it, elsewhere it does not', async () => {
    await writeFiles(images, { 'partial.png': await png(picture(64, 64, 9)) })
    await importFolder(workspace, images)
    const truth = await writeFiles(join(workspace.root, 'truth'), { 'a.png': writeGreyPng(TRUTH), 'b.png': writeGreyPng(TRUTH), 'partial.png': writeGreyPng(raster(64, 64, () => 0)) })
    // left half road, right half sky: every row breaks at the seam, and at one of the 127 other pairs of columns
    await addRun(workspace, 'streets', { a: fusedFrom(raster(WIDTH, HEIGHT, (x) => (x < 64 ? 0 : 10))) }, 'broken')
    expect((await evaluating(truth, 'broken')).seamConsistency).toBe(0)
    // half of the rows break at the seam: 1/2 over the 1 - 1/2 * 1/127 of elsewhere
    await addRun(workspace, 'streets', { a: fusedFrom(raster(WIDTH, HEIGHT, (x, y) => (y < 32 || x < 64 ? 0 : 10))) }, 'half')
    expect((await evaluating(truth, 'half')).seamConsistency).toBeCloseTo(0.5 / (1 - 0.5 / 127), 12)
    await addRun(workspace, 'streets', { a: fusedFrom(raster(WIDTH, HEIGHT, (x) => (x > 40 && x < 70 ? 0 : 10))) }, 'whole')
    expect((await evaluating(truth, 'whole')).seamConsistency).toBe(1)
    // a partial panorama has no seam
    await addRun(workspace, 'streets', { partial: fusedFrom(raster(64, 64, () => 0)) }, 'partial')
    expect((await evaluating(truth, 'partial')).seamConsistency).toBeNull()
  })

  it('truth that does not fit is left out with the reason, the others count', async () => {
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { a: fusedFrom(A), b: fusedFrom(B), c: fusedFrom(B) })
    const truth = await writeFiles(join(workspace.root, 'truth'), {
      'a.png': writeGreyPng(raster(64, 64, () => 0)), 'b.png': writeGreyPng(TRUTH), 'c.png': writeGreyPng(raster(WIDTH, HEIGHT, () => 77)),
    })
    const result = await evaluating(truth)
    expect(result).toMatchObject({ panoramas: 1, miou: 1 })
    expect(result.skipped).toEqual([
      { file: 'a', code: 'bad-file', message: expect.stringMatching(/a\.png has 64 x 64 pixels, its panorama 128 x 64/) },
      { file: 'c', code: 'bad-file', message: expect.stringMatching(/c\.png holds the id 77, which Cityscapes does not have as trainIds/) },
    ])
  })

  it.each([
    ['no truth was imported', async () => null, /a was imported without truth\. Import its folder again with the labels folder/],
    ['the folder has other names', async () => writeFiles(join(workspace.root, 'truth'), { 'x.png': writeGreyPng(TRUTH) }), /a has no label map in .*truth \(1 found\)\. Name it a_gtFine_labelTrainIds\.png/],
    ['the truth is all ignored', async () => writeFiles(join(workspace.root, 'truth'), { 'a.png': writeGreyPng(raster(WIDTH, HEIGHT, () => 255)) }), /every pixel is 255/],
  ])('nothing to score because %s: says so', async (_, makeTruth, message) => {
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { a: fusedFrom(A) })
    await expect(evaluating(await makeTruth())).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) })
  })

  it('a truth folder that does not exist', async () => {
    await mkdir(join(workspace.root, 'empty'))
    await importFolder(workspace, images)
    await addRun(workspace, 'streets', { a: fusedFrom(A) })
    await expect(evaluating(join(workspace.root, 'none'))).rejects.toMatchObject({ code: 'bad-file', message: expect.stringMatching(/none does not exist/) })
  })
})
