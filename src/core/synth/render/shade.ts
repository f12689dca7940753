/** The light of one ray's end, in the terms that `compose.ts` puts together: colour, sun, sky, what is mirrored or given. */
import { LOOK_GLOSS, LOOK_LIGHT, newLook } from './look.ts'
import { lookAt } from './patterns.ts'
import { newRay, RAY_FROM, RAY_PIXEL, RAY_TO } from './shapes.ts'
import { AMBIENT, plainSkyRadiance, skyRadiance, SUN, SUNLIGHT } from './sky.ts'
import { FACE, faceAt, FACE_GROUND, newSurface, NORMAL, OPENNESS, SKY_PART } from './surface.ts'
import { anyPart, nearestPart } from './trace.ts'
import { hash3, noise2, smoothStep, unit } from './noise.ts'
import { COLOR, EMISSION, FOLIAGE, MATERIAL_STRIDE, SECOND, type World } from './world.ts'

/** One ray's light. `ray` goes in (RAY_TO: what it meets), the rest comes out. */
export interface Shader {
  readonly world: World
  readonly ray: Float64Array
  readonly surface: Float64Array
  readonly look: Float64Array
  readonly probe: Float64Array
  readonly mirrored: Float64Array
  /** colour of the surface, linear RGB */
  readonly albedo: Float64Array
  /** radiance that neither sun nor sky's share makes: given, mirrored; of the sky itself */
  readonly extra: Float64Array
  /** sun's share by the surface's tilt, and how much of the sun is seen from there (one ray: 0 or 1) */
  sun: number
  sunSeen: number
  /** the normal's height, -1..1, and how much of the sky is seen from there (one ray) */
  up: number
  open: number
  /** pixels with the same number lie on the same face of the same part */
  face: number
  /** a face on which the sun is known to be seen or not (`knownSun`), from the pixels around; NO_FACE where it is not */
  knownFace: number
  knownSun: number
  /** what last hid the sun, closed the sky, showed in a mirror: often the next ray meets it too */
  shadow: number
  roof: number
  mirrorPart: number
}

export function newShader(world: World): Shader {
  return {
    world,
    ray: newRay(),
    surface: newSurface(),
    look: newLook(),
    probe: newRay(),
    mirrored: new Float64Array(3),
    albedo: new Float64Array(3),
    extra: new Float64Array(3),
    sun: 0,
    sunSeen: 0,
    up: 0,
    open: 0,
    face: 0,
    knownFace: NO_FACE,
    knownSun: 0,
    shadow: -1,
    roof: -1,
    mirrorPart: -1,
  }
}

/** Number of directions that neighbouring pixels share among them; `compose.ts` averages over as many pixels. */
export const TURNS = 16
/** the share of light that comes from what hides the sky: walls shine too */
const BOUNCE = 0.3
/** how far what hides the sky is looked for, metres */
const OPEN_REACH = 9
/** radius of the sun for shadows' soft edges, radians */
const SUN_RADIUS = 0.012
/** how far mirrors look, metres */
const MIRROR_REACH = 70
/** share of light mirrored above which mirrors show things; what is less smooth than glass, paint or a puddle shows none */
const SHARP_FROM = 0.05

/** `turn` of a pixel that leaves the sky's share to its neighbours: `open` becomes UNKNOWN. */
export const NO_TURN = 16
export const UNKNOWN = -1
export const NO_FACE = -(2 ** 30)

/**
 * Shades what the shader's ray met. `turn` (0..15) says which of the 16 directions this pixel looks into; with `NO_TURN`
 * added, it does not look for the sky unless it lies on another face than the last one.
 */
export function shade(shader: Shader, part: number, turn: number): void {
  const { world, ray, surface, look, albedo, extra } = shader
  if (part === SKY_PART) {
    skyRadiance(world.sky, ray, { at: 3, out: extra })
    albedo.fill(0)
    shader.sun = shader.sunSeen = shader.up = shader.open = 0
    shader.face = SKY_PART
    return
  }
  const lastFace = shader.face
  shader.face = faceAt(world, part, shader)
  const material = part >= 0 ? world.partMaterials[part] : world.groundMaterials[-2 - part]
  lookAt(world, material, { surface, look })
  const leaf = part >= 0 && world.kinds[part] === FOLIAGE
  shader.up = surface[NORMAL + 1]
  for (let channel = 0; channel < 3; channel++) {
    albedo[channel] = look[channel]
    extra[channel] = look[LOOK_LIGHT + channel]
  }
  seeSun(shader, leaf, turn & 15)
  if (leaf) {
    // light comes through from the other side; deep in the crown there is less of it
    shader.open = (0.45 + 0.55 * smoothStep(surface[OPENNESS], 0.6, 1)) * (0.85 + 0.3 * surface[NORMAL + 1])
    shader.up = 0.3 + 0.45 * Math.abs(surface[NORMAL + 1])
    return
  }
  if (turn >= NO_TURN && shader.face === lastFace) shader.open = UNKNOWN
  else seeSky(shader, turn & 15)
  const wet = world.scene.wetness > 0 && surface[NORMAL + 1] > 0.9 ? wetGloss(shader) : 0
  const gloss = Math.max(wet, look[LOOK_GLOSS])
  if (gloss > 0.03) mirror(shader, gloss)
}

