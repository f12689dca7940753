import { describe, expect, test } from 'vitest'
import { streetScene, tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { Raster } from '../raster/raster.ts'
import { maskContours, refineBoundary } from './boundary.ts'
import { RECIPES } from './config.ts'
import type { PanoramaFrame, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'
import { layoutWindows, windowColumnToPanorama } from './windows.ts'

const CONFIG = RECIPES.goodsam
const FUNNEL = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }

/** One scene from drawings: per window its masks and its labels as functions of the panorama's column and row. */
function drawnScene(
  frame: PanoramaFrame,
  windows: readonly PanoramaWindow[],
  of: { masks: readonly ((x: number, y: number) => boolean)[]; label: (x: number, y: number) => number },
): { masks: PanoramaMasks; semantics: PanoramaSemantics } {
  const draw = (window: PanoramaWindow, value: (x: number, y: number) => number) =>
    new Uint8Array(window.width * window.height).map((_, p) =>
      value(windowColumnToPanorama(window, p % window.width, frame.widthPx), window.y + Math.floor(p / window.width)))
  const raster = (): Raster => ({ width: frame.widthPx, height: frame.heightPx, data: new Uint8Array(frame.widthPx * frame.heightPx) })
  return {
    masks: {
      windows: windows.map((window) => ({
        window, masks: tableOf(of.masks.map((mask) => draw(window, (x, y) => (mask(x, y) ? 1 : 0))), window.width, window.height),
      })),
      funnel: FUNNEL,
    },
    semantics: {
      classes: 2, label: raster(), confidence: raster(), consistency: 0, disagreement: 0,
      windows: windows.map((window) => ({ window, label: draw(window, of.label), confidence: draw(window, () => 255) })),
    },
  }
}

const leftHalf = (x: number) => x < 32
const whole: PanoramaWindow = { index: 0, family: 'sliding', x: 0, y: 0, width: 64, height: 32 }
const partial: PanoramaFrame = { widthPx: 64, heightPx: 32, cyclic: false }

function columnsByRow({ width, height, data }: Raster): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => x).filter((x) => data[y * width + x] === 1))
}

/** Rows in which there is boundary near column 31.5, when the mask's side retreats from the label change for `gap` rows. */
function rowsWith(gap: number): boolean[] {
  const { masks, semantics } = drawnScene(partial, [whole], {
    masks: [(x, y) => x < (y >= 12 && y < 12 + gap ? 20 : 32)], label: (x) => (x < 32 ? 0 : 1),
  })
  return columnsByRow(refineBoundary(masks, semantics, CONFIG)).map((columns) => columns.some((x) => Math.abs(x - 31.5) <= 2))
}

