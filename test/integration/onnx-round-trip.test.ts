import { readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import golden from '../fixtures/onnx-types.golden.json' with { type: 'json' }
import { inlineFunctions } from '../../src/core/onnx/functions.ts'
import type { Model, ValueInfo } from '../../src/core/onnx/model.ts'
import { readModel } from '../../src/core/onnx/read.ts'
import { NEWEST_IR_VERSION, NEWEST_OPSET, OLDEST_OPSET } from '../../src/core/onnx/validate.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { readModelFile, writeModelFile } from '../../src/main/models/onnx-file.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Models that are read and written give the same bits as the files they came from. */

const FIXTURES = resolve(import.meta.dirname, '../fixtures/models')

/** Numbers in [-1, 1), the same in every run. */
function* noise(): Generator<number> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 31 - 1
  }
}

/** Values for a model's inputs; a symbolic dimension is 1 for the batch, 2 otherwise, or what `sizes` says. */
function feedsOf(model: Model, sizes: Readonly<Record<string, number>> = {}): Record<string, Tensor> {
  const values = noise()
  const next = (): number => values.next().value as number
  return Object.fromEntries(model.graph.inputs.map(({ name, type }: ValueInfo) => {
    if (type?.kind !== 'tensor') throw new Error(`input ${name}`)
    const dims = (type.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : sizes[dim] ?? (dim === 'batch' ? 1 : 2)))
    const count = dims.reduce((product, dim) => product * dim, 1)
    switch (type.elementType) {
      case 'int64': return [name, new Tensor('int64', BigInt64Array.from({ length: count }, () => (next() > 0 ? 1n : 0n)), dims)]
      case 'bool': return [name, new Tensor('bool', Uint8Array.from({ length: count }, () => (next() > 0 ? 1 : 0)), dims)]
      default: return [name, new Tensor('float32', Float32Array.from({ length: count }, next), dims)]
    }
  }))
}

async function outputsOf(model: Uint8Array | string, feeds: Record<string, Tensor>): Promise<Record<string, { dims: readonly number[]; hex: string }>> {
  // created from bytes or from a path: two overloads of one function
  const options = { graphOptimizationLevel: 'all', intraOpNumThreads: 1, logSeverityLevel: 4 } as const
  const session = typeof model === 'string' ? await InferenceSession.create(model, options) : await InferenceSession.create(model, options)
  try {
    const outputs = await session.run(feeds)
    return Object.fromEntries(Object.entries(outputs).map(([name, { dims, data }]) => {
      const { buffer, byteOffset, byteLength } = data as Float32Array
      return [name, { dims, hex: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }]
    }))
  } finally {
    await session.release()
  }
}

async function requireSameOutputs(file: string): Promise<void> {
  const bytes = readFileSync(file)
  const model = readModel(bytes)
  const written = writeModel(model)
  // what was written says what was read
  expect(readModel(written)).toEqual(model)
  const feeds = feedsOf(model, { image_height: 64, image_width: 64, height: 64, width: 64 })
  if ('orig_im_size' in feeds) feeds['orig_im_size'] = new Tensor('float32', Float32Array.of(64, 64), [2])
  expect(await outputsOf(written, feeds)).toEqual(await outputsOf(bytes, feeds))
}

async function opens(model: Uint8Array): Promise<boolean> {
  try {
    await (await InferenceSession.create(model, { logSeverityLevel: 4 })).release()
    return true
  } catch {
    return false
  }
}

