import { clamp } from './panorama-grid.ts'

/**
 * How a panorama larger than the device's texture limit lies in the layers of one texture array: a grid of equal tiles,
 * row by row. There are no gutters: the shader finds every texel by its place in the whole panorama (panorama.frag.ts),
 * so a tile's edge and the seam are like any other place.
 */
export interface TileLayout {
  /** the panorama */
  readonly width: number
  readonly height: number
  readonly columns: number
  readonly rows: number
  /** size of a layer; the last column and row of tiles may reach beyond the panorama */
  readonly tileWidth: number
  readonly tileHeight: number
  /** mip levels, 1: the full size only */
  readonly levels: number
}

export interface TileRect {
  readonly layer: number
  /** part of the panorama in this layer, from the layer's first texel on */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Levels of the image's mip chain that the flat view can need: down to a panorama about 256 px wide. */
export function imageLevels(width: number): number {
  return clamp(Math.ceil(Math.log2(width / 256)), 0, 7) + 1
}

/**
 * @param maxSize the largest side of a texture
 * @param levels mip levels. A tile's side is a multiple of 2^(levels - 1), so that a texel of any level covers the same
 *   panorama pixels as it would without tiles.
 */
export function layoutTiles(width: number, height: number, options: { maxSize: number; levels: number }): TileLayout {
  const levels = clamp(options.levels, 1, Math.floor(Math.log2(options.maxSize)) + 1)
  const step = 2 ** (levels - 1)
  const largest = Math.floor(options.maxSize / step) * step
  const columns = Math.ceil(width / largest)
  const rows = Math.ceil(height / largest)
  const side = (extent: number, count: number): number => Math.ceil(Math.ceil(extent / count) / step) * step
  return {
    width, height, columns, rows, tileWidth: side(width, columns), tileHeight: side(height, rows), levels,
  }
}

/** The tiles in layer order. Every panorama pixel lies in exactly one. */
export function tileRects(layout: TileLayout): TileRect[] {
  const rects: TileRect[] = []
  for (let row = 0; row < layout.rows; row++) {
    for (let column = 0; column < layout.columns; column++) {
      const x = column * layout.tileWidth
      const y = row * layout.tileHeight
      rects.push({
        layer: rects.length, x, y,
        width: Math.max(Math.min(layout.tileWidth, layout.width - x), 0),
        height: Math.max(Math.min(layout.tileHeight, layout.height - y), 0),
      })
    }
  }
  return rects
}
