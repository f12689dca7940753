/** Street images with the regions that a click in them may mean. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Random, seededRandom } from '../../src/core/networks/random.ts'
import { connectedComponents } from '../../src/core/raster/components.ts'
import { generateView } from '../../src/core/synth/generate.ts'
import type { SynthRequest, SyntheticImage } from '../../src/core/synth/types.ts'
import { DisjointSets } from './disjoint-sets.ts'
import type { RegionImage } from './region-image.ts'

/** A street image and what is needed to say what belongs together. Row by row from above left. */
export interface StreetRegions {
  readonly width: number
  readonly height: number
  /** columns 0 and width - 1 are neighbours */
  readonly cyclic: boolean
  /** 8-bit sRGB, interleaved */
  readonly rgb: Uint8Array
  /** what a pixel shows: a thing's number, or that of a class; from 1 */
  readonly kinds: Uint16Array
  /** pieces of that: houses that stand one behind the other */
  readonly pieces: Uint16Array
  /** distance of what a pixel shows, decimetres; the greatest number: so far or farther, as the sky is */
  readonly depths: Uint16Array
}

/** What a region of a street image is */
export const REGIONS = 'things, and surfaces that nothing but something thin divides'

/** Numbers of classes begin above those of things. */
const CLASSES = 0xff00
/** Cityscapes' building and wall: what stands in rows without a number of its own */
const SPLIT_BY_DEPTH: readonly number[] = [2, 3]
/** Between neighbouring pixels of one surface distances differ less: by a share of the nearer one, or by metres */
const [STEP, STEP_M] = [0.2, 0.5]
const FARTHEST = 0xffff
/** What hides less of a surface than this share of a window's side does not divide it: bars, poles, wires. 8 pixels of 256 */
const THIN = 1 / 32

/** The first street images of a seed, one after the other: mostly panoramas, some of them and some pinhole images of the teachers' world. */
export function streetRequest(seed: number, index: number): SynthRequest {
  const common = { seed, index, style: index % 4 === 3 ? 'source' : 'target' } as const
  return index % 5 === 4
    ? { ...common, view: 'pinhole', width: 512, height: 384, fovDeg: 90 + 10 * (index % 3) }
    : { ...common, view: 'panorama', width: 1024, height: 512, fovDeg: 180 }
}

/** Held-out panoramas: all of the look that panoramas are taken in. */
export function heldOutRequest(seed: number, index: number): SynthRequest {
  return { seed, index, style: 'target', view: 'panorama', width: 1024, height: 512, fovDeg: 180 }
}

/** Draws the image and finds its regions. */
export function drawStreetRegions(request: SynthRequest): StreetRegions {
  const image = generateView(request)
  const { width, height, rgb, trainIds, instanceIds } = image
  const kinds = Uint16Array.from(trainIds, (trainId, at) => (instanceIds[at] > 0 ? instanceIds[at] : CLASSES + trainId))
  const depths = Uint16Array.from(image.depthM, (depth) => Math.min(FARTHEST, Math.round(10 * depth)))
  return { width, height, cyclic: request.view === 'panorama', rgb, kinds, pieces: surfaces(image), depths }
}

/** Whether neighbours of these distances, metres, may belong to one surface. */
function continuous(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(STEP_M, STEP * Math.min(a, b))
}

/** Parts of buildings and walls that no step in the distance divides; 0 elsewhere. */
function surfaces({ width, height, trainIds, depthM }: SyntheticImage): Uint16Array {
  const sets = new DisjointSets(trainIds.length)
  const unite = (a: number, b: number): void => {
    if (trainIds[a] === trainIds[b] && continuous(depthM[a], depthM[b])) sets.unite(a, b)
  }
  const split = Uint8Array.from(trainIds, (trainId) => (SPLIT_BY_DEPTH.includes(trainId) ? 1 : 0))
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (split[at] === 0) continue
      if (x > 0) unite(at - 1, at)
      if (y > 0) unite(at - width, at)
    }
  }
  const numbers = new Map<number, number>()
  return Uint16Array.from(trainIds, (_, at) => {
    if (split[at] === 0) return 0
    const found = sets.find(at)
    const number = numbers.get(found) ?? (numbers.size % 0xffff) + 1
    numbers.set(found, number)
    return number
  })
}

/** Images by their number from `folder`; those that are not there are drawn and kept. */
export function streetRegionsCache(folder: string, request: (index: number) => SynthRequest): (index: number) => StreetRegions {
  mkdirSync(folder, { recursive: true })
  return (index) => {
    const { width, height, view } = request(index)
    const [pixels, path] = [width * height, join(folder, `${String(index).padStart(5, '0')}.regions`)]
    const bytes = readOrNull(path)
    if (bytes?.length === 9 * pixels) {
      const numbers = new Uint16Array(bytes.buffer.slice(bytes.byteOffset + 3 * pixels, bytes.byteOffset + 9 * pixels))
      const [kinds, pieces, depths] = [0, 1, 2].map((each) => numbers.subarray(each * pixels, (each + 1) * pixels))
      return { width, height, cyclic: view === 'panorama', rgb: bytes.subarray(0, 3 * pixels), kinds, pieces, depths }
    }
    const drawn = drawStreetRegions(request(index))
    const file = new Uint8Array(9 * pixels)
    file.set(drawn.rgb)
    for (const [each, { buffer }] of [drawn.kinds, drawn.pieces, drawn.depths].entries()) file.set(new Uint8Array(buffer), (3 + 2 * each) * pixels)
    const temporary = `${path}.${randomUUID()}.tmp`
    writeFileSync(temporary, file)
    renameSync(temporary, path)
    return drawn
  }
}

