import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBoundary, decodeFusion, decodeMasks, decodeSemantics } from '../../src/core/formats/bundles.ts'
import { PROVENANCE, RECIPES, SAM_DEFAULTS } from '../../src/core/goodsam/config.ts'
import type { PanoramaMasks } from '../../src/core/goodsam/types.ts'
import { GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine, LabelPanoramaRequest, LabelPanoramaResponse } from '../../src/main/engine/protocol.ts'
import {
  agreement, artifactFiles, colours, labelRequest, modelPath, NOTHING_CACHED, officialSam, paint, QUICK, run, samModel, sha256Of, startEngine, STREET, taModel,
  windowCount, writeImage,
} from './engine-fixtures.ts'

/** The engine process with tiny models whose outputs have a closed form (test/fixtures/models/README.md). */

const SIZE = { width: 256, height: 128 }
const truth = paint(SIZE.width, SIZE.height, STREET)
let folder = ''
let image = ''
let engine: Engine
let first: LabelPanoramaResponse

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodsam-engine-'))
  image = await writeImage(join(folder, 'street.png'), SIZE, colours(truth))
  engine = startEngine()
  first = await run(engine, street())
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Context views weigh so much that some masks hold more than one class. */
const CONFIG = { ...RECIPES.goodsam, contextWeight: 0.5 }

function street(rest: Partial<LabelPanoramaRequest> = {}): LabelPanoramaRequest {
  return labelRequest({ path: image, ...SIZE, config: CONFIG, artifactsRoot: join(folder, 'artifacts'), ...rest })
}

async function read<Value>(hash: string | null, decode: (bytes: Uint8Array) => Value, root = join(folder, 'artifacts')): Promise<Value> {
  return decode(await openArtifactStore(root).read(hash!))
}

/** A TA that says 0 of all pixels where the image that it is shown is higher than `height` pixels, else 1. */
function heightTa(height: number): Model {
  const builder = new GraphBuilder()
  const pixelValues = builder.input('pixel_values', 'float32', [1, 3, 'height', 'width'])
  const nothing = builder.emit('Mul', [builder.emit('ReduceMean', [pixelValues, [1]], { keepdims: 1 }), 0])
  const shown = builder.emit('Cast', [builder.emit('Shape', [pixelValues], { start: 2, end: 3 })], { to: 1 })
  const logits = builder.emit('Concat', [builder.emit('Add', [nothing, shown]), builder.emit('Add', [nothing, height])], { axis: 1 })
  builder.output(logits, 'logits')
  return builder.build('height-ta')
}

/** The regions' corners are rounded by interpolation; everything else of the painted street is known. */
const ALL_BUT_CORNERS = 0.995

