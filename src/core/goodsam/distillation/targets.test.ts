import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../test/bench/seeded-random.ts'
import { streetScene } from '../../../../test/fixtures/goodsam-scenes.ts'
import { maskBitmap } from '../../mask/paint.ts'
import { cropRasterAcrossSeam } from '../../raster/crop.ts'
import { resizeNearest } from '../../raster/resize.ts'
import { type BelowTheta, type FusionConfig, PROVENANCE, RECIPES } from '../config.ts'
import { explainPixel } from '../explain.ts'
import { fusePanorama, prepareFusion } from '../fusion.ts'
import type { PanoramaSemantics } from '../types.ts'
import { layoutWindows, panoramaColumnToWindow } from '../windows.ts'
import { makeTrainingData, windowTargets } from './targets.ts'

const FRAME = { widthPx: 64, heightPx: 32, cyclic: true }

describe('windowTargets', () => {
  const cases: [recipe: keyof typeof RECIPES, belowTheta: BelowTheta][] = [['goodsam', 'ta'], ['goodsam', 'majority'], ['goodsam', 'ignore'], ['goodsam++', 'ta'], ['goodsam++', 'majority']]

  test.each(cases)('%s, below theta %s: what each window voted for a mask\'s sake, and S_TA^w where the TA decides', (recipe, belowTheta) => {
    const windows = layoutWindows(FRAME, RECIPES[recipe].windows)
    const { masks, semantics: clear } = streetScene({ frame: FRAME, classes: 5, masks: recipe === 'goodsam' ? 60 : 400, seed: 11, windows })
    // a fifth of the pixels say something else, so that masks are mixed, and S_i is not S_TA^w
    const random = seededRandom(12)
    const mixed = (label: Uint8Array): Uint8Array => label.map((trainId) => (random() < 0.2 ? Math.floor(5 * random()) : trainId))
    const semantics = {
      ...clear, windows: clear.windows.map((seen) => ({ ...seen, label: mixed(seen.label) })), label: { ...clear.label, data: mixed(clear.label.data) },
    }
    const fusion: FusionConfig = { ...RECIPES[recipe].fusion, belowTheta, theta: recipe === 'goodsam' ? 0.75 : 0.9 }
    const targets = windowTargets(masks, semantics, fusion)
    const prepared = prepareFusion(masks, semantics, fusion)
    const fused = fusePanorama(prepared, fusion)
    const counted = { untrusted: 0, byTa: 0, byMasksAlone: 0 }
    const differing: string[] = []
    for (let y = 0; y < FRAME.heightPx; y++) {
      for (let x = 0; x < FRAME.widthPx; x++) {
        const p = y * FRAME.widthPx + x
        const votes = new Map<number, number>()
        const told = explainPixel(prepared, fusion, x, y).votes
        const isTas = ({ mask }: (typeof told)[number]): boolean => mask === null || (!mask.trusted && belowTheta === 'ta')
        for (const vote of told) {
          const { window, label, trusted } = targets[vote.window.index]
          const at = (y - window.y) * window.width + panoramaColumnToWindow(window, x, FRAME.widthPx)
          const expected = isTas(vote) ? semantics.label.data[p] : vote.votedClass
          if (label[at] !== expected || (trusted[at] === 1) !== (vote.mask === null || vote.mask.trusted)) differing.push(`window ${window.index} at (${x}, ${y})`)
          counted.untrusted += 1 - trusted[at]
          if (isTas(vote) && vote.taClass !== label[at]) counted.byTa++
          votes.set(label[at], (votes.get(label[at]) ?? 0) + vote.weight)
        }
        if (told.some(isTas)) continue
        // re-voting: E_i with the weights of the labelling run
        const most = Math.max(...votes.values())
        const winner = Math.min(...[...votes].filter(([, weight]) => weight > most * (1 - 1e-9)).map(([trainId]) => trainId))
        if (winner !== fused.label.data[p]) differing.push(`the fused label at (${x}, ${y})`)
        counted.byMasksAlone++
      }
    }
    expect(differing).toEqual([])
    for (const count of Object.values(counted)) expect(count).toBeGreaterThan(100)
    expect(fused.provenance.data).toContain(PROVENANCE.samMajority)
  })

  test('what no mask covers can be left out of E_i, and nothing else changes', () => {
    const { masks, semantics } = streetScene({ frame: FRAME, classes: 5, masks: 60, seed: 11, windows: layoutWindows(FRAME, RECIPES.goodsam.windows) })
    const [kept, leftOut] = (['ta', 'ignore'] as const).map((uncovered) => windowTargets(masks, semantics, { ...RECIPES.goodsam.fusion, uncovered }))
    let uncoveredPixels = 0
    for (const [w, { window, masks: table }] of masks.windows.entries()) {
      const covered = new Uint8Array(window.width * window.height)
      for (let m = 0; m < table.count; m++) for (const [p, inside] of maskBitmap(table, m).entries()) covered[p] |= inside
      expect(leftOut[w].label).toEqual(kept[w].label.map((trainId, p) => (covered[p] === 1 ? trainId : 255)))
      expect(leftOut[w].trusted).toEqual(kept[w].trusted)
      uncoveredPixels += covered.filter((inside) => inside === 0).length
    }
    expect(uncoveredPixels).toBeGreaterThan(100)
  })

  test.each(['ta', 'ignore'] as const)('without masks E_i is S_TA^w, and nothing is trusted: uncovered %s', (uncovered) => {
    const { semantics } = streetScene({ frame: FRAME, classes: 5, masks: 0, seed: 3 })
    const targets = windowTargets(null, semantics, { ...RECIPES.goodsam.fusion, uncovered })
    expect(targets.map(({ label }) => label)).toEqual(semantics.windows.map(({ window }) => cropRasterAcrossSeam(semantics.label, window).data))
    expect(targets.every(({ trusted }) => trusted.every((value) => value === 0))).toBe(true)
  })
})

