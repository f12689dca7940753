/** A student becomes a folder that other programs load: with the real engine, and run by what it tells people to run. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { unzipSync } from 'fflate'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Student, StudentExport } from '../../src/contract/training-schemas.ts'
import { readSafetensors, writeSafetensors } from '../../src/core/formats/safetensors.ts'
import type { Engine } from '../../src/main/engine/protocol.ts'
import { addMini, importPainted, openExportHost, type ExportHost } from '../support/export-host.ts'
import { imageTensor } from '../support/label-batches.ts'
import { runModel } from '../support/run-model.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { trainMini, type TrainedMini } from '../support/trained-mini.ts'
import { startEngine } from './engine-fixtures.ts'

const MODULES = resolve(import.meta.dirname, '../../node_modules')
const CHECK = resolve(import.meta.dirname, '../fixtures/load_exported_student.py')
const SEGFORMER_FILES = [
  'README.md', 'config.json', 'labels.json', 'model.safetensors', 'onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx',
  'parity.json', 'preprocessor_config.json', 'sample/.npmrc', 'sample/expected.png', 'sample/package.json', 'sample/panorama.png', 'sample/requirements.txt',
  'sample/run.mjs', 'sample/run.py',
]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let engine: Engine
let host: ExportHost
let trained: TrainedMini
let student: Student
let record: StudentExport

beforeAll(async () => {
  folder = await temporaryFolder()
  engine = startEngine({ log: () => {} })
  host = openExportHost(folder.path, { engine })
  trained = await trainMini(folder.path)
  await importPainted(host)
  student = await addMini(host, trained)
  const done = await host.export(student, { out: join(folder.path, 'out'), zip: true })
  expect(done.job).toMatchObject({ state: 'done', error: null, done: 5, total: 5 })
  record = done.record
})

afterAll(async () => {
  await engine.stop()
  await host.close()
  await folder.remove()
})

const pixels = (path: string) => sharp(path).removeAlpha().toColourspace('srgb').raw().toBuffer()
const file = (name: string): string => join(record.folder, name)
const json = async (name: string) => JSON.parse(await readFile(file(name), 'utf8')) as Record<string, unknown>

describe('the export of Mini', () => {
  it('has all files, whole, with their hashes; the float32 network is the student', async () => {
    expect(record).toMatchObject({ status: 'done', error: null, studentName: 'mini', warnings: [] })
    expect(record.files.map(({ name }) => name)).toEqual(SEGFORMER_FILES)
    for (const { name, bytes, sha256 } of record.files) {
      const content = await readFile(file(name))
      expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([name, bytes, sha256])
    }
    expect(record.files.find(({ name }) => name === 'onnx/model.onnx')?.sha256).toBe(student.network)
    expect(record.files.find(({ name }) => name === 'model.safetensors')?.sha256).toBe(student.weights)
    expect((await readdir(record.folder)).toSorted()).toEqual(['README.md', 'config.json', 'goodsam-export.json', 'labels.json', 'model.safetensors', 'onnx', 'parity.json', 'preprocessor_config.json', 'sample'])
  })

  it('every network agrees with the checkpoint as it should; sizes and times are measured', async () => {
    const [float32, float16, int8] = ['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx'].map((name) => record.files.find((each) => each.name === name)!)
    expect(float32.parity).toEqual({ maxDifference: 0, agreement: 1, least: 0.9999, ok: true })
    expect(float16.parity).toMatchObject({ least: 0.995, ok: true })
    expect(float16.parity!.maxDifference).toBeGreaterThan(0)
    expect(int8.parity).toMatchObject({ least: 0.97, ok: true })
    expect(float16.bytes / float32.bytes).toBeLessThan(0.52)
    expect(int8.bytes / float32.bytes).toBeLessThan(0.3)
    for (const { latencyMs } of [float32, float16, int8]) expect(latencyMs).toBeGreaterThan(0)
    console.info(`float16 ${(100 * float16.parity!.agreement).toFixed(3)} %, int8 ${(100 * int8.parity!.agreement).toFixed(3)} % of the pixels`)
    const parity = await json('parity.json')
    expect(parity).toMatchObject({ reference: { weights: student.weights }, size: { height: 64, width: 128 } })
    expect(parity['panoramas']).toHaveLength(4)
    expect(parity['networks']).toHaveLength(3)
  })

  it('says what it is made of', async () => {
    expect(await json('config.json')).toMatchObject({ model_type: 'segformer', depths: [2, 2, 2, 2], architectures: ['SegformerForSemanticSegmentation'], id2label: { 0: 'road', 13: 'car' } })
    expect(await json('preprocessor_config.json')).toMatchObject({ image_processor_type: 'SegformerImageProcessor', size: { height: 64, width: 128 }, image_mean: [0.485, 0.456, 0.406] })
    expect((await json('labels.json'))['classes']).toHaveLength(19)
    const card = await readFile(file('README.md'), 'utf8')
    for (const part of ['# mini', '"night run"', 'Apache-2.0 (Segment Anything, Meta)', 'MIT (EdgeNets', 'a'.repeat(64), student.weights, 'Nobody has scored this network', '## Limits', 'onnx/model_quantized.onnx', '90.0 %']) expect(card).toContain(part)
    expect(card).not.toContain('**Warning.**')
  })

  it('the zip holds the same files, under the student\'s name', async () => {
    expect(record.zip).not.toBeNull()
    const zip = await host.artifacts.read(record.zip!)
    expect(zip.length).toBe(record.zipBytes)
    const entries = unzipSync(zip)
    expect(Object.keys(entries).toSorted()).toEqual(SEGFORMER_FILES.map((name) => `mini/${name}`))
    for (const name of SEGFORMER_FILES) expect(Buffer.compare(entries[`mini/${name}`], await readFile(file(name)))).toBe(0)
  })

  it('the Node sample, unzipped into an empty folder, finds what is expected', async () => {
    const empty = join(folder.path, 'empty')
    for (const [name, bytes] of Object.entries(unzipSync(await host.artifacts.read(record.zip!)))) {
      await mkdir(join(empty, name, '..'), { recursive: true })
      await writeFile(join(empty, name), bytes)
    }
    await symlink(MODULES, join(empty, 'node_modules'))
    const output = execFileSync(process.execPath, ['run.mjs'], { cwd: join(empty, 'mini/sample'), encoding: 'utf8' })
    expect(Number(/expected\.png on ([\d.]+) %/.exec(output)?.[1])).toBeGreaterThan(99.99)
    const [prediction, expected] = [await pixels(join(empty, 'mini/sample/prediction.png')), await pixels(file('sample/expected.png'))]
    expect(prediction.filter((value, index) => value !== expected[index]).length / prediction.length).toBeLessThan(1e-4)
  })

  it('is written over an earlier one, and never over other files', async () => {
    const again = await host.export(student, { out: record.folder })
    expect(again.record).toMatchObject({ status: 'done', zip: null })
    const call = { signal: new AbortController().signal }
    await expect(host.services['students.export']({ student: 'mini', out: join(folder.path, 'painted'), zip: false }, call)).rejects.toMatchObject({ code: 'conflict' })
    await expect(host.services['students.export']({ student: 'nobody', out: null, zip: false }, call)).rejects.toMatchObject({ code: 'not-found' })
  })

  const python = process.env['GOODSAM_PYTHON']
  const sees = (modules: string): boolean => {
    const found = python !== undefined && spawnSync(python, ['-c', `import ${modules}`]).status === 0
    if (!found) console.warn(`SKIPPED a part of the proof of exports: name a Python that has ${modules} in GOODSAM_PYTHON.`)
    return found
  }
  it.skipIf(!sees('onnxruntime, numpy, PIL'))('the Python sample finds what is expected', () => {
    const output = execFileSync(python!, ['run.py'], { cwd: file('sample'), encoding: 'utf8' })
    expect(Number(/expected\.png on ([\d.]+) %/.exec(output)?.[1])).toBeGreaterThan(99.99)
  })

  it.skipIf(!sees('torch, transformers, numpy, PIL'))('transformers loads it and says the same to 1e-3', async () => {
    const { logits } = await runModel(await readFile(file('onnx/model.onnx')), { pixel_values: await imageTensor(file('sample/panorama.png'), { width: 128, height: 64 }) })
    const numbers = join(folder.path, 'logits.bin')
    await writeFile(numbers, logits.data as Float32Array)
    const answer = JSON.parse(execFileSync(python!, [CHECK, record.folder, numbers], { encoding: 'utf8' })) as Record<string, unknown>
    expect(answer).toMatchObject({ missing: [], unexpected: [], mismatched: [], labels: 19 })
    expect(answer['difference']).toBeLessThan(1e-3)
  })
})

it('any other ONNX network is exported without what only transformers reads', async () => {
  const floats = Object.entries(readSafetensors(trained.weights).tensors).filter(([, { dtype }]) => dtype === 'F32')
  const other = await addMini(host, { ...trained, weights: writeSafetensors(Object.fromEntries(floats)) }, { name: 'other', architecture: { kind: 'onnx', model: student.network, name: 'other.onnx' } })
  const { record: exported } = await host.export(other)
  expect(exported).toMatchObject({ status: 'done', folder: join(host.store.paths.exports, 'other') })
  expect(exported.files.map(({ name }) => name)).toEqual(SEGFORMER_FILES.filter((name) => !name.includes('config.json')))
  const card = await readFile(join(exported.folder, 'README.md'), 'utf8')
  expect(card).toContain('there is no `config.json`')
  expect(card).not.toContain('library_name')
})
