import type { PanoramaWindow } from './types.ts'
import { hasView, pixelCentres, viewWeightRows, type RowSpans, type ViewWindow } from './view-weights.ts'
import { WHOLE_EDGE, wholeEdgeWeights } from './votes.ts'
import { edgeWeights } from './windows.ts'

/**
 * Where a window's whole edge weights (votes.ts) lie in the pool: the weight of pixel (x, y) is
 * `pool[x0 + stride * y + x] * pool[y0 + step * y]`.
 */
export interface EdgePlace {
  /** a rectangle has one weight per column and one per row; a view one per pixel, 0 where it sees nothing, and one 1 */
  readonly x0: number
  readonly stride: number
  readonly y0: number
  readonly step: 0 | 1
  /** null: all of every row is seen */
  readonly spans: RowSpans | null
}

/** The whole edge weights of a layout. One copy of what windows share: they stay in the cache. */
export interface EdgePool {
  place(window: PanoramaWindow): EdgePlace
  weights(): Int32Array
}

export function makeEdgePool(): EdgePool {
  const lines = new Map<number, number>()
  const views = new Map<string, EdgePlace>()
  const parts: Int32Array[] = []
  let length = 0

  function add(part: Int32Array): number {
    const start = length
    parts.push(part)
    length += part.length
    return start
  }

  function line(windowLength: number): number {
    const known = lines.get(windowLength)
    if (known !== undefined) return known
    const start = add(wholeEdgeWeights(edgeWeights(windowLength)))
    lines.set(windowLength, start)
    return start
  }

  function view(window: ViewWindow): EdgePlace {
    const key = JSON.stringify([window.width, window.height, window.view])
    const known = views.get(key)
    if (known !== undefined) return known
    const { weights, spans } = wholeViewWeights(window)
    const place: EdgePlace = { x0: add(weights), stride: window.width, y0: add(Int32Array.of(1)), step: 0, spans }
    views.set(key, place)
    return place
  }

  return {
    place: (window) =>
      hasView(window) ? view(window) : { x0: line(window.width), stride: 0, y0: line(window.height), step: 1, spans: null },
    weights() {
      const all = new Int32Array(length)
      let at = 0
      for (const part of parts) {
        all.set(part, at)
        at += part.length
      }
      return all
    },
  }
}

/** The whole edge weight of a window's pixel. */
export function edgeAt(pool: Int32Array, { x0, stride, y0, step }: EdgePlace, pixel: { readonly x: number; readonly y: number }): number {
  return pool[x0 + stride * pixel.y + pixel.x] * pool[y0 + step * pixel.y]
}

/** Whole weights of every pixel of a view's rectangle, and where each row's seen pixels begin and end. */
function wholeViewWeights({ view, width, height }: ViewWindow): { weights: Int32Array; spans: RowSpans } {
  const weights = new Int32Array(width * height)
  const spans = new Int32Array(2 * height)
  const rowOf = viewWeightRows(view, pixelCentres(width))
  for (let y = 0; y < height; y++) {
    const row = rowOf(y + 0.5)
    let first = width
    let last = -1
    for (let x = 0; x < width; x++) {
      if (row[x] === 0) continue
      weights[y * width + x] = Math.max(1, Math.round(WHOLE_EDGE * row[x]))
      if (first === width) first = x
      last = x
    }
    spans[2 * y] = Math.min(first, last + 1)
    spans[2 * y + 1] = last + 1
  }
  return { weights, spans }
}
