import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../test/bench/seeded-random.ts'
import { referenceFusion } from '../../../test/fixtures/fusion-reference.ts'
import { tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import type { Equirectangular } from '../geometry/equirectangular.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { BelowTheta, FusionConfig } from './config.ts'
import { PROVENANCE, RECIPES } from './config.ts'
import { explainPixel } from './explain.ts'
import { fusePanorama, isPreparedFor, levelThresholds, prepareFusion } from './fusion.ts'
import { summariseFusion } from './fusion-summary.ts'
import type { FusedPanorama, PanoramaFrame, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'
import { layoutWindows } from './windows.ts'

const FUNNEL = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }
const FUSION = RECIPES.goodsam.fusion

interface SmallScene {
  frame: PanoramaFrame
  masks: PanoramaMasks
  semantics: PanoramaSemantics
}

/** Random rectangles as masks (many ties in area and share), random classes in blocks, any confidence incl. 0. */
function smallScene(frame: PanoramaFrame, windows: readonly PanoramaWindow[], seed: number, classes = 4): SmallScene {
  const random = seededRandom(seed)
  const below = (n: number) => Math.floor(random() * n)
  const pixels = frame.widthPx * frame.heightPx
  const confidences = [0, 1, 64, 128, 128, 200, 255]
  const semantics = windows.map((window) => {
    const block = 1 + below(4)
    const palette = Array.from({ length: 64 }, () => below(classes))
    const label = new Uint8Array(window.width * window.height).map((_, p) => {
      const [x, y] = [Math.floor((p % window.width) / block), Math.floor(p / window.width / block)]
      return palette[(x * 7 + y * 13) % 64]
    })
    return { window, label, confidence: label.map(() => confidences[below(confidences.length)]) }
  })
  const tables = windows.map((window) => {
    const bitmaps = Array.from({ length: below(6) }, () => {
      const bitmap = new Uint8Array(window.width * window.height)
      const [x0, y0] = [below(window.width), below(window.height)]
      const [w, h] = [1 + below(window.width), 1 + below(window.height)]
      for (let y = y0; y < Math.min(window.height, y0 + h); y++) {
        for (let x = x0; x < Math.min(window.width, x0 + w); x++) bitmap[y * window.width + x] = 1
      }
      return bitmap
    })
    return { window, masks: tableOf(bitmaps, window.width, window.height) }
  })
  const raster = (data: Uint8Array) => ({ width: frame.widthPx, height: frame.heightPx, data })
  return {
    frame,
    masks: { windows: tables, funnel: FUNNEL },
    semantics: {
      classes, windows: semantics,
      label: raster(new Uint8Array(pixels).map(() => below(classes))),
      confidence: raster(new Uint8Array(pixels).map(() => below(256))),
      consistency: 0, disagreement: 0,
    },
  }
}

/** A copy in memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

function row(...values: number[]) {
  return { width: values.length, height: 1, data: Uint8Array.from(values) }
}

function expectEqual(fused: FusedPanorama, expected: ReturnType<typeof referenceFusion>): void {
  expect(fused.label.data).toEqual(expected.label)
  expect(fused.confidence.data).toEqual(expected.confidence)
  expect(fused.provenance.data).toEqual(expected.provenance)
  expect(fused.mask.data).toEqual(expected.mask)
}

const frames = fc.record({
  widthPx: fc.integer({ min: 8, max: 40 }), heightPx: fc.integer({ min: 4, max: 20 }), cyclic: fc.boolean(),
})
const families = fc.record({
  name: fc.constant('sliding' as const),
  widthFraction: fc.constantFrom(0.25, 0.3, 0.5, 1),
  heightFraction: fc.constantFrom(null, 0.4, 1),
  strideFraction: fc.constantFrom(0.3, 0.5, 0.8, 1),
})
const fusions: fc.Arbitrary<FusionConfig> = fc.record({
  theta: fc.constantFrom(0, 0.25, 0.5, 0.6, 0.75, 0.9, 1),
  belowTheta: fc.constantFrom<BelowTheta>('ta', 'majority', 'ignore'),
  uncovered: fc.constantFrom('ta' as const, 'ignore' as const),
  shares: fc.constantFrom('window' as const, 'panorama' as const),
  confidenceWeightedShares: fc.boolean(),
  thetaPerAreaLevel: fc.boolean(),
  areaLevels: fc.constant([0.05, 0.3] as const),
})

describe('fusePanorama', () => {
  test('is the pixel-by-pixel definition, exactly, on any layout (METHOD section 4)', () => {
    const voters = new Set<number>()
    fc.assert(
      fc.property(frames, fc.array(families, { minLength: 1, maxLength: 2 }), fusions, fc.nat(), (frame, layout, fusion, seed) => {
        const scene = smallScene(frame, layoutWindows(frame, layout), seed)
        const prepared = prepareFusion(scene.masks, scene.semantics, fusion)
        for (const cell of prepared.cells) voters.add(cell.seenBy.length)
        expectEqual(fusePanorama(prepared, fusion), referenceFusion(scene.masks, scene.semantics, fusion))
      }),
      { numRuns: 60, seed: 2403 },
    )
    // Each of the counting loops had its turn.
    for (const count of [1, 2, 3, 4, 6]) expect(voters).toContain(count)
  })

  test('the default layouts across the seam', () => {
    for (const recipe of ['goodsam', 'goodsam++'] as const) {
      const frame = { widthPx: 64, heightPx: 32, cyclic: true }
      const scene = smallScene(frame, layoutWindows(frame, RECIPES[recipe].windows), 7, 19)
      const { fusion } = RECIPES[recipe]
      const prepared = prepareFusion(scene.masks, scene.semantics, fusion)
      expectEqual(fusePanorama(prepared, fusion), referenceFusion(scene.masks, scene.semantics, fusion))
    }
  })

  test('one window, one mask: majority inside, S_i outside, as on paper', () => {
    const window: PanoramaWindow = { index: 0, family: 'sliding', x: 0, y: 0, width: 4, height: 1 }
    const masks: PanoramaMasks = { windows: [{ window, masks: tableOf([Uint8Array.of(1, 1, 1, 0)], 4, 1) }], funnel: FUNNEL }
    // of a single window S_TA^w is S_i; that it is another one at the last pixel shows who has the last word
    const semantics: PanoramaSemantics = {
      classes: 3,
      windows: [{ window, label: Uint8Array.of(2, 2, 1, 1), confidence: Uint8Array.of(255, 102, 51, 25) }],
      label: row(2, 2, 1, 0), confidence: row(255, 102, 51, 204), consistency: 0, disagreement: 0,
    }
    const prepared = prepareFusion(masks, semantics, FUSION)
    const { M, B, T } = { M: PROVENANCE.samMajority, B: PROVENANCE.samBelowTheta, T: PROVENANCE.taOnly }
    const at = (theta: number, belowTheta: BelowTheta, uncovered: FusionConfig['uncovered'] = 'ta') => {
      const { label, confidence, provenance, mask } = fusePanorama(prepared, { ...FUSION, theta, belowTheta, uncovered })
      return [label, confidence, provenance, mask].map(({ data }) => [...data])
    }
    // Y_max = 2/3 = 170/255.
    const trusted = [[2, 2, 2, 0], [170, 170, 170, 204], [M, M, M, T], [1, 1, 1, 0]]
    expect(at(0.5, 'ta')).toEqual(trusted)
    expect(at(2 / 3, 'ta')).toEqual(trusted)
    expect(at(0.67, 'ta')).toEqual([[2, 2, 1, 0], [255, 102, 51, 204], [B, B, B, T], [1, 1, 1, 0]])
    expect(at(0.67, 'majority')).toEqual([[2, 2, 2, 0], [170, 170, 170, 204], [B, B, B, T], [1, 1, 1, 0]])
    expect(at(0.67, 'ignore')).toEqual([[255, 255, 255, 0], [170, 170, 170, 204], [B, B, B, T], [1, 1, 1, 0]])
    // the vote is the window's own, with its confidence; below theta the TA still decides
    expect(at(0.5, 'ta', 'ignore')).toEqual([[2, 2, 2, 255], [170, 170, 170, 25], [M, M, M, T], [1, 1, 1, 0]])
    expect(at(0.67, 'ta', 'ignore')).toEqual([[2, 2, 1, 255], [255, 102, 51, 25], [B, B, B, T], [1, 1, 1, 0]])
  })

  test('theta 0 is the pure ensemble; theta above every Y_max leaves the votes to the TA', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 11)
    const prepared = prepareFusion(scene.masks, scene.semantics, FUSION)
    const ensemble = fusePanorama(prepared, { ...FUSION, theta: 0, belowTheta: 'ta' })
    const ignoring = fusePanorama(prepared, { ...FUSION, theta: 0, belowTheta: 'ignore' })
    expect(ensemble.label.data).toEqual(ignoring.label.data)
    expect([...ensemble.provenance.data]).not.toContain(PROVENANCE.samBelowTheta)
    expect([...ensemble.provenance.data]).toContain(PROVENANCE.samMajority)

    const taVotes = fusePanorama(prepared, { ...FUSION, theta: 1.01, belowTheta: 'ta' })
    const empty = { windows: scene.masks.windows.map(({ window }) => ({ window, masks: tableOf([], window.width, window.height) })), funnel: FUNNEL }
    const withoutMasks = fusePanorama(prepareFusion(empty, scene.semantics, FUSION), FUSION)
    expect(taVotes.label.data).toEqual(scene.semantics.label.data)
    expect(withoutMasks.label.data).toEqual(scene.semantics.label.data)
    expect(taVotes.confidence.data).toEqual(withoutMasks.confidence.data)
    expect([...taVotes.provenance.data]).not.toContain(PROVENANCE.samMajority)
    expect(new Set(withoutMasks.provenance.data)).toEqual(new Set([PROVENANCE.taOnly]))
    expect(new Set(withoutMasks.mask.data)).toEqual(new Set([0]))
  })

  test('differs from S_TA^w only where a trusted mask says so', () => {
    const frame = { widthPx: 64, heightPx: 32, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 13)
    // over the panorama few masks would be mostly of one class: the scene's S_TA^w is noise
    const fusion = { ...FUSION, shares: 'window' } as const
    const fused = fusePanorama(prepareFusion(scene.masks, scene.semantics, fusion), fusion)
    const differing = [...fused.label.data.keys()].filter((p) => fused.label.data[p] !== scene.semantics.label.data[p])
    expect(differing.length).toBeGreaterThan(100)
    expect(new Set(differing.map((p) => fused.provenance.data[p]))).toEqual(new Set([PROVENANCE.samMajority]))
    expect(differing.every((p) => fused.mask.data[p] > 0)).toBe(true)
    const summary = summariseFusion(fused, scene.semantics)
    expect(summary.disagreement).toBe(differing.length / (64 * 32))
    expect(summary.coverage).toBe(fused.mask.data.filter((mask) => mask > 0).length / (64 * 32))
    expect(summary.coverage).toBeGreaterThan(0.2)
  })

  test('rolling the panorama by a quarter turn rolls the result, to the bit', () => {
    const frame = { widthPx: 64, heightPx: 32, cyclic: true }
    const windows = layoutWindows(frame, RECIPES.goodsam.windows)
    const scene = smallScene(frame, windows, 5)
    const quarter = frame.widthPx / 4
    // Window k of the rolled panorama sees what the window a quarter turn to the right saw.
    const source = windows.map((window) =>
      windows.findIndex((other) => other.y === window.y && other.x === (window.x + quarter) % frame.widthPx))
    const semantics: PanoramaSemantics = {
      ...scene.semantics,
      label: rollColumns(scene.semantics.label, quarter),
      confidence: rollColumns(scene.semantics.confidence, quarter),
      windows: windows.map((window, k) => ({ ...scene.semantics.windows[source[k]], window })),
    }
    const masks = { ...scene.masks, windows: windows.map((window, k) => ({ window, masks: scene.masks.windows[source[k]].masks })) }
    const before = fusePanorama(prepareFusion(scene.masks, scene.semantics, FUSION), FUSION)
    const after = fusePanorama(prepareFusion(masks, semantics, FUSION), FUSION)
    expect(after.label.data).toEqual(rollColumns(before.label, quarter).data)
    expect(after.confidence.data).toEqual(rollColumns(before.confidence, quarter).data)
    expect(after.provenance.data).toEqual(rollColumns(before.provenance, quarter).data)
  })

  test('without masks the label is S_TA^w', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const { semantics } = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 3)
    const fused = fusePanorama(prepareFusion(null, semantics, FUSION), FUSION)
    expect(fused.label.data).toEqual(semantics.label.data)
    expect(fused.confidence.data).toEqual(semantics.confidence.data)
    expect(new Set(fused.provenance.data)).toEqual(new Set([PROVENANCE.taOnly]))
    expect(summariseFusion(fused, semantics)).toEqual({
      coverage: 0,
      meanConfidence: semantics.confidence.data.reduce((sum, value) => sum + value, 0) / 255 / (32 * 16),
      disagreement: 0,
    })
  })

  test('writes into buffers it is given, and only where they fit', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 4)
    const prepared = prepareFusion(scene.masks, scene.semantics, FUSION)
    const first = fusePanorama(prepared, { ...FUSION, theta: 1 })
    const again = fusePanorama(prepared, FUSION, first)
    expect(again).toBe(first)
    expectEqual(again, referenceFusion(scene.masks, scene.semantics, FUSION))
    const other = { ...first, label: { ...first.label, width: 16, height: 32 } }
    expect(fusePanorama(prepared, FUSION, other)).not.toBe(other)
  })

  test('takes and fills memory that threads share', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 6)
    const semantics: PanoramaSemantics = {
      ...scene.semantics,
      windows: scene.semantics.windows.map(({ window, label, confidence }) => ({ window, label: shared(label), confidence: shared(confidence) })),
    }
    const raster = { width: 32, height: 16, data: new Uint8Array() }
    const bytes = new Uint8Array(32 * 16)
    const out: FusedPanorama = {
      label: { ...raster, data: shared(bytes) },
      confidence: { ...raster, data: shared(bytes) },
      provenance: { ...raster, data: shared(bytes) },
      mask: { ...raster, data: new Uint32Array(new SharedArrayBuffer(4 * bytes.length)) },
    }
    expectEqual(fusePanorama(prepareFusion(scene.masks, semantics, FUSION), FUSION, out), referenceFusion(scene.masks, scene.semantics, FUSION))
    expect(out.mask.data.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  test('goodsam++ thresholds are theta x mean Y_max of the level', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 9)
    const prepared = prepareFusion(scene.masks, scene.semantics, { ...FUSION, areaLevels: [0.05, 0.3] })
    const all = prepared.windows.flatMap(({ shares }) => [...shares.yMax].map((yMax, m) => ({ yMax, level: shares.level[m] })))
    const mean = (level: number) => {
      const same = all.filter((mask) => mask.level === level)
      return same.reduce((sum, mask) => sum + mask.yMax, 0) / same.length
    }
    const thresholds = levelThresholds(prepared, { theta: 0.8, thetaPerAreaLevel: true })
    thresholds.forEach((threshold, level) => expect(threshold).toBeCloseTo(0.8 * mean(level), 12))
    expect(levelThresholds(prepared, { theta: 0.8, thetaPerAreaLevel: false })).toEqual([0.8, 0.8, 0.8])
  })

  test('refuses what does not belong together', () => {
    const frame = { widthPx: 32, heightPx: 16, cyclic: true }
    const scene = smallScene(frame, layoutWindows(frame, RECIPES.goodsam.windows), 4)
    const prepared = prepareFusion(scene.masks, scene.semantics, FUSION)
    const weighted = { ...FUSION, confidenceWeightedShares: true }
    expect(isPreparedFor(prepared, weighted)).toBe(false)
    expect(() => fusePanorama(prepared, weighted)).toThrow(RangeError)
    const fewer = { ...scene.masks, windows: scene.masks.windows.slice(1) }
    expect(() => prepareFusion(fewer, scene.semantics, FUSION)).toThrow(/windows/)
    const shifted = { ...scene.semantics, windows: scene.semantics.windows.toReversed() }
    expect(() => prepareFusion(scene.masks, shifted, FUSION)).toThrow(/Window 0/)
  })
})

describe('shares over the panorama', () => {
  const height = 180
  const window: PanoramaWindow = { index: 0, family: 'sliding', x: 0, y: 0, width: 360, height }
  const pixels = 360 * height
  const masks: PanoramaMasks = { windows: [{ window, masks: tableOf([new Uint8Array(pixels).fill(1)], 360, height) }], funnel: FUNNEL }
  const sure = new Uint8Array(pixels).fill(255)
  const semantics: PanoramaSemantics = {
    classes: 3, consistency: 0, disagreement: 0,
    // the window says otherwise
    windows: [{ window, label: new Uint8Array(pixels).fill(2), confidence: sure }],
    label: { width: 360, height, data: Uint8Array.from({ length: pixels }, (_, p) => (p < 30 * 360 ? 1 : 0)) },
    confidence: { width: 360, height, data: sure },
  }

  function shares(projection?: Equirectangular): Float64Array {
    return prepareFusion(masks, semantics, { ...FUSION, projection }).windows[0].shares.shares
  }

  test('are those of S_TA^w by solid angle: between two latitudes lies the difference of their sines', () => {
    // the upper 30 of 180 degrees are a sixth of the rows, and this of the sphere
    expect(shares()[1]).toBeCloseTo((1 - Math.sin(Math.PI / 3)) / 2, 4)
    expect(shares()[2]).toBe(0)
    // of a strip of 60 degrees around the horizon, the upper 10
    expect(shares({ hfovDeg: 360, vfovDeg: 60, horizonOffsetPx: 0 })[1]).toBeCloseTo((Math.sin(Math.PI / 6) - Math.sin(Math.PI / 9)) / (2 * Math.sin(Math.PI / 6)), 4)
  })

  test('or those of S_i, every pixel once, where a run was made so', () => {
    const byWindow = { ...FUSION, shares: 'window' } as const
    expect([...prepareFusion(masks, semantics, byWindow).windows[0].shares.shares]).toEqual([0, 0, 1])
    expect(isPreparedFor(prepareFusion(masks, semantics, byWindow), FUSION)).toBe(false)
  })
})

describe('explainPixel', () => {
  test('tells what fusePanorama decided, at every pixel', () => {
    fc.assert(
      fc.property(frames, families, fusions, fc.nat(), (frame, family, fusion, seed) => {
        const scene = smallScene(frame, layoutWindows(frame, [family]), seed)
        const prepared = prepareFusion(scene.masks, scene.semantics, fusion)
        const fused = fusePanorama(prepared, fusion)
        for (let p = 0; p < frame.widthPx * frame.heightPx; p += 3) {
          const told = explainPixel(prepared, fusion, p % frame.widthPx, Math.floor(p / frame.widthPx))
          expect([told.label, told.confidence, told.provenance, told.mask]).toEqual([
            fused.label.data[p], fused.confidence.data[p], fused.provenance.data[p], fused.mask.data[p],
          ])
        }
      }),
      { numRuns: 30, seed: 2408 },
    )
  })

  test('names mask, shares and the theta decision', () => {
    const window: PanoramaWindow = { index: 1, family: 'sliding', x: 2, y: 0, width: 4, height: 1 }
    const rest: PanoramaWindow = { index: 0, family: 'sliding', x: 0, y: 0, width: 4, height: 1 }
    const raster = { width: 4, height: 1, data: Uint8Array.of(3, 3, 3, 3) }
    const masks: PanoramaMasks = {
      windows: [
        { window: rest, masks: tableOf([Uint8Array.of(0, 0, 0, 1)], 4, 1) },
        { window, masks: tableOf([Uint8Array.of(1, 1, 1, 1)], 4, 1) },
      ],
      funnel: FUNNEL,
    }
    const semantics: PanoramaSemantics = {
      classes: 4,
      windows: [
        { window: rest, label: Uint8Array.of(0, 0, 0, 0), confidence: Uint8Array.of(255, 255, 255, 255) },
        { window, label: Uint8Array.of(1, 1, 1, 2), confidence: Uint8Array.of(51, 51, 51, 51) },
      ],
      label: raster, confidence: raster, consistency: 0, disagreement: 0,
    }
    const byWindow = { ...FUSION, shares: 'window', theta: 0.8 } as const
    const told = explainPixel(prepareFusion(masks, semantics, byWindow), byWindow, 1, 0)
    expect(told.taLabel).toBe(3)
    expect(told.votes.map((vote) => vote.window.index)).toEqual([0, 1])
    expect(told.votes[0].mask).toBeNull()
    expect(told.votes[1]).toMatchObject({ x: 3, y: 0, taClass: 2, taConfidence: 0.2, votedClass: 2, provenance: PROVENANCE.samBelowTheta })
    expect(told.votes[1].mask).toMatchObject({
      globalIndex: 1, indexInWindow: 0, areaPx: 4, areaLevel: 'large', majority: 1, yMax: 0.75, threshold: 0.8, trusted: false,
      shares: [{ trainId: 1, share: 0.75 }, { trainId: 2, share: 0.25 }],
    })
    // Edge weights at x = 1 and x = 3 of 4: cos(pi/8) and cos(3 pi/8), strengths 1 and 0.2.
    const [inner, outer] = [Math.cos(Math.PI / 8), Math.cos((3 * Math.PI) / 8)]
    expect(told.tally[0].trainId).toBe(0)
    expect(told.tally[0].share).toBeCloseTo(inner / (inner + outer), 2)
    expect(told.tally[1]).toMatchObject({ trainId: 2 })
    expect(told.tally[1].share).toBeCloseTo((0.2 * outer) / (inner + outer), 2)
    expect(() => explainPixel(prepareFusion(masks, semantics, FUSION), FUSION, 4, 0)).toThrow(RangeError)
  })
})
