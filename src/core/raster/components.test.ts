import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { connectedComponents } from './components.ts'

const maps = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }), values: fc.integer({ min: 1, max: 3 }) })
  .chain(({ width, height, values }) => fc.array(fc.nat(values), { minLength: width * height, maxLength: width * height }).map((data) => ({ width, height, data: Uint8Array.from(data) })))

test.each([[4, false], [8, false], [4, true], [8, true]] as const)('regions are what a flood fill finds: %d neighbours, cyclic %s', (connectivity, cyclic) => {
  fc.assert(
    fc.property(maps, fc.constantFrom(0, 1, null), (map, background) => {
      const { width, height, data } = map
      const expected = new Uint32Array(data.length)
      const areas: number[] = []
      const firsts: number[] = []
      for (let start = 0; start < data.length; start++) {
        if (data[start] === background || expected[start] > 0) continue
        firsts.push(start)
        const queue = [start]
        expected[start] = firsts.length
        for (const at of queue) {
          for (let dy = -1; dy <= 1; dy++) {
            for (let dx = -1; dx <= 1; dx++) {
              if (connectivity === 4 && dx !== 0 && dy !== 0) continue
              const y = Math.floor(at / width) + dy
              const x = cyclic ? ((at % width) + dx + width) % width : (at % width) + dx
              if (y < 0 || y >= height || x < 0 || x >= width) continue
              const next = y * width + x
              if (data[next] !== data[start] || expected[next] > 0) continue
              expected[next] = firsts.length
              queue.push(next)
            }
          }
        }
        areas.push(queue.length)
      }
      const found = connectedComponents(map, { connectivity, cyclic, background })
      expect(found.labels.data).toEqual(expected)
      expect([...found.areas]).toEqual(areas)
      expect([...found.firstPixels]).toEqual(firsts)
      expect(found.count).toBe(firsts.length)
    }),
    { numRuns: 200 },
  )
})
