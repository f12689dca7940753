import type { Raster, RasterData } from './raster.ts'

export interface ComponentOptions {
  /** 4: edges touch; 8: corners touch too (default) */
  readonly connectivity?: 4 | 8
  /** columns 0 and width - 1 are neighbours (full-turn panoramas); default false */
  readonly cyclic?: boolean
  /** pixels of this value belong to no component; default 0, null: every value counts */
  readonly background?: number | null
}

/** Connected regions of equal value. */
export interface Components {
  /** 1 + component per pixel, 0 for background; numbered by their first pixel in row-major order */
  readonly labels: Raster<Uint32Array>
  readonly count: number
  /** pixels, length count */
  readonly areas: Uint32Array
  /** a pixel of it (its first in row-major order), length count */
  readonly firstPixels: Uint32Array
}

/** Connected components of a label map or bitmap: two passes with union-find. Linear in the pixels. */
export function connectedComponents(raster: Raster<RasterData>, options: ComponentOptions = {}): Components {
  const { connectivity = 8, cyclic = false, background = 0 } = options
  const { width, height, data } = raster
  const provisional = new Uint32Array(width * height)
  // parent[k] <= k, so the root of a component is its earliest provisional label
  const parent: number[] = [0]
  const find = (label: number): number => {
    let root = label
    while (parent[root] !== root) root = parent[root]
    for (let at = label; at !== root; ) {
      const next = parent[at]
      parent[at] = root
      at = next
    }
    return root
  }
  const union = (a: number, b: number): number => {
    const rootA = find(a)
    const rootB = find(b)
    if (rootA < rootB) return (parent[rootB] = rootA)
    return (parent[rootA] = rootB)
  }
  const eight = connectivity === 8
  for (let y = 0; y < height; y++) {
    const row = y * width
    for (let x = 0; x < width; x++) {
      const i = row + x
      const value = data[i]
      if (value === background) continue
      let label = 0
      if (x > 0 && data[i - 1] === value) label = provisional[i - 1]
      if (y > 0) {
        const above = i - width
        if (data[above] === value) label = label === 0 || label === provisional[above] ? provisional[above] : union(label, provisional[above])
        if (eight) {
          if (x > 0 && data[above - 1] === value) label = label === 0 ? provisional[above - 1] : union(label, provisional[above - 1])
          if (x + 1 < width && data[above + 1] === value) label = label === 0 ? provisional[above + 1] : union(label, provisional[above + 1])
        }
      }
      if (label === 0) {
        label = parent.length
        parent.push(label)
      }
      provisional[i] = label
    }
  }
  if (cyclic) {
    for (let y = 0; y < height; y++) {
      const right = y * width + width - 1
      const value = data[right]
      if (value === background) continue
      for (let dy = eight ? -1 : 0; dy <= (eight ? 1 : 0); dy++) {
        if (y + dy < 0 || y + dy >= height) continue
        const left = (y + dy) * width
        if (data[left] === value) union(provisional[right], provisional[left])
      }
    }
  }
  return renumber({ width, height, data: provisional }, parent)
}

/** Second pass. A root is the least label of its component and a parent is less than its child, so one sweep resolves all. */
function renumber(labels: Raster<Uint32Array>, parent: readonly number[]): Components {
  const final = new Uint32Array(parent.length)
  let count = 0
  for (let label = 1; label < parent.length; label++) {
    final[label] = parent[label] === label ? ++count : final[parent[label]]
  }
  const areas = new Uint32Array(count)
  const firstPixels = new Uint32Array(count)
  const { data } = labels
  for (let i = 0; i < data.length; i++) {
    const component = final[data[i]]
    data[i] = component
    if (component === 0) continue
    if (areas[component - 1]++ === 0) firstPixels[component - 1] = i
  }
  return { labels, count, areas, firstPixels }
}
