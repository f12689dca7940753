import { expect, it } from 'vitest'
import { RECIPES, withGeometry } from '../../../../core/goodsam/config.ts'
import type { PanoramaMasks } from '../../../../core/goodsam/types.ts'
import { hasView, seenPixels } from '../../../../core/goodsam/view-weights.ts'
import { layoutWindows } from '../../../../core/goodsam/windows.ts'
import { buildMaskTable } from '../../../../core/mask/build.ts'
import type { MaskTable } from '../../../../core/mask/mask-table.ts'
import { paintMaskLayer } from './mask-layer.ts'

/** Masks of a window of 4 x 2, each as one run (start, length). */
function table(...runs: (readonly [start: number, length: number])[]): MaskTable {
  const count = runs.length
  return {
    width: 4, height: 2, count, runOffsets: Uint32Array.from({ length: count + 1 }, (_, k) => k),
    runs: Uint32Array.from(runs.flat()), areas: Uint32Array.from(runs.map(([, length]) => length)),
    boxes: new Uint32Array(4 * count), predictedIou: new Float32Array(count), stability: new Float32Array(count),
    points: new Float32Array(2 * count),
  }
}

const SHAPE = { family: 'sliding', y: 0, width: 4, height: 2 } as const

it('shows each pixel the mask of the window that has it most in its middle, across the seam too', () => {
  // two windows on a turn of 6 columns: columns 0..3, and 3, 4, 5, 0
  const masks: PanoramaMasks = {
    windows: [
      { window: { index: 0, x: 0, ...SHAPE }, masks: table([0, 4], [5, 1], [7, 1]) },
      { window: { index: 1, x: 3, ...SHAPE }, masks: table([0, 4], [5, 3]) },
    ],
    funnel: { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 5 },
  }
  const layer = paintMaskLayer(masks, { width: 6, height: 2 })
  expect([...layer.data]).toEqual([
    // columns 0 and 3 are at the edge of both windows: the first window's mask stays
    1, 1, 1, 1, 4, 4,
    // window 0 has no mask in columns 0 and 2 of the second row, window 1 none in its first column, 3
    5, 2, 0, 3, 5, 5,
  ])
})

it('shows the mask of the view that has a pixel most in its middle', () => {
  const projection = { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 }
  const windows = layoutWindows({ widthPx: 64, heightPx: 32, cyclic: true, projection }, withGeometry(RECIPES.goodsam, 'gnomonic').windows).filter(hasView)
  // each view is one mask, as far as it shows something
  const masks: PanoramaMasks = {
    windows: windows.map((window) => {
      const runs = [...seenPixels(window)].flatMap((shown, p) => (shown === 1 ? [p, 1] : []))
      return { window, masks: buildMaskTable(window, [{ runs, predictedIou: 1, stability: 1, x: 0, y: 0 }]) }
    }),
    funnel: { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 24 },
  }
  const { data } = paintMaskLayer(masks, { width: 64, height: 32 })
  expect(data).not.toContain(0)
  windows.forEach(({ x, y, view }, k) => {
    expect(data[(y + Math.floor(view.horizonY - view.pitchRad / view.rowRad)) * 64 + ((x + view.centreX) % 64)]).toBe(k + 1)
  })
})