function decoded(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

const fixtures = (await readdir(FIXTURES, { recursive: true })).filter((name) => name.endsWith('.onnx') && basename(name) !== 'not-a-model.onnx')

test.each(fixtures.toSorted())('fixture %s', (name) => requireSameOutputs(join(FIXTURES, name)))

describe.skipIf(!REAL.present)('real models', async () => {
  const folder = resolve(REAL.ta, '..')
  const names = REAL.present ? (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.onnx')) : []
  test.each(names.toSorted())('%s', (name) => requireSameOutputs(join(folder, name)))
})
warnWithoutRealData('onnx-round-trip')

describe('what onnxruntime opens', () => {
  const relu = readModel(readFileSync(join(FIXTURES, 'colour-ta.onnx')))
  const stamped = (opset: number, irVersion: number): Uint8Array => writeModel({ ...relu, irVersion, opsets: new Map([['', opset]]) })
  test('the newest opset and file format that are read are its newest', async () => {
    expect(await opens(stamped(NEWEST_OPSET, NEWEST_IR_VERSION))).toBe(true)
    expect(await opens(stamped(NEWEST_OPSET + 1, NEWEST_IR_VERSION))).toBe(false)
    expect(await opens(stamped(NEWEST_OPSET, NEWEST_IR_VERSION + 1))).toBe(false)
    expect(await opens(stamped(OLDEST_OPSET, 8))).toBe(true)
  })
})

describe('models of the onnx package', () => {
  test.each([[1], [0]])('branches and loops, taken either way (%d)', async (sign) => {
    const bytes = decoded(golden.control.model)
    const feeds = { x: new Tensor('float32', Float32Array.of(1, 2, sign === 1 ? 3 : -30), [3]) }
    const model = readModel(bytes)
    expect(await outputsOf(writeModel(model), feeds)).toEqual(await outputsOf(bytes, feeds))
  })

  test.each([[1], [0]])('functions, as they are and inlined (%d)', async (flag) => {
    const bytes = decoded(golden.functions.model)
    const feeds = { x: new Tensor('float32', Float32Array.of(-1.3, 0.7, -0.1, 5), [4]), flag: new Tensor('bool', Uint8Array.of(flag), []) }
    const model = readModel(bytes)
    const inlined = inlineFunctions(model)
    expect(inlined.functions).toEqual([])
    expect([...inlined.opsets.keys()]).toEqual([''])
    const expected = await outputsOf(bytes, feeds)
    expect(await outputsOf(writeModel(model), feeds)).toEqual(expected)
    expect(await outputsOf(writeModel(inlined), feeds)).toEqual(expected)
    expect(readModel(writeModel(inlined))).toEqual(inlined)
  })

  test('a file of IR version 3 whose nodes are in no order', async () => {
    const feeds = { x: new Tensor('float32', Float32Array.of(1, -2, 3, -4), [2, 2]) }
    const model = readModel(decoded(golden.old.model))
    const weight = golden.external.bias
    const { y } = await outputsOf(writeModel(model), feeds)
    const expected = Float32Array.of(1, -2, 3, -4).map((x, index) => Math.max(0, x + weight[index % 2]))
    expect(y.hex).toBe(Buffer.from(expected.buffer).toString('base64'))
  })
})

describe('files with data beside them', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let model: string
  beforeAll(async () => {
    folder = await temporaryFolder()
    await mkdir(join(folder.path, 'inside'))
    model = join(folder.path, 'inside', 'model.onnx')
    await writeFile(model, decoded(golden.external.model))
  })
  afterAll(() => folder.remove())

  test('are read, and give what onnxruntime gives', async () => {
    const data = join(folder.path, 'inside', 'weights.bin')
    await expect(readModelFile(model)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/model\.onnx: Tensor "weight": "weights\.bin" is missing: download it/) })
    await writeFile(data, decoded(golden.external.data).subarray(0, 40))
    await expect(readModelFile(model)).rejects.toMatchObject({ message: expect.stringMatching(/"bias": its data end at byte 44 of "weights\.bin", which has 40/) })
    await writeFile(data, decoded(golden.external.data))
    const feeds = { x: new Tensor('float32', Float32Array.of(0.5, -3), [1, 2]) }
    expect(await outputsOf(writeModel(await readModelFile(model)), feeds)).toEqual(await outputsOf(model, feeds))
  })

  test('are written whole, replace an earlier model, and onnxruntime reads them', async () => {
    const source = await readModelFile(join(FIXTURES, 'colour-ta.onnx'))
    const path = join(folder.path, 'inside', 'student.onnx')
    await writeModelFile(path, await readModelFile(model))
    await writeModelFile(path, source, { externalDataAbove: 16 })
    expect((await stat(`${path}_data`)).size).toBeGreaterThan(0)
    expect((await readdir(join(folder.path, 'inside'))).filter((name) => name.includes('tmp'))).toEqual([])
    expect(await readModelFile(path)).toEqual(source)
    const feeds = feedsOf(source)
    expect(await outputsOf(path, feeds)).toEqual(await outputsOf(writeModel(source), feeds))
  })

  test('a write that fails leaves the folder as it was', async () => {
    const source = await readModelFile(join(FIXTURES, 'colour-ta.onnx'))
    const taken = join(folder.path, 'taken.onnx')
    await mkdir(join(taken, 'by a folder'), { recursive: true })
    const before = await readdir(folder.path)
    for (const externalDataAbove of [undefined, 16]) {
      await expect(writeModelFile(taken, source, { externalDataAbove })).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining('taken.onnx') })
      await expect(writeModelFile(join(folder.path, 'no folder', 'a.onnx'), source, { externalDataAbove })).rejects.toMatchObject({ code: 'storage' })
    }
    expect(await readdir(folder.path)).toEqual(before)
  })

  test.each(['../secret.bin', '/etc/hostname', 'C:\\secret.bin', 'a/../../secret.bin', '..\\secret.bin', 'link.bin', '.', ''])('a place like "%s" is refused', async (location) => {
    await writeFile(join(folder.path, 'secret.bin'), new Uint8Array(64))
    await symlink(join(folder.path, 'secret.bin'), join(folder.path, 'inside', 'link.bin')).catch(() => {})
    const source = await readModelFile(join(FIXTURES, 'colour-ta.onnx'))
    const path = join(folder.path, 'inside', 'bad.onnx')
    await writeFile(path, writeModel(source, { external: ({ data }) => ({ location, offset: 0, length: (data as Float32Array).byteLength }) }))
    await expect(readModelFile(path)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/bad\.onnx: Tensor ".*": .*(not followed|outside the model's folder|is no file|not stated)/) })
  })

  test('a link to a file in the same folder is followed', async () => {
    await copyFile(model, join(folder.path, 'inside', 'linked.onnx'))
    await writeFile(join(folder.path, 'inside', 'real.bin'), decoded(golden.external.data))
    expect((await readModelFile(join(folder.path, 'inside', 'linked.onnx'))).graph.initializers.size).toBe(2)
  })

  test('a model that is not there', async () => {
    await expect(readModelFile(join(folder.path, 'none.onnx'))).rejects.toMatchObject({ code: 'bad-file', message: expect.stringMatching(/none\.onnx/) })
    await expect(readModelFile(join(FIXTURES, 'bad/not-a-model.onnx'))).rejects.toMatchObject({ code: 'bad-model' })
  })
})
