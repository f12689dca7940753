import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBoundary, decodeFusion, decodeMasks, decodeSemantics } from '../../src/core/formats/bundles.ts'
import { rollColumns } from '../../src/core/geometry/roll.ts'
import { PROVENANCE, RECIPES, withGeometry, type Recipe } from '../../src/core/goodsam/config.ts'
import { explainPixel } from '../../src/core/goodsam/explain.ts'
import { prepareFusion } from '../../src/core/goodsam/fusion.ts'
import { hasView, seenPixels } from '../../src/core/goodsam/view-weights.ts'
import type { Raster } from '../../src/core/raster/raster.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine, LabelPanoramaRequest, LabelPanoramaResponse } from '../../src/main/engine/protocol.ts'
import { colours, labelRequest, paint, QUICK, run, samModel, startEngine, STREET, taModel, writeImage } from './engine-fixtures.ts'

/** Gnomonic windows through the engine: the painted street, seen by cameras. */

const SIZE = { width: 256, height: 128 }
const FULL = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
const QUARTER = SIZE.width / 4
const truth = paint(SIZE.width, SIZE.height, STREET)
let folder = ''
let images: { straight: string; rolled: string; part: string }
let engine: Engine
let first: LabelPanoramaResponse

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodsam-gnomonic-'))
  images = {
    straight: await writeImage(join(folder, 'street.png'), SIZE, colours(truth)),
    rolled: await writeImage(join(folder, 'rolled.png'), SIZE, colours(rollColumns(truth, QUARTER))),
    part: await writeImage(join(folder, 'part.png'), { width: 128, height: 64 }, colours(part())),
  }
  engine = startEngine()
  first = await run(engine, street(images.straight))
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Columns 32 .. 160 and rows 32 .. 96 of the street: half the turn, half the height. */
function part(): Raster {
  return { width: 128, height: 64, data: new Uint8Array(128 * 64).map((_, p) => truth.data[(32 + Math.floor(p / 128)) * 256 + 32 + (p % 128)]) }
}

function street(path: string, rest: Partial<LabelPanoramaRequest> & { readonly recipe?: Recipe } = {}): LabelPanoramaRequest {
  const { recipe = 'goodsam', ...request } = rest
  const made = labelRequest({
    path, ...SIZE, artifactsRoot: join(folder, 'artifacts'), config: withGeometry(RECIPES[recipe], 'gnomonic'),
    sam: samModel('wand-sam', { ...QUICK, pointsPerSide: 8 }), ta: taModel('colour-ta-full.onnx'), ...request,
  })
  return { ...made, image: { ...made.image, projection: FULL } }
}

async function read<Value>(hash: string | null, decode: (bytes: Uint8Array) => Value): Promise<Value> {
  return decode(await openArtifactStore(join(folder, 'artifacts')).read(hash!))
}

/** Share of pixels that are as painted, further than `rim` px from every border. */
function agreement(label: Raster, painted: Raster, rim: number): number {
  const { width, height, data } = painted
  const at = (x: number, y: number): number => data[Math.min(height - 1, Math.max(0, y)) * width + ((x + width) % width)]
  let [counted, right] = [0, 0]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const own = at(x, y)
      if ([-rim, rim].some((d) => at(x + d, y) !== own || at(x, y + d) !== own)) continue
      counted++
      if (label.data[y * width + x] === own) right++
    }
  }
  return right / counted
}

