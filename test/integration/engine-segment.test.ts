import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeRaster } from '../../src/core/formats/bundles.ts'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import { rollColumns } from '../../src/core/geometry/roll.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import type { Raster } from '../../src/core/raster/raster.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine } from '../../src/main/engine/protocol.ts'
import type { SegmentRequest, SegmentResponse } from '../../src/main/engine/training-protocol.ts'
import { agreement, artifactFiles, colours, modelPath, paint, sha256Of, startEngine, STREET, taModel, writeImage, type Patch } from './engine-fixtures.ts'

/** Predictions of networks whose answer is known: the class whose colour is nearest (test/fixtures/models/README.md). */

/** of PRODUCT.md's normalisation */
const DEVIATION = [0.229, 0.224, 0.225]
const SIZE = { width: 256, height: 128 }
const truth = paint(SIZE.width, SIZE.height, STREET)
/** upsampling cells of 4 x 4 pixels rounds the corners of the painted regions */
const ALL_BUT_CORNERS = 0.995
/** ties of single-precision numbers */
const ALL_BUT_TIES = 0.9999

let folder = ''
let image = ''
let engine: Engine

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodsam-segment-'))
  image = await writeImage(join(folder, 'street.png'), SIZE, colours(truth))
  engine = startEngine()
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

const WHOLE = { kind: 'whole', ...SIZE } as const
const SLIDING = { kind: 'sliding', config: RECIPES.goodsam } as const

function request(rest: Partial<SegmentRequest> = {}, path = image): SegmentRequest {
  return {
    panoramaName: 'street', image: { path, sha256: sha256Of(path), ...SIZE, cyclic: true }, artifactsRoot: join(folder, 'artifacts'),
    model: taModel('colour-ta-dynamic.onnx'), classes: 19, mode: WHOLE, provider: 'cpu', ...rest,
  }
}

function segment(of: SegmentRequest, signal = new AbortController().signal): Promise<SegmentResponse> {
  return engine.segment(of, { signal, onProgress: () => {} })
}

async function mapOf(hash: string | null): Promise<Raster> {
  return decodeRaster(await openArtifactStore(join(folder, 'artifacts')).read(hash!))
}

/**
 * What the network says of the whole panorama: its logits are linear in the colour, so that upsampled logits are largest
 * for the class whose colour is nearest to the upsampled colour of the cells (in normalised colours).
 */
function nearestColours(cyclic: boolean): Raster {
  const { width, height } = SIZE
  const data = new Uint8Array(width * height)
  const cell = (x: number, y: number): readonly number[] => {
    const column = cyclic ? (x + width / 4) % (width / 4) : Math.min(width / 4 - 1, Math.max(0, x))
    return CITYSCAPES.classes[truth.data[4 * Math.min(height / 4 - 1, Math.max(0, y)) * width + 4 * column]].color
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [(x + 0.5) / 4 - 0.5, (y + 0.5) / 4 - 0.5]
      const [left, top] = [Math.floor(u), Math.floor(v)]
      const [fx, fy] = [u - left, v - top]
      const colour = [0, 1, 2].map((c) =>
        (1 - fy) * ((1 - fx) * cell(left, top)[c] + fx * cell(left + 1, top)[c]) + fy * ((1 - fx) * cell(left, top + 1)[c] + fx * cell(left + 1, top + 1)[c]))
      const distances = CITYSCAPES.classes.map(({ color }) => color.reduce((sum, value, c) => sum + ((value - colour[c]) / DEVIATION[c]) ** 2, 0))
      data[y * width + x] = distances.indexOf(Math.min(...distances))
    }
  }
  return { width, height, data }
}

describe('whole', () => {
  test('the class of every pixel is that of its upsampled logits; the seam is no edge', async () => {
    const response = await segment(request())
    expect(response).toMatchObject({ provider: 'cpu', warnings: [] })
    expect(response.milliseconds).toBeGreaterThan(0)
    const label = await mapOf(response.prediction)
    expect([label.width, label.height]).toEqual([256, 128])
    expect(agreement(label, nearestColours(true))).toBeGreaterThan(ALL_BUT_TIES)
  })

  test('half a turn, turned back, is the same where the network looks at pixels alone', async () => {
    const response = await segment(request())
    expect(await mapOf(response.rolled)).toEqual(await mapOf(response.prediction))
  })

  test('a panorama with edges: cells are repeated at them, and there is no half turn', async () => {
    const response = await segment(request({ image: { ...request().image, cyclic: false } }))
    expect(response.rolled).toBeNull()
    expect(agreement(await mapOf(response.prediction), nearestColours(false))).toBeGreaterThan(ALL_BUT_TIES)
  })
})