describe('a painted street', () => {
  test('comes out as it was painted, decided by masks', async () => {
    const fused = await read(first.artifacts.fusion, decodeFusion)
    expect([fused.label.width, fused.label.height]).toEqual([256, 128])
    expect(agreement(fused.label, truth)).toBeGreaterThan(ALL_BUT_CORNERS)
    const byMask = fused.provenance.data.filter((value) => value === PROVENANCE.samMajority).length
    expect(byMask / fused.provenance.data.length).toBeGreaterThan(0.99)
    // exactly so away from every corner: the middle of the sky, the road, the building, the car on the seam, the person
    for (const [x, y, trainId] of [[20, 10, 10], [100, 110, 0], [96, 48, 2], [250, 80, 13], [4, 80, 13], [168, 70, 11]]) {
      expect([x, y, fused.label.data[y * 256 + x]]).toEqual([x, y, trainId])
    }
  })

  test('its masks are the regions of each window', async () => {
    const masks = await read(first.artifacts.masks, decodeMasks)
    expect(masks.windows).toHaveLength(24)
    for (const { window, masks: table } of masks.windows) {
      const classes = new Map<number, number>()
      for (let y = 0; y < window.height; y++) {
        for (let x = 0; x < window.width; x++) {
          const trainId = truth.data[(window.y + y) * 256 + ((window.x + x) % 256)]
          classes.set(trainId, (classes.get(trainId) ?? 0) + 1)
        }
      }
      const areas = [...table.areas].sort((a, b) => a - b)
      const regions = [...classes.values()].sort((a, b) => a - b)
      expect(areas).toHaveLength(regions.length)
      areas.forEach((area, index) => expect(Math.abs(area - regions[index])).toBeLessThanOrEqual(16))
    }
    expect(masks.funnel).toMatchObject({ prompts: 24 * 16, candidates: 24 * 16 * 3, afterPredIou: 24 * 16, kept: first.stats.masks })
  })

  test('its TA semantics, boundary and statistics are there', async () => {
    const semantics = await read(first.artifacts.semantics, decodeSemantics)
    expect(semantics.classes).toBe(19)
    expect(semantics.windows).toHaveLength(24)
    expect(agreement(semantics.label, truth)).toBeGreaterThan(ALL_BUT_CORNERS)
    const { boundary } = await read(first.artifacts.boundary, decodeBoundary)
    expect([boundary.width, boundary.height]).toEqual([256, 128])
    // the horizon between sky and road, away from buildings, is an edge of both
    expect(Array.from({ length: 3 }, (_, k) => boundary.data[(62 + k) * 256 + 20])).toContain(1)
    expect(boundary.data[20 * 256 + 20]).toBe(0)
    expect(first.stats).toMatchObject({ provider: 'cpu', cached: { embeddings: 0, masks: false, semantics: false } })
    expect(first.stats.coverage).toBeGreaterThan(0.99)
    expect(first.stats.meanConfidence).toBeGreaterThan(0.9)
    expect(first.stats.disagreement).toBeLessThan(0.005)
    expect(first.stats.ortSeconds).toBeGreaterThan(0)
    expect(first.stats.ortSeconds).toBeLessThan(first.stats.seconds)
    expect(first.warnings).toEqual([])
  })

  test('is the same to the last bit when it is labelled again', async () => {
    const again = await run(engine, street({ artifactsRoot: join(folder, 'again') }))
    expect(again.artifacts).toEqual(first.artifacts)
    expect(again.embeddings).toEqual(first.embeddings)
  })

  test('tells its progress up to the end', async () => {
    const told: number[] = []
    await engine.labelPanorama(street(), { signal: new AbortController().signal, onProgress: ({ fraction }) => told.push(fraction) })
    expect(told.length).toBeGreaterThan(24)
    expect(told.every((fraction) => fraction > 0 && fraction <= 1)).toBe(true)
    expect(told.at(-1)).toBeGreaterThanOrEqual(0.95)
  })
})

function cachedStages(): LabelPanoramaRequest['cached'] {
  return { ...NOTHING_CACHED, masks: first.artifacts.masks, semantics: first.artifacts.semantics }
}

describe('cached stages', () => {
  // a model that cannot even be opened proves that nothing is computed
  const unopenable = { sam: samModel('bad/not-a-model'), ta: taModel('bad/not-a-model.onnx') }

  test('another theta fuses and computes nothing else', async () => {
    const config = { ...CONFIG, fusion: { ...CONFIG.fusion, theta: 1 } }
    const response = await run(engine, street({ ...unopenable, config, cached: { ...cachedStages(), boundary: first.artifacts.boundary } }))
    expect(response.artifacts).toMatchObject({ masks: first.artifacts.masks, semantics: first.artifacts.semantics, boundary: first.artifacts.boundary })
    expect(response.artifacts.fusion).not.toBe(first.artifacts.fusion)
    expect(response.stats).toMatchObject({ ortSeconds: 0, masks: first.stats.masks, cached: { masks: true, semantics: true, embeddings: 0 } })
  })

  test('everything cached: the same statistics, nothing computed', async () => {
    const response = await run(engine, street({ ...unopenable, cached: { ...cachedStages(), boundary: first.artifacts.boundary, fusion: first.artifacts.fusion } }))
    expect(response.artifacts).toEqual(first.artifacts)
    const { seconds: _, ortSeconds, cached: __, ...facts } = response.stats
    expect(first.stats).toMatchObject(facts)
    expect(ortSeconds).toBe(0)
  })

  test('a missing boundary is made from what is cached', async () => {
    const response = await run(engine, street({ ...unopenable, cached: { ...cachedStages(), fusion: first.artifacts.fusion } }))
    expect(response.artifacts.boundary).toBe(first.artifacts.boundary)
  })

  test('embeddings are written once per window, and give the same masks when read', async () => {
    expect(first.embeddings).toHaveLength(24)
    const hashes = first.embeddings.map((embedding) => embedding!.hash)
    const response = await run(engine, street({
      sam: samModel('wand-sam', { ...QUICK, pointsPerBatch: 5 }), cached: { ...NOTHING_CACHED, embeddings: hashes }, artifactsRoot: join(folder, 'artifacts'),
    }))
    expect(response.stats.cached).toEqual({ embeddings: 24, masks: false, semantics: false })
    expect(response.embeddings).toEqual(hashes.map(() => null))
    expect(response.artifacts.masks).toBe(first.artifacts.masks)
    const kept = await run(engine, street({ keepEmbeddings: false, artifactsRoot: join(folder, 'none-kept') }))
    expect(kept.embeddings).toEqual(hashes.map(() => null))
    expect(kept.artifacts).toEqual(first.artifacts)
  })

  test('a damaged artifact is named', async () => {
    const request = street({ cached: { ...cachedStages(), semantics: 'f'.repeat(64) } })
    await expect(run(engine, request)).rejects.toMatchObject({ code: 'workspace-damaged' })
    const swapped = street({ cached: { ...cachedStages(), semantics: first.artifacts.masks } })
    await expect(run(engine, swapped)).rejects.toMatchObject({ code: 'workspace-damaged' })
  })
})

