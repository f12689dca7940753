import { degreesToRadians } from '../geometry/angles.ts'
import { viewExtent, type TangentView } from '../geometry/tangent-view.ts'
import type { WindowFamily } from './config.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'
import { cyclicPositions, spreadSteps } from './window-positions.ts'

/**
 * The `gnomonic` windows of a panorama (METHOD section 1): tangent-plane views in rows of one pitch, row by row from the top,
 * left to right. A window's rectangle is the smallest that holds its view on the panorama.
 *
 * A view is `widthFraction` of a full turn wide (its field of view; 90 degrees for a quarter), as high as wide or
 * `heightFraction` of the panorama's own height, and lower where the panorama is. Around a full turn the number of columns is
 * a multiple of four, as in `layoutWindows`. Partial panoramas have their columns in equal parts of the width, so that views
 * at the sides look beyond the edge by a part; what lies there is not the panorama's, and counts nothing.
 *
 * The upper and lower edges of a view sink towards the horizon to either side of its middle: cos(yaw) tan(latitude at the
 * middle). Rows therefore reach further than the panorama by what it takes to cover it half a column to the side.
 *
 * Throws RangeError where the frame has no projection, or the views of such a family would leave gaps.
 */
export function layoutViews(frame: PanoramaFrame, family: WindowFamily): Omit<PanoramaWindow, 'index'>[] {
  const { widthPx, heightPx, cyclic, projection } = frame
  if (projection === undefined) throw new RangeError('Gnomonic windows need to know how the panorama lies on the sphere.')
  const columnRad = degreesToRadians(projection.hfovDeg) / widthPx
  const rowRad = degreesToRadians(projection.vfovDeg) / heightPx
  const horizon = heightPx / 2 + projection.horizonOffsetPx

  const fieldRad = cyclic ? family.widthFraction * 2 * Math.PI : Math.min(family.widthFraction * 2 * Math.PI, widthPx * columnRad)
  const strideRad = fieldRad * family.strideFraction
  const columns = cyclic ? cyclicPositions(widthPx, strideRad / columnRad) : partialColumns(widthPx, strideRad / columnRad)
  const reachRad = reachOf(columns, frame) * columnRad
  const rows = rowsOfViews(
    { top: edgeOfRows(horizon * rowRad, reachRad), bottom: -edgeOfRows((heightPx - horizon) * rowRad, reachRad) },
    { heightRad: family.heightFraction === null ? fieldRad : family.heightFraction * heightPx * rowRad, strideFraction: family.strideFraction },
  )

  const [tanX, tanY] = [Math.tan(fieldRad / 2), Math.tan(rows.heightRad / 2)]
  if (fieldRad >= Math.PI || rows.heightRad >= Math.PI || Math.tan(reachRad) > tanX * Math.cos(rows.heightRad / 2)) {
    throw new RangeError(`Views of window family "${family.name}" would leave gaps: make them less wide, and their stride shorter.`)
  }
  // in its middle the picture is as fine as the panorama
  const width = Math.max(1, Math.round((2 * tanX) / columnRad))
  const height = Math.max(1, Math.round((width * tanY) / tanX))
  return rows.pitches.flatMap((pitchRad) => {
    const optics = { width, height, pitchRad, tanX, tanY, columnRad, rowRad, cyclic }
    return columns.map((column) => ({ family: family.name, ...boundingRectangle(optics, { column, horizon }, frame) }))
  })
}

/** Middles of equal parts, as few as a stride of at most `strideNominal` allows. */
function partialColumns(length: number, strideNominal: number): number[] {
  const count = Math.max(1, Math.ceil(length / strideNominal - 1e-9))
  return Array.from({ length: count }, (_, k) => Math.round(((k + 0.5) * length) / count))
}

/** Pixels from a column's middle to the furthest ones that no other column is nearer to. */
function reachOf(columns: readonly number[], { widthPx, cyclic }: PanoramaFrame): number {
  const halves = columns.map((column, k) => ((columns[k + 1] ?? (cyclic ? columns[0] + widthPx : column)) - column) / 2)
  return cyclic ? Math.max(...halves) : Math.max(columns[0], widthPx - columns[columns.length - 1], ...halves)
}

/** How high a view must reach in its middle to show latitude `edge` at yaw `reach` to the side as well. */
function edgeOfRows(edge: number, reach: number): number {
  const latitude = Math.min(Math.PI / 2, edge)
  return latitude <= 0 ? latitude : Math.atan(Math.tan(latitude) / Math.cos(reach))
}

/** Evenly spread between the edges, the first ending at the top, the last at the bottom. */
function rowsOfViews(
  edges: { readonly top: number; readonly bottom: number },
  wish: { readonly heightRad: number; readonly strideFraction: number },
): { readonly heightRad: number; readonly pitches: readonly number[] } {
  const range = edges.top - edges.bottom
  const heightRad = Math.min(wish.heightRad, range)
  const steps = spreadSteps(range, heightRad, wish.strideFraction)
  const first = edges.top - heightRad / 2
  return {
    heightRad,
    pitches: Array.from({ length: steps + 1 }, (_, k) => first - (steps === 0 ? 0 : (k * (range - heightRad)) / steps)),
  }
}

/** Leaves out what is beyond the panorama's edges. */
function boundingRectangle(
  optics: Omit<TangentView, 'centreX' | 'horizonY'>,
  { column, horizon }: { readonly column: number; readonly horizon: number },
  { widthPx, heightPx, cyclic }: PanoramaFrame,
): Pick<PanoramaWindow, 'x' | 'y' | 'width' | 'height' | 'view'> {
  const { top, bottom, side } = viewExtent(optics)
  const y = Math.max(0, Math.floor(horizon - top / optics.rowRad + ROUNDING))
  const height = Math.max(1, Math.min(heightPx, Math.ceil(horizon - bottom / optics.rowRad - ROUNDING)) - y)
  const reach = Math.ceil(side / optics.columnRad - ROUNDING)
  const place = cyclic ? cyclicSpan(column, reach, widthPx) : clippedSpan(column, reach, widthPx)
  return { ...place, y, height, view: { ...optics, centreX: place.centreX, horizonY: horizon - y } }
}

/** Of a pixel: an edge that rounding puts just beyond a pixel's does not make the rectangle larger. */
const ROUNDING = 1e-6

function cyclicSpan(column: number, reach: number, widthPx: number): { x: number; width: number; centreX: number } {
  const half = Math.min(reach, Math.floor(widthPx / 2))
  const width = reach > half ? widthPx : 2 * half
  return { x: (column - half + widthPx) % widthPx, width, centreX: half }
}

function clippedSpan(column: number, reach: number, widthPx: number): { x: number; width: number; centreX: number } {
  const x = Math.max(0, column - reach)
  return { x, width: Math.min(widthPx, column + reach) - x, centreX: column - x }
}
