import type { Raster } from '../raster/raster.ts'

export type PaletteColor = readonly [red: number, green: number, blue: number]

/** 8-bit indexed PNG: pixel values are indices into `palette` (at most 256; values without an entry throw RangeError). */
export function writeIndexedPng(raster: Raster, palette: readonly PaletteColor[]): Uint8Array {
  void [raster, palette]
  throw new Error('not yet')
}

/** 8-bit greyscale PNG. */
export function writeGreyPng(raster: Raster): Uint8Array {
  void raster
  throw new Error('not yet')
}

/**
 * A label map: the indices of an indexed PNG, the values of a greyscale one (1 to 8 bits; 16 bits where no value passes
 * 255). Throws Error where it is none of these.
 */
export function readLabelPng(bytes: Uint8Array): Raster {
  void bytes
  throw new Error('not yet')
}
