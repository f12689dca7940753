/** What stands on posts: lamps, traffic lights, signs, tram masts, bollards. Frame: foot of the post, z towards the traffic that it is for, that is, where its face looks. */
import type { Material, Style, Vector } from '../types.ts'
import { POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN } from './classes.ts'
import { type Random, chance, pick, whole } from './draw.ts'
import { BLACK, STEEL, colorFrom, glowing, linear, paletteOf, plain } from './palette.ts'
import type { Brush, Place, SceneWriter } from './writer.ts'

export interface Street {
  readonly writer: SceneWriter
  readonly style: Style
  readonly lampsOn: boolean
}

export function drawPostPaint(random: Random, style: Style): Material {
  return plain(colorFrom(random, paletteOf(style).poles, 0.12), 0.2)
}

/** A street lamp whose arm reaches along the frame's x (towards +x). */
export function addLampPost(random: Random, { writer, lampsOn }: Street, { paint, height, arm, ...place }: Place & { paint: Material; height: number; arm: number }): void {
  const post = writer.thing(POLE, place)
  post.tube(paint, { from: [0, 0, 0], to: [0, 1.1, 0], radius: 0.12 })
  post.tube(paint, { from: [0, 1, 0], to: [0, height, 0], radius: 0.085, radiusTo: 0.06 })
  const glow = glowing(linear('#fff0d0'), lampsOn ? 5 : 0.1)
  if (arm > 0) {
    post.tube(paint, { from: [0, height - 0.1, 0], to: [arm, height + 0.25, 0], radius: 0.05 })
    post.box(paint, [arm + 0.2, height + 0.27, 0], [0.36, 0.06, 0.13])
    post.box(glow, [arm + 0.22, height + 0.2, 0], [0.26, 0.03, 0.1])
  } else {
    post.ball(glow, [0, height + 0.2, 0], [0.2, 0.24, 0.2])
    post.tube(paint, { from: [0, height + 0.38, 0], to: [0, height + 0.5, 0], radius: 0.24, radiusTo: 0.05 })
  }
  if (chance(random, 0.2)) post.box(paint, [0.1, 1.6, 0], [0.05, 0.25, 0.14])
}

export function addBollard(random: Random, { writer, style }: Street, place: Place): void {
  const post = writer.thing(POLE, place)
  const height = random.between(0.85, 1.1)
  post.tube(drawPostPaint(random, style), { from: [0, 0, 0], to: [0, height, 0], radius: 0.075 })
  post.ball(STEEL, [0, height, 0], [0.08, 0.08, 0.08])
}

/** Red, yellow or green, with the lenses facing z. */
function addSignalHead(lights: Brush, { centre: [x, y, z], phase, big }: { centre: Vector; phase: number; big: boolean }): void {
  const s = big ? 1.25 : 1
  lights.box(BLACK, [x, y, z], [0.17 * s, 0.47 * s, 0.13])
  if (big) lights.box(plain(linear('#16171a')), [x, y, z - 0.08], [0.32 * s, 0.62 * s, 0.015])
  const colors = ['#ff2418', '#ffb020', '#20e878']
  for (const [lens, color] of colors.entries()) {
    const at = y + (1 - lens) * 0.29 * s
    const lit = lens === phase
    lights.tube(lit ? glowing(linear(color), 2.2) : plain(linear(['#3a1210', '#3a2a10', '#103a20'][lens]), 0.2), { from: [x, at, z + 0.1], to: [x, at, z + 0.15], radius: 0.115 * s })
    lights.box(BLACK, [x, at + 0.12 * s, z + 0.2], [0.12 * s, 0.015, 0.1])
  }
}

/** A signal on a post; `arm` > 0 holds a second one over the lane, along the frame's x. */
export function addTrafficLight(random: Random, { writer, style }: Street, { arm, phase, paint, ...place }: Place & { arm: number; phase: number; paint: Material }): void {
  const post = writer.thing(POLE, place)
  const height = arm > 0 ? 5.8 : 3.5
  post.tube(paint, { from: [0, 0, 0], to: [0, height, 0], radius: arm > 0 ? 0.1 : 0.07 })
  const lights = writer.thing(TRAFFIC_LIGHT, place)
  const big = style === 'source' ? chance(random, 0.4) : chance(random, 0.7)
  addSignalHead(lights, { centre: [0, 2.75, 0.24], phase, big })
  // for those on foot, across
  const small = writer.thing(TRAFFIC_LIGHT, place)
  small.box(BLACK, [-0.24, 2.3, 0], [0.12, 0.27, 0.15])
  small.box(glowing(linear(phase === 0 ? '#20e878' : '#ff2418'), 1.8), [-0.37, phase === 0 ? 2.17 : 2.43, 0], [0.02, 0.09, 0.08])
  if (arm <= 0) return
  post.tube(paint, { from: [0, height - 0.2, 0], to: [arm, height, 0], radius: 0.06 })
  addSignalHead(writer.thing(TRAFFIC_LIGHT, place), { centre: [arm - 0.2, height - 0.45, 0.2], phase, big: true })
}

