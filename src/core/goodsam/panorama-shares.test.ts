import { describe, expect, test } from 'vitest'
import { tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import { panoramaShares, type PanoramaShareOptions } from './panorama-shares.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'

const FUNNEL = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }
const OPTIONS: PanoramaShareOptions = { classes: 3, confidenceWeightedShares: false, areaLevels: [0.2, 0.5], linkIou: 0.9, projection: undefined }

/** Windows of `width` x the panorama's height at columns `at`, each with one mask. */
function panorama(size: { readonly width: number; readonly height: number }, label: readonly number[], { at, width, bitmaps, confidence }: {
  readonly at: readonly number[]
  readonly width: number
  readonly bitmaps: readonly (readonly number[])[]
  readonly confidence?: readonly number[]
}): [PanoramaMasks, PanoramaSemantics] {
  const windows = at.map((x, index): PanoramaWindow => ({ index, family: 'sliding', x, y: 0, width, height: size.height }))
  const pixels = width * size.height
  return [
    { funnel: FUNNEL, windows: windows.map((window, i) => ({ window, masks: tableOf([Uint8Array.from(bitmaps[i])], width, size.height) })) },
    {
      classes: 3, consistency: 0, disagreement: 0,
      label: { ...size, data: Uint8Array.from(label) },
      confidence: { ...size, data: Uint8Array.from(confidence ?? label.map(() => 255)) },
      // what single windows say counts nothing
      windows: windows.map((window) => ({ window, label: new Uint8Array(pixels).fill(2), confidence: new Uint8Array(pixels).fill(255) })),
    },
  ]
}

describe('panoramaShares', () => {
  test('masks that are one have the shares of all their pixels, each once', () => {
    const [masks, semantics] = panorama({ width: 8, height: 1 }, [0, 0, 0, 1, 1, 1, 1, 1], { at: [0, 2], width: 4, bitmaps: [[1, 1, 1, 1], [1, 1, 1, 0]] })
    // by itself the first would be 3/4 of class 0
    const { windows, groups } = panoramaShares(masks, semantics, { ...OPTIONS, linkIou: 0.9 })
    expect([...groups]).toEqual([0, 0])
    for (const { shares, majority, yMax } of windows) {
      expect([...shares]).toEqual([3 / 5, 2 / 5, 0])
      expect([majority[0], yMax[0]]).toEqual([0, 3 / 5])
    }
    const apart = panoramaShares(masks, semantics, { ...OPTIONS, linkIou: 1.01 }).windows
    expect(apart.map(({ shares }) => [...shares])).toEqual([[3 / 4, 1 / 4, 0], [1 / 3, 2 / 3, 0]])
    // the level is that of the mask's own area in its window
    expect(windows.map(({ level }) => level[0])).toEqual([2, 2])
  })

  test('a row counts by its solid angle: that of the rows between two latitudes is the difference of their sines', () => {
    const height = 180
    const label = Array.from({ length: 360 * height }, (_, p) => (Math.floor(p / 360) < 30 ? 1 : 0))
    const whole = Array.from({ length: 360 * height }, () => 1)
    const [masks, semantics] = panorama({ width: 360, height }, label, { at: [0], width: 360, bitmaps: [whole] })
    // the upper 30 degrees are a sixth of the rows, and this of the sphere
    expect(panoramaShares(masks, semantics, OPTIONS).windows[0].shares[1]).toBeCloseTo((1 - Math.sin(Math.PI / 3)) / 2, 4)
    // of a strip of 60 degrees around the horizon, the upper 10
    const strip = panoramaShares(masks, semantics, { ...OPTIONS, projection: { hfovDeg: 360, vfovDeg: 60, horizonOffsetPx: 0 } })
    expect(strip.windows[0].shares[1]).toBeCloseTo((Math.sin(Math.PI / 6) - Math.sin(Math.PI / 9)) / (2 * Math.sin(Math.PI / 6)), 4)
  })

  test('goodsam++: by the TA\'s confidence as well; without any, plainly', () => {
    const options = { ...OPTIONS, confidenceWeightedShares: true }
    const [shares, plain] = [[10, 20, 90, 0], [0, 0, 0, 0]].map((confidence) => {
      const made = panorama({ width: 4, height: 1 }, [0, 0, 1, 1], { at: [0], width: 4, bitmaps: [[1, 1, 1, 0]], confidence })
      return [...panoramaShares(...made, options).windows[0].shares]
    })
    expect(shares).toEqual([30 / 120, 90 / 120, 0])
    expect(plain).toEqual([2 / 3, 1 / 3, 0])
  })

  test('a class the TA does not have is refused', () => {
    const [masks, semantics] = panorama({ width: 4, height: 1 }, [0, 7, 1, 1], { at: [0], width: 4, bitmaps: [[1, 1, 1, 0]] })
    expect(() => panoramaShares(masks, semantics, OPTIONS)).toThrow(/class 7/)
  })
})
