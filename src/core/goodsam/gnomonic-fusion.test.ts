import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../test/bench/seeded-random.ts'
import { referenceFusion } from '../../../test/fixtures/fusion-reference.ts'
import { tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { Raster } from '../raster/raster.ts'
import { refineBoundary } from './boundary.ts'
import { cutCells } from './cells.ts'
import { RECIPES, withGeometry, type BelowTheta, type Recipe } from './config.ts'
import { overlapConsistency } from './consistency.ts'
import { countWindowVotes, votedClass } from './distillation/window-votes.ts'
import { makeTrainingData, windowTargets } from './distillation/targets.ts'
import { edgeAt, makeEdgePool } from './edge-pool.ts'
import { explainPixel } from './explain.ts'
import { fusePanorama, prepareFusion } from './fusion.ts'
import { stitchSemantics } from './stitch.ts'
import type { WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame, PanoramaMasks, PanoramaSemantics } from './types.ts'
import { hasView, seenPixels, UNSEEN, type ViewWindow } from './view-weights.ts'
import { layoutWindows, windowColumnToPanorama } from './windows.ts'

/** What comes after the networks, of gnomonic windows: pixels that a view does not show must count nowhere. */

const FULL = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
const SPHERE: PanoramaFrame = { widthPx: 64, heightPx: 32, cyclic: true, projection: FULL }
const PART: PanoramaFrame = { widthPx: 40, heightPx: 24, cyclic: false, projection: { hfovDeg: 150, vfovDeg: 90, horizonOffsetPx: 2 } }
const FRAMES = { 'a full sphere': SPHERE, 'a part of it': PART } as const
const FUNNEL = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }

function layout(frame: PanoramaFrame, recipe: Recipe = 'goodsam'): ViewWindow[] {
  return layoutWindows(frame, withGeometry(RECIPES[recipe], 'gnomonic').windows).filter(hasView)
}

/** Random rectangles as masks and random classes, of what the views show. */
function scene(frame: PanoramaFrame, seed: number): { masks: PanoramaMasks; semantics: PanoramaSemantics } {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const windows = layout(frame)
  const raster = (values: number): Raster => ({
    width: frame.widthPx, height: frame.heightPx, data: new Uint8Array(frame.widthPx * frame.heightPx).map(() => below(values)),
  })
  const tables = windows.map((window) => {
    const seen = seenPixels(window)
    const bitmaps = Array.from({ length: 1 + below(5) }, () => {
      const [x0, y0, w, h] = [below(window.width), below(window.height), 1 + below(window.width), 1 + below(window.height)]
      return seen.map((shown, p) => {
        const [x, y] = [p % window.width, Math.floor(p / window.width)]
        return x >= x0 && x < x0 + w && y >= y0 && y < y0 + h ? shown : 0
      })
    })
    return { window, masks: tableOf(bitmaps.filter((bitmap) => bitmap.includes(1)), window.width, window.height) }
  })
  const semantics = windows.map((window) => {
    const seen = seenPixels(window)
    return { window, label: seen.map((shown) => (shown === 1 ? below(4) : UNSEEN)), confidence: seen.map((shown) => shown * [1, 64, 128, 255][below(4)]) }
  })
  return {
    masks: { windows: tables, funnel: FUNNEL },
    semantics: { classes: 4, windows: semantics, label: raster(4), confidence: raster(256), consistency: 0, disagreement: 0 },
  }
}