function seeSun(shader: Shader, leaf: boolean, turn: number): void {
  const { world, surface, probe } = shader
  const { sky } = world
  shader.sun = 0
  shader.sunSeen = 0
  if (!(sky[SUNLIGHT] > 0 || sky[SUNLIGHT + 1] > 0)) return
  const facing = surface[NORMAL] * sky[SUN] + surface[NORMAL + 1] * sky[SUN + 1] + surface[NORMAL + 2] * sky[SUN + 2]
  // leaves let light through
  shader.sun = leaf ? 0.35 * Math.abs(facing) + 0.5 * Math.max(0, facing) + 0.1 : Math.max(0, facing)
  if (shader.sun <= 0) return
  if (shader.face === shader.knownFace && !leaf) {
    shader.sunSeen = shader.knownSun
    return
  }
  const angle = turn * 2.399963
  const away = SUN_RADIUS * Math.sqrt((turn + 0.5) / TURNS)
  startProbe(shader, leaf ? 0.12 : 0)
  // any two directions across the sun's will do
  probe[3] = sky[SUN] + away * Math.cos(angle) * sky[SUN + 1]
  probe[4] = sky[SUN + 1] - away * Math.cos(angle) * sky[SUN]
  probe[5] = sky[SUN + 2] + away * Math.sin(angle)
  unitProbe(probe)
  probe[RAY_TO] = 300
  const found = anyPart(world, probe, shader.shadow)
  if (found >= 0) shader.shadow = found
  shader.sunSeen = found >= 0 ? 0 : 1
}

/** The probe starts a little off the surface, so as not to meet it. */
function startProbe({ surface, probe, ray }: Shader, off: number): void {
  const away = 1e-3 + 2e-5 * ray[RAY_TO] + off
  for (let d = 0; d < 3; d++) probe[d] = surface[d] + surface[NORMAL + d] * away
  probe[RAY_FROM] = 0
  probe[RAY_PIXEL] = 0.004
}

function unitProbe(probe: Float64Array): void {
  const length = Math.hypot(probe[3], probe[4], probe[5])
  probe[3] /= length
  probe[4] /= length
  probe[5] /= length
}

/** One of 16 directions, distributed as the cosine to the normal is, each of another length: nearby things darken more. */
function seeSky(shader: Shader, turn: number): void {
  const { world, surface, probe } = shader
  const nx = surface[NORMAL]
  const ny = surface[NORMAL + 1]
  const nz = surface[NORMAL + 2]
  const angle = turn * 2.399963 + 0.7
  const across = Math.sqrt((turn + 0.5) / TURNS)
  const along = Math.sqrt(1 - across * across)
  // a frame about the normal (Duff and others 2017)
  const sign = nz >= 0 ? 1 : -1
  const a = -1 / (sign + nz)
  const b = nx * ny * a
  const cos = across * Math.cos(angle)
  const sin = across * Math.sin(angle)
  startProbe(shader, 0)
  probe[3] = nx * along + cos * (1 + sign * nx * nx * a) + sin * b
  probe[4] = ny * along + cos * sign * b + sin * (sign + ny * ny * a)
  probe[5] = nz * along - cos * sign * nx - sin * ny
  const share = ((turn * 7 + 3) % TURNS) / TURNS
  const reach = 0.15 + OPEN_REACH * share * share
  probe[RAY_TO] = reach
  if (probe[4] < 0 && -probe[1] / probe[4] < reach) {
    shader.open = BOUNCE + 0.2
    return
  }
  const found = anyPart(world, probe, shader.roof)
  if (found >= 0) shader.roof = found
  shader.open = found >= 0 ? BOUNCE : 1
}

