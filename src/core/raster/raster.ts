/** Row-major rasters. `data.length === width * height` (times 3 for RGB); y grows downwards. */
export type RasterData = Uint8Array | Uint16Array | Uint32Array | Float32Array

export interface Raster<D extends RasterData = Uint8Array> {
  readonly width: number
  readonly height: number
  readonly data: D
}

/** Interleaved 8-bit sRGB, `data.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Planar class scores or probabilities: `data[class * width * height + y * width + x]`. */
export interface ClassPlanes {
  readonly classes: number
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}