function readOrNull(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = readFileSync(path)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

export interface WindowPlace {
  /** of its left upper corner, pixels of the image */
  readonly x: number
  readonly y: number
  /** pixels of the image; it is brought to `side` */
  readonly size: number
  readonly side: number
}

/**
 * A square window: colours linear between pixels, regions of the nearest. Its levels: things as a whole and surfaces of
 * classes, as far as no more than something thin divides them; then connected pieces of things, and of houses.
 */
export function streetWindow({ width, height, cyclic, rgb, kinds, pieces, depths }: StreetRegions, { x: left, y: above, size, side }: WindowPlace): RegionImage {
  const [colours, kind, piece, depth] = [new Uint8Array(3 * side * side), new Uint32Array(side * side), new Uint16Array(side * side), new Uint16Array(side * side)]
  const column = (x: number) => (cyclic ? ((x % width) + width) % width : Math.min(width - 1, Math.max(0, x)))
  const columns = Array.from({ length: side }, (_, x) => {
    const u = left + ((x + 0.5) * size) / side - 0.5
    return { first: column(Math.floor(u)), second: column(Math.floor(u) + 1), right: u - Math.floor(u) }
  })
  for (let y = 0, to = 0; y < side; y++) {
    const v = Math.min(height - 1, Math.max(0, above + ((y + 0.5) * size) / side - 0.5))
    const row = Math.min(height - 2, Math.floor(v))
    const [upper, down] = [row * width, v - row]
    const lower = upper + width
    for (let x = 0; x < side; x++, to++) {
      const { first, second, right } = columns[x]
      for (let channel = 0; channel < 3; channel++) {
        const [near, far] = [3 * first + channel, 3 * second + channel]
        const top = rgb[3 * upper + near] * (1 - right) + rgb[3 * upper + far] * right
        const bottom = rgb[3 * lower + near] * (1 - right) + rgb[3 * lower + far] * right
        colours[3 * to + channel] = top * (1 - down) + bottom * down + 0.5
      }
      const nearest = (down < 0.5 ? upper : lower) + (right < 0.5 ? first : second)
      kind[to] = kinds[nearest]
      piece[to] = pieces[nearest]
      depth[to] = depths[nearest]
    }
  }
  return { side, rgb: colours, levels: levelsOf({ side, kind, piece, depth }) }
}

/** What the pixels of a window show; as in `StreetRegions` */
interface WindowPixels {
  readonly side: number
  readonly kind: Uint32Array
  readonly piece: Uint16Array
  readonly depth: Uint16Array
}

function levelsOf({ side, kind, piece, depth }: WindowPixels): RegionImage['levels'] {
  const connected = connectedComponents({ width: side, height: side, data: kind }).labels.data
  const surface = acrossThinThings(connected, { side, kind, depth })
  const split = connectedComponents({ width: side, height: side, data: connected.map((each, at) => each * 0x10000 + piece[at]) }).labels.data
  const [whole, parts] = [new Uint16Array(side * side), new Uint16Array(side * side)]
  for (let at = 0; at < whole.length; at++) {
    const isThing = kind[at] < CLASSES
    whole[at] = isThing ? kind[at] : CLASSES - 1 - (surface[at] % 0x7f00)
    // grass between the bars of a fence has no parts
    parts[at] = isThing || piece[at] > 0 ? split[at] : whole[at]
  }
  return [whole, parts]
}

/**
 * Connected pieces with those of one class as one between which nothing but something thin stands, nearer than they are:
 * along a row or a column. The least number of the pieces per pixel.
 */
function acrossThinThings(connected: Uint32Array, { side, kind, depth }: Omit<WindowPixels, 'piece'>): Uint32Array {
  const widest = Math.round(THIN * side)
  const sets = new DisjointSets(side * side + 1)
  /** from `at` to the next pixel of its class, among as many as `left` pixels, each `step` after the one before */
  const cross = (at: number, step: number, left: number): void => {
    let hiding = 0
    for (let each = 1; each <= left; each++) {
      const to = at + each * step
      if (kind[to] === kind[at]) {
        if (connected[to] !== connected[at] && hiding < Math.min(depth[at], depth[to]) && continuous(depth[at] / 10, depth[to] / 10)) sets.unite(connected[at], connected[to])
        return
      }
      hiding = Math.max(hiding, depth[to])
    }
  }
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at++) {
      if (kind[at] < CLASSES) continue
      cross(at, 1, Math.min(widest + 1, side - 1 - x))
      cross(at, side, Math.min(widest + 1, side - 1 - y))
    }
  }
  return connected.map((each) => sets.find(each))
}

/** The windows of a panorama that the method looks at: squares of a quarter turn, half of which overlap. */
export function slidingWindows(image: StreetRegions, side: number): readonly RegionImage[] {
  const size = image.width / 4
  return Array.from({ length: 8 }, (_, column) => Array.from({ length: 3 }, (__, row) => streetWindow(image, { x: (column * size) / 2, y: (row * size) / 2, size, side }))).flat()
}

/** Any window of the image, brought to `side`: mostly one of `window` pixels, as windows are in use, else somewhat more or less. */
export function randomWindow(image: StreetRegions, { side, window }: { readonly side: number; readonly window: number }, stream: string): RegionImage {
  const random: Random = seededRandom(stream)
  const size = Math.min(image.height, window * (random.uniform() < 0.5 ? 1 : 0.7 + 0.8 * random.uniform()))
  // nothing but road and sky is seen far above and below the horizon
  const middle = (image.height - size) * Math.min(1, Math.max(0, 0.5 + 0.28 * random.normal()))
  const x = random.uniform() * (image.cyclic ? image.width : image.width - size)
  return streetWindow(image, { x: Math.floor(x), y: Math.floor(middle), size, side })
}
