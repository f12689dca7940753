import type { BoundaryOptions } from './boundaries.ts'
import type { Raster } from './raster.ts'

/**
 * Thins the set pixels to lines one pixel wide that are connected as before (8 neighbours): parallel thinning of Guo and
 * Hall (1989, algorithm A1). Values become 0 or 1; time goes with the set pixels, not with the raster.
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
  let set: number[] = []
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (raster.data[y * width + x] === 0) continue
      const at = (y + 1) * stride + x + 1
      write(at, 1)
      set.push(at)
    }
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const removable of REMOVABLE) {
      const gone = set.filter((at) => removable[neighbourhood(padded, at, steps)] === 1)
      if (gone.length === 0) continue
      changed = true
      for (const at of gone) write(at, 0)
      set = set.filter((at) => padded[at] === 1)
    }
  }
  const data = new Uint8Array(width * height)
  for (const at of set) data[(Math.floor(at / stride) - 1) * width + (at % stride) - 1] = 1
  return { width, height, data }
}

/** The eight neighbours as bits, clockwise from the one above. */
function neighbourhood(padded: Uint8Array, at: number, steps: readonly number[]): number {
  let bits = 0
  for (let k = 0; k < 8; k++) bits |= padded[at + steps[k]] << k
  return bits
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
