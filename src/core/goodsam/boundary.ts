import type { MaskTable } from '../mask/mask-table.ts'
import { paintMask } from '../mask/paint.ts'
import { dilate, labelBoundary } from '../raster/boundaries.ts'
import type { Raster } from '../raster/raster.ts'
import { thin } from '../raster/thin.ts'
import type { GoodsamConfig } from './config.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'
import { UNSEEN } from './view-weights.ts'
import { layoutIsCyclic, windowColumnToPanorama } from './windows.ts'

/**
 * B_ref, the refined boundary (METHOD section 4, boundary enhancement): pixels of B_SAM (the union of mask contours of all
 * windows) within r pixels of a label change of any S_i; gaps of up to r closed; width 1. Panorama size, 0 or 1, cyclic
 * where the windows go around. r is `boundaryRadiusFraction` of the window's height, at least 2 px.
 */
export function refineBoundary(
  masks: PanoramaMasks,
  semantics: PanoramaSemantics,
  config: Pick<GoodsamConfig, 'boundaryRadiusFraction'>,
): Raster {
  const { width, height } = semantics.label
  const windows = masks.windows.map(({ window }) => window)
  const cyclic = layoutIsCyclic(windows, width)
  const contours = new Uint8Array(width * height)
  const changes = new Uint8Array(width * height)
  masks.windows.forEach(({ window, masks: table }, i) => {
    const seen = { width: window.width, height: window.height, data: semantics.windows[i].label }
    const shown = window.view === undefined ? null : seen.data.map((trainId) => (trainId === UNSEEN ? 0 : 1))
    addToPanorama(contours, maskContours(table, shown), window, width)
    addToPanorama(changes, shown === null ? labelBoundary(seen).data : shownChanges(seen, shown), window, width)
  })
  const radius = Math.max(LEAST_RADIUS, ...windows.map((window) => Math.round(config.boundaryRadiusFraction * window.height)))
  const near = dilate({ width, height, data: changes }, radius, { cyclic }).data
  const kept = contours.map((contour, p) => contour & near[p])
  return thin(close({ width, height, data: kept }, Math.ceil(radius / 2), { cyclic }), { cyclic })
}

const LEAST_RADIUS = 2

/** `labelBoundary` between pixels that are both shown. */
function shownChanges({ width, height, data }: Raster, shown: Uint8Array): Uint8Array {
  const changes = new Uint8Array(width * height)
  for (let p = 0; p < changes.length; p++) {
    if (shown[p] === 0) continue
    const right = (p + 1) % width === 0 ? p : p + 1
    const lower = p + width < changes.length ? p + width : p
    if ((shown[right] === 1 && data[right] !== data[p]) || (shown[lower] === 1 && data[lower] !== data[p])) changes[p] = 1
  }
  return changes
}

/** Grows by `radius` and shrinks again: gaps of up to twice the radius close, contours of overlapping windows join. */
function close(raster: Raster, radius: number, options: { cyclic: boolean }): Raster {
  return invert(dilate(invert(dilate(raster, radius, options)), radius, options))
}

function invert(raster: Raster): Raster {
  return { ...raster, data: raster.data.map((value) => 1 - value) }
}

/** Sets the panorama's pixels that are set in the window's. */
function addToPanorama(panorama: Uint8Array, seen: Uint8Array, window: PanoramaWindow, widthPx: number): void {
  for (let y = 0; y < window.height; y++) {
    const row = (window.y + y) * widthPx
    for (let x = 0; x < window.width; x++) {
      if (seen[y * window.width + x] !== 0) panorama[row + windowColumnToPanorama(window, x, widthPx)] = 1
    }
  }
}

/**
 * B_SAM of one window: 1 on every mask's outermost pixels, those with a neighbour (above, below, left, right) outside the
 * mask. The window's own frame is no contour: the mask ends there because the picture does. Nor is the edge of a gnomonic
 * window's view: `shown` is 1 on the pixels of the rectangle that it shows; null: on all.
 */
export function maskContours(table: MaskTable, shown: Uint8Array | null = null): Uint8Array {
  const { width, height, boxes } = table
  const contours = new Uint8Array(width * height)
  const outside = shown?.map((own) => 1 - own) ?? new Uint8Array(width * height)
  const inside = outside.slice()
  for (let m = 0; m < table.count; m++) {
    paintMask(table, m, inside, 1)
    const [x0, y0, x1, y1] = boxes.subarray(4 * m, 4 * m + 4)
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const p = y * width + x
        if (inside[p] === 0 || outside[p] === 1) continue
        const surrounded =
          (x === 0 || inside[p - 1] === 1) && (x === width - 1 || inside[p + 1] === 1) &&
          (y === 0 || inside[p - width] === 1) && (y === height - 1 || inside[p + width] === 1)
        if (!surrounded) contours[p] = 1
      }
    }
    paintMask(table, m, inside, 0)
  }
  return contours
}
