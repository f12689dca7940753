/** The colour of a surface at a place: patterns of ../types.ts as functions of the face's coordinates and of the place. */
import { facadeLook } from './facade.ts'
import { LOOK_GLOSS, LOOK_LIGHT } from './look.ts'
import { hash3, noise2, noise3, smoothStep, unit } from './noise.ts'
import { signLook } from './sign.ts'
import { roomLight } from './rooms.ts'
import { ALONG, FACE, FACE_GROUND, FACE_HEIGHT, FACE_TOP, FACE_WIDTH, FOOTPRINT, UP } from './surface.ts'
import { BLOTCHES, BOARDED, BRICKS, FACADE, GLASS, GRAIN, PAVING, PLAIN, SIGN, STRIPES } from './world.ts'
import { COLOR, EMISSION, GLOSS, MATERIAL_STRIDE, OPTIONS, PATTERN, SCALE, SECOND, SEED, type World } from './world.ts'

/** Writes colour, gloss and light of a material on a surface. */
export function lookAt(world: World, material: number, { surface, look }: { surface: Float64Array; look: Float64Array }): void {
  const m = world.materials
  const i = material * MATERIAL_STRIDE
  const pattern = m[i + PATTERN]
  look[LOOK_GLOSS] = m[i + GLOSS]
  const emission = m[i + EMISSION]
  for (let channel = 0; channel < 3; channel++) look[LOOK_LIGHT + channel] = emission * m[i + COLOR + channel]
  if (pattern === FACADE && surface[FACE] < FACE_TOP) facadeLook(m, i, { surface, look })
  else if (pattern === GLASS && emission > 0) litPane(m, i, { surface, look })
  else if (pattern === SIGN) signLook(m, i, { surface, look })
  else mix(m, i, { share: secondShare(m, i, surface), shade: shadeOf(m, i, surface), look })
}

/** A pane of glass before a lit room: a shop's. */
function litPane(m: Float64Array, i: number, { surface, look }: { surface: Float64Array; look: Float64Array }): void {
  const halfWidth = surface[FACE_WIDTH] / 2
  const room = { x: surface[ALONG] - halfWidth, y: surface[UP], halfWidth, tall: surface[FACE_HEIGHT], footprint: surface[FOOTPRINT] }
  roomLight(surface, { ...room, word: hash3(m[i + SEED] | 0, 3, 8), shop: true }, { out: look, at: LOOK_LIGHT })
  for (let channel = 0; channel < 3; channel++) {
    look[channel] = m[i + COLOR + channel]
    look[LOOK_LIGHT + channel] *= m[i + EMISSION]
  }
}

function mix(m: Float64Array, i: number, { share, shade, look }: { share: number; shade: number; look: Float64Array }): void {
  for (let channel = 0; channel < 3; channel++) {
    const first = m[i + COLOR + channel]
    look[channel] = Math.min(0.95, (first + (m[i + SECOND + channel] - first) * share) * shade)
  }
}

/** 1 where a detail of that size is seen, 0 where it is smaller than about 1.5 pixels. */
export function detail(size: number, footprint: number): number {
  return 1 - smoothStep(footprint, size * 0.25, size * 0.66)
}

/** How much of the second colour there is. */
function secondShare(m: Float64Array, i: number, surface: Float64Array): number {
  const foot = surface[FOOTPRINT]
  const width = m[i + SCALE]
  const height = m[i + SCALE + 1]
  const seed = m[i + SEED] | 0
  const along = surface[ALONG]
  const up = surface[UP]
  switch (m[i + PATTERN]) {
    case GRAIN:
      return grain(surface, { size: width, seed })
    case PAVING:
      return joints(along, up, { width, height, shift: 0, foot })
    case BRICKS:
      return joints(along, up, { width, height, shift: 0.5, foot })
    case BOARDED: {
      const gap = m[i + OPTIONS] >= 0 && m[i + OPTIONS + 1] !== 1 ? Math.max(m[i + OPTIONS], 0.04) : 0.04
      const step = along / width
      return edge(step - Math.floor(step), gap, foot / width)
    }
    case BLOTCHES:
      return blotches(surface, { size: width, seed })
    case STRIPES: {
      const share = m[i + OPTIONS] >= 0 ? m[i + OPTIONS] : 0.5
      const step = up / height
      return edge(step - Math.floor(step), share, foot / height)
    }
    default:
      return 0
  }
}

