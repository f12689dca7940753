import type { Raster, RasterData, RgbImage } from './raster.ts'

/** Half-open pixel rectangle. Columns are taken modulo the raster's width, so `x` may be any integer; rows may not leave it. */
export interface PixelRect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * The part of a cyclic image under `rect`, which may pass the +-180 degree seam (METHOD section 1).
 * A rectangle wider than the image repeats it. Throws RangeError where rows leave the image.
 */
export function cropAcrossSeam(image: RgbImage, rect: PixelRect): RgbImage {
  const data = new Uint8Array(rect.width * rect.height * 3)
  copySpans(image, rect, (from, to, length) => {
    data.set(image.data.subarray(from * 3, (from + length) * 3), to * 3)
  })
  return { width: rect.width, height: rect.height, data }
}

/** As `cropAcrossSeam`, for one-channel rasters of any element type. */
export function cropRasterAcrossSeam<D extends RasterData>(raster: Raster<D>, rect: PixelRect): Raster<D> {
  const data = emptyLike(raster.data, rect.width * rect.height)
  copySpans(raster, rect, (from, to, length) => {
    data.set(raster.data.subarray(from, from + length), to)
  })
  return { width: rect.width, height: rect.height, data }
}

/** The inverse: writes `patch` into `target` (in place) with its top left corner at (x, y), columns modulo the target's width. */
export function pasteAcrossSeam<D extends RasterData>(target: Raster<D>, patch: Raster<D>, at: { x: number; y: number }): void {
  const rect = { x: at.x, y: at.y, width: patch.width, height: patch.height }
  copySpans(target, rect, (to, from, length) => {
    target.data.set(patch.data.subarray(from, from + length), to)
  })
}

/** A zeroed array of the same element type. */
export function emptyLike<D extends RasterData>(data: D, length: number): D {
  const Type = data.constructor as new (length: number) => D
  return new Type(length)
}

/** Calls `copy(pixel in the big raster, pixel in the rectangle, pixels)` once per span that is contiguous in both. */
function copySpans(
  big: { readonly width: number; readonly height: number },
  rect: PixelRect,
  copy: (inBig: number, inRect: number, length: number) => void,
): void {
  const { x, y, width, height } = rect
  if (![x, y, width, height].every(Number.isInteger) || width < 1 || height < 1) {
    throw new RangeError(`A crop needs whole pixels and a positive size, not ${width}x${height} at (${x}, ${y}).`)
  }
  if (y < 0 || y + height > big.height) {
    throw new RangeError(`Rows ${y}..${y + height} leave an image of ${big.height} rows.`)
  }
  const first = ((x % big.width) + big.width) % big.width
  for (let row = 0; row < height; row++) {
    let column = first
    for (let done = 0; done < width; ) {
      const length = Math.min(width - done, big.width - column)
      copy((y + row) * big.width + column, row * width + done, length)
      done += length
      column = 0
    }
  }
}
