/** Exports that do not end well, with an engine that does as it is told. */
import nodeFiles, { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Student } from '../../src/contract/training-schemas.ts'
import type { ConvertNetworkRequest, ExportEngine, MeasureNetworksRequest } from '../../src/main/engine/export-protocol.ts'
import { choosePanoramas } from '../../src/main/pipeline/export-student.ts'
import { addMini, importPainted, openExportHost, type ExportHost, type ExportHostOptions } from '../support/export-host.ts'
import { until } from '../support/label-workspace.ts'
import { mountSmallDisk, writeError } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NETWORK = { network: Buffer.from('network'), weights: Buffer.from('weights') }
const call = { signal: new AbortController().signal }

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let host: ExportHost
let student: Student
let converted: ConvertNetworkRequest[]
let measured: MeasureNetworksRequest[]

beforeEach(async () => {
  folder = await temporaryFolder()
  converted = []
  measured = []
})
afterEach(async () => {
  await host.close()
  await folder.remove()
})

async function open(options: Partial<ExportHostOptions> = {}): Promise<void> {
  host = openExportHost(folder.path, { engine: engine(), ...options })
  await importPainted(host, 3)
  student = await addMini(host, NETWORK)
}

/** Writes what it is asked for; agreements in the order of the networks. */
function engine({ agreements = [1, 1, 1], convert = async () => {}, bytes = 100 }: { agreements?: readonly number[]; convert?: (signal: AbortSignal) => Promise<void>; bytes?: number } = {}): ExportEngine {
  return {
    async convertNetwork(request, { signal }) {
      converted.push(request)
      await convert(signal)
      for (const place of Object.values(request.out)) await writeFile(place, Buffer.alloc(bytes))
      return { keptFloat32: [], quantizedLayers: 3, withActivations: 2 }
    },
    async measureNetworks(request) {
      measured.push(request)
      for (const place of [request.sample.image, request.sample.expected]) await writeFile(place, 'a picture')
      return { images: request.images.length, networks: request.networks.map(({ name }, index) => ({ name, maxDifference: 0.1, agreement: agreements[index], milliseconds: 5 })) }
    },
  }
}

const out = (): string => join(folder.path, 'out')

it('a network that agrees too little is told of: in the record, in the card, in parity.json', async () => {
  await open({ engine: engine({ agreements: [1, 0.994, 0.9] }) })
  const { record, job } = await host.export(student, { out: out() })
  expect(record.status).toBe('done')
  expect(record.files.filter(({ parity }) => parity?.ok === false).map(({ name }) => name)).toEqual(['onnx/model_fp16.onnx', 'onnx/model_quantized.onnx'])
  expect(record.warnings).toEqual([
    'onnx/model_fp16.onnx gives the class of the checkpoint on 99.40 % of the pixels only; at least 99.50 % are expected. Use another of the networks.',
    'onnx/model_quantized.onnx gives the class of the checkpoint on 90.00 % of the pixels only; at least 97.00 % are expected. Use another of the networks.',
  ])
  const card = await readFile(join(out(), 'README.md'), 'utf8')
  for (const warning of record.warnings) expect(card).toContain(`> **Warning.** ${warning}`)
  expect(card).toContain('90.000 % **(below 97.0 %)**')
  expect(JSON.parse(await readFile(join(out(), 'parity.json'), 'utf8'))).toMatchObject({ networks: [{ ok: true }, { ok: false }, { ok: false }] })
  expect(host.runner.log(job.id, 0).filter(({ level }) => level === 'warn')).toHaveLength(2)
})

it('asks the engine for what was agreed: the student\'s size, panoramas by hash, its own checkpoint as the reference', async () => {
  await open()
  await host.export(student)
  const [request] = converted
  expect(request).toMatchObject({ size: { width: 128, height: 64 }, network: host.artifacts.path(student.network), quantizedAgreement: 0.98 })
  expect(request.images).toHaveLength(3)
  for (const { path, sha256, width, height } of request.images) expect([path, width, height]).toEqual([host.artifacts.path(sha256), 512, 256])
  expect(measured[0]).toMatchObject({
    reference: { architecture: { kind: 'segformer', size: 'mini' }, classes: 19, network: null, weights: host.artifacts.path(student.weights) },
    networks: [{ name: 'onnx/model.onnx', path: host.artifacts.path(student.network) }, { name: 'onnx/model_fp16.onnx' }, { name: 'onnx/model_quantized.onnx' }],
  })
})