describe('refineBoundary (METHOD section 4)', () => {
  test('where mask contour and label change meet: one line, one pixel wide, from top to bottom', () => {
    const { masks, semantics } = drawnScene(partial, [whole], {
      masks: [leftHalf, (x) => !leftHalf(x)], label: (x) => (leftHalf(x) ? 0 : 1),
    })
    const rows = columnsByRow(refineBoundary(masks, semantics, CONFIG))
    // Thinning may take the last pixel of an end.
    for (const columns of rows.slice(1, -1)) expect(columns.length).toBe(1)
    for (const columns of rows) expect(columns.every((x) => Math.abs(x - 31.5) <= 1)).toBe(true)
  })

  test('a contour without a label change nearby is texture, not boundary', () => {
    const { masks, semantics } = drawnScene(partial, [whole], { masks: [leftHalf], label: () => 1 })
    expect(refineBoundary(masks, semantics, CONFIG).data).toEqual(new Uint8Array(64 * 32))
    // r is at least 2 px: a change 3 columns off does not count, one 2 columns off does.
    const kept = (change: number) => {
      const scene = drawnScene(partial, [whole], { masks: [leftHalf], label: (x) => (x <= change ? 0 : 1) })
      return refineBoundary(scene.masks, scene.semantics, CONFIG).data.includes(1)
    }
    // The mask's contour is column 31, the change marks column `change`.
    expect([28, 29, 33, 34].map(kept)).toEqual([false, true, true, false])
  })

  test('a label change without a contour is the TA\'s blur, not boundary', () => {
    const { masks, semantics } = drawnScene(partial, [whole], { masks: [], label: (x) => (leftHalf(x) ? 0 : 1) })
    expect(refineBoundary(masks, semantics, CONFIG).data).toEqual(new Uint8Array(64 * 32))
  })

  test('gaps of up to r are closed, longer ones are not', () => {
    expect(rowsWith(2).slice(1, -1).every(Boolean)).toBe(true)
    expect(rowsWith(8).slice(1, -1).every(Boolean)).toBe(false)
  })

  test('the seam is no edge: a boundary on it is found, and turning the scene turns the result', () => {
    const frame: PanoramaFrame = { widthPx: 64, heightPx: 32, cyclic: true }
    const windows = layoutWindows(frame, CONFIG.windows)
    const sceneAt = (start: number) => {
      const inside = (x: number) => (x - start + 64) % 64 < 32
      return drawnScene(frame, windows, { masks: [inside], label: (x) => (inside(x) ? 0 : 1) })
    }
    const onSeam = sceneAt(0)
    const found = refineBoundary(onSeam.masks, onSeam.semantics, CONFIG)
    for (const columns of columnsByRow(found).slice(1, -1)) {
      expect(columns.some((x) => x <= 1 || x >= 62)).toBe(true)
      expect(columns.every((x) => Math.min(x, Math.abs(x - 32), 64 - x) <= 2)).toBe(true)
    }
    const turned = sceneAt(16)
    expect(refineBoundary(turned.masks, turned.semantics, CONFIG)).toEqual(rollColumns(found, -16))
  })

  test('on a whole street scene every boundary pixel has a contour and a label change nearby', () => {
    const frame: PanoramaFrame = { widthPx: 256, heightPx: 128, cyclic: true }
    const { masks, semantics } = streetScene({ frame, classes: 5, masks: 120, seed: 8 })
    const found = refineBoundary(masks, semantics, CONFIG)
    const changes = new Set<number>()
    semantics.windows.forEach(({ window, label }) => label.forEach((own, p) => {
      const [x, y] = [p % window.width, Math.floor(p / window.width)]
      const differs = (x + 1 < window.width && label[p + 1] !== own) || (y + 1 < window.height && label[p + window.width] !== own)
      if (differs) changes.add((window.y + y) * 256 + windowColumnToPanorama(window, x, 256))
    }))
    const reach = 2 + 1
    const nearChange = (p: number) => {
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          if (changes.has((Math.floor(p / 256) + dy) * 256 + (((p % 256) + dx + 256) % 256))) return true
        }
      }
      return false
    }
    const set = [...found.data.keys()].filter((p) => found.data[p] === 1)
    expect(set.length).toBeGreaterThan(200)
    expect(set.filter((p) => !nearChange(p))).toEqual([])
  })
})

describe('maskContours', () => {
  test('outermost pixels of every mask, but not along the window\'s own frame', () => {
    const bitmap = Uint8Array.from([
      1, 1, 1, 1, 0,
      1, 1, 1, 1, 0,
      1, 1, 1, 1, 0,
      0, 0, 0, 0, 0,
    ])
    expect([...maskContours(tableOf([bitmap], 5, 4))]).toEqual([
      0, 0, 0, 1, 0,
      0, 0, 0, 1, 0,
      1, 1, 1, 1, 0,
      0, 0, 0, 0, 0,
    ])
  })

  test('a mask inside another keeps its contour', () => {
    const outer = new Uint8Array(49).fill(1)
    const inner = new Uint8Array(49)
    for (const y of [2, 3, 4]) for (const x of [2, 3, 4]) inner[y * 7 + x] = 1
    const contours = maskContours(tableOf([outer, inner], 7, 7))
    expect([...contours].reduce((sum, value) => sum + value, 0)).toBe(8)
    expect(contours[3 * 7 + 3]).toBe(0)
  })
})