const RED = linear('#c01820')
const BLUE = linear('#1b4fa0')
const WHITE = linear('#ecece8')
const YELLOW = linear('#f0c020')

function face(random: Random, color: Vector, border: Vector): Material {
  return { pattern: 'sign', color, second: border, scale: [0.7, 0.7], gloss: 0.15, emission: 0.02, seed: random.below(9999) }
}

/** One plate, its face towards z, its middle at that height. */
function addPlate(random: Random, sign: Brush, { y, size }: { y: number; size: number }): void {
  const kind = random.next()
  const grey = plain(linear('#8a8c8e'), 0.2)
  if (kind < 0.35) {
    const [color, border] = pick(random, [[WHITE, RED], [BLUE, WHITE], [RED, WHITE], [WHITE, RED]] as const)
    sign.tube(face(random, color, border), { from: [0, y, 0.07], to: [0, y, 0.09], radius: size })
    sign.tube(grey, { from: [0, y, 0.05], to: [0, y, 0.068], radius: size })
  } else if (kind < 0.6) {
    sign.gable(face(random, chance(random, 0.8) ? WHITE : YELLOW, RED), [0, y, 0.08], [size * 1.1, size * 0.95, 0.015])
  } else if (kind < 0.85) {
    const [color, border] = pick(random, [[BLUE, WHITE], [WHITE, BLUE], [YELLOW, [0.02, 0.02, 0.02]], [BLUE, WHITE]] as const)
    sign.box(face(random, color, border), [0, y, 0.08], [size * 0.85, size * 0.85, 0.015])
  } else {
    const [color, border] = pick(random, [[BLUE, WHITE], [YELLOW, [0.02, 0.02, 0.02]], [WHITE, [0.02, 0.02, 0.02]], [linear('#1f6a3f'), WHITE]] as const)
    sign.box(face(random, color, border), [0, y, 0.08], [size * 1.7, size * 0.7, 0.02])
  }
}

/** A post with one or two plates. */
export function addSign(random: Random, { writer }: Street, { paint, ...place }: Place & { paint: Material }): void {
  const height = random.between(2.3, 3.1)
  const plates = whole(random, 1, 2)
  writer.thing(POLE, place).tube(paint, { from: [0, 0, 0], to: [0, height + plates * 0.45, 0], radius: 0.045 })
  for (let plate = 0; plate < plates; plate++) addPlate(random, writer.thing(TRAFFIC_SIGN, place), { y: height - 0.4 + plate * 0.9, size: random.between(0.36, 0.5) })
}

/** Boards over the road on an arm that reaches along the frame's x. */
export function addSignGantry(random: Random, { writer }: Street, { paint, arm, ...place }: Place & { paint: Material; arm: number }): void {
  const post = writer.thing(POLE, place)
  post.tube(paint, { from: [0, 0, 0], to: [0, 6.6, 0], radius: 0.15 })
  post.tube(paint, { from: [0, 6.2, 0], to: [arm, 6.2, 0], radius: 0.08 })
  const color = pick(random, [BLUE, linear('#1f6a3f'), WHITE])
  const border = color === WHITE ? BLUE : WHITE
  const boards = arm > 4.5 ? 2 : 1
  for (let board = 0; board < boards; board++) {
    const width = (arm - 0.8) / boards / 2 - 0.08
    writer.thing(TRAFFIC_SIGN, place).box({ ...face(random, color, border), scale: [width * 2, 1.3] }, [0.8 + width + board * (2 * width + 0.16), 6.1, 0.14], [width, 0.65, 0.03])
  }
}

/** A mast for the tram's wire, its arm along the frame's x. */
export function addTramMast({ writer }: Street, { paint, arm, ...place }: Place & { paint: Material; arm: number }): void {
  const post = writer.thing(POLE, place)
  post.tube(paint, { from: [0, 0, 0], to: [0, 7.2, 0], radius: 0.12, radiusTo: 0.09 })
  post.tube(paint, { from: [0, 6.4, 0], to: [arm, 6.2, 0], radius: 0.04 })
  post.tube(paint, { from: [0, 7.1, 0], to: [arm, 6.25, 0], radius: 0.015 })
}
