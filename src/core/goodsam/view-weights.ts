import { isInPicture, pictureRows, type TangentView } from '../geometry/tangent-view.ts'
import type { PanoramaWindow } from './types.ts'
import { edgeWeightAt } from './windows.ts'

/** A gnomonic window: the rectangle of `view`. */
export type ViewWindow = PanoramaWindow & { readonly view: TangentView }

/** What S_i says where a gnomonic window sees nothing. */
export const UNSEEN = 255

export function hasView(window: PanoramaWindow): window is ViewWindow {
  return window.view !== undefined
}

/** Centres of the pixels of a line. */
export function pixelCentres(pixels: number): Float64Array {
  return Float64Array.from({ length: pixels }, (_, i) => i + 0.5)
}

/** What the networks see of a window: its picture, or the panorama's own pixels. */
export function pictureSize(window: PanoramaWindow): { readonly width: number; readonly height: number } {
  const { width, height } = window.view ?? window
  return { width, height }
}

/**
 * How much positions of the rectangle count by their distance to the picture's edges, 0 outside it: for positions `columns`
 * of any row, continuous. The array is written again by the next row.
 */
export function viewWeightRows(view: TangentView, columns: ArrayLike<number>): (y: number) => Float64Array {
  const rowOf = pictureRows(view, columns)
  const weights = new Float64Array(columns.length)
  return (y) => {
    const { u, v } = rowOf(y)
    for (let i = 0; i < weights.length; i++) {
      weights[i] = isInPicture(view, u[i], v[i]) ? edgeWeightAt(u[i], view.width) * edgeWeightAt(v[i], view.height) : 0
    }
    return weights
  }
}

/** 1 where the view sees the pixel of the rectangle, else 0. */
export function seenPixels({ view, width, height }: ViewWindow): Uint8Array {
  const seen = new Uint8Array(width * height)
  const rowOf = pictureRows(view, pixelCentres(width))
  for (let y = 0; y < height; y++) {
    const { u, v } = rowOf(y + 0.5)
    for (let x = 0; x < width; x++) if (isInPicture(view, u[x], v[x])) seen[y * width + x] = 1
  }
  return seen
}

/** Columns of the rectangle that a row of it shows something in: from (inclusive) and to (exclusive), a pair per row. */
export type RowSpans = Int32Array