function pixels(masks: PanoramaMasks): unknown {
  return masks.windows.map(({ window, masks: table }) => ({ window, areas: [...table.areas], runs: [...table.runs], points: [...table.points] }))
}

describe('dialects and sizes', () => {
  test.each(['encoder.onnx', 'encoder-planes.onnx'] as const)("segment-anything's own decoder with %s finds the same masks", async (encoder) => {
    const response = await run(engine, street({ sam: officialSam(encoder) }))
    expect(pixels(await read(response.artifacts.masks, decodeMasks))).toEqual(pixels(await read(first.artifacts.masks, decodeMasks)))
  })

  test('a TA of free size sees the whole panorama as high as a window', async () => {
    const network = join(folder, 'height-ta.onnx')
    await writeFile(network, writeModel(heightTa(100)))
    const ta = { name: 'height-ta', sha256: sha256Of(network), dialect: 'semantic', paths: { network } } as const
    const response = await run(engine, street({ sam: null, ta, config: { ...RECIPES.goodsam, contextWeight: 1 } }))
    const { label } = await read(response.artifacts.semantics, decodeSemantics)
    // 64 pixels; at full size it would see 128
    expect(new Set(label.data)).toEqual(new Set([1]))
  })

  test.each(['colour-ta-dynamic.onnx', 'colour-ta-full.onnx'])('%s sees the same street', async (file) => {
    const response = await run(engine, street({ ta: taModel(file) }))
    const { label } = await read(response.artifacts.semantics, decodeSemantics)
    expect(agreement(label, truth)).toBeGreaterThan(ALL_BUT_CORNERS)
  })

  test('a TA with other classes than the label set: labelled, with a warning', async () => {
    const response = await run(engine, street({ ta: taModel('three-class-ta.onnx') }))
    expect(response.warnings).toEqual([{ message: expect.stringContaining('three-class-ta.onnx tells 3 classes apart') as string, shared: null }])
    const { label } = await read(response.artifacts.fusion, decodeFusion)
    expect(Math.max(...label.data)).toBeLessThan(3)
  })

  test('TA only: the stitched semantics are the label', async () => {
    const response = await run(engine, street({ sam: null }))
    expect(response.artifacts).toMatchObject({ masks: null, boundary: null, semantics: first.artifacts.semantics })
    expect(response.stats).toMatchObject({ masks: 0, coverage: 0, disagreement: 0 })
    const fused = await read(response.artifacts.fusion, decodeFusion)
    const semantics = await read(response.artifacts.semantics, decodeSemantics)
    expect(agreement(fused.label, semantics.label)).toBe(1)
  })

  test.each([
    { name: 'windows lower than wide, padded for SAM', width: 256, height: 48, cyclic: true },
    { name: 'a partial panorama with edges', width: 256, height: 128, cyclic: false },
    { name: 'sizes that divide by nothing', width: 331, height: 109, cyclic: true },
  ])('$name', async ({ width, height, cyclic }) => {
    // sidewalk above road: no third class has a colour between these two
    const painted = paint(width, height, [[1, 0, 0, width, 24], [0, 0, 24, width, height - 24]])
    const path = await writeImage(join(folder, `${width}x${height}.png`), { width, height }, colours(painted))
    const request = labelRequest({ path, width, height, cyclic, artifactsRoot: join(folder, 'artifacts') })
    const response = await run(engine, request)
    const { label } = await read(response.artifacts.fusion, decodeFusion)
    expect([label.width, label.height]).toEqual([width, height])
    // the edge lies within a cell of a scaled window: a row or two may go either way
    expect(agreement(label, painted)).toBeGreaterThan(1 - 2.5 / height)
    expect(response.embeddings).toHaveLength(windowCount(request))
  })

  test('goodsam++ with its two families of windows', async () => {
    const request = street({ config: RECIPES['goodsam++'] })
    const { label } = await read((await run(engine, request)).artifacts.fusion, decodeFusion)
    expect(agreement(label, truth)).toBeGreaterThan(0.97)
  })
})

