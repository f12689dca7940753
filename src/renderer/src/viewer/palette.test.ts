import { expect, it } from 'vitest'
import { CITYSCAPES } from '../../../core/labels/cityscapes.ts'
import { PROVENANCE_COLORS, buildPalette, confidenceColor } from './palette.ts'
import { PALETTE_ROWS } from './shaders/panorama.frag.ts'

function entry(bytes: Uint8Array, row: number, value: number): number[] {
  return [...bytes.subarray((row * 256 + value) * 4, (row * 256 + value) * 4 + 4)]
}

it('holds the dataset colours; ignore and hidden classes are transparent', () => {
  const bytes = buildPalette(CITYSCAPES, new Set([13]))
  expect(entry(bytes, PALETTE_ROWS.classes, 0)).toEqual([128, 64, 128, 255])
  expect(entry(bytes, PALETTE_ROWS.classes, 10)).toEqual([70, 130, 180, 255])
  expect(entry(bytes, PALETTE_ROWS.classes, 13)[3]).toBe(0)
  expect(entry(bytes, PALETTE_ROWS.classes, 255)[3]).toBe(0)
  expect(entry(bytes, PALETTE_ROWS.boundary, 0)[3]).toBe(0)
  expect(entry(bytes, PALETTE_ROWS.boundary, 1)[3]).toBe(255)
})

/** CIE L* of an sRGB colour (IEC 61966-2-1, CIE 15). */
function lightness(color: readonly number[]): number {
  const linear = color.map((byte) => {
    const c = byte / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  const y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (y * 24389) / 27
}

it('confidence grows lighter in even steps', () => {
  const steps = Array.from({ length: 9 }, (_, i) => lightness(confidenceColor(((i + 1) * 255) / 9)) - lightness(confidenceColor((i * 255) / 9)))
  for (const step of steps) {
    expect(step).toBeGreaterThan(5)
    expect(step).toBeLessThan(12)
  }
})

it('provenances are told apart at a glance', () => {
  const colors = Object.values(PROVENANCE_COLORS).filter((color) => color !== null)
  expect(colors.length).toBe(4)
  for (const [i, a] of colors.entries()) {
    for (const b of colors.slice(i + 1)) expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(80)
  }
})
