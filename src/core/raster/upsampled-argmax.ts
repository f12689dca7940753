import { argmaxRow, mixRows } from './argmax-row.ts'
import { linearTapsAt, stretchTaps } from './linear-taps.ts'
import type { ClassPlanes, Raster } from './raster.ts'

export interface UpsampledArgmaxOptions {
  readonly width: number
  readonly height: number
  /** pixels that the planes see beyond the left and the right edge of the result; default 0 */
  readonly margin?: number
  /** columns wrap: without a margin, the first and the last cell are neighbours */
  readonly cyclic?: boolean
}

/**
 * Class planes upsampled bilinearly (half-pixel centres) to `width` x `height` pixels, then the argmax of every pixel
 * (ties: the lowest class). The planes cover `margin` pixels more on the left and on the right: these are cut off.
 */
export function upsampledArgmax(planes: ClassPlanes, options: UpsampledArgmaxOptions): Raster {
  const { width, height, margin = 0, cyclic = false } = options
  const centres = Float64Array.from({ length: width }, (_, x) => ((x + 0.5 + margin) * planes.width) / (width + 2 * margin))
  const horizontal = linearTapsAt(centres, planes.width, { cyclic: cyclic && margin === 0 })
  const vertical = stretchTaps(height, planes.height)
  const label = new Uint8Array(width * height)
  const row = { classes: planes.classes, cells: planes.width, data: new Float32Array(planes.classes * planes.width) }
  for (let y = 0; y < height; y++) {
    mixRows(planes, { taps: vertical, y }, row)
    argmaxRow(row, horizontal, { label, confidence: null, at: y * width })
  }
  return { width, height, data: label }
}
