import { isInPicture, pictureRows, pictureToRectangle, type TangentView } from '../geometry/tangent-view.ts'
import { buildMaskTable, type MaskRow } from '../mask/build.ts'
import type { MaskTable } from '../mask/mask-table.ts'
import { paintMask } from '../mask/paint.ts'
import { linearTapsAt } from '../raster/linear-taps.ts'
import type { ClassPlanes, RgbImage } from '../raster/raster.ts'
import { pixelCentres, type ViewWindow } from './view-weights.ts'

/** Between a gnomonic window's picture, which the networks see, and its rectangle of the panorama, where the method goes on. */

/**
 * The view's picture, bilinear. Columns are the panorama's, around the seam where it is a full turn; beyond an edge it is
 * mirrored, so that a network is not shown an end of the world.
 */
export function renderView(image: RgbImage, { x, y, view }: Pick<ViewWindow, 'x' | 'y' | 'view'>): RgbImage {
  const { width, height } = view
  const data = new Uint8Array(width * height * 3)
  const columnOf = view.cyclic ? wrapped : mirrored
  const places = { x: new Float64Array(width), y: new Float64Array(width) }
  let out = 0
  for (let row = 0; row < height; row++) {
    placeRow(view, row, places)
    for (let column = 0; column < width; column++) {
      const left = Math.floor(places.x[column] - 0.5)
      const top = Math.floor(places.y[column] - 0.5)
      const across = places.x[column] - 0.5 - left
      const down = places.y[column] - 0.5 - top
      const upper = mirrored(y + top, image.height) * image.width
      const lower = mirrored(y + top + 1, image.height) * image.width
      const a = columnOf(x + left, image.width)
      const b = columnOf(x + left + 1, image.width)
      for (let channel = 0; channel < 3; channel++) {
        const above = mix(image.data[3 * (upper + a) + channel], image.data[3 * (upper + b) + channel], across)
        const below = mix(image.data[3 * (lower + a) + channel], image.data[3 * (lower + b) + channel], across)
        data[out++] = Math.round(mix(above, below, down))
      }
    }
  }
  return { width, height, data }
}

/** Where the pixels of a row of the picture lie in the rectangle. A view looks the same to both sides: half is enough. */
function placeRow(view: TangentView, row: number, places: { readonly x: Float64Array; readonly y: Float64Array }): void {
  const { width, centreX } = view
  for (let column = 0; 2 * column < width; column++) {
    const at = pictureToRectangle(view, { x: column + 0.5, y: row + 0.5 })
    const opposite = width - 1 - column
    places.x[column] = at.x
    places.x[opposite] = 2 * centreX - at.x
    places.y[column] = places.y[opposite] = at.y
  }
}

function mix(a: number, b: number, fraction: number): number {
  return a + fraction * (b - a)
}

function wrapped(index: number, length: number): number {
  return ((index % length) + length) % length
}

function mirrored(index: number, length: number): number {
  const within = wrapped(index, 2 * length)
  return within < length ? within : 2 * length - 1 - within
}

/** Cells of class planes over the rectangle, as fine as `planes` are over the picture's middle. */
export function rectanglePlanesSize(
  { view, width, height }: ViewWindow, planes: Pick<ClassPlanes, 'width' | 'height'>,
): { readonly width: number; readonly height: number } {
  return {
    width: Math.max(1, Math.min(width, Math.round((width * planes.width) / view.width))),
    height: Math.max(1, Math.min(height, Math.round((height * planes.height) / view.height))),
  }
}

/**
 * Class planes of the picture brought to the rectangle (bilinear), into planes of the size of `rectanglePlanesSize` over
 * `out`. Cells that the view does not see repeat its edge, so that what lies between a cell inside and one outside makes
 * sense.
 */
export function planesToRectangle(planes: ClassPlanes, window: ViewWindow, out: Float32Array): ClassPlanes {
  const { view } = window
  const { classes } = planes
  const size = rectanglePlanesSize(window, planes)
  const cells = size.width * size.height
  const columns = Float64Array.from({ length: size.width }, (_, i) => ((i + 0.5) * window.width) / size.width)
  const rowOf = pictureRows(view, columns)
  for (let y = 0; y < size.height; y++) {
    const { u, v } = rowOf(((y + 0.5) * window.height) / size.height)
    const across = linearTapsAt(inside(u, view.width, planes.width), planes.width)
    const down = linearTapsAt(inside(v, view.height, planes.height), planes.height)
    for (let c = 0; c < classes; c++) {
      const plane = c * planes.width * planes.height
      const to = c * cells + y * size.width
      for (let x = 0; x < size.width; x++) {
        const upper = plane + down.from[x] * planes.width
        const lower = plane + down.to[x] * planes.width
        const above = mix(planes.data[upper + across.from[x]], planes.data[upper + across.to[x]], across.fraction[x])
        const below = mix(planes.data[lower + across.from[x]], planes.data[lower + across.to[x]], across.fraction[x])
        out[to + x] = mix(above, below, down.fraction[x])
      }
    }
  }
  return { classes, ...size, data: out }
}