describe.each([
  ['sliding', SLIDING, 'colour-ta-dynamic.onnx'],
  ['sliding, network of a fixed size', SLIDING, 'colour-ta.onnx'],
] as const)('%s', (_, mode, file) => {
  test('the label map is what was painted, at the panorama\'s size', async () => {
    const response = await segment(request({ mode, model: taModel(file) }))
    expect(response).toMatchObject({ provider: 'cpu', warnings: [] })
    expect(response.milliseconds).toBeGreaterThan(0)
    const label = await mapOf(response.prediction)
    expect([label.width, label.height]).toEqual([256, 128])
    expect(agreement(label, truth)).toBeGreaterThan(ALL_BUT_CORNERS)
    // the car lies across the seam
    expect([250, 254, 255, 0, 1, 4].map((x) => label.data[80 * 256 + x])).toEqual([13, 13, 13, 13, 13, 13])
  })

  test('a network that looks at cells of 4 columns does not notice half a turn', async () => {
    const response = await segment(request({ mode, model: taModel(file) }))
    expect(await mapOf(response.rolled)).toEqual(await mapOf(response.prediction))
  })

  test('a panorama with edges has no half turn', async () => {
    const response = await segment(request({ mode, model: taModel(file), image: { ...request().image, cyclic: false } }))
    expect(response.rolled).toBeNull()
    expect(agreement(await mapOf(response.prediction), truth)).toBeGreaterThan(ALL_BUT_CORNERS)
  })
})

test('rolling the panorama rolls the prediction: whole and sliding', async () => {
  const path = await writeImage(join(folder, 'rolled.png'), SIZE, colours(rollColumns(truth, 64)))
  for (const mode of [WHOLE, SLIDING]) {
    const [straight, rolled] = [await segment(request({ mode })), await segment(request({ mode }, path))]
    expect(await mapOf(rolled.prediction)).toEqual(rollColumns(await mapOf(straight.prediction), 64))
  }
})

test('half a turn of an odd width is computed, and turned back by as much', async () => {
  const [width, height] = [255, 128]
  const patches: readonly Patch[] = [[10, 0, 0, width, 64], [0, 0, 64, width, 64], [13, 240, 64, 31, 32]]
  const odd = paint(width, height, patches)
  const path = await writeImage(join(folder, 'odd.png'), { width, height }, colours(odd))
  for (const mode of [{ kind: 'whole', width: 512, height: 256 } as const, SLIDING]) {
    const response = await segment(request({ mode, image: { path, sha256: sha256Of(path), width, height, cyclic: true } }))
    for (const hash of [response.prediction, response.rolled]) expect(agreement(await mapOf(hash), odd)).toBeGreaterThan(0.98)
  }
})

test('whole at half the size: seen coarser, answered at the panorama\'s size', async () => {
  const label = await mapOf((await segment(request({ mode: { kind: 'whole', width: 128, height: 64 } }))).prediction)
  expect([label.width, label.height]).toEqual([256, 128])
  expect(agreement(label, truth)).toBeGreaterThan(0.95)
})

test('whole with a network of a fixed size: its own size is taken', async () => {
  const label = await mapOf((await segment(request({ model: taModel('colour-ta.onnx') }))).prediction)
  expect([label.width, label.height]).toEqual([256, 128])
  // 64 x 64 pixels for the whole panorama: regions of 16 pixels are one or four cells
  expect(agreement(label, truth)).toBeGreaterThan(0.85)
})

describe('refused', () => {
  test.each([
    ['NaN, whole', { model: taModel('bad/nan-ta.onnx') }, 'bad-model', /not finite .*logits/],
    ['NaN, sliding', { model: taModel('bad/nan-ta.onnx'), mode: SLIDING }, 'bad-model', /not finite .*logits/],
    ['another number of classes', { model: taModel('three-class-ta.onnx') }, 'bad-model', /three-class-ta\.onnx tells 3 classes apart, the label set has 19/],
    ['no network', { model: taModel('bad/not-a-model.onnx') }, 'bad-model', /onnxruntime cannot open not-a-model\.onnx/],
  ] as const)('%s', async (_, rest, code, message) => {
    await expect(segment(request(rest))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('another number of classes that only the answer tells, where the file does not state it', async () => {
    await expect(segment(request({ classes: 8 }))).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/19 classes apart, the label set has 8/) })
  })

  test('an image that is another than the one that was imported', async () => {
    const wrong = { ...request().image, sha256: '0'.repeat(64) }
    await expect(segment(request({ image: wrong }))).rejects.toMatchObject({ code: 'workspace-damaged' })
  })

  test('cancelled: nothing half-written stays', async () => {
    const stop = new AbortController()
    const cancelled = segment(request({ mode: SLIDING, artifactsRoot: join(folder, 'cancelled') }), stop.signal)
    stop.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect((await artifactFiles(join(folder, 'cancelled'))).whole).toEqual([])
  })
})

test('what is asked for at the same time waits its turn: all are answered', async () => {
  const both = await Promise.all([segment(request({ mode: SLIDING })), segment(request()), engine.inspectModel(modelPath('colour-ta.onnx'))])
  expect(agreement(await mapOf(both[0].prediction), await mapOf(both[1].prediction))).toBeGreaterThan(0.98)
})
