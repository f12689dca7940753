import type { BoundaryOptions } from './boundaries.ts'
import type { Raster } from './raster.ts'

/**
 * Thins the set pixels to lines one pixel wide that are connected as before (8 neighbours): parallel thinning of Guo and
 * Hall (1989, algorithm A1). Values become 0 or 1. Only pixels at an edge are looked at, so time goes with the area set.
 */
export function thin(raster: Raster, { cyclic = false }: BoundaryOptions = {}): Raster {
  const { width, height } = raster
  // a rim of zeros spares the border checks; on a cyclic raster it mirrors the other side's columns
  const stride = width + 2
  const padded = new Uint8Array(stride * (height + 2))
  const steps = [-stride, -stride + 1, 1, stride + 1, stride, stride - 1, -1, -stride - 1]
  const write = (at: number, value: number): void => {
    padded[at] = value
    if (!cyclic) return
    const x = at % stride
    if (x === 1) padded[at + width] = value
    if (x === width) padded[at - width] = value
  }
  /** the pixel that a rim column mirrors */
  const inside = (at: number): number => {
    if (!cyclic) return at
    const x = at % stride
    if (x === 0) return at + width
    return x > width ? at - width : at
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (raster.data[y * width + x] !== 0) write((y + 1) * stride + x + 1, 1)
    }
  }

  // set pixels with a neighbour that is not: no other can go
  let edge: number[] = []
  const queued = new Uint8Array(padded.length)
  const queue = (at: number): void => {
    if (padded[at] === 0 || queued[at] === 1) return
    queued[at] = 1
    edge.push(at)
  }
  for (let y = 1; y <= height; y++) {
    for (let at = y * stride + 1; at <= y * stride + width; at++) {
      if (padded[at] === 1 && neighbourhood(padded, at, stride) !== SURROUNDED) queue(at)
    }
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const removable of REMOVABLE) {
      // all at once: none of the decisions sees another's effect
      const gone = edge.filter((at) => removable[neighbourhood(padded, at, stride)] === 1)
      if (gone.length === 0) continue
      changed = true
      for (const at of gone) write(at, 0)
      edge = edge.filter((at) => padded[at] === 1)
      for (const at of gone) for (const step of steps) queue(inside(at + step))
    }
  }
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) data.set(padded.subarray((y + 1) * stride + 1, (y + 1) * stride + 1 + width), y * width)
  return { width, height, data }
}

const SURROUNDED = 255

/** The eight neighbours as bits, clockwise from the one above. */
function neighbourhood(padded: Uint8Array, at: number, stride: number): number {
  const above = at - stride
  const below = at + stride
  return (
    padded[above] | (padded[above + 1] << 1) | (padded[at + 1] << 2) | (padded[below + 1] << 3)
    | (padded[below] << 4) | (padded[below - 1] << 5) | (padded[at - 1] << 6) | (padded[above - 1] << 7)
  )
}

/** By neighbourhood: whether the centre may go, in the first and in the second half of a pass. */
const REMOVABLE: readonly [Uint8Array, Uint8Array] = [removableTable(0), removableTable(1)]

function removableTable(half: 0 | 1): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, bits) => {
    const [n, ne, e, se, s, sw, w, nw] = Array.from({ length: 8 }, (__, k) => ((bits >> k) & 1) === 1)
    const crossings = count(!n && (ne || e), !e && (se || s), !s && (sw || w), !w && (nw || n))
    const pairs = Math.min(count(nw || n, ne || e, se || s, sw || w), count(n || ne, e || se, s || sw, w || nw))
    const kept = half === 0 ? (s || sw || !nw) && w : (n || ne || !se) && e
    return crossings === 1 && pairs >= 2 && pairs <= 3 && !kept ? 1 : 0
  })
}

function count(...values: boolean[]): number {
  return values.filter(Boolean).length
}
