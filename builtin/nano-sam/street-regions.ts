/** Street images with the regions that a click in them may mean. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Random, seededRandom } from '../../src/core/networks/random.ts'
import { connectedComponents } from '../../src/core/raster/components.ts'
import { generateView } from '../../src/core/synth/generate.ts'
import type { SynthRequest, SyntheticImage } from '../../src/core/synth/types.ts'
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
}

/** Numbers of classes begin above those of things. */
const CLASSES = 0xff00
/** Cityscapes' building and wall: what stands in rows without a number of its own */
const SPLIT_BY_DEPTH: readonly number[] = [2, 3]
/** Between neighbouring pixels of one surface distances differ less: by a share of the nearer one, or by metres */
const [STEP, STEP_M] = [0.2, 0.5]

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
  return { width, height, cyclic: request.view === 'panorama', rgb, kinds, pieces: surfaces(image) }
}

/** Parts of buildings and walls that no step in the distance divides; 0 elsewhere. */
function surfaces({ width, height, trainIds, depthM }: SyntheticImage): Uint16Array {
  const parents = Int32Array.from(trainIds, (_, at) => at)
  const root = (at: number): number => {
    let found = at
    while (parents[found] !== found) found = parents[found] = parents[parents[found]]
    return found
  }
  const unite = (a: number, b: number): void => {
    if (trainIds[a] !== trainIds[b] || Math.abs(depthM[a] - depthM[b]) > Math.max(STEP_M, STEP * Math.min(depthM[a], depthM[b]))) return
    const [first, second] = [root(a), root(b)]
    if (first !== second) parents[Math.max(first, second)] = Math.min(first, second)
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
    const found = root(at)
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
    if (bytes?.length === 7 * pixels) {
      const numbers = new Uint16Array(bytes.buffer.slice(bytes.byteOffset + 3 * pixels, bytes.byteOffset + 7 * pixels))
      return { width, height, cyclic: view === 'panorama', rgb: bytes.subarray(0, 3 * pixels), kinds: numbers.subarray(0, pixels), pieces: numbers.subarray(pixels) }
    }
    const drawn = drawStreetRegions(request(index))
    const file = new Uint8Array(7 * pixels)
    file.set(drawn.rgb)
    file.set(new Uint8Array(drawn.kinds.buffer), 3 * pixels)
    file.set(new Uint8Array(drawn.pieces.buffer), 5 * pixels)
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
 * A square window: colours linear between pixels, regions of the nearest. Its levels: things as a whole and connected
 * pieces of classes; then connected pieces of things, and of houses.
 */
export function streetWindow({ width, height, cyclic, rgb, kinds, pieces }: StreetRegions, { x: left, y: above, size, side }: WindowPlace): RegionImage {
  const [colours, kind, piece] = [new Uint8Array(3 * side * side), new Uint32Array(side * side), new Uint16Array(side * side)]
  const column = (x: number) => (cyclic ? ((x % width) + width) % width : Math.min(width - 1, Math.max(0, x)))
  for (let y = 0, to = 0; y < side; y++) {
    const v = Math.min(height - 1, Math.max(0, above + ((y + 0.5) * size) / side - 0.5))
    const row = Math.min(height - 2, Math.floor(v))
    for (let x = 0; x < side; x++, to++) {
      const u = left + ((x + 0.5) * size) / side - 0.5
      const [first, second] = [column(Math.floor(u)), column(Math.floor(u) + 1)]
      const [right, down] = [u - Math.floor(u), v - row]
      for (let channel = 0; channel < 3; channel++) {
        const at = (place: number) => rgb[3 * place + channel]
        const upper = at(row * width + first) * (1 - right) + at(row * width + second) * right
        const lower = at((row + 1) * width + first) * (1 - right) + at((row + 1) * width + second) * right
        colours[3 * to + channel] = upper * (1 - down) + lower * down + 0.5
      }
      const nearest = (down < 0.5 ? row : row + 1) * width + (right < 0.5 ? first : second)
      kind[to] = kinds[nearest]
      piece[to] = pieces[nearest]
    }
  }
  const connected = connectedComponents({ width: side, height: side, data: kind }).labels.data
  const whole = Uint16Array.from(kind, (each, at) => (each < CLASSES ? each : CLASSES - 1 - (connected[at] % 0x7f00)))
  const parts = connectedComponents({ width: side, height: side, data: Uint32Array.from(connected, (each, at) => each * 0x10000 + piece[at]) }).labels.data
  return { side, rgb: colours, levels: [whole, Uint16Array.from(parts)] }
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
