/** What nano-sam learns from (regions, prompts, batches), and whether the model that comes with the program is as good as its record says. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nanoSamBatch } from '../../builtin/nano-sam/batches.ts'
import { collageImage } from '../../builtin/nano-sam/images.ts'
import type { NanoSamRecord } from '../../builtin/nano-sam/output.ts'
import { checkedWindows } from '../../builtin/nano-sam/output.ts'
import { HELD_OUT_STREET_SEED, SIDE, WINDOW } from '../../builtin/nano-sam/plan.ts'
import { PromptSource, writeTruth } from '../../builtin/nano-sam/prompts.ts'
import { depthInside, innermostPixels, type RegionImage, regionsOf } from '../../builtin/nano-sam/region-image.ts'
import { scoreRegions } from '../../builtin/nano-sam/score.ts'
import { openSegmenter, type Segmenter } from '../../builtin/nano-sam/segmenter.ts'
import { drawStreetRegions, heldOutRequest, slidingWindows, streetWindow } from '../../builtin/nano-sam/street-regions.ts'
import { worldName } from '../../builtin/street-images.ts'
import { seededRandom } from '../../src/core/networks/random.ts'
import { builtinModels, expandBuiltinModel } from '../../src/main/models/builtin-models.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A square of 5 x 5 pixels with a pixel of its own in its middle, at (2, 1) of an image of 8 x 8. */
const square: RegionImage = {
  side: 8,
  rgb: new Uint8Array(3 * 64),
  levels: [0, 9].map((middle) => Uint16Array.from({ length: 64 }, (_, at) => {
    const [x, y] = [at % 8, Math.floor(at / 8)]
    if (x === 4 && y === 3 && middle !== 0) return middle
    return x >= 2 && x < 7 && y >= 1 && y < 6 ? 5 : 3
  })),
}

describe('regions', () => {
  it('have areas and boxes', () => {
    expect(regionsOf(square.levels[0], 8)).toEqual([{ id: 3, area: 39, box: [0, 0, 8, 8] }, { id: 5, area: 25, box: [2, 1, 7, 6] }])
    expect(regionsOf(square.levels[1], 8).map(({ id, area }) => [id, area])).toEqual([[3, 39], [5, 24], [9, 1]])
  })

  it('are deepest in their middle', () => {
    const depth = depthInside(square.levels[0], 8)
    expect([depth[3 * 8 + 4], depth[1 * 8 + 2], depth[2 * 8 + 3], depth[0]]).toEqual([3, 1, 2, 1])
    expect(innermostPixels(square.levels[0], 8).get(5)).toBe(3 * 8 + 4)
  })

  it('become masks of half the size whose pixels say how much of them belongs to it', () => {
    const mask = new Float32Array(16)
    writeTruth(square, { level: 0, id: 5, area: 25 }, mask)
    // the square begins in the second half of a row of masks and ends in the first half of a column
    expect([...mask]).toEqual([0, 0.5, 0.5, 0.25, 0, 1, 1, 0.5, 0, 1, 1, 0.5, 0, 0, 0, 0])
  })
})

describe('prompts', () => {
  const image = collageImage(5, 2, 128)
  const source = new PromptSource(image, seededRandom('prompts'))

  it('of one point mean what the point lies in, from the whole to the part', () => {
    for (let drawn = 0; drawn < 50; drawn++) {
      const { points: [x, y], labels, truths } = source.click()
      expect(labels).toEqual([1])
      expect(truths.length).toBeGreaterThan(0)
      for (const { level, id, area } of truths) {
        expect(image.levels[level][y * 128 + x]).toBe(id)
        expect(area).toBe(image.levels[level].filter((each) => each === id).length)
      }
      expect(truths.map(({ area }) => area)).toEqual(truths.map(({ area }) => area).toSorted((a, b) => b - a))
    }
  })

  it('of two points mean one region: boxes around it, points within and outside', () => {
    const kinds = new Set<string>()
    for (let drawn = 0; drawn < 100; drawn++) {
      const { points, labels, truths: [{ level, id }, ...others] } = source.pair()
      expect(others).toEqual([])
      kinds.add(labels.join())
      if (labels[0] === 2) continue
      for (const [at, label] of labels.entries()) expect(image.levels[level][points[2 * at + 1] * 128 + points[2 * at]] === id).toBe(label === 1)
    }
    expect(kinds).toEqual(new Set(['2,3', '1,0', '1,1']))
  })

  it('mean nothing that is too small where the image is not enlarged', () => {
    const [areas, areasOfEnlarged] = [1, 2].map((enlarged) => {
      const asked = new PromptSource(image, seededRandom('small'), { preference: 0, enlarged })
      return Array.from({ length: 200 }, () => asked.pair().truths[0].area)
    })
    expect(areas.filter((area) => area >= 64 && area < 256).length).toBeGreaterThan(0)
    expect(Math.min(...areas)).toBeGreaterThanOrEqual(64)
    expect(Math.min(...areasOfEnlarged)).toBeGreaterThanOrEqual(256)
  })

  it('come in batches that depend on the name of their stream alone', () => {
    const groups = [{ prompts: 3, points: 1 }, { prompts: 2, points: 2 }]
    const batch = (stream: string) => nanoSamBatch([{ image, turns: true }, { image, turns: false }], { stream, groups })
    expect(batch('a')).toEqual(batch('a'))
    expect(batch('a')).not.toEqual(batch('b'))
    expect(Object.fromEntries(Object.entries(batch('a')).map(([name, { dims }]) => [name, dims]))).toEqual({
      'pixel_values': [2, 3, 128, 128], 'input_points.0': [2, 3, 1, 2], 'input_labels.0': [2, 3, 1], 'input_points.1': [2, 2, 2, 2], 'input_labels.1': [2, 2, 2],
      'truths': [2, 5, 3, 64, 64], 'truth_weights': [2, 5, 3],
      'anchors': [192], 'cell_regions': [2, 256], 'anchor_weights': [2, 192],
    })
  })
})

