import type { MaskTable } from './mask-table.ts'

/** One mask on its way into a table. */
export interface MaskRow {
  /** start, length; linear indices in order, each run within one row */
  readonly runs: readonly number[]
  readonly predictedIou: number
  readonly stability: number
  readonly x: number
  readonly y: number
}

/** The table of masks in the given order: areas and boxes are measured, runs that touch across a row end become one. */
export function buildMaskTable(frame: { readonly width: number; readonly height: number }, masks: readonly MaskRow[]): MaskTable {
  const count = masks.length
  const table = {
    width: frame.width,
    height: frame.height,
    count,
    runOffsets: new Uint32Array(count + 1),
    runs: new Uint32Array(masks.reduce((sum, mask) => sum + mask.runs.length, 0)),
    areas: new Uint32Array(count),
    boxes: new Uint32Array(4 * count),
    predictedIou: Float32Array.from(masks, (mask) => mask.predictedIou),
    stability: Float32Array.from(masks, (mask) => mask.stability),
    points: Float32Array.from(masks.flatMap((mask) => [mask.x, mask.y])),
  }
  let written = 0
  masks.forEach(({ runs }, m) => {
    const first = written
    let area = 0
    let x0 = frame.width
    let x1 = 0
    for (let k = 0; k < runs.length; k += 2) {
      const start = runs[k]
      const length = runs[k + 1]
      area += length
      const x = start % frame.width
      if (x < x0) x0 = x
      if (x + length > x1) x1 = x + length
      if (written > first && table.runs[written - 2] + table.runs[written - 1] === start) {
        table.runs[written - 1] += length
      } else {
        table.runs[written++] = start
        table.runs[written++] = length
      }
    }
    table.areas[m] = area
    table.runOffsets[m + 1] = written / 2
    if (area > 0) {
      const y0 = Math.floor(runs[0] / frame.width)
      const y1 = Math.floor(runs[runs.length - 2] / frame.width) + 1
      table.boxes.set([x0, y0, x1, y1], 4 * m)
    }
  })
  return { ...table, runs: table.runs.slice(0, written) }
}

/** The masks at `indices`, in that order. */
export function selectMasks(table: MaskTable, indices: ArrayLike<number>): MaskTable {
  const count = indices.length
  const runOffsets = new Uint32Array(count + 1)
  const areas = new Uint32Array(count)
  const boxes = new Uint32Array(4 * count)
  const predictedIou = new Float32Array(count)
  const stability = new Float32Array(count)
  const points = new Float32Array(2 * count)
  for (let m = 0; m < count; m++) {
    const from = indices[m]
    runOffsets[m + 1] = runOffsets[m] + table.runOffsets[from + 1] - table.runOffsets[from]
    areas[m] = table.areas[from]
    boxes.set(table.boxes.subarray(4 * from, 4 * from + 4), 4 * m)
    predictedIou[m] = table.predictedIou[from]
    stability[m] = table.stability[from]
    points.set(table.points.subarray(2 * from, 2 * from + 2), 2 * m)
  }
  const runs = new Uint32Array(2 * runOffsets[count])
  for (let m = 0; m < count; m++) {
    runs.set(table.runs.subarray(2 * table.runOffsets[indices[m]], 2 * table.runOffsets[indices[m] + 1]), 2 * runOffsets[m])
  }
  return { width: table.width, height: table.height, count, runOffsets, runs, areas, boxes, predictedIou, stability, points }
}

/** Buffers of a table, for `postMessage`'s transfer list. */
export function maskTableBuffers(table: MaskTable): ArrayBufferLike[] {
  const { runOffsets, runs, areas, boxes, predictedIou, stability, points } = table
  return [runOffsets, runs, areas, boxes, predictedIou, stability, points].map((column) => column.buffer)
}
