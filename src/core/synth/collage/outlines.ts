/** Outlines of a collage's shapes: where a shape is, as a function of the pixel. */
import type { Random } from '../../networks/random.ts'
import { valueNoise } from './noise.ts'

export interface Outline {
  /** centre, pixels */
  readonly x: number
  readonly y: number
  /** nothing of the shape lies farther from its centre, in either direction, pixels */
  readonly reach: number
  readonly contains: (x: number, y: number) => boolean
}

export interface Place {
  readonly x: number
  readonly y: number
  /** half of the shape's longer side, about, pixels */
  readonly size: number
}

type Maker = (random: Random, place: Place) => Outline

/** An outline of any kind. `kinds`: of which, by their names. */
export function drawOutline(random: Random, place: Place, kinds: readonly Kind[] = COMMON): Outline {
  return OUTLINES[pick(random, kinds)](random, place)
}

export type Kind = 'ellipse' | 'disc' | 'box' | 'upright' | 'polygon' | 'star' | 'blob' | 'leafy' | 'bar' | 'pole' | 'ring' | 'crescent' | 'stroke' | 'figure'

const OUTLINES: Readonly<Record<Kind, Maker>> = { ellipse, disc, box, upright, polygon, star, blob, leafy, bar, pole, ring, crescent, stroke, figure }

/** As often as they are listed. */
const COMMON: readonly Kind[] = [
  'ellipse', 'disc', 'box', 'box', 'upright', 'upright', 'upright', 'polygon', 'polygon', 'star', 'blob', 'blob', 'leafy', 'leafy',
  'bar', 'pole', 'pole', 'ring', 'crescent', 'stroke', 'figure', 'figure',
]

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random.uniform() * items.length)]
}

export function between(random: Random, [from, to]: readonly [number, number]): number {
  return from + (to - from) * random.uniform()
}

/** Uniform in its logarithm. */
export function scaleBetween(random: Random, [from, to]: readonly [number, number]): number {
  return from * (to / from) ** random.uniform()
}

function ellipse(random: Random, place: Place): Outline {
  const aspect = scaleBetween(random, [0.3, 1])
  return turned(random, place, (u, v) => u * u + (v * v) / (aspect * aspect) < 1)
}

function disc(_random: Random, { x, y, size }: Place): Outline {
  return { x, y, reach: size, contains: (px, py) => (px - x) ** 2 + (py - y) ** 2 < size * size }
}

/** A rectangle with round corners, turned by any angle. */
function box(random: Random, place: Place): Outline {
  return turned(random, place, roundedBox(random, scaleBetween(random, [0.25, 1])))
}

/** A rectangle that stands upright, as most of what people build. */
function upright(random: Random, { x, y, size }: Place): Outline {
  const inside = roundedBox(random, scaleBetween(random, [0.25, 1]))
  const lying = random.uniform() < 0.5
  return { x, y, reach: size, contains: (px, py) => (lying ? inside((px - x) / size, (py - y) / size) : inside((py - y) / size, (px - x) / size)) }
}

function roundedBox(random: Random, half: number): (u: number, v: number) => boolean {
  const radius = half * (random.uniform() < 0.5 ? 0 : random.uniform())
  return (u, v) => {
    const [du, dv] = [Math.abs(u) - 1 + radius, Math.abs(v) - half + radius]
    return du < 0 || dv < 0 ? du < radius && dv < radius : du * du + dv * dv < radius * radius
  }
}

/** A polygon around the centre. */
function polygon(random: Random, place: Place): Outline {
  return corners(random, place, [0.65, 1])
}

function star(random: Random, place: Place): Outline {
  return corners(random, place, [0.3, 1])
}

function corners(random: Random, place: Place, range: readonly [number, number]): Outline {
  const count = 3 + Math.floor(random.uniform() * 7)
  const squeeze = scaleBetween(random, [0.4, 1])
  const points = Array.from({ length: count }, (_, at) => {
    const [angle, radius] = [(2 * Math.PI * (at + between(random, [-0.35, 0.35]))) / count, between(random, range)]
    return { u: radius * Math.cos(angle), v: radius * squeeze * Math.sin(angle) }
  })
  return turned(random, place, (u, v) => evenOdd(points, u, v))
}

function evenOdd(points: readonly { readonly u: number; readonly v: number }[], u: number, v: number): boolean {
  let inside = false
  let before = points[points.length - 1]
  for (const point of points) {
    if (point.v > v !== before.v > v && u < ((before.u - point.u) * (v - point.v)) / (before.v - point.v) + point.u) inside = !inside
    before = point
  }
  return inside
}

