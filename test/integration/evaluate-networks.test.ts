import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EvaluationRecord, Student } from '../../src/contract/training-schemas.ts'
import { decodeRaster } from '../../src/core/formats/bundles.ts'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { IGNORE_ID } from '../../src/core/labels/label-set.ts'
import type { Raster } from '../../src/core/raster/raster.ts'
import { evaluateLabels } from '../../src/main/pipeline/evaluate-labels.ts'
import { getStudent, setStudentWeights } from '../../src/main/store/students.ts'
import { png, writeFiles } from '../fixtures/make_images.ts'
import { fusedFrom, raster } from '../fixtures/make_labels.ts'
import { addStudentFrom, openEvaluationHost, type EvaluationHost } from '../support/evaluation-host.ts'
import { addRun, importFolder } from '../support/label-workspace.ts'
import { colours, modelPath, paint, type Patch } from './engine-fixtures.ts'

/** Students, TA models and labelling runs scored on painted streets; the networks' answers are known (test/fixtures/models). */

const SIZE = { width: 256, height: 128 }
const signal = new AbortController().signal

/** A car on a street, somewhere; truth calls a part of the road sidewalk, and ignores a strip. */
function street(x: number): { readonly seen: Raster; readonly truth: Raster } {
  const patches: readonly Patch[] = [[10, 0, 0, 256, 64], [0, 0, 64, 256, 64], [2, 64, 32, 64, 32], [13, x, 64, 32, 32]]
  const seen = paint(SIZE.width, SIZE.height, patches)
  const truth = paint(SIZE.width, SIZE.height, [...patches, [1, 0, 112, x, 16]])
  truth.data.fill(IGNORE_ID, 0, 256 * 4)
  return { seen, truth }
}

const STREETS: Readonly<Record<string, ReturnType<typeof street>>> = { a: street(240), b: street(32), c: street(160) }

async function writeStreets(root: string): Promise<{ images: string; labels: string }> {
  const images: Record<string, Buffer> = {}
  const labels: Record<string, Uint8Array> = {}
  for (const [name, { seen, truth }] of Object.entries(STREETS)) {
    images[`${name}.png`] = await png({ ...SIZE, data: colours(seen) } as never)
    labels[`${name}.png`] = writeGreyPng(truth)
  }
  return { images: await writeFiles(join(root, 'images'), images), labels: await writeFiles(join(root, 'labels'), labels) }
}

let root: string
let host: EvaluationHost
let student: Student
let first: EvaluationRecord

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodsam-evaluate-'))
  host = openEvaluationHost(root)
  const { images, labels } = await writeStreets(root)
  await importFolder(host, images, { labelsFolder: labels })
  student = await addStudentFrom(host, modelPath('colour-ta-dynamic.onnx'))
  await host.services['models.add']({ kind: 'ta', files: [modelPath('colour-ta.onnx')], name: 'colours' }, { signal })
  first = (await host.evaluate({ subject: { student: 'mini' } })).record
})
afterAll(async () => {
  await host.close()
  await rm(root, { recursive: true, force: true })
})

/** Intersection over union by class, counted pixel by pixel over all maps together. */
function counted(pairs: readonly { truth: Raster; prediction: Raster }[]): { miou: number; accuracy: number; confusion: number[][] } {
  const confusion = Array.from({ length: 19 }, () => Array.from({ length: 20 }, () => 0))
  for (const { truth, prediction } of pairs) {
    truth.data.forEach((id, pixel) => {
      if (id !== IGNORE_ID) confusion[id][Math.min(19, prediction.data[pixel])]++
    })
  }
  const all = confusion.flat().reduce((sum, count) => sum + count, 0)
  const hits = confusion.map((row, id) => row[id])
  const iou = hits.flatMap((hit, id) => {
    const union = confusion[id].reduce((sum, count) => sum + count, 0) + confusion.reduce((sum, row) => sum + row[id], 0) - hit
    return union > 0 ? [hit / union] : []
  })
  return { miou: iou.reduce((sum, value) => sum + value, 0) / iou.length, accuracy: hits.reduce((sum, hit) => sum + hit, 0) / all, confusion }
}

async function predictionsOf({ perPanorama }: EvaluationRecord): Promise<{ truth: Raster; prediction: Raster }[]> {
  return Promise.all(perPanorama.map(async ({ name, prediction }) =>
    ({ truth: STREETS[name].truth, prediction: decodeRaster(await host.artifacts.read(prediction)) })))
}

