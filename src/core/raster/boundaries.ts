import type { Raster, RasterData } from './raster.ts'

/** `cyclic`: columns 0 and width - 1 are neighbours. Default false. */
export interface BoundaryOptions {
  readonly cyclic?: boolean
}

/**
 * 1 where a pixel's right or lower neighbour has another value, else 0: one pixel wide per border, on its upper or left side.
 */
export function labelBoundary(raster: Raster<RasterData>, { cyclic = false }: BoundaryOptions = {}): Raster {
  const { width, height, data } = raster
  const out = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = y * width
    const end = row + width
    for (let i = row; i + 1 < end; i++) if (data[i] !== data[i + 1]) out[i] = 1
    if (cyclic && data[end - 1] !== data[row]) out[end - 1] = 1
    if (y + 1 < height) {
      for (let i = row; i < end; i++) if (data[i] !== data[i + width]) out[i] = 1
    }
  }
  return { width, height, data: out }
}

/** 1 where a set (non-zero) pixel lies within `radius` pixels (Euclidean), else 0. Linear in pixels times radius. */
export function dilate(raster: Raster, radius: number, { cyclic = false }: BoundaryOptions = {}): Raster {
  const { width, height } = raster
  const reach = Math.floor(radius)
  const distances = rowDistances(raster, reach, cyclic)
  const out = new Uint8Array(width * height)
  for (let dy = -reach; dy <= reach; dy++) {
    // a set pixel dy rows away counts when it is at most this many columns away
    const halfWidth = Math.floor(Math.sqrt(radius * radius - dy * dy))
    const shift = dy * width
    const end = Math.min(height, height - dy) * width
    for (let i = Math.max(0, -dy) * width; i < end; i++) {
      if (distances[i + shift] <= halfWidth) out[i] = 1
    }
  }
  return { width, height, data: out }
}

/** Columns to the nearest set pixel of the same row, at most `reach + 1`. */
function rowDistances({ width, height, data }: Raster, reach: number, cyclic: boolean): Uint16Array {
  const far = reach + 1
  const distances = new Uint16Array(width * height)
  // around the seam, each sweep starts as far before the row as anything can reach
  const lead = cyclic ? Math.min(reach, width) : 0
  for (let y = 0; y < height; y++) {
    const row = y * width
    let distance = far
    for (let x = -lead; x < width; x++) {
      const i = row + (x < 0 ? x + width : x)
      distance = data[i] === 0 ? Math.min(far, distance + 1) : 0
      if (x >= 0) distances[i] = distance
    }
    distance = far
    for (let x = width - 1 + lead; x >= 0; x--) {
      const i = row + (x >= width ? x - width : x)
      distance = data[i] === 0 ? Math.min(far, distance + 1) : 0
      if (x < width && distance < distances[i]) distances[i] = distance
    }
  }
  return distances
}