/** Positions of the picture as positions of its cells, none outside. */
function inside(positions: Float64Array, length: number, cells: number): Float64Array {
  return positions.map((position) => (Math.min(length, Math.max(0, position)) * cells) / length)
}

/**
 * Masks of the picture brought to the rectangle: a pixel belongs to a mask where its centre does. Masks of which no pixel's
 * centre is left are left out. Prompts come along, at most to the rectangle's edge.
 */
export function masksToRectangle(masks: MaskTable, window: ViewWindow): MaskTable {
  const { view, width, height } = window
  const places = pictureIndices(window)
  const bitmap = new Uint8Array(view.width * view.height)
  const rows: MaskRow[] = []
  for (let m = 0; m < masks.count; m++) {
    paintMask(masks, m, bitmap, 1)
    const runs = runsInRectangle(bitmap, places, { window, box: masks.boxes.subarray(4 * m, 4 * m + 4) })
    paintMask(masks, m, bitmap, 0)
    if (runs.length === 0) continue
    const prompt = pictureToRectangle(view, { x: masks.points[2 * m], y: masks.points[2 * m + 1] })
    rows.push({
      runs, predictedIou: masks.predictedIou[m], stability: masks.stability[m],
      x: Math.min(width, Math.max(0, prompt.x)), y: Math.min(height, Math.max(0, prompt.y)),
    })
  }
  return buildMaskTable({ width, height }, rows)
}

interface PictureIndices {
  /** pixel of the picture under every pixel of the rectangle, -1 where there is none */
  readonly index: Int32Array
  /** rows of the picture that a row of the rectangle meets, first and last; last -1 where none */
  readonly rowsOfRow: Int32Array
  /** columns of the picture that a column of the rectangle meets */
  readonly columnsOfColumn: Int32Array
}

function pictureIndices({ view, width, height }: ViewWindow): PictureIndices {
  const index = new Int32Array(width * height).fill(-1)
  const rowsOfRow = emptyRanges(height)
  const columnsOfColumn = emptyRanges(width)
  const rowOf = pictureRows(view, pixelCentres(width))
  for (let y = 0; y < height; y++) {
    const { u, v } = rowOf(y + 0.5)
    for (let x = 0; x < width; x++) {
      if (!isInPicture(view, u[x], v[x])) continue
      const [column, row] = [Math.floor(u[x]), Math.floor(v[x])]
      index[y * width + x] = row * view.width + column
      extend(rowsOfRow, y, row)
      extend(columnsOfColumn, x, column)
    }
  }
  return { index, rowsOfRow, columnsOfColumn }
}

function emptyRanges(length: number): Int32Array {
  return Int32Array.from({ length: 2 * length }, (_, i) => (i % 2 === 0 ? 0x7fffffff : -1))
}

function extend(ranges: Int32Array, at: number, value: number): void {
  if (value < ranges[2 * at]) ranges[2 * at] = value
  if (value > ranges[2 * at + 1]) ranges[2 * at + 1] = value
}

/** Row-wise runs of the rectangle's pixels whose place in the picture is set. */
function runsInRectangle(
  bitmap: Uint8Array,
  { index, rowsOfRow, columnsOfColumn }: PictureIndices,
  { window: { width, height }, box: [x0, y0, x1, y1] }: { readonly window: ViewWindow; readonly box: Uint32Array },
): number[] {
  let first = 0
  let end = width
  while (first < end && !meets(columnsOfColumn, first, [x0, x1])) first++
  while (end > first && !meets(columnsOfColumn, end - 1, [x0, x1])) end--
  const runs: number[] = []
  for (let y = 0; y < height; y++) {
    if (!meets(rowsOfRow, y, [y0, y1])) continue
    const row = y * width
    let start = -1
    for (let x = first; x < end; x++) {
      const place = index[row + x]
      const set = place >= 0 && bitmap[place] === 1
      if (set && start < 0) start = x
      else if (!set && start >= 0) {
        runs.push(row + start, x - start)
        start = -1
      }
    }
    if (start >= 0) runs.push(row + start, end - start)
  }
  return runs
}

/** Whether range `at` has something of from .. to. */
function meets(ranges: Int32Array, at: number, [from, to]: readonly [number, number]): boolean {
  return ranges[2 * at] < to && ranges[2 * at + 1] >= from
}