/** A closed curve whose radius is a sum of waves. */
function blob(random: Random, place: Place): Outline {
  const radius = waves(random, 2 + Math.floor(random.uniform() * 4))
  const squeeze = scaleBetween(random, [0.45, 1])
  return turned(random, place, (u, v) => u * u + (v * v) / (squeeze * squeeze) < radius(Math.atan2(v, u)) ** 2)
}

/** 0.4 .. 1 */
function waves(random: Random, count: number): (angle: number) => number {
  const parts = Array.from({ length: count }, (_, at) => ({ frequency: at + 1, amplitude: random.uniform() / (at + 1), phase: 2 * Math.PI * random.uniform() }))
  const largest = Math.max(0.5, parts.reduce((sum, { amplitude }) => sum + amplitude, 0))
  return (angle) => 0.7 + (0.3 * parts.reduce((sum, { frequency, amplitude, phase }) => sum + amplitude * Math.cos(frequency * angle + phase), 0)) / largest
}

/** A blob whose border is ragged, as a tree's or a bush's. */
function leafy(random: Random, { x, y, size }: Place): Outline {
  const radius = waves(random, 4)
  const [grain, depth, seed] = [Math.max(1.5, size * between(random, [0.06, 0.25])), between(random, [0.1, 0.35]), Math.floor(random.uniform() * 2 ** 31)]
  const squeeze = scaleBetween(random, [0.6, 1])
  return {
    x, y, reach: size,
    contains(px, py) {
      const [u, v] = [(px - x) / size, (py - y) / size / squeeze]
      const distance = Math.hypot(u, v)
      if (distance > 1) return false
      return distance < radius(Math.atan2(v, u)) - depth * valueNoise(px / grain, py / grain, seed)
    },
  }
}

/** Long, thin, at any angle; straight. */
function bar(random: Random, place: Place): Outline {
  const half = Math.max(0.8 / place.size, scaleBetween(random, [0.02, 0.15]))
  return turned(random, place, (u, v) => Math.abs(u) < 1 && Math.abs(v) < half)
}

/** Long, thin, nearly upright. */
function pole(random: Random, { x, y, size }: Place): Outline {
  const [half, lean] = [Math.max(0.9, size * scaleBetween(random, [0.015, 0.1])), between(random, [-0.04, 0.04])]
  return { x, y, reach: size, contains: (px, py) => Math.abs(py - y) < size && Math.abs(px - x - lean * (py - y)) < half }
}

function ring(random: Random, { x, y, size }: Place): Outline {
  const hole = size * between(random, [0.5, 0.85])
  return {
    x, y, reach: size,
    contains(px, py) {
      const square = (px - x) ** 2 + (py - y) ** 2
      return square < size * size && square > hole * hole
    },
  }
}

/** A disc out of which another one has bitten. */
function crescent(random: Random, place: Place): Outline {
  const [shift, bite] = [between(random, [0.4, 1.1]), between(random, [0.6, 1.1])]
  return turned(random, place, (u, v) => u * u + v * v < 1 && (u - shift) ** 2 + v * v > bite * bite)
}

/** A bent band: the points near a piece of a parabola. */
function stroke(random: Random, place: Place): Outline {
  const [bend, half] = [between(random, [-0.7, 0.7]), Math.max(0.9 / place.size, scaleBetween(random, [0.05, 0.25]))]
  return turned(random, place, (u, v) => Math.abs(u) < 1 && Math.abs(v - bend * (u * u - 0.4)) < half * Math.sqrt(1 + (2 * bend * u) ** 2) && Math.abs(v) < 1)
}

/** Someone who stands: a head, a trunk, legs. */
function figure(random: Random, { x, y, size }: Place): Outline {
  const [shoulders, stance, head] = [between(random, [0.22, 0.34]), between(random, [0.05, 0.25]), between(random, [0.11, 0.15])]
  return {
    x, y, reach: size,
    contains(px, py) {
      const [u, v] = [(px - x) / size, (py - y) / size]
      if (v < -0.7) return u * u + (v + 0.85) ** 2 < head * head
      if (v < 0.15) return Math.abs(u) < shoulders * (v < -0.6 ? 0.6 : 1 - 0.25 * (v + 0.6))
      if (v > 1) return false
      const foot = ((v - 0.15) / 0.85) * stance
      return Math.min(Math.abs(u - foot), Math.abs(u + foot)) < 0.13
    },
  }
}

/** In coordinates of the shape's own size and angle. */
function turned(random: Random, { x, y, size }: Place, inside: (u: number, v: number) => boolean): Outline {
  const angle = 2 * Math.PI * random.uniform()
  const [cos, sin] = [Math.cos(angle) / size, Math.sin(angle) / size]
  return { x, y, reach: size * Math.SQRT2, contains: (px, py) => inside((px - x) * cos + (py - y) * sin, (py - y) * cos - (px - x) * sin) }
}
