/**
 * Images that are made of overlapping shapes, with exact masks: dead leaves (Lee, Mumford, Huang, IJCV 2001) whose leaves
 * are things with parts and parts of parts. They teach what a region and an edge are, and nothing of what things are called.
 */
import { type Random, seededRandom } from '../../networks/random.ts'
import { finishPhoto } from './photo.ts'
import { between, drawOutline, type Kind, type Outline, pick, scaleBetween } from './outlines.ts'
import { type Color, drawColor, drawPalette, drawSurface, type Surface } from './surfaces.ts'

/** Whole things, parts, parts of parts. */
export const LEVELS = 3

export interface CollageRequest {
  readonly seed: number
  /** number of the image */
  readonly index: number
  /** side of the square image, pixels */
  readonly size: number
}

/** Row by row from above left. */
export interface Collage {
  readonly size: number
  /** 8-bit sRGB, three numbers per pixel */
  readonly rgb: Uint8Array<ArrayBuffer>
  /**
   * Which region a pixel belongs to, by level: whole things, then with their parts apart (what is left of the thing is one
   * too), then with the parts' parts apart. Numbers from 1; regions need not be connected, where something covers their middle.
   */
  readonly levels: readonly Uint16Array<ArrayBuffer>[]
}

/** Draws the image that the request names: the same request gives the same pixels. */
export function drawCollage({ seed, index, size }: CollageRequest): Collage {
  const random = seededRandom(`${seed}:collage:${index}`)
  const canvas: Canvas = {
    random, size, palette: drawPalette(random), rgb: new Float32Array(3 * size * size), nodes: new Uint16Array(size * size),
    parents: [], color: new Float32Array(3),
  }
  drawGround(canvas)
  const count = Math.round(scaleBetween(random, [6, 70]))
  // many small things, few large ones: how many are larger than a size falls with a power of it, as in natural images
  for (let thing = 0; thing < count; thing++) drawThing(canvas, Math.min(0.5 * size, 0.03 * size * (1 - random.uniform()) ** -0.8))
  return { size, rgb: finishPhoto(random, canvas), levels: Array.from({ length: LEVELS }, (_, level) => atLevel(canvas, level)) }
}

interface Canvas {
  readonly random: Random
  readonly size: number
  readonly palette: readonly Color[]
  /** sRGB, not yet clamped */
  readonly rgb: Float32Array
  /** what is seen at each pixel */
  readonly nodes: Uint16Array
  /** of each node: the node that it is a part of; itself where it is a thing */
  readonly parents: number[]
  /** of one pixel, to be read at once */
  readonly color: Float32Array
}

function newNode({ parents }: Canvas, parent: number | undefined): number {
  parents.push(parent ?? parents.length)
  return parents.length - 1
}

/** One to four grounds: all over, or one above the other with an uneven border, as sky, houses and road. */
function drawGround(canvas: Canvas): void {
  const { random, size } = canvas
  const everywhere: Outline = { x: size / 2, y: size / 2, reach: size, contains: () => true }
  paint(canvas, { outline: everywhere, surface: surfaceOf(canvas, size), node: newNode(canvas, undefined) })
  const borders = random.uniform() < 0.3 ? 0 : 1 + Math.floor(random.uniform() * 3)
  let above = 0
  for (let border = 0; border < borders; border++) {
    const [slope, wave, step] = [between(random, [-0.3, 0.3]), between(random, [0, 0.06]) * size, scaleBetween(random, [size / 12, size])]
    const [phase, jumps] = [random.uniform() * 7, random.uniform() < 0.4]
    above += (size - above) * between(random, [0.2, 0.6])
    const from = above
    const edge = (x: number) => from + slope * (x - size / 2) + wave * (jumps ? Math.sign(Math.sin(x / step + phase)) : Math.sin((2 * Math.PI * x) / step + phase))
    paint(canvas, { outline: { ...everywhere, contains: (x, y) => y > edge(x) }, surface: surfaceOf(canvas, size), node: newNode(canvas, undefined) })
  }
}

function surfaceOf({ random, palette }: Canvas, size: number): Surface {
  return drawSurface(random, { color: drawColor(random, palette), size })
}

function drawThing(canvas: Canvas, reach: number): void {
  const { random, size } = canvas
  const place = { x: random.uniform() * size, y: random.uniform() * size, size: reach }
  const kind = random.uniform()
  if (kind < 0.1) return drawRow(canvas, place)
  if (kind < 0.18) return drawTree(canvas, place)
  const outline = drawOutline(random, place)
  const node = newNode(canvas, undefined)
  if (random.uniform() < 0.35) castShadow(canvas, outline)
  paint(canvas, { outline, surface: surfaceOf(canvas, reach), node })
  if (reach > 0.04 * size && random.uniform() < 0.5) drawParts(canvas, { outline, node, reach, depth: 1 })
}

interface Whole {
  readonly outline: Outline
  readonly node: number
  /** half of its size, pixels */
  readonly reach: number
  /** of the parts */
  readonly depth: number
}

/** Parts upon a thing, within its outline: a few of any kind, or a grid of like ones. */
function drawParts(canvas: Canvas, whole: Whole): void {
  const { random } = canvas
  if (random.uniform() < 0.3) return drawGrid(canvas, whole)
  const count = 1 + Math.floor(random.uniform() * 4)
  for (let part = 0; part < count; part++) {
    const reach = whole.reach * between(random, [0.2, 0.6])
    const place = { x: whole.outline.x + whole.reach * between(random, [-0.8, 0.8]), y: whole.outline.y + whole.reach * between(random, [-0.8, 0.8]), size: reach }
    const outline = within(drawOutline(random, place), whole.outline)
    const node = newNode(canvas, whole.node)
    paint(canvas, { outline, surface: surfaceOf(canvas, reach), node })
    if (whole.depth + 1 < LEVELS && reach > 8 && random.uniform() < 0.4) drawParts(canvas, { outline, node, reach, depth: whole.depth + 1 })
  }
}