describe('windows of streets', () => {
  const panorama = drawStreetRegions({ seed: 1, index: 0, style: 'target', view: 'panorama', width: 256, height: 128, fovDeg: 180 })

  it('show the panorama, across its seam too', () => {
    const window = streetWindow(panorama, { x: 240, y: 30, size: 32, side: 32 })
    for (const [x, y] of [[0, 0], [15, 3], [16, 3], [31, 31]]) {
      const from = (30 + y) * 256 + ((240 + x) % 256)
      expect([...window.rgb.subarray(3 * (y * 32 + x), 3 * (y * 32 + x) + 3)]).toEqual([...panorama.rgb.subarray(3 * from, 3 * from + 3)])
    }
  })

  it('have a region for every pixel, the finer ones within the coarser', () => {
    for (const { levels: [whole, parts] } of slidingWindows(panorama, 64)) {
      expect(whole.every((id) => id > 0) && parts.every((id) => id > 0)).toBe(true)
      const parents = new Map<number, number>()
      for (const [at, id] of parts.entries()) if (!parents.has(id)) parents.set(id, whole[at])
      expect(parts.every((id, at) => parents.get(id) === whole[at])).toBe(true)
    }
  })
})

it('the score of a segmenter that answers with the truth is 1, and of one that answers with all there is the region\'s share', async () => {
  const image = collageImage(5, 3, 128)
  const answering = (isInside: (at: number, id: number) => boolean): Segmenter => ({
    async ask(_rgb, points) {
      const prompts = points.length / 2
      const logits = new Float32Array(prompts * 128 * 128)
      for (let prompt = 0; prompt < prompts; prompt++) {
        const id = image.levels[0][points[2 * prompt + 1] * 128 + points[2 * prompt]]
        for (let at = 0; at < 128 * 128; at++) logits[prompt * 128 * 128 + at] = isInside(at, id) ? 1 : -1
      }
      return { prompts, masksPerPrompt: 1, low: 128, logits, scores: new Float32Array(prompts).fill(1) }
    },
    close: () => Promise.resolve(),
  })
  expect(await scoreRegions(answering((at, id) => image.levels[0][at] === id), [image])).toMatchObject({ oracle: 1, chosen: 1, iouError: 0 })
  const areas = regionsOf(image.levels[0], 128).map(({ area }) => area).filter((area) => area >= 100)
  const { oracle, regions } = await scoreRegions(answering(() => true), [image])
  expect(regions).toBe(areas.length)
  expect(oracle).toBeCloseTo(areas.reduce((sum, area) => sum + area / 128 ** 2, 0) / areas.length, 6)
})

describe('the nano-sam that comes with the program', () => {
  const [model] = builtinModels().filter(({ name }) => name === 'nano-sam')
  const isThere = existsSync(join(model.folder, 'model.safetensors'))

  it.skipIf(!isThere)('finds regions of held-out panoramas as well as its record says', async () => {
    const record = JSON.parse(await readFile(join(model.folder, 'training.json'), 'utf8')) as NanoSamRecord
    expect(record.world, 'the generated streets have changed since it was scored: npm run train:builtin -- nano-sam --minutes 0').toBe(worldName())
    const folder = await temporaryFolder()
    try {
      const { files } = await expandBuiltinModel(model, join(folder.path, 'expanded'))
      const segmenter = await openSegmenter({ encoder: await readFile(files[0]), decoder: await readFile(files[1]) }, { side: SIDE })
      const windows = checkedWindows(slidingWindows(drawStreetRegions(heldOutRequest(HELD_OUT_STREET_SEED, 0)), WINDOW))
      const { regions, oracle } = await scoreRegions(segmenter, windows)
      await segmenter.close()
      expect(regions).toBe(record.check.regions)
      expect(oracle).toBeCloseTo(record.check.oracle, 3)
    } finally {
      await folder.remove()
    }
  })

  if (!isThere) console.warn(`Skipped: ${model.folder} has no weights yet (npm run train:builtin -- nano-sam)`)
})
