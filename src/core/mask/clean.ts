/** Holes and islands of a mask, as segment-anything's `remove_small_regions`, on runs instead of pixels. */

export interface CleanedMask {
  /** row-wise runs: start, length, linear indices, split at row ends */
  readonly runs: number[]
  readonly changed: boolean
}

/**
 * Fills holes, then drops islands, of fewer than `minArea` pixels (regions of 8-connected pixels; a hole may touch the
 * border). Where every island is small the largest stays. `runs` must be split at row ends and in order.
 */
export function cleanMask(runs: number[], frame: { readonly width: number; readonly height: number }, minArea: number): CleanedMask {
  if (minArea <= 1) return { runs, changed: false }
  const filled = fillHoles(runs, frame, minArea)
  const whole = filled ?? runs
  const kept = dropIslands(whole, frame.width, minArea)
  return { runs: kept ?? whole, changed: filled !== null || kept !== null }
}

function fillHoles(runs: number[], frame: { width: number; height: number }, minArea: number): number[] | null {
  const holes = complement(runs, frame)
  const regions = connectRuns(holes, frame.width)
  if (!regions.areas.some((area) => area > 0 && area < minArea)) return null
  const stays: number[] = []
  for (let k = 0; k < regions.roots.length; k++) {
    if (regions.areas[regions.roots[k]] >= minArea) stays.push(holes[2 * k], holes[2 * k + 1])
  }
  return complement(stays, frame)
}

function dropIslands(runs: number[], width: number, minArea: number): number[] | null {
  const { roots, areas } = connectRuns(runs, width)
  if (!areas.some((area) => area > 0 && area < minArea)) return null
  const largest = areas.reduce((best, area, root) => (area > areas[best] ? root : best), 0)
  const stays = areas.map((area, root) => area >= minArea || root === largest)
  const kept: number[] = []
  for (let k = 0; k < roots.length; k++) {
    if (stays[roots[k]]) kept.push(runs[2 * k], runs[2 * k + 1])
  }
  return kept
}

/** Runs of the pixels that the given runs leave, split at row ends. */
export function complement(runs: ArrayLike<number>, { width, height }: { width: number; height: number }): number[] {
  const rest: number[] = []
  let k = 0
  for (let rowStart = 0; rowStart < width * height; rowStart += width) {
    let at = rowStart
    for (; k < runs.length && runs[k] < rowStart + width; k += 2) {
      if (runs[k] > at) rest.push(at, runs[k] - at)
      at = runs[k] + runs[k + 1]
    }
    if (at < rowStart + width) rest.push(at, rowStart + width - at)
  }
  return rest
}

/** Regions of 8-connected runs: the root run of each run, and the region's area at its root (0 elsewhere). */
function connectRuns(runs: number[], width: number): { roots: Uint32Array; areas: number[] } {
  const count = runs.length / 2
  const parent = new Uint32Array(count)
  for (let k = 0; k < count; k++) parent[k] = k
  const find = (k: number): number => {
    while (parent[k] !== k) k = parent[k] = parent[parent[k]]
    return k
  }
  // `above` walks the runs one row behind `k`: shifted down by one row, both lists are in order
  let above = 0
  for (let k = 0; k < count; k++) {
    const start = runs[2 * k]
    const end = start + runs[2 * k + 1]
    const row = Math.floor(start / width) * width
    while (above < k && runs[2 * above] + width < row) above++
    // runs of the row above that end left of this one, not even touching by a corner
    while (above < k && runs[2 * above] + runs[2 * above + 1] + width < start) above++
    for (let a = above; a < k && runs[2 * a] < row && runs[2 * a] + width <= end; a++) {
      const mine = find(k)
      const other = find(a)
      // the earlier run is the root, so that the result does not depend on the order of merging
      if (mine < other) parent[other] = mine
      else parent[mine] = other
    }
  }
  const areas = Array.from<number>({ length: count }).fill(0)
  const roots = new Uint32Array(count)
  for (let k = 0; k < count; k++) {
    roots[k] = find(k)
    areas[roots[k]] += runs[2 * k + 1]
  }
  return { roots, areas }
}
