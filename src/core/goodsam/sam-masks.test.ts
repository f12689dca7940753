import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/sam-postprocess.golden.json' with { type: 'json' }
import { boxIou } from '../mask/boxes.ts'
import type { MaskTable } from '../mask/mask-table.ts'
import { maskBitmap } from '../mask/paint.ts'
import { SAM_DEFAULTS, type SamSettings } from './config.ts'
import { candidateBuffers, type DecodedBatch, filterCandidates, finishWindowMasks, pointGrid } from './sam-masks.ts'

const goldenCount = golden.masks.length
const goldenBatch: DecodedBatch = {
  prompts: goldenCount / 2,
  masksPerPrompt: 2,
  lowWidth: golden.lowWidth,
  lowHeight: golden.lowHeight,
  validWidth: golden.validWidth,
  validHeight: golden.validHeight,
  logits: Float32Array.from(golden.logits),
  scores: Float32Array.from({ length: goldenCount }, (_, m) => 0.9 + ((m * 3) % goldenCount) / 100),
  points: Float32Array.from({ length: goldenCount }, (_, k) => 10 * k),
}
/** Box IoU is never greater than 1: every mask survives both suppressions. */
const goldenSettings: SamSettings = {
  ...SAM_DEFAULTS, stability: 0, boxNms: 1, stabilityOffset: golden.offset, minAreaFraction: golden.minArea / (golden.width * golden.height),
}
const goldenWindow = { width: golden.width, height: golden.height }

function runsOf(table: MaskTable, m: number): number[] {
  return [...table.runs.subarray(2 * table.runOffsets[m], 2 * table.runOffsets[m + 1])]
}

test('prompts stand at the centres of equal cells', () => {
  expect([...pointGrid(2, 512, 400)]).toEqual([128, 100, 384, 100, 128, 300, 384, 300])
  expect([...pointGrid(1, 7, 5)]).toEqual([3.5, 2.5])
})

test('masks, areas, boxes and scores are those of segment-anything in numpy and scipy', () => {
  const candidates = filterCandidates(goldenBatch, goldenSettings)
  const { masks, funnel } = finishWindowMasks([candidates], { ...goldenWindow, settings: goldenSettings })
  const order = [...goldenBatch.scores.keys()].sort((a, b) => goldenBatch.scores[b] - goldenBatch.scores[a])
  expect(masks.count).toBe(goldenCount)
  expect(masks).toMatchObject(goldenWindow)
  order.forEach((index, m) => {
    const expected = golden.masks[index]
    expect(runsOf(masks, m)).toEqual(expected.cleaned)
    expect(masks.areas[m]).toBe(expected.area)
    expect([...masks.boxes.subarray(4 * m, 4 * m + 4)]).toEqual(expected.box)
    expect(masks.stability[m]).toBeCloseTo(expected.stability, 6)
    expect(masks.predictedIou[m]).toBe(goldenBatch.scores[index])
    // two masks per prompt
    const prompt = index >> 1
    expect([...masks.points.subarray(2 * m, 2 * m + 2)]).toEqual([20 * prompt, 20 * prompt + 10])
  })
  expect(funnel).toEqual({ prompts: 4, candidates: 8, afterPredIou: 8, afterStability: 8, afterNms: 8, kept: 8 })
})

test('filters count what they let pass', () => {
  const stabilities = golden.masks.map((mask) => mask.stability)
  const settings = { ...goldenSettings, predIou: goldenBatch.scores[3], stability: 0.6 }
  const passing = stabilities.map((_, m) => m).filter((m) => goldenBatch.scores[m] > settings.predIou)
  const stable = passing.filter((m) => stabilities[m] >= 0.6)
  expect(passing.length).toBeGreaterThan(stable.length)
  expect(stable.length).toBeGreaterThan(0)
  const candidates = filterCandidates(goldenBatch, settings)
  expect(candidates.funnel).toEqual({ prompts: 4, candidates: 8, afterPredIou: passing.length, afterStability: stable.length })
  expect([...candidates.predictedIou]).toEqual(stable.map((m) => goldenBatch.scores[m]))
})

test('batches of a window give what one batch of all its prompts gives, also after a transfer', () => {
  const plane = golden.lowWidth * golden.lowHeight
  const halves = [0, 1].map((half) => ({
    ...goldenBatch,
    prompts: 2,
    logits: goldenBatch.logits.subarray(half * 4 * plane, (half + 1) * 4 * plane),
    scores: goldenBatch.scores.subarray(half * 4, half * 4 + 4),
    points: goldenBatch.points.subarray(half * 4, half * 4 + 4),
  }))
  const settings = { ...goldenSettings, boxNms: 0.5 }
  const options = { ...goldenWindow, settings }
  const whole = finishWindowMasks([filterCandidates(goldenBatch, settings)], options)
  const parts = halves.map((half) => {
    const candidates = filterCandidates(half, settings)
    return structuredClone(candidates, { transfer: candidateBuffers(candidates) as ArrayBuffer[] })
  })
  expect(finishWindowMasks(parts, options)).toEqual(whole)
  expect(whole.funnel.kept).toBeLessThan(goldenCount)
})