describe.each(Object.entries(FRAMES))('fusion of gnomonic windows over %s', (_name, frame) => {
  test.each((['ta', 'majority', 'ignore'] as const).flatMap((otherwise) => (['goodsam', 'goodsam++'] as const).map((recipe) => [otherwise, recipe] as const)))(
    'counts as the reference does: below theta %s, %s', (belowTheta: BelowTheta, recipe) => {
      const { masks, semantics } = scene(frame, 7)
      const fusion = { ...RECIPES[recipe].fusion, belowTheta, theta: recipe === 'goodsam' ? 0.4 : 0.9 }
      const fused = fusePanorama(prepareFusion(masks, semantics, fusion), fusion)
      const expected = referenceFusion(masks, semantics, fusion)
      expect(fused.label.data).toEqual(expected.label)
      expect(fused.confidence.data).toEqual(expected.confidence)
      expect(fused.provenance.data).toEqual(expected.provenance)
      expect(fused.mask.data).toEqual(expected.mask)
    })

  test('a pixel is explained by the views that show it', () => {
    const { masks, semantics } = scene(frame, 11)
    const { fusion } = RECIPES.goodsam
    const prepared = prepareFusion(masks, semantics, fusion)
    const fused = fusePanorama(prepared, fusion)
    for (let p = 0; p < frame.widthPx * frame.heightPx; p++) {
      const told = explainPixel(prepared, fusion, p % frame.widthPx, Math.floor(p / frame.widthPx))
      expect([told.label, told.confidence, told.provenance, told.mask]).toEqual(
        [fused.label.data[p], fused.confidence.data[p], fused.provenance.data[p], fused.mask.data[p]])
      expect(told.votes.map(({ taClass }) => taClass)).not.toContain(UNSEEN)
    }
  })

  test('cells name all windows that show one of their pixels', () => {
    const windows = layout(frame)
    const pool = makeEdgePool()
    const places = windows.map(pool.place)
    const weights = pool.weights()
    const cells = cutCells(windows.map((window, index) => ({ ...window, spans: places[index].spans })), frame.widthPx, frame.heightPx)
    const cellOf = new Int32Array(frame.widthPx * frame.heightPx).fill(-1)
    cells.forEach(({ x0, y0, x1, y1 }, k) => {
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) cellOf[y * frame.widthPx + x] = k
    })
    expect(cellOf).not.toContain(-1)
    expect(cells.reduce((sum, { x0, y0, x1, y1 }) => sum + (x1 - x0) * (y1 - y0), 0)).toBe(cellOf.length)
    windows.forEach((window, index) => {
      seenPixels(window).forEach((shown, p) => {
        const at = { x: p % window.width, y: Math.floor(p / window.width) }
        expect(edgeAt(weights, places[index], at) > 0).toBe(shown === 1)
        const cell = cells[cellOf[(window.y + at.y) * frame.widthPx + windowColumnToPanorama(window, at.x, frame.widthPx)]]
        if (shown === 1) expect(cell.seenBy).toContain(index)
      })
    })
  })

  test('windows teach what they show', () => {
    const { masks, semantics } = scene(frame, 13)
    const { fusion } = RECIPES.goodsam
    const targets = windowTargets(masks, semantics, fusion)
    targets.forEach(({ label }, i) => expect(label.map((own) => (own === UNSEEN ? 0 : 1))).toEqual(seenPixels(layout(frame)[i])))
    // at the training size, too: a full vote count, and nothing about 255
    const { label: ta } = semantics
    const image = { width: ta.width, height: ta.height, data: new Uint8Array(3 * ta.data.length) }
    const data = makeTrainingData(
      { image, cyclic: frame.cyclic, semantics, masks, fusion, fused: ta, boundary: null, truth: null }, { width: ta.width, height: ta.height })
    expect(data.windows.every(({ window }) => window.view === undefined)).toBe(true)
    const votes = countWindowVotes(data)
    expect(votes.votes).toBe(targets.reduce((sum, { label }) => sum + label.filter((own) => own !== UNSEEN).length, 0))
    expect(votes.first.every((packed) => votedClass(packed) < 4)).toBe(true)
  })
})

test('rolling by a quarter turn rolls the fused label', () => {
  const { masks, semantics } = scene(SPHERE, 17)
  const { fusion } = RECIPES.goodsam
  const before = fusePanorama(prepareFusion(masks, semantics, fusion), fusion)
  const windows = layout(SPHERE)
  // window k of a row of eight says what window k + 2 said
  const turned = windows.map((_, k) => k - (k % 8) + ((k + 2) % 8))
  const rolledSemantics: PanoramaSemantics = {
    ...semantics, label: rollColumns(semantics.label, 16), confidence: rollColumns(semantics.confidence, 16),
    windows: turned.map((from, k) => ({ ...semantics.windows[from], window: windows[k] })),
  }
  const rolledMasks = { ...masks, windows: turned.map((from, k) => ({ masks: masks.windows[from].masks, window: windows[k] })) }
  const after = fusePanorama(prepareFusion(rolledMasks, rolledSemantics, fusion), fusion)
  expect(after.label).toEqual(rollColumns(before.label, 16))
  expect(after.confidence).toEqual(rollColumns(before.confidence, 16))
})