/** Like parts in rows and columns, as a house has windows. */
function drawGrid(canvas: Canvas, { outline, node, reach }: Whole): void {
  const { random } = canvas
  const [period, ratio] = [reach * between(random, [0.25, 0.7]), between(random, [0.6, 1.6])]
  const kind = pick<Kind>(random, ['upright', 'upright', 'disc', 'ellipse', 'polygon'])
  const surface = surfaceOf(canvas, period)
  const [columns, rows] = [Math.floor(reach / period), Math.floor(reach / (period * ratio))]
  const size = period * Math.min(1, ratio) * between(random, [0.25, 0.42])
  const sample = drawOutline(random, { x: 0, y: 0, size }, [kind])
  for (let row = -rows; row <= rows; row++) {
    for (let column = -columns; column <= columns; column++) {
      const [x, y] = [outline.x + column * period, outline.y + row * period * ratio]
      const part: Outline = { x, y, reach: sample.reach, contains: (px, py) => sample.contains(px - x, py - y) && outline.contains(px, py) }
      paint(canvas, { outline: part, surface, node: newNode(canvas, node) })
    }
  }
}

/** A thing of many bars, as a fence: what is seen between them is not of it. */
function drawRow(canvas: Canvas, { x, y, size }: { readonly x: number; readonly y: number; readonly size: number }): void {
  const { random } = canvas
  const [period, share, low] = [Math.max(4, size * between(random, [0.1, 0.4])), between(random, [0.2, 0.7]), between(random, [0.3, 1])]
  const [upright, rails] = [random.uniform() < 0.8, random.uniform() < 0.6]
  const [left, above] = [x - size, y - size]
  const rail = Math.max(1, 0.1 * size)
  const outline: Outline = {
    x, y, reach: size,
    contains(px, py) {
      const [u, v] = upright ? [px - left, py - y] : [py - above, px - x]
      if (u < 0 || u > 2 * size || Math.abs(v) > low * size) return false
      return u % period < share * period || (rails && (v + low * size) % (0.8 * size) < rail)
    },
  }
  paint(canvas, { outline, surface: surfaceOf(canvas, size), node: newNode(canvas, undefined) })
}

/** A stem and a crown: one thing, two parts. */
function drawTree(canvas: Canvas, { x, y, size }: { readonly x: number; readonly y: number; readonly size: number }): void {
  const { random } = canvas
  const thing = newNode(canvas, undefined)
  const [long, crown] = [size * between(random, [0.6, 1.3]), size * between(random, [0.4, 0.8])]
  const stem = drawOutline(random, { x, y, size: long }, ['pole'])
  paint(canvas, { outline: stem, surface: surfaceOf(canvas, size), node: newNode(canvas, thing) })
  const head = drawOutline(random, { x, y: y - long, size: crown }, ['leafy', 'leafy', 'blob', 'upright', 'disc'])
  paint(canvas, { outline: head, surface: surfaceOf(canvas, crown), node: newNode(canvas, thing) })
}

function within(part: Outline, whole: Outline): Outline {
  return { ...part, contains: (x, y) => part.contains(x, y) && whole.contains(x, y) }
}

/** Darkens what lies beside a shape that is drawn next: a shadow is no region. */
function castShadow(canvas: Canvas, outline: Outline): void {
  const { random, rgb, size } = canvas
  const [dx, dy, factor] = [between(random, [-0.4, 0.4]) * outline.reach, between(random, [0, 0.4]) * outline.reach, between(random, [0.4, 0.85])]
  forPixels(size, { ...outline, x: outline.x + dx, y: outline.y + dy }, (x, y, at) => {
    if (outline.contains(x - dx, y - dy)) for (let channel = 0; channel < 3; channel++) rgb[3 * at + channel] *= factor
  })
}

function paint(canvas: Canvas, { outline, surface, node }: { readonly outline: Outline; readonly surface: Surface; readonly node: number }): void {
  const { rgb, nodes, color, size } = canvas
  forPixels(size, outline, (x, y, at) => {
    if (!outline.contains(x, y)) return
    surface(x, y, color)
    for (let channel = 0; channel < 3; channel++) rgb[3 * at + channel] = color[channel]
    nodes[at] = node
  })
}

function forPixels(size: number, { x, y, reach }: Outline, visit: (x: number, y: number, at: number) => void): void {
  const [left, right] = [Math.max(0, Math.floor(x - reach)), Math.min(size - 1, Math.ceil(x + reach))]
  const [above, below] = [Math.max(0, Math.floor(y - reach)), Math.min(size - 1, Math.ceil(y + reach))]
  for (let row = above; row <= below; row++) {
    for (let column = left; column <= right; column++) visit(column, row, row * size + column)
  }
}

/** What each pixel belongs to where only parts down to `level` count, from 1. */
function atLevel({ nodes, parents }: Canvas, level: number): Uint16Array<ArrayBuffer> {
  const shown = new Uint16Array(parents.length)
  for (let node = 0; node < shown.length; node++) shown[node] = 1 + ancestor(parents, node, level)
  const result = new Uint16Array(nodes.length)
  for (let at = 0; at < result.length; at++) result[at] = shown[nodes[at]]
  return result
}

/** The node's ancestor at the depth `level`, or itself where it is not that deep. */
function ancestor(parents: readonly number[], node: number, level: number): number {
  const chain = [node]
  while (parents[chain[0]] !== chain[0]) chain.unshift(parents[chain[0]])
  return chain[Math.min(level, chain.length - 1)]
}