/** 1 where `place` (0..1 in its unit) is below `share`, with edges as soft as a pixel (`foot`, in units), the mean when far. */
function edge(place: number, share: number, foot: number): number {
  const soft = Math.max(1e-4, foot)
  const inside = Math.min(1, Math.max(0, 0.5 + (share - place) / soft)) * Math.min(1, Math.max(0, 0.5 + place / soft))
  const again = Math.min(1, Math.max(0, 0.5 + (place - 1) / soft))
  const sharp = Math.min(1, inside + again)
  return share + (sharp - share) * detail(1, foot)
}

/** A factor on the colour: no two stones, bricks, boards are quite alike, and large surfaces are stained. */
function shadeOf(m: Float64Array, i: number, surface: Float64Array): number {
  const pattern = m[i + PATTERN]
  const seed = m[i + SEED] | 0
  const foot = surface[FOOTPRINT]
  if (pattern === PLAIN || pattern === GLASS) return 1
  let shade = 1
  if (pattern === PAVING || pattern === BRICKS || pattern === BOARDED) {
    const height = pattern === BOARDED ? 1e9 : m[i + SCALE + 1]
    const row = Math.floor(surface[UP] / height)
    const shift = pattern === BRICKS && (row & 1) === 1 ? 0.5 : 0
    const stone = unit(hash3(Math.floor(surface[ALONG] / m[i + SCALE] + shift), row, seed + surface[FACE]))
    shade += (stone - 0.5) * 0.28 * detail(m[i + SCALE], foot)
    if (foot < 0.03) shade += (noise2(surface[ALONG] * 40, surface[UP] * 40, seed) - 0.5) * 0.16 * detail(0.03, foot)
  }
  const stains = noise2(surface[ALONG] * 0.45, surface[UP] * 0.45, seed + 5) + 0.5 * noise2(surface[ALONG] * 1.7, surface[UP] * 1.7, seed + 6)
  return shade * (0.86 + 0.19 * stains)
}

function joints(along: number, up: number, stone: { width: number; height: number; shift: number; foot: number }): number {
  const { width, height, shift, foot } = stone
  const row = Math.floor(up / height)
  const across = along / width + ((row & 1) === 1 ? shift : 0)
  const joint = Math.max(0.006, 0.05 * Math.min(width, height))
  const upright = edge(across - Math.floor(across), joint / width, foot / width)
  const level = edge(up / height - row, joint / height, foot / height)
  return upright + level - upright * level
}

function grain(surface: Float64Array, { size, seed }: { size: number; seed: number }): number {
  const foot = surface[FOOTPRINT]
  let value = 0.35
  const fine = detail(size, foot)
  if (fine > 0) value += (unit(hash3(Math.floor(surface[ALONG] / size), Math.floor(surface[UP] / size), seed + surface[FACE])) - 0.5) * 0.7 * fine
  const middle = detail(size * 6, foot)
  if (middle > 0) value += (noise2(surface[ALONG] / (size * 5), surface[UP] / (size * 5), seed + 1) - 0.5) * 0.5 * middle
  value += (noise2(surface[ALONG] / (size * 40), surface[UP] / (size * 40), seed + 2) - 0.5) * 0.4 * detail(size * 40, foot)
  return Math.min(1, Math.max(0, value))
}

function blotches(surface: Float64Array, { size, seed }: { size: number; seed: number }): number {
  const foot = surface[FOOTPRINT]
  const flat = surface[FACE] === FACE_GROUND
  let value = 0.5
  let scale = 0.33 / size
  let strength = 0.55
  for (let octave = 0; octave < 4; octave++) {
    const seen = detail(1 / scale, foot)
    if (seen <= 0) break
    const noise = flat
      ? noise2(surface[0] * scale, surface[2] * scale, seed + octave)
      : noise3(surface[0] * scale, surface[1] * scale, surface[2] * scale, seed + octave)
    value += (noise - 0.5) * strength * seen * 1.6
    strength *= 0.8
    scale *= 2.6
  }
  return Math.min(1, Math.max(0, value))
}
