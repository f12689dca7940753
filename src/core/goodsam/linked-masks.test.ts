import { describe, expect, test } from 'vitest'
import { tableOf } from '../../../test/fixtures/goodsam-scenes.ts'
import { linkMasks } from './linked-masks.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'

const FUNNEL = { prompts: 0, candidates: 0, afterPredIou: 0, afterStability: 0, afterNms: 0, kept: 0 }

interface Placed {
  readonly window: Pick<PanoramaWindow, 'x' | 'y' | 'width' | 'height'>
  /** pictures of the masks, row by row, '#' inside */
  readonly masks: readonly (readonly string[])[]
}

function scene(width: number, height: number, placed: readonly Placed[]): { masks: PanoramaMasks; semantics: PanoramaSemantics } {
  const windows = placed.map(({ window }, index): PanoramaWindow => ({ index, family: 'sliding', ...window }))
  const empty = { width, height, data: new Uint8Array(width * height) }
  return {
    masks: {
      funnel: FUNNEL,
      windows: windows.map((window, index) => ({
        window,
        masks: tableOf(placed[index].masks.map((rows) => Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 1 : 0))), window.width, window.height),
      })),
    },
    semantics: {
      classes: 2, label: empty, confidence: empty, consistency: 0, disagreement: 0,
      windows: windows.map((window) => ({ window, label: new Uint8Array(window.width * window.height), confidence: new Uint8Array(window.width * window.height) })),
    },
  }
}

function groups({ masks, semantics }: ReturnType<typeof scene>, leastIou: number): number[] {
  return [...linkMasks(masks, semantics, leastIou)]
}

describe('linkMasks', () => {
  // what the first window shows from column 2 on is what the second one begins with
  const left: Placed = { window: { x: 0, y: 0, width: 4, height: 2 }, masks: [['####', '..##'], ['....', '##..']] }

  test('masks that say the same where both windows see are one, whatever they cover elsewhere', () => {
    const right: Placed = { window: { x: 2, y: 0, width: 4, height: 2 }, masks: [['..##', '....'], ['####', '##..']] }
    expect(groups(scene(8, 2, [left, right]), 1)).toEqual([0, 1, 2, 0])
  })

  test('the IoU within the overlap decides', () => {
    // of the overlap's 4 pixels the first has all, the second 3: IoU 3/4
    const right: Placed = { window: { x: 2, y: 0, width: 4, height: 2 }, masks: [['####', '.#..']] }
    expect(groups(scene(8, 2, [left, right]), 0.75)).toEqual([0, 1, 0])
    expect(groups(scene(8, 2, [left, right]), 0.76)).toEqual([0, 1, 2])
  })

  test('above 1 none are one', () => {
    const right: Placed = { window: { x: 2, y: 0, width: 4, height: 2 }, masks: [['####', '##..']] }
    expect(groups(scene(8, 2, [left, right]), 1.01)).toEqual([0, 1, 2])
  })

  test('what is one with the same is one, also of windows that do not meet; rows of windows, too', () => {
    const chain: Placed[] = [0, 2, 4].map((x) => ({ window: { x, y: 0, width: 4, height: 1 }, masks: [['####']] }))
    const below: Placed = { window: { x: 0, y: 1, width: 4, height: 1 }, masks: [['####']] }
    expect(groups(scene(16, 2, [...chain, below]), 0.9)).toEqual([0, 0, 0, 3])
    const across: Placed = { window: { x: 0, y: 0, width: 4, height: 2 }, masks: [['####', '####']] }
    expect(groups(scene(16, 2, [...chain, below, across]), 0.9)).toEqual([0, 0, 0, 0, 0])
  })

  test('across the seam, and where two wide windows meet on both sides of it', () => {
    const seam: Placed[] = [{ window: { x: 6, y: 0, width: 4, height: 1 }, masks: [['.###']] }, { window: { x: 0, y: 0, width: 4, height: 1 }, masks: [['##..']] }]
    expect(groups(scene(8, 1, seam), 1)).toEqual([0, 0])
    // together 4 of 8 columns; on one side they agree, on the other they do not: IoU 2 / 4
    const wide: Placed[] = [{ window: { x: 0, y: 0, width: 6, height: 1 }, masks: [['##..##']] }, { window: { x: 4, y: 0, width: 6, height: 1 }, masks: [['##....']] }]
    expect(groups(scene(8, 1, wide), 0.5)).toEqual([0, 0])
    expect(groups(scene(8, 1, wide), 0.51)).toEqual([0, 1])
  })

  test('masks of one window are never one by themselves', () => {
    expect(groups(scene(8, 1, [{ window: { x: 0, y: 0, width: 4, height: 1 }, masks: [['###.'], ['###.']] }]), 0)).toEqual([0, 1])
  })

  test('a few common pixels of large windows are chance', () => {
    const blank = '.'.repeat(64)
    const rows = (first: string): string[] => [first + blank.slice(first.length), ...Array.from({ length: 63 }, () => blank)]
    // a thousandth of 64 x 64 pixels is 4.1
    const at = (pixels: number): number[] => groups(scene(128, 64, [
      { window: { x: 0, y: 0, width: 64, height: 64 }, masks: [rows(blank.slice(pixels) + '#'.repeat(pixels))] },
      { window: { x: 32, y: 0, width: 64, height: 64 }, masks: [rows(blank.slice(0, 32 - pixels) + '#'.repeat(pixels))] },
    ]), 0.9)
    expect(at(4)).toEqual([0, 1])
    expect(at(5)).toEqual([0, 0])
  })
})