test('no candidates, no masks', () => {
  const settings = SAM_DEFAULTS
  const nothing = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }
  expect(finishWindowMasks([], { width: 8, height: 8, settings })).toMatchObject({ masks: { count: 0, width: 8 }, funnel: nothing })
  const bad = { ...goldenBatch, scores: new Float32Array(goldenCount).fill(Number.NaN) }
  const rejected = filterCandidates(bad, settings)
  expect(rejected.count).toBe(0)
  expect(finishWindowMasks([rejected], { width: 8, height: 8, settings }).funnel).toEqual({ ...nothing, prompts: 4, candidates: 8 })
})

test('frames of different sizes do not mix', () => {
  const settings = goldenSettings
  const other = filterCandidates({ ...goldenBatch, validHeight: 14.5 }, settings)
  expect(() => finishWindowMasks([filterCandidates(goldenBatch, settings), other], { width: 8, height: 8, settings })).toThrow(RangeError)
})

/** One mask: `inside` says which low-resolution pixels are positive. */
function single(inside: (x: number, y: number) => boolean, size: Partial<DecodedBatch> = {}): DecodedBatch {
  const logits = Float32Array.from({ length: 64 }, (_, i) => (inside(i % 8, i >> 3) ? 5 : -5))
  return {
    prompts: 1, masksPerPrompt: 1, lowWidth: 8, lowHeight: 8, validWidth: 8, validHeight: 8, logits,
    scores: Float32Array.of(0.95), points: Float32Array.of(1, 1), ...size,
  }
}

test('padding is not the window: what lies there is dropped, what touches it is cut', () => {
  const settings = { ...SAM_DEFAULTS, minAreaFraction: 0 }
  const padded = { validHeight: 5 }
  expect(filterCandidates(single((_, y) => y >= 5, padded), settings).count).toBe(0)
  const cut = filterCandidates(single((x, y) => x < 2 && y >= 3, padded), settings)
  const { masks } = finishWindowMasks([cut], { width: 16, height: 10, settings })
  expect([...masks.boxes]).toEqual([0, 6, 4, 10])
  expect(masks.areas[0]).toBe(16)
})

test('masks below the minimum area go', () => {
  const batch = single((x, y) => x < 2 && y < 2)
  const keep = (minAreaFraction: number): number => {
    const settings = { ...SAM_DEFAULTS, minAreaFraction }
    return finishWindowMasks([filterCandidates(batch, settings)], { width: 8, height: 8, settings }).masks.count
  }
  expect([keep(4 / 64), keep(4.01 / 64)]).toEqual([1, 0])
})

function square(x: number, y: number): boolean {
  return x < 4 && y < 4
}

test('where two masks become alike by cleaning, the one that needed none stays', () => {
  // the better-scored one has an island of one pixel far away; without it both are the same square
  const clean = single(square)
  const island = { ...single((x, y) => square(x, y) || (x === 7 && y === 7)), scores: Float32Array.of(0.99) }
  const settings = { ...SAM_DEFAULTS, minAreaFraction: 2 / 64 }
  const { masks, funnel } = finishWindowMasks([filterCandidates(island, settings), filterCandidates(clean, settings)], { width: 8, height: 8, settings })
  expect(funnel).toMatchObject({ afterNms: 2, kept: 1 })
  expect(masks.predictedIou[0]).toBe(clean.scores[0])
})

test('for any logits: masks are cleaned thresholds of the logits, ordered, apart, and reported truthfully', () => {
  const blob = fc.record({
    x: fc.double({ min: 0, max: 12, noNaN: true }), y: fc.double({ min: 0, max: 12, noNaN: true }),
    radius: fc.double({ min: 0.5, max: 7, noNaN: true }), slope: fc.double({ min: 0.3, max: 4, noNaN: true }),
    score: fc.double({ min: 0.8, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(blob, { maxLength: 12 }), fc.integer({ min: 5, max: 40 }), fc.integer({ min: 5, max: 40 }), (blobs, width, height) => {
      const logits = new Float32Array(144 * blobs.length)
      blobs.forEach((b, m) => {
        for (let i = 0; i < 144; i++) logits[144 * m + i] = (b.radius - Math.hypot((i % 12) - b.x, Math.floor(i / 12) - b.y)) * b.slope
      })
      const batch: DecodedBatch = {
        prompts: blobs.length, masksPerPrompt: 1, lowWidth: 12, lowHeight: 12, validWidth: 12, validHeight: 9.3, logits,
        scores: Float32Array.from(blobs, (b) => b.score), points: Float32Array.from(blobs.flatMap((_, m) => [m, 0])),
      }
      const settings = { ...SAM_DEFAULTS, stability: 0.6, minAreaFraction: 0.01 }
      const { masks, funnel } = finishWindowMasks([filterCandidates(batch, settings)], { width, height, settings })
      expect(funnel.kept).toBe(masks.count)
      expect(funnel.afterNms).toBeGreaterThanOrEqual(funnel.kept)
      for (let m = 0; m < masks.count; m++) {
        const area = maskBitmap(masks, m).reduce((sum, value) => sum + value, 0)
        expect(masks.areas[m]).toBe(area)
        expect(area).toBeGreaterThanOrEqual(0.01 * width * height)
        expect(masks.stability[m]).toBeGreaterThanOrEqual(Math.fround(0.6))
        if (m > 0) expect(masks.predictedIou[m]).toBeLessThanOrEqual(masks.predictedIou[m - 1])
        for (let other = 0; other < m; other++) expect(boxIou(masks.boxes, m, other)).toBeLessThanOrEqual(settings.boxNms)
      }
    }),
  )
})