describe('a painted street through gnomonic windows', () => {
  test.each(['goodsam', 'goodsam++'] as const)('comes out as it was painted, decided by masks: %s', async (recipe) => {
    const response = recipe === 'goodsam' ? first : await run(engine, street(images.straight, { recipe }))
    const fused = await read(response.artifacts.fusion, decodeFusion)
    expect([fused.label.width, fused.label.height]).toEqual([256, 128])
    // SAM's cells are 6 degrees wide: 4 px of the panorama
    expect(agreement(fused.label, truth, 3)).toBeGreaterThan(0.99)
    expect(agreement(fused.label, truth, 0)).toBeGreaterThan(0.95)
    const byMask = fused.provenance.data.filter((value) => value === PROVENANCE.samMajority).length
    expect(byMask / fused.provenance.data.length).toBeGreaterThan(0.9)
    // the middle of the sky, the zenith, the nadir, the road, the building, the car on the seam, the person
    for (const [x, y, trainId] of [[20, 10, 10], [77, 0, 10], [200, 127, 0], [100, 110, 0], [96, 48, 2], [250, 80, 13], [4, 80, 13], [168, 70, 11]]) {
      expect([x, y, fused.label.data[y * 256 + x]]).toEqual([x, y, trainId])
    }
    expect(response.warnings).toEqual([])
  })

  test('no window says anything of what its view does not show', async () => {
    const masks = await read(first.artifacts.masks, decodeMasks)
    const semantics = await read(first.artifacts.semantics, decodeSemantics)
    expect(masks.windows).toHaveLength(24)
    masks.windows.forEach(({ window, masks: table }, index) => {
      expect(semantics.windows[index].window).toEqual(window)
      if (!hasView(window)) throw new Error('a gnomonic window without a view')
      const seen = seenPixels(window)
      const { label } = semantics.windows[index]
      expect(seen.every((shown, p) => (shown === 1 ? label[p] < 19 : label[p] === 255))).toBe(true)
      expect(table.count).toBeGreaterThan(0)
      for (let k = 0; k < table.runs.length; k += 2) {
        expect(seen.subarray(table.runs[k], table.runs[k] + table.runs[k + 1]).every((shown) => shown === 1)).toBe(true)
      }
    })
    expect(first.stats.masks).toBe(masks.funnel.kept)
  })

  test('its TA semantics and boundary are the street\'s, not the views\'', async () => {
    const semantics = await read(first.artifacts.semantics, decodeSemantics)
    expect(agreement(semantics.label, truth, 3)).toBeGreaterThan(0.995)
    expect(first.stats.disagreement).toBeLessThan(0.05)
    const { boundary } = await read(first.artifacts.boundary, decodeBoundary)
    // horizon between sky and road; nothing in the middle of the sky and the road, where views overlap and end
    expect(Array.from({ length: 7 }, (_, k) => boundary.data[(60 + k) * 256 + 20])).toContain(1)
    for (const rows of [[0, 26], [100, 128]]) expect(boundary.data.subarray(rows[0] * 256, rows[1] * 256).every((edge) => edge === 0)).toBe(true)
  })

  test('why a pixel has its label: only the views that show it are asked', async () => {
    const masks = await read(first.artifacts.masks, decodeMasks)
    const semantics = await read(first.artifacts.semantics, decodeSemantics)
    const fused = await read(first.artifacts.fusion, decodeFusion)
    const { fusion } = RECIPES.goodsam
    const prepared = prepareFusion(masks, semantics, fusion)
    for (let p = 7; p < 256 * 128; p += 97) {
      const told = explainPixel(prepared, fusion, p % 256, Math.floor(p / 256))
      expect(told).toMatchObject({ label: fused.label.data[p], confidence: fused.confidence.data[p], provenance: fused.provenance.data[p], mask: fused.mask.data[p] })
      expect(told.votes.length).toBeGreaterThan(0)
      expect(told.votes.every(({ taClass, edgeWeight }) => taClass < 19 && edgeWeight > 0)).toBe(true)
    }
  })

  test('rolling the panorama by a quarter turn rolls the labels, to the last bit', async () => {
    const rolled = await run(engine, street(images.rolled))
    const [before, after] = [await read(first.artifacts.fusion, decodeFusion), await read(rolled.artifacts.fusion, decodeFusion)]
    for (const map of ['label', 'confidence', 'provenance'] as const) expect(after[map]).toEqual(rollColumns(before[map], QUARTER))
  })

  test('is the same when it is labelled again, and from cached embeddings', async () => {
    const again = await run(engine, street(images.straight, { cached: { masks: null, semantics: first.artifacts.semantics, boundary: null, fusion: null, embeddings: first.embeddings.map((one) => one!.hash) } }))
    expect(again.artifacts).toEqual(first.artifacts)
    expect(again.stats.cached).toMatchObject({ embeddings: 24, semantics: true })
  })

  test('a part of the turn and of the height: what is beyond its edges counts nothing', async () => {
    const request = street(images.part)
    const response = await run(engine, {
      ...request,
      image: { ...request.image, width: 128, height: 64, cyclic: false, projection: { hfovDeg: 180, vfovDeg: 90, horizonOffsetPx: 0 } },
    })
    const fused = await read(response.artifacts.fusion, decodeFusion)
    const label = fused.label
    // the part has no seam: its own left and right edges are no borders
    let right = 0
    label.data.forEach((trainId, p) => (right += trainId === part().data[p] ? 1 : 0))
    expect(right / label.data.length).toBeGreaterThan(0.95)
  })

  test('without masks the TA decides alone', async () => {
    const response = await run(engine, street(images.straight, { sam: null }))
    const fused = await read(response.artifacts.fusion, decodeFusion)
    expect(agreement(fused.label, truth, 3)).toBeGreaterThan(0.995)
    expect(fused.provenance.data.every((value) => value === PROVENANCE.taOnly)).toBe(true)
  })
})