it('panoramas are spread over the dataset, others for the comparison where there are enough', () => {
  const all = Array.from({ length: 100 }, (_, index) => index)
  const { calibrated, compared } = choosePanoramas(all, { calibrated: 4, compared: 4 })
  expect([calibrated.length, compared.length, new Set([...calibrated, ...compared]).size]).toEqual([4, 4, 8])
  expect(Math.max(...compared) - Math.min(...compared)).toBeGreaterThan(60)
  expect(choosePanoramas([1, 2, 3], { calibrated: 4, compared: 4 })).toEqual({ calibrated: [1, 2, 3], compared: [1, 2, 3] })
  expect(choosePanoramas([1, 2, 3, 4, 5], { calibrated: 4, compared: 4 }).compared).toHaveLength(4)
})

it('a cancelled export leaves nothing, in the folder or hidden in it', async () => {
  const begun = Promise.withResolvers<void>()
  const convert = (signal: AbortSignal) => new Promise<void>((_, reject) => {
    begun.resolve()
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
  await open({ engine: engine({ convert }) })
  const { jobId } = await host.services['students.export']({ student: 'mini', out: out(), zip: true }, call)
  await begun.promise
  expect(await readdir(out())).toHaveLength(1)
  await expect(async () => host.services['students.removeExport']({ exportId: (await host.services['students.exports']({ student: null }, call))[0].id }, call)).rejects.toMatchObject({ code: 'conflict' })
  host.runner.cancel(jobId)
  expect(await host.runner.settled(jobId)).toMatchObject({ state: 'cancelled' })
  await expect(readdir(out())).rejects.toMatchObject({ code: 'ENOENT' })
  const [record] = await host.services['students.exports']({ student: null }, call)
  expect(record).toMatchObject({ status: 'failed', error: 'It was cancelled.', files: [], zip: null })
  await host.services['students.removeExport']({ exportId: record.id }, call)
  expect(await host.services['students.exports']({ student: 'mini' }, call)).toEqual([])
  expect(() => host.runner.get(jobId)).toThrow(expect.objectContaining({ code: 'not-found' }))
})

it('what an earlier export left in the folder stays when the next one fails; the retry is a whole one', async () => {
  let fail = false
  await open({ engine: engine({ convert: async () => { if (fail) throw Object.assign(new Error('the engine is gone'), { code: 'x' }) } }) })
  await host.export(student, { out: out() })
  const before = await readdir(out(), { recursive: true })
  fail = true
  const { record, job } = await host.export(student, { out: out() })
  expect(record).toMatchObject({ status: 'failed', error: expect.stringContaining('the engine is gone') as string })
  expect((await readdir(out(), { recursive: true })).toSorted()).toEqual(before.toSorted())
  fail = false
  host.runner.retry(job.id)
  await until(() => host.runner.get(job.id).state === 'done', 'the retried export is done')
  expect((await host.services['students.exports']({ student: 'mini' }, call))[0]).toMatchObject({ status: 'done', error: null })
})

it('a full disk, whenever it happens, leaves the folder as it was and says what to do', async () => {
  let left = Infinity
  const files = { ...nodeFiles, open: (async (...given: Parameters<typeof nodeFiles.open>) => {
    if (--left < 0) throw writeError('ENOSPC')
    return nodeFiles.open(...given)
  }) as typeof nodeFiles.open }
  await open({ fileSystem: files })
  for (const allowed of [0, 3, 9, 11]) {
    left = allowed
    const { record } = await host.export(student, { out: out() })
    expect(record).toMatchObject({ status: 'failed', error: expect.stringMatching(/disk is full.*Free space/) as string })
    await expect(readdir(out())).rejects.toMatchObject({ code: 'ENOENT' })
  }
})

it('a disk that is really full while the engine writes', async () => {
  const disk = mountSmallDisk(join(folder.path, 'disk'), '512k')
  await open({ engine: engine({ bytes: 2_000_000 }) })
  if (disk === null) return
  try {
    const { record } = await host.export(student, { out: join(folder.path, 'disk', 'out') })
    expect(record.status).toBe('failed')
    expect(await readdir(join(folder.path, 'disk'))).toEqual([])
  } finally {
    disk.unmount()
  }
})

it('folders that were named are refused before a job is made', async () => {
  await open()
  const taken = join(folder.path, 'taken')
  await mkdir(taken)
  await writeFile(join(taken, 'my notes.txt'), 'mine')
  const ask = async (given: string | null, name = 'mini') => host.services['students.export']({ student: name, out: given, zip: false }, call)
  await expect(ask(taken)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('my notes.txt') as string })
  await expect(ask('relative')).rejects.toMatchObject({ code: 'bad-input' })
  const orphan = await addMini(host, NETWORK, { name: 'orphan', datasetId: null })
  await expect(ask(null, orphan.name)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('panoramas are needed') as string })
  expect(await host.services['students.exports']({ student: null }, call)).toEqual([])
  // two exports without a folder get one each
  const [first, second] = [await host.export(student), await host.export(student)]
  expect([first, second].map(({ record }) => record.folder.slice(host.store.paths.exports.length + 1))).toEqual(['mini', 'mini-2'])
})