describe('a student', () => {
  test('is scored with one confusion matrix of what its network answers', async () => {
    expect(first).toMatchObject({ status: 'done', error: null, subject: { kind: 'student', id: student.id, name: 'mini' }, datasetName: 'streets', mode: 'whole', truth: null })
    const pairs = await predictionsOf(first)
    const { miou, accuracy, confusion } = counted(pairs)
    expect(first.result!.panoramas).toBe(3)
    expect(first.result!.skipped).toEqual([])
    expect(first.result!.miou).toBeCloseTo(miou, 12)
    expect(first.result!.pixelAccuracy).toBeCloseTo(accuracy, 12)
    expect(first.confusion).toEqual(confusion)
    expect(first.result!.miou).toBeGreaterThan(0.5)
    // the network looks at cells alone: half a turn changes nothing
    expect(first.result!.seamConsistency).toBe(1)
    expect(first.perPanorama.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    first.perPanorama.forEach((one, i) => {
      expect(one.miou).toBeCloseTo(counted([pairs[i]]).miou, 12)
      expect(one.pixelAccuracy).toBeCloseTo(counted([pairs[i]]).accuracy, 12)
    })
    expect(first.millisecondsPerPanorama).toBeGreaterThan(0)
  })

  test('says with hashes what made the numbers', () => {
    expect(first.hashes).toMatchObject({ network: student.network, program: '1.2.3' })
    for (const name of ['settings', 'images', 'truth', 'predictions']) expect(first.hashes[name]).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is quick a second time: predictions are kept, the numbers are the same', async () => {
    const before = host.segmented.length
    const { record } = await host.evaluate({ subject: { student: student.id } })
    expect(record.id).not.toBe(first.id)
    expect(host.segmented.length).toBe(before)
    expect(record).toMatchObject({ result: first.result, confusion: first.confusion, perPanorama: first.perPanorama, hashes: first.hashes })
    // as it was measured when it was computed
    expect(record.millisecondsPerPanorama).toBe(first.millisecondsPerPanorama)
  })

  test('other truth, the same predictions: truth from a folder that lacks a panorama', async () => {
    const truth = await writeFiles(join(root, 'some'), { 'a.png': writeGreyPng(STREETS.a.seen), 'b.png': writeGreyPng(raster(64, 64, () => 0)) })
    const before = host.segmented.length
    const { record } = await host.evaluate({ subject: { student: 'mini' }, truth })
    expect(host.segmented.length).toBe(before)
    expect(record).toMatchObject({ truth, result: { panoramas: 1 } })
    expect(record.perPanorama.map(({ name }) => name)).toEqual(['a'])
    expect(record.result!.pixelAccuracy).toBeGreaterThan(first.result!.pixelAccuracy)
    expect(record.result!.skipped).toEqual([
      { file: 'b', code: 'bad-file', message: expect.stringMatching(/b\.png has 64 x 64 pixels, its panorama 256 x 128/) },
      { file: 'c', code: 'bad-file', message: expect.stringMatching(/c has no label map in .*some/) },
    ])
    expect(record.hashes.truth).not.toBe(first.hashes.truth)
  })

  test('by windows it is another prediction', async () => {
    const { record } = await host.evaluate({ subject: { student: 'mini' }, mode: 'sliding' })
    expect(record).toMatchObject({ mode: 'sliding', status: 'done' })
    expect(record.hashes.settings).not.toBe(first.hashes.settings)
    expect(record.perPanorama.map(({ prediction }) => prediction)).not.toEqual(first.perPanorama.map(({ prediction }) => prediction))
    expect(record.result!.miou).toBeCloseTo(counted(await predictionsOf(record)).miou, 12)
  })

  test('a prediction that went bad on the disk is made again', async () => {
    const { prediction } = first.perPanorama[1]
    await rm(host.artifacts.path(prediction))
    const before = host.segmented.length
    const { record } = await host.evaluate({ subject: { student: 'mini' } })
    expect(host.segmented.slice(before)).toEqual(['b'])
    expect(record.result).toEqual(first.result)
  })

  test('its list shows the newest score of its present weights', async () => {
    const { store } = host
    expect(getStudent(store.read, student.id).miou).toBe((await host.evaluate({ subject: { student: 'mini' } })).record.result!.miou)
    const other = { weights: student.weights, network: 'f'.repeat(64), step: 20, score: null }
    store.transaction((db) => setStudentWeights(db, student.id, other))
    expect(getStudent(store.read, student.id).miou).toBeNull()
    store.transaction((db) => setStudentWeights(db, student.id, student))
    expect(getStudent(store.read, student.id).miou).toBe(first.result!.miou)
  })
})

describe('others', () => {
  test('a TA by windows, and as a whole at the size of its file', async () => {
    const sliding = (await host.evaluate({ subject: { ta: 'colours' }, dataset: 'streets', mode: 'sliding' })).record
    const whole = (await host.evaluate({ subject: { ta: 'colours' }, dataset: 'streets' })).record
    for (const record of [sliding, whole]) {
      expect(record).toMatchObject({ status: 'done', subject: { kind: 'ta', name: 'colours' } })
      expect(record.result!.miou).toBeCloseTo(counted(await predictionsOf(record)).miou, 12)
    }
    expect(sliding.result!.miou).toBeGreaterThan(whole.result!.miou)
  })

  test('a labelling run: no inference, the numbers of labels.evaluate; what is not labelled is named', async () => {
    const run = await addRun(host, 'streets', { a: fusedFrom(STREETS.a.seen), c: fusedFrom(raster(256, 128, (x) => (x < 9 ? 255 : 0))) })
    const before = host.segmented.length
    const { record } = await host.evaluate({ subject: { run: run.name } })
    expect(host.segmented.length).toBe(before)
    expect(record).toMatchObject({ mode: null, millisecondsPerPanorama: null, subject: { kind: 'run', id: run.id } })
    expect(record.result).toEqual(await evaluateLabels(host, { run: run.id, truth: null }))
    expect(record.result!.skipped).toEqual([{ file: 'b', code: 'pending', message: expect.stringMatching(/b is not labelled yet/) }])
    // predictions of no class are the last column
    const { confusion } = counted(await predictionsOf(record))
    expect(record.confusion).toEqual(confusion)
    expect(confusion.some((row) => row[19] > 0)).toBe(true)
    expect(record.confusion!.every((row) => row.length === 20)).toBe(true)
  })

  test('are compared side by side: the most different panorama first', async () => {
    const run = (await host.evaluate({ subject: { run: 'last' } })).record
    const comparison = await host.services['evaluations.compare']({ evaluationIds: [first.id, run.id] }, { signal })
    expect(comparison.evaluations.map(({ subject }) => subject.kind)).toEqual(['student', 'run'])
    const road = comparison.perClass.find(({ name }) => name === 'road')!
    expect(road.iou).toEqual([first, run].map(({ result }) => result!.perClass[0].iou))
    expect(comparison.perPanorama.map(({ name }) => name)).toEqual(['c', 'a'])
    expect(comparison.perPanorama[0].predictions).toEqual([first, run].map(({ perPanorama }) => perPanorama.find(({ name }) => name === 'c')!.prediction))
  })

  test('are removed with their job; the predictions of others stay', async () => {
    const { record, job } = await host.evaluate({ subject: { student: 'mini' } })
    await host.services['evaluations.remove']({ evaluationId: record.id }, { signal })
    await expect(async () => host.services['evaluations.get']({ evaluationId: record.id }, { signal })).rejects.toMatchObject({ code: 'not-found' })
    expect(() => host.runner.get(job.id)).toThrow(expect.objectContaining({ code: 'not-found' }))
    await host.artifacts.read(first.perPanorama[0].prediction)
  })
})

describe('refused when it is asked for', () => {
  beforeAll(async () => {
    await importFolder(host, join(root, 'images'), { dataset: 'no truth' })
    await addStudentFrom(host, modelPath('three-class-ta.onnx'), { name: 'three', classes: 3 })
    await addStudentFrom(host, modelPath('colour-ta.onnx'), { name: 'orphan', datasetId: null })
    await host.services['models.add']({ kind: 'ta', files: [modelPath('three-class-ta.onnx')], name: 'three classes' }, { signal })
    await host.services['models.add']({ kind: 'sam', files: ['vision_encoder', 'prompt_encoder_mask_decoder'].map((of) => modelPath(`wand-sam/${of}.onnx`)), name: 'wand' }, { signal })
  })

  test.each([
    ['a dataset without truth', { subject: { student: 'mini' }, dataset: 'no truth' }, 'bad-input', /"no truth" was imported without truth/],
    ['a student of another number of classes', { subject: { student: 'three' } }, 'bad-input', /The student "three" tells 3 classes apart, Cityscapes, .* has 19/],
    ['a TA of another number of classes', { subject: { ta: 'three classes' }, dataset: 'streets' }, 'bad-input', /The TA "three classes" tells 3 classes apart/],
    ['a TA without a dataset', { subject: { ta: 'colours' } }, 'bad-input', /Name the dataset on which "colours"/],
    ['a SAM', { subject: { ta: 'wand' }, dataset: 'streets' }, 'bad-input', /"wand" is a SAM/],
    ['a student whose dataset is gone', { subject: { student: 'orphan' } }, 'bad-input', /was removed: name another one/],
    ['a labelling run elsewhere', { subject: { run: 'last' }, dataset: 'no truth' }, 'bad-input', /has labels of "streets" only/],
    ['a truth folder that is not there', { subject: { student: 'mini' }, truth: '/nowhere/labels' }, 'bad-file', /\/nowhere\/labels does not exist/],
    ['a student that is not there', { subject: { student: 'maxi' } }, 'not-found', /no student "maxi".*"mini"/],
  ] as const)('%s', async (_, request, code, message) => {
    await expect(host.start(request)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('truth without a labelled pixel: the evaluation fails and says so', async () => {
    const truth = await writeFiles(join(root, 'ignored'), { 'a.png': writeGreyPng(raster(256, 128, () => IGNORE_ID)) })
    const { record, job } = await host.evaluate({ subject: { student: 'mini' }, truth })
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-input' })
    expect(record).toMatchObject({ status: 'failed', result: null, error: expect.stringMatching(/student "mini" on "streets" can be scored.*every pixel is 255/) })
  })

  test('a network that answers NaN: the evaluation fails and says so', async () => {
    await addStudentFrom(host, modelPath('bad/nan-ta.onnx'), { name: 'nan' })
    const { record, job } = await host.evaluate({ subject: { student: 'nan' } })
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-model', failed: 3 })
    expect(record.error).toMatch(/nan.*not finite/)
  })

  test('weights that are gone', async () => {
    await addStudentFrom(host, modelPath('colour-ta-full.onnx'), { name: 'gone' })
    await host.artifacts.remove(getStudent(host.store.read, 'gone').network)
    const { record } = await host.evaluate({ subject: { student: 'gone' } })
    expect(record).toMatchObject({ status: 'failed', error: expect.stringMatching(/weights of "gone" .* no longer/) })
  })
})

test('kill -9 between two panoramas: what was scored is not done again, the numbers are those of an undisturbed run', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'goodsam-evaluate-kill-'))
  let other = openEvaluationHost(elsewhere)
  try {
    const { images, labels } = await writeStreets(elsewhere)
    await importFolder(other, images, { labelsFolder: labels })
    await addStudentFrom(other, modelPath('colour-ta-dynamic.onnx'))
    const { evaluationId, jobId } = await other.start({ subject: { student: 'mini' }, mode: 'sliding' })
    await other.close()
    // stopped before or while the first panorama: the job waits

    const child = spawn(process.execPath, [join(import.meta.dirname, 'evaluation-worker.ts'), elsewhere])
    child.stderr.on('data', (text) => process.stderr.write(text))
    createInterface(child.stdout).on('line', (line) => line === 'scored 1' && child.kill('SIGKILL'))
    await once(child, 'close')

    other = openEvaluationHost(elsewhere)
    expect(other.runner.get(jobId)).toMatchObject({ state: 'queued' })
    const rows = other.store.read.all('SELECT panorama_id FROM evaluation_panoramas')
    expect(rows.length).toBeGreaterThanOrEqual(1)
    expect(rows.length).toBeLessThan(3)
    // asking for the same again is no second evaluation
    const { record, job } = await other.evaluate({ subject: { student: 'mini' }, mode: 'sliding' })
    expect([record.id, job.state, job.done]).toEqual([evaluationId, 'done', 3])
    expect(other.segmented).toHaveLength(3 - rows.length)
    const undisturbed = (await host.evaluate({ subject: { student: 'mini' }, mode: 'sliding' })).record
    expect(record.result).toEqual(undisturbed.result)
    expect(record.confusion).toEqual(undisturbed.confusion)
  } finally {
    await other.close()
    await rm(elsewhere, { recursive: true, force: true })
  }
})
