import { describe, expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { connectedComponents } from '../../raster/components.ts'
import { seededRandom } from '../../networks/random.ts'
import { type Collage, drawCollage, LEVELS } from './collage.ts'
import { drawOutline } from './outlines.ts'

const collages = Array.from({ length: 12 }, (_, index) => drawCollage({ seed: 3, index, size: 96 }))
const hashOf = ({ rgb, levels }: Collage) => levels.reduce((hash, level) => hash.update(level), createHash('sha256').update(rgb)).digest('hex')

describe('a collage', () => {
  it('is the same for the same request, and another one for another', () => {
    expect(hashOf(drawCollage({ seed: 3, index: 0, size: 96 }))).toBe(hashOf(collages[0]))
    expect(new Set([...collages, drawCollage({ seed: 4, index: 0, size: 96 })].map(hashOf)).size).toBe(13)
  })

  it('has a region for every pixel at every level, the finer ones within the coarser', () => {
    for (const { size, levels } of collages) {
      expect(levels.length).toBe(LEVELS)
      for (const level of levels) expect(level.length === size * size && level.every((id) => id > 0)).toBe(true)
      for (let finer = 1; finer < LEVELS; finer++) {
        const parents = new Map<number, number>()
        for (const [at, id] of levels[finer].entries()) if (!parents.has(id)) parents.set(id, levels[finer - 1][at])
        expect(levels[finer].every((id, at) => parents.get(id) === levels[finer - 1][at])).toBe(true)
      }
    }
  })

  it('has things, parts of them and parts of those', () => {
    const counts = Array.from({ length: LEVELS }, (_, level) => collages.reduce((sum, { levels }) => sum + new Set(levels[level]).size, 0))
    expect(counts[0]).toBeGreaterThan(12 * 5)
    expect(counts[1]).toBeGreaterThan(1.2 * counts[0])
    expect(counts[2]).toBeGreaterThan(counts[1])
  })

  it('shows colours that tell regions apart: pixels differ more across borders than within regions', () => {
    let [within, across, inner, border] = [0, 0, 0, 0]
    for (const { size, rgb, levels } of collages) {
      for (let at = 0; at < size * size - 1; at++) {
        if (at % size === size - 1) continue
        const difference = [0, 1, 2].reduce((sum, channel) => sum + Math.abs(rgb[3 * at + channel] - rgb[3 * at + 3 + channel]), 0)
        if (levels[2][at] === levels[2][at + 1]) [within, inner] = [within + difference, inner + 1]
        else [across, border] = [across + difference, border + 1]
      }
    }
    expect(across / border).toBeGreaterThan(2.5 * (within / inner))
  })
})

describe('outlines', () => {
  it('lie within their reach, contain pixels, and most are of one piece', () => {
    const side = 120
    let pieces = 0
    const drawn = Array.from({ length: 100 }, (_, index) => drawOutline(seededRandom(`outline:${index}`), { x: 60, y: 60, size: 30 }))
    for (const { x, y, reach, contains } of drawn) {
      const data = Uint8Array.from({ length: side * side }, (_, at) => (contains(at % side, Math.floor(at / side)) ? 1 : 0))
      expect(data.filter((each) => each === 1).length).toBeGreaterThan(20)
      expect(data.every((each, at) => each === 0 || (Math.abs((at % side) - x) <= reach && Math.abs(Math.floor(at / side) - y) <= reach))).toBe(true)
      if (connectedComponents({ width: side, height: side, data }).count === 1) pieces++
    }
    expect(pieces).toBeGreaterThan(85)
  })
})
