import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { encode } from 'fast-png'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { benchmark, type BenchmarkRequest } from '../../benchmark/benchmark.ts'
import { chooseRows } from '../../benchmark/rows.ts'
import type { BenchmarkSize } from '../../benchmark/sizes.ts'
import { instanceFile, openImageFolder, truthFile, worldOf } from '../../benchmark/world.ts'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { toSafetensors } from '../../src/core/networks/segformer/weights.ts'
import { PAINTED, paintedTrainId, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A benchmark in miniature, from images to rows, through the product's services: painted panoramas, models with a closed form. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const SIZE: BenchmarkSize = {
  name: 'test', training: 2, evaluation: 2, ablation: 1, ...PAINTED,
  student: { height: 64, width: 128, batch: 1, steps: 4, learningRate: 1e-4 }, refinementSteps: 2, seeds: 1, samSettings: {}, rows: ['check'],
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let request: Omit<BenchmarkRequest, 'specs'>

async function paintFolder(root: string, rolls: readonly number[]): Promise<Awaited<ReturnType<typeof openImageFolder>>> {
  const { width, height } = PAINTED
  const [images, truth] = [join(root, 'images'), join(root, 'truth')]
  await mkdir(truth, { recursive: true })
  for (const roll of rolls) {
    await writePaintedPanorama(images, `street_${roll}`, roll)
    const data = Uint8Array.from({ length: width * height }, (_, pixel) => paintedTrainId(pixel % width, Math.floor(pixel / width), roll))
    await writeFile(join(truth, truthFile(`street_${roll}`)), writeGreyPng({ width, height, data }))
    await writeFile(join(truth, instanceFile(`street_${roll}`)), encode({ width, height, data: Uint16Array.from(data), channels: 1, depth: 16 }))
  }
  return openImageFolder({ images, truth }, rolls.length)
}

beforeAll(async () => {
  folder = await temporaryFolder()
  const source = join(folder.path, 'source.safetensors')
  const config = studentConfig('mini', 19)
  await writeFile(source, toSafetensors(config, initialWeights(config, 1)))
  request = {
    size: SIZE, seeds: 1, provider: 'cpu', threads: 1, work: join(folder.path, 'work'),
    world: await worldOf(await paintFolder(join(folder.path, 'training'), [0, 128]), await paintFolder(join(folder.path, 'evaluation'), [64, 320])),
    files: {
      sam: [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')],
      samSettings: null, ta: join(MODELS, 'colour-ta-dynamic.onnx'), source,
    },
  }
})
afterAll(() => folder?.remove())

const rowsOf = (names: readonly string[]) => chooseRows(names)

it('every kind of row is measured; truth against itself is 100, and a TA that knows the colours nearly so', async () => {
  const specs = rowsOf(['truth', 'source-only', 'ta-direct', 'labels-goodsam', 'labels-perfect-masks', 'goodsam', 'supervised', 'perfect-masks', 'context=0'])
  const { rows, failed } = await benchmark({ ...request, specs }, { measuring: true })
  expect(failed).toEqual([])
  expect(rows.map(({ name }) => name)).toEqual(specs.map(({ name }) => name))
  const of = (name: string) => rows.find((row) => row.name === name)!

  expect(of('truth')).toMatchObject({ miou: 100, boundaryF: 100, pixelAccuracy: 100, solidAngleMiou: 100, panoramas: 2, on: 'evaluation', parameters: null })
  // six classes are painted, everything else is nowhere
  const known = of('truth').perClass.filter(({ iou }) => iou !== null)
  expect(known.map(({ trainId }) => trainId)).toEqual([0, 1, 2, 8, 10, 13])
  // the nearest colour is the class, but for the row of pixels at a border where two colours are mixed
  expect(of('ta-direct').pixelAccuracy).toBeGreaterThan(98)
  expect(of('labels-goodsam').pixelAccuracy).toBeGreaterThan(98)
  // of every region the TA sees most of its pixels right
  expect(of('labels-perfect-masks')).toMatchObject({ miou: 100, parameters: null })
  // windows of other weights, on a training panorama, against truth that was never imported
  expect(of('context=0')).toMatchObject({ panoramas: 1, on: 'training' })
  expect(of('context=0').pixelAccuracy).toBeGreaterThan(98)
  // learned by nobody yet: four steps from random weights
  for (const name of ['source-only', 'goodsam', 'supervised', 'perfect-masks']) expect(of(name).miou).toBeLessThan(50)
  expect(of('source-only').parameters).toBe(of('goodsam').parameters)
  expect(of('supervised').miou).not.toBe(of('source-only').miou)
  expect(of('goodsam')).toMatchObject({ seeds: [{ seed: 1 }], spread: null, command: expect.stringContaining('--only goodsam') })
})

it('nothing measured is told without any street drawn for it', async () => {
  const work = join(folder.path, 'nothing')
  const { world: _, ...drawing } = request
  expect(await benchmark({ ...drawing, work, specs: rowsOf(['goodsam']) }, { measuring: false, elsewhere: [join(work, 'missing.jsonl')] })).toEqual({ rows: [], measurements: [], failed: [] })
  await expect(access(join(work, 'streets'))).rejects.toThrow('ENOENT')
})

it('what is measured is not measured again', async () => {
  const lines = async (): Promise<number> => (await readFile(join(request.work, 'test', 'rows.jsonl'), 'utf8')).trim().split('\n').length
  const before = await lines()
  const { rows } = await benchmark({ ...request, specs: rowsOf(['truth', 'goodsam']) }, { measuring: true })
  expect(rows.map(({ name }) => name)).toEqual(['truth', 'goodsam'])
  expect(await lines()).toBe(before)
})
