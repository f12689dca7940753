import { expect, test } from 'vitest'
import { buildMaskTable, maskTableBuffers, selectMasks } from './build.ts'
import { emptyMaskTable, largestFirst, maskBitmap, paintMask } from './paint.ts'

const rows = [
  // pixels 2, 3 of row 0 and 0, 1 of row 1: one run across the row end
  { runs: [2, 2, 4, 2], predictedIou: 0.9, stability: 0.5, x: 3, y: 1 },
  { runs: [9, 1], predictedIou: 0.8, stability: 0.25, x: 1, y: 2 },
  { runs: [0, 4, 8, 4], predictedIou: 0.7, stability: 1, x: 0, y: 0 },
]
const table = buildMaskTable({ width: 4, height: 3 }, rows)

test('a table measures its masks', () => {
  expect(table).toEqual({
    width: 4,
    height: 3,
    count: 3,
    runOffsets: Uint32Array.of(0, 1, 2, 4),
    runs: Uint32Array.of(2, 4, 9, 1, 0, 4, 8, 4),
    areas: Uint32Array.of(4, 1, 8),
    boxes: Uint32Array.of(0, 0, 4, 2, 1, 2, 2, 3, 0, 0, 4, 3),
    predictedIou: Float32Array.of(0.9, 0.8, 0.7),
    stability: Float32Array.of(0.5, 0.25, 1),
    points: Float32Array.of(3, 1, 1, 2, 0, 0),
  })
  expect(buildMaskTable({ width: 4, height: 3 }, [])).toEqual(emptyMaskTable(4, 3))
})

test('a selection is the table of the selected masks', () => {
  expect(selectMasks(table, [2, 0])).toEqual(buildMaskTable({ width: 4, height: 3 }, [rows[2], rows[0]]))
  expect(selectMasks(table, [])).toEqual(emptyMaskTable(4, 3))
})

test('painting sets the pixels of one mask', () => {
  expect([...maskBitmap(table, 0)]).toEqual([0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
  const target = new Uint16Array(12)
  for (const m of largestFirst(table)) paintMask(table, m, target, 300 + m)
  expect([...target]).toEqual([302, 302, 300, 300, 300, 300, 0, 0, 302, 301, 302, 302])
})

test('a transferred table leaves nothing behind', () => {
  const copy = selectMasks(table, [0, 1, 2])
  const moved = structuredClone(copy, { transfer: maskTableBuffers(copy) as ArrayBuffer[] })
  expect(moved).toEqual(table)
  expect(copy.runs.length + copy.points.length + copy.areas.length).toBe(0)
})