test('the edge of a view is neither a contour nor a change of the label', () => {
  const windows = layout(SPHERE)
  const raster: Raster = { width: 64, height: 32, data: new Uint8Array(64 * 32) }
  const semantics: PanoramaSemantics = {
    classes: 4, label: raster, confidence: raster, consistency: 0, disagreement: 0,
    windows: windows.map((window) => ({ window, label: seenPixels(window).map((shown) => (shown === 1 ? 2 : UNSEEN)), confidence: seenPixels(window) })),
  }
  const masks: PanoramaMasks = { windows: windows.map((window) => ({ window, masks: tableOf([seenPixels(window)], window.width, window.height) })), funnel: FUNNEL }
  expect(refineBoundary(masks, semantics, RECIPES.goodsam).data.every((edge) => edge === 0)).toBe(true)
  // a real change, at the horizon, is one
  const halves: PanoramaSemantics = {
    ...semantics,
    windows: semantics.windows.map(({ window, label, confidence }) => ({
      window, confidence, label: label.map((own, p) => (own !== UNSEEN && window.y + Math.floor(p / window.width) >= 16 ? 3 : own)),
    })),
  }
  const split: PanoramaMasks = {
    funnel: FUNNEL,
    windows: halves.windows.map(({ window, label }) => ({
      window, masks: tableOf([label.map((own) => (own === 2 ? 1 : 0)), label.map((own) => (own === 3 ? 1 : 0))].filter((bitmap) => bitmap.includes(1)), window.width, window.height),
    })),
  }
  const edge = refineBoundary(split, halves, RECIPES.goodsam)
  for (let x = 0; x < 64; x++) expect([14, 15, 16, 17].some((y) => edge.data[y * 64 + x] === 1)).toBe(true)
  expect(edge.data.subarray(0, 12 * 64).every((own) => own === 0) && edge.data.subarray(20 * 64).every((own) => own === 0)).toBe(true)
})

describe('probabilities of gnomonic windows', () => {
  /** Window k is sure of class k of 24 where its view shows something, and of class 24 elsewhere: that must not count. */
  const windows = layout(SPHERE)
  const own: WindowProbabilities[] = windows.map((window, k) => {
    const { width, height } = window
    const seen = seenPixels(window)
    const data = new Float32Array(25 * width * height)
    seen.forEach((shown, p) => (data[(shown === 1 ? k : 24) * width * height + p] = 1))
    return { window, probabilities: { classes: 25, width, height, data } }
  })

  test('are stitched by the distance to the view\'s edge', () => {
    const { label } = stitchSemantics(own, SPHERE)
    expect(label.data).not.toContain(24)
    // at a view's middle it is alone to be at its middle
    windows.forEach(({ x, y, view }, k) => {
      const row = y + Math.floor(view.horizonY - view.pitchRad / view.rowRad)
      expect(label.data[row * 64 + ((x + view.centreX) % 64)]).toBe(k)
    })
  })

  test('are compared where both views show something', () => {
    const same = windows.map((window, k): WindowProbabilities => {
      const { probabilities } = own[k]
      const data = new Float32Array(2 * window.width * window.height)
      seenPixels(window).forEach((shown, p) => (data[(1 - shown) * window.width * window.height + p] = 1))
      return { window, probabilities: { ...probabilities, classes: 2, data } }
    })
    const { consistency, disagreement } = overlapConsistency(same, SPHERE, { step: 1 })
    // a position between the centres of pixels may be shown while one of those is not
    expect(disagreement).toBeLessThan(0.08)
    expect(consistency).toBeLessThan(5)
    expect(overlapConsistency(own, SPHERE, { step: 1 }).disagreement).toBe(1)
  })
})
