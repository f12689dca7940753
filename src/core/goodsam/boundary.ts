import type { MaskTable } from '../mask/mask-table.ts'
import { paintMask } from '../mask/paint.ts'
import { dilate, labelBoundary } from '../raster/boundaries.ts'
import type { Raster } from '../raster/raster.ts'
import { thin } from '../raster/thin.ts'
import type { GoodsamConfig } from './config.ts'
import type { PanoramaMasks, PanoramaSemantics } from './types.ts'
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
  const cyclic = layoutIsCyclic(masks.windows.map(({ window }) => window), width)
  const kept = new Uint8Array(width * height)
  let radius = LEAST_RADIUS
  masks.windows.forEach(({ window, masks: table }, i) => {
    const r = radiusPx(window.height, config)
    radius = Math.max(radius, r)
    const edges = maskContours(table)
    const changes = labelBoundary({ width: window.width, height: window.height, data: semantics.windows[i].label })
    const near = dilate(changes, r).data
    for (let y = 0; y < window.height; y++) {
      for (let x = 0; x < window.width; x++) {
        const p = y * window.width + x
        if (edges[p] === 1 && near[p] === 1) kept[(window.y + y) * width + windowColumnToPanorama(window, x, width)] = 1
      }
    }
  })
  // grown by r / 2 from both sides, gaps of up to r close and the contours of overlapping windows join; then width 1 again
  return thin(dilate({ width, height, data: kept }, radius / 2, { cyclic }), { cyclic })
}

const LEAST_RADIUS = 2

function radiusPx(windowHeight: number, config: Pick<GoodsamConfig, 'boundaryRadiusFraction'>): number {
  return Math.max(LEAST_RADIUS, Math.round(config.boundaryRadiusFraction * windowHeight))
}

/**
 * B_SAM of one window: 1 on every mask's outermost pixels, those with a neighbour (above, below, left, right) outside the
 * mask. The window's own frame is no contour: the mask ends there because the picture does.
 */
export function maskContours(table: MaskTable): Uint8Array {
  const { width, height, boxes } = table
  const contours = new Uint8Array(width * height)
  const inside = new Uint8Array(width * height)
  for (let m = 0; m < table.count; m++) {
    paintMask(table, m, inside, 1)
    const [x0, y0, x1, y1] = boxes.subarray(4 * m, 4 * m + 4)
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const p = y * width + x
        if (inside[p] === 0) continue
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