/** A TA-only run whose windows are crops of one map: what is resized must stay so. */
function croppedRun(frame: typeof FRAME, seed: number) {
  const { widthPx: width, heightPx: height } = frame
  const label = { width, height, data: Uint8Array.from({ length: width * height }, (_, p) => (p * 7919 + seed * 104_729) % 19) }
  const windows = layoutWindows(frame, RECIPES['goodsam++'].windows)
  const semantics: PanoramaSemantics = {
    classes: 19, label, confidence: label, consistency: 0, disagreement: 0,
    windows: windows.map((window) => {
      const { data } = cropRasterAcrossSeam(label, window)
      return { window, label: data, confidence: data }
    }),
  }
  const image = { width, height, data: new Uint8Array(3 * width * height) }
  return { image, cyclic: frame.cyclic, semantics, masks: null, fusion: RECIPES.goodsam.fusion, fused: label, boundary: null, truth: null }
}

describe('makeTrainingData', () => {
  const sizes = fc.record({
    widthPx: fc.integer({ min: 16, max: 70 }), heightPx: fc.integer({ min: 8, max: 40 }), cyclic: fc.boolean(),
    width: fc.integer({ min: 4, max: 90 }), height: fc.integer({ min: 4, max: 50 }),
  })

  test('windows are crops of the panorama at every size, and every pixel is seen', () => {
    fc.assert(fc.property(sizes, ({ width, height, ...frame }) => {
      const run = croppedRun(frame, 1)
      const data = makeTrainingData(run, { width, height })
      const panorama = resizeNearest(run.semantics.label, width, height)
      expect(data.ta).toEqual(panorama)
      const seen = new Uint8Array(width * height)
      for (const { window, label } of data.windows) {
        expect(label).toEqual(cropRasterAcrossSeam(panorama, window).data)
        for (let p = 0; p < label.length; p++) seen[(window.y + Math.floor(p / window.width)) * width + ((window.x + (p % window.width)) % width)] = 1
      }
      expect(seen.every((value) => value === 1)).toBe(true)
    }), { numRuns: 30 })
  })

  test('at the panorama\'s own size nothing changes', () => {
    const { masks, semantics } = streetScene({ frame: FRAME, classes: 5, masks: 40, seed: 2 })
    const { fusion } = RECIPES.goodsam
    const size = { width: FRAME.widthPx, height: FRAME.heightPx }
    const image = { ...size, data: Uint8Array.from({ length: 3 * size.width * size.height }, (_, i) => i % 251) }
    const boundary = { ...size, data: Uint8Array.from({ length: size.width * size.height }, (_, i) => (i % 13 === 0 ? 1 : 0)) }
    const data = makeTrainingData({ image, cyclic: true, semantics, masks, fusion, fused: semantics.confidence, boundary, truth: semantics.label }, size)
    expect(data).toEqual({
      ...size, cyclic: true, image, boundary, ta: semantics.label, fused: semantics.confidence, truth: semantics.label,
      windows: windowTargets(masks, semantics, fusion),
    })
  })

  test('windows are those of how the panorama lies on the sphere', () => {
    const { masks, semantics } = streetScene({ frame: FRAME, classes: 5, masks: 120, seed: 21 })
    const fusion = { ...RECIPES.goodsam.fusion, belowTheta: 'majority' } as const
    const size = { width: FRAME.widthPx, height: FRAME.heightPx }
    const projection = { hfovDeg: 360, vfovDeg: 60, horizonOffsetPx: 40 }
    const image = { ...size, data: new Uint8Array(3 * size.width * size.height) }
    const { windows } = makeTrainingData({ image, cyclic: true, projection, semantics, masks, fusion, fused: semantics.label, boundary: null, truth: null }, size)
    expect(windows).toEqual(windowTargets(masks, semantics, { ...fusion, projection }))
    expect(windows).not.toEqual(windowTargets(masks, semantics, fusion))
  })

  test('no edge vanishes where it is made smaller, and none becomes two', () => {
    fc.assert(fc.property(sizes, fc.nat(), ({ width, height, ...frame }, seed) => {
      const small = { width: Math.min(width, frame.widthPx), height: Math.min(height, frame.heightPx) }
      const run = croppedRun(frame, 1)
      const data = new Uint8Array(frame.widthPx * frame.heightPx)
      const p = seed % data.length
      data[p] = 1
      const { boundary } = makeTrainingData({ ...run, boundary: { width: frame.widthPx, height: frame.heightPx, data } }, small)
      // the pixel under the edge's centre
      const x = Math.floor((((p % frame.widthPx) + 0.5) * small.width) / frame.widthPx)
      const y = Math.floor(((Math.floor(p / frame.widthPx) + 0.5) * small.height) / frame.heightPx)
      expect(boundary?.data.reduce((sum, value) => sum + value, 0)).toBe(1)
      expect(boundary?.data[y * small.width + x]).toBe(1)
    }), { numRuns: 40 })
  })

  test('parts of another size are refused by name', () => {
    const run = croppedRun(FRAME, 1)
    const truth = { width: 3, height: 2, data: new Uint8Array(6) }
    expect(() => makeTrainingData({ ...run, truth }, { width: 32, height: 16 })).toThrow('The truth is 3x2, but the panorama is 64x32.')
  })
})
