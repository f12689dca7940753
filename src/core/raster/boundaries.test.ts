import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dilate, labelBoundary } from './boundaries.ts'
import { connectedComponents } from './components.ts'
import { cropRasterAcrossSeam } from './crop.ts'
import type { Raster } from './raster.ts'
import { thin } from './thin.ts'

const bitmaps = fc
  .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }), set: fc.integer({ min: 1, max: 8 }) })
  .chain(({ width, height, set }) => fc.array(fc.nat(9), { minLength: width * height, maxLength: width * height }).map((values): Raster => ({
    width, height, data: Uint8Array.from(values, (value) => (value < set ? 1 : 0)),
  })))

function picture(raster: Raster): string[] {
  return Array.from({ length: raster.height }, (_, y) => [...raster.data.subarray(y * raster.width, (y + 1) * raster.width)].map((value) => (value ? '#' : '.')).join(''))
}

function fromPicture(...rows: string[]): Raster {
  return { width: rows[0].length, height: rows.length, data: Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0)) }
}

test('a border lies on its upper and left side; on a full turn also at the seam', () => {
  const label = { width: 4, height: 3, data: Uint16Array.of(5, 5, 5, 300, 5, 5, 5, 300, 7, 7, 7, 7) }
  expect(picture(labelBoundary(label))).toEqual(['..#.', '####', '....'])
  expect(picture(labelBoundary(label, { cyclic: true }))).toEqual(['..##', '####', '....'])
})

test.each([false, true])('dilation is every pixel within reach (cyclic: %s)', (cyclic) => {
  fc.assert(
    fc.property(bitmaps, fc.double({ min: 0, max: 6, noNaN: true }), (raster, radius) => {
      const { width, height, data } = raster
      const expected = data.map((_, i) =>
        data.some((value, j) => {
          const dx = Math.abs((i % width) - (j % width))
          const across = cyclic ? Math.min(dx, width - dx) : dx
          return value === 1 && across ** 2 + (Math.floor(i / width) - Math.floor(j / width)) ** 2 <= radius * radius
        }) ? 1 : 0,
      )
      expect(picture(dilate(raster, radius, { cyclic }))).toEqual(picture({ width, height, data: expected }))
    }),
  )
})

test('thinning leaves lines of one pixel', () => {
  expect(picture(thin(fromPicture('.......', '.#####.', '.#####.', '.#####.', '.......'))).filter((row) => row.includes('#'))).toHaveLength(1)
  const line = fromPicture('#....', '.#...', '..###', '.....')
  expect(thin(line)).toEqual(line)
  expect(picture(thin(fromPicture('########', '########', '########'), { cyclic: true }))).toEqual(['........', '########', '........'])
})

test.each([false, true])('thinning keeps what is connected, and every hole (cyclic: %s)', (cyclic) => {
  fc.assert(
    fc.property(bitmaps.filter(({ width }) => !cyclic || width > 4), (raster) => {
      const thinned = thin(raster, { cyclic })
      thinned.data.forEach((value, i) => expect(value).toBeLessThanOrEqual(raster.data[i]))
      expect(thin(thinned, { cyclic })).toEqual(thinned)
      const pieces = (bitmap: Raster): number => connectedComponents(bitmap, { connectivity: 8, cyclic }).count
      expect(pieces(thinned)).toBe(pieces(raster))
      // holes: regions of zeros (4 neighbours), with zeros all around; a full turn has no sides
      const side = cyclic ? 0 : 1
      const holes = ({ width, height, data }: Raster): number => {
        const framed = { width: width + 2 * side, height: height + 2, data: new Uint8Array((width + 2 * side) * (height + 2)).fill(1) }
        data.forEach((value, i) => {
          framed.data[(Math.floor(i / width) + 1) * framed.width + (i % width) + side] = 1 - value
        })
        return connectedComponents(framed, { connectivity: 4, cyclic }).count
      }
      expect(holes(thinned)).toBe(holes(raster))
    }),
    { numRuns: 300 },
  )
})

test('on a full turn, turning first changes nothing', () => {
  fc.assert(
    fc.property(bitmaps, fc.nat(13), (raster, x) => {
      const { width, height } = raster
      const turn = (bitmap: Raster): Raster => cropRasterAcrossSeam(bitmap, { x, y: 0, width, height })
      const options = { cyclic: true }
      for (const step of [(b: Raster) => labelBoundary(b, options), (b: Raster) => dilate(b, 2, options), (b: Raster) => thin(b, options)]) {
        expect(picture(turn(step(raster)))).toEqual(picture(step(turn(raster))))
      }
    }),
  )
})
