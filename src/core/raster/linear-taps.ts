/**
 * Bilinear resampling along one axis: sample i mixes cells `from[i]` and `to[i]`, the second with weight `fraction[i]`.
 * Parallel columns; one table serves all rows (or columns) of a raster.
 */
export interface LinearTaps {
  readonly from: Int32Array
  readonly to: Int32Array
  /** 0..1 */
  readonly fraction: Float32Array
}

/**
 * Taps at continuous positions (cell i spans i .. i + 1, its centre is i + 0.5) of an axis of `cells` cells. Beyond the
 * outermost centres the edge cell is repeated, or, where `cyclic`, the cell from the other end is mixed in.
 */
export function linearTapsAt(positions: ArrayLike<number>, cells: number, options: { readonly cyclic?: boolean } = {}): LinearTaps {
  const taps = { from: new Int32Array(positions.length), to: new Int32Array(positions.length), fraction: new Float32Array(positions.length) }
  for (let i = 0; i < positions.length; i++) {
    const place = positions[i] - 0.5
    const left = Math.floor(place)
    taps.fraction[i] = place - left
    taps.from[i] = cellAt(left, cells, options.cyclic ?? false)
    taps.to[i] = cellAt(left + 1, cells, options.cyclic ?? false)
  }
  return taps
}

/** Taps that stretch `cells` cells over `length` samples (half-pixel centres, as every image resize here). */
export function stretchTaps(length: number, cells: number, options: { readonly cyclic?: boolean } = {}): LinearTaps {
  return linearTapsAt(Float64Array.from({ length }, (_, i) => ((i + 0.5) * cells) / length), cells, options)
}

function cellAt(index: number, cells: number, cyclic: boolean): number {
  if (cyclic) return ((index % cells) + cells) % cells
  return Math.min(cells - 1, Math.max(0, index))
}