/** After rain: puddles mirror, the rest is darker and shines a little. */
function wetGloss({ world, surface, albedo }: Shader): number {
  const wetness = world.scene.wetness
  const puddle = smoothStep(noise2(surface[0] * 0.7, surface[2] * 0.7, 99) * 0.7 + noise2(surface[0] * 2.3, surface[2] * 2.3, 98) * 0.3, 0.62 - 0.25 * wetness, 0.72 - 0.2 * wetness)
  const flat = surface[FACE] === FACE_GROUND ? 1 : 0.7
  for (let channel = 0; channel < 3; channel++) albedo[channel] *= 1 - 0.4 * wetness * (0.5 + 0.5 * puddle)
  return wetness * flat * (0.35 + 0.45 * puddle)
}

/** Adds what the surface mirrors, and takes as much from what it scatters (Schlick's approximation of Fresnel's law). */
function mirror(shader: Shader, gloss: number): void {
  const { world, ray, surface, probe, mirrored, albedo, extra } = shader
  const facing = -(ray[3] * surface[NORMAL] + ray[4] * surface[NORMAL + 1] + ray[5] * surface[NORMAL + 2])
  const least = 0.04 + 0.5 * gloss * gloss * gloss
  const share = Math.min(1, gloss * 1.2) * (least + (1 - least) * (1 - Math.min(1, Math.max(0, facing))) ** 5)
  if (share < 0.01) return
  startProbe(shader, 0)
  for (let d = 0; d < 3; d++) probe[3 + d] = ray[3 + d] + 2 * facing * surface[NORMAL + d]
  if (surface[FACE] === FACE_GROUND) {
    // water is not quite level
    probe[3] += (noise2(surface[0] * 9, surface[2] * 9, 5) - 0.5) * 0.05
    probe[5] += (noise2(surface[0] * 9, surface[2] * 9, 6) - 0.5) * 0.05
  }
  unitProbe(probe)
  mirroredLight(shader, smoothStep(share, SHARP_FROM, 2 * SHARP_FROM) * smoothStep(gloss, 0.38, 0.5))
  const { sky } = world
  const sun = probe[3] * sky[SUN] + probe[4] * sky[SUN + 1] + probe[5] * sky[SUN + 2]
  const glint = shader.sunSeen * Math.max(0, sun) ** (30 + 600 * gloss * gloss) * (0.5 + 3 * gloss)
  for (let channel = 0; channel < 3; channel++) {
    albedo[channel] *= 1 - share
    extra[channel] = extra[channel] * (1 - share) + share * mirrored[channel] + Math.max(share, 0.08) * glint * sky[SUNLIGHT + channel]
  }
}

/**
 * Radiance along the probe: things as they are lit roughly, without shadows, where `sharp` is 1; where it is 0, only what
 * the sky and a darker band above the horizon look like from afar.
 */
function mirroredLight(shader: Shader, sharp: number): void {
  const { world, probe, mirrored } = shader
  const { sky } = world
  plainSkyRadiance(sky, probe[4], mirrored)
  const free = 0.5 + 0.5 * smoothStep(probe[4], 0.1, 0.7)
  for (let channel = 0; channel < 3; channel++) mirrored[channel] *= sharp + (1 - sharp) * free
  if (probe[4] < 0) {
    const ground = -probe[1] / probe[4]
    const spot = world.scene.groundAt(probe[0] + probe[3] * ground, probe[2] + probe[5] * ground)
    mirrorMaterial(shader, world.groundMaterials[spot], { light: 0.7, share: 1 })
  }
  if (sharp <= 0) return
  probe[RAY_TO] = MIRROR_REACH
  const part = nearestPart(world, probe, shader.mirrorPart)
  shader.mirrorPart = part
  if (part >= 0) mirrorMaterial(shader, world.partMaterials[part], { light: 0.35 + 0.3 * unit(hash3(part, 3, 9)), share: sharp })
}

function mirrorMaterial({ world, mirrored }: Shader, material: number, { light, share }: { light: number; share: number }): void {
  const { sky, materials } = world
  const i = material * MATERIAL_STRIDE
  for (let channel = 0; channel < 3; channel++) {
    const color = 0.65 * materials[i + COLOR + channel] + 0.35 * materials[i + SECOND + channel]
    const lit = color * (light * (sky[AMBIENT + channel] + 0.45 * sky[SUNLIGHT + channel]) + materials[i + EMISSION])
    mirrored[channel] += (lit - mirrored[channel]) * share
  }
}