describe('what cannot be labelled is refused clearly, and nothing is left half-written', () => {
  test.each([
    { name: 'a TA that computes NaN', rest: { ta: taModel('bad/nan-ta.onnx') }, code: 'bad-model', mentions: ['bad/nan-ta.onnx', 'logits'] },
    { name: 'a SAM that computes NaN', rest: { sam: samModel('bad/nan-sam') }, code: 'bad-model', mentions: ['bad/nan-sam', 'pred_masks'] },
    { name: 'a TA that takes one channel', rest: { ta: taModel('bad/grey-ta.onnx') }, code: 'bad-model', mentions: ['bad/grey-ta.onnx'] },
    { name: 'a text file', rest: { ta: taModel('bad/not-a-model.onnx') }, code: 'bad-model', mentions: ['not-a-model.onnx'] },
    { name: 'a model file that is gone', rest: { ta: taModel('gone.onnx') }, code: 'bad-file', mentions: ['gone.onnx'] },
    { name: 'a SAM that is no SAM', rest: { sam: { ...samModel('wand-sam'), dialect: 'semantic' as const } }, code: 'bad-model', mentions: ['not a SAM'] },
    {
      name: 'an image of another size',
      rest: { image: { path: '', sha256: '', width: 128, height: 128, cyclic: true } }, code: 'bad-file', mentions: ['256x128', '128x128'],
    },
    { name: 'an image that is none', rest: { image: { path: modelPath('README.md'), sha256: sha256Of(modelPath('README.md')), ...SIZE, cyclic: true } }, code: 'bad-file', mentions: ['README.md'] },
  ])('$name', async ({ rest, code, mentions }) => {
    const root = await mkdtemp(join(folder, 'refused-'))
    const request = street({ artifactsRoot: root, ...rest })
    const fixed = request.image.path === '' ? { ...request, image: { ...request.image, path: image, sha256: sha256Of(image) } } : request
    const failure: unknown = await run(engine, fixed).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    for (const mention of mentions) expect((failure as Error).message).toContain(mention)
    expect((await artifactFiles(root)).unfinished).toEqual([])
    // and the engine is still there
    await expect(run(engine, street())).resolves.toMatchObject({ artifacts: first.artifacts })
  })

  test('a folder that takes no artifacts', async () => {
    await expect(run(engine, street({ artifactsRoot: join(image, 'artifacts') }))).rejects.toMatchObject({ code: 'storage' })
  })

  test('filters that keep almost nothing: done, and said with the numbers', async () => {
    const settings = { ...QUICK, predIou: 0.99 }
    const response = await run(engine, street({ sam: samModel('wand-sam', settings) }))
    expect(response.stats.masks).toBe(0)
    expect(response.warnings).toEqual([{
      message: expect.stringMatching(/^of 1152 masks 0 passed predicted IoU >= 0\.99/) as string,
      shared: { did: 'kept almost no masks', remedy: 'Lower the filters of wand-sam, or of this run.' },
    }])
    const fused = await read(response.artifacts.fusion, decodeFusion)
    expect(fused.provenance.data.every((value) => value === PROVENANCE.taOnly)).toBe(true)
  })
})

test('models are opened as they are; a text file and a missing file are told apart', async () => {
  await expect(engine.inspectModel(modelPath('colour-ta.onnx'))).resolves.toEqual({
    inputs: [{ name: 'pixel_values', type: 'float32', shape: ['batch', 3, 64, 64] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 19, 16, 16] }],
  })
  await expect(engine.inspectModel(modelPath('bad/not-a-model.onnx'))).rejects.toMatchObject({ code: 'bad-model' })
  await expect(engine.inspectModel(modelPath('gone.onnx'))).rejects.toMatchObject({ code: 'bad-file' })
  const truncated = join(folder, 'truncated.onnx')
  await writeFile(truncated, (await readFile(modelPath('wand-sam/vision_encoder.onnx'))).subarray(0, 1000))
  await expect(engine.inspectModel(truncated)).rejects.toMatchObject({ code: 'bad-model' })
})

test('SAM_DEFAULTS ask 16 x 16 prompts of every window', async () => {
  const response = await run(engine, street({ sam: samModel('wand-sam', SAM_DEFAULTS), keepEmbeddings: false }))
  const { funnel } = await read(response.artifacts.masks, decodeMasks)
  expect(funnel.prompts).toBe(24 * 256)
})
