/** Per-pixel terms of light to radiance: rays that neighbours sent into different directions are averaged on each face. */
import { UNKNOWN } from './shade.ts'
import { AMBIENT, SUN, SUNLIGHT } from './sky.ts'
import type { World } from './world.ts'

/** What the rays told, pixel by pixel; terms as in `Shader`. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly parts: Int32Array
  readonly depths: Float32Array<ArrayBuffer>
  readonly faces: Int32Array
  readonly albedo: Float32Array
  readonly extra: Float32Array
  readonly sun: Float32Array
  readonly sunSeen: Float32Array
  readonly up: Float32Array
  readonly open: Float32Array
}

export function newFrame(width: number, height: number): Frame {
  const count = width * height
  return {
    width,
    height,
    parts: new Int32Array(count),
    depths: new Float32Array(count),
    faces: new Int32Array(count),
    albedo: new Float32Array(3 * count),
    extra: new Float32Array(3 * count),
    sun: new Float32Array(count),
    sunSeen: new Float32Array(count),
    up: new Float32Array(count),
    open: new Float32Array(count),
  }
}

/** One pixel's (or one sample's) terms of light. */
export interface Terms {
  sun: number
  sunSeen: number
  up: number
  open: number
  distance: number
}

/** Linear radiance of the frame, three numbers per pixel. `wraps`: columns go on at the other side. */
export function composeLight(world: World, frame: Frame, wraps: boolean): Float32Array {
  const { width, height, faces } = frame
  const radiance = new Float32Array(3 * width * height)
  const terms: Terms = { sun: 0, sunSeen: 0, up: 0, open: 0, distance: 0 }
  const columns = new Int32Array(4)
  for (let row = 0; row < height; row++) {
    const top = Math.max(0, row - 1)
    const bottom = Math.min(height - 1, row + 2)
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column
      const face = faces[pixel]
      terms.distance = frame.depths[pixel]
      terms.sun = frame.sun[pixel]
      terms.up = frame.up[pixel]
      terms.sunSeen = frame.sunSeen[pixel]
      terms.open = frame.open[pixel]
      if (face !== -1) {
        for (let step = 0; step < 4; step++) {
          const from = column + step - 1
          columns[step] = wraps ? (from + width) % width : Math.min(width - 1, Math.max(0, from))
        }
        let count = 0
        let looked = 0
        let sunSeen = 0
        let open = 0
        for (let near = top; near <= bottom; near++) {
          for (let step = 0; step < 4; step++) {
            const from = near * width + columns[step]
            if (faces[from] !== face) continue
            count++
            sunSeen += frame.sunSeen[from]
            if (frame.open[from] === UNKNOWN) continue
            looked++
            open += frame.open[from]
          }
        }
        terms.sunSeen = sunSeen / count
        terms.open = looked > 0 ? open / looked : 0.8
      }
      addLight(world, terms, { albedo: frame.albedo, extra: frame.extra, from: pixel * 3, into: radiance, at: pixel * 3 })
    }
  }
  return radiance
}

interface Colors {
  readonly albedo: Float32Array | Float64Array
  readonly extra: Float32Array | Float64Array
  readonly from: number
  readonly into: Float32Array | Float64Array
  readonly at: number
}

/** The light that reaches the lens: sun and sky on the surface, what it gives itself, haze between. */
export function addLight(world: World, terms: Terms, { albedo, extra, from, into, at }: Colors): void {
  const { sky, scene } = world
  if (terms.distance === Infinity) {
    for (let channel = 0; channel < 3; channel++) into[at + channel] += extra[from + channel]
    return
  }
  const clear = scene.haze > 0 ? Math.exp(-scene.haze * terms.distance) : 1
  const skyShare = (0.5 + 0.5 * terms.up) * terms.open
  const groundShare = (0.5 - 0.5 * terms.up) * (0.4 + 0.6 * terms.open)
  const sunShare = terms.sun * terms.sunSeen
  for (let channel = 0; channel < 3; channel++) {
    const sunlight = sky[SUNLIGHT + channel]
    const ambient = sky[AMBIENT + channel]
    // the street throws light back, more where the sun shines
    const ground = 0.22 * (ambient + 0.6 * sunlight * Math.max(0, sky[SUN + 1]))
    const light = sunlight * sunShare + ambient * skyShare + ground * groundShare
    const seen = albedo[from + channel] * light + extra[from + channel]
    into[at + channel] += scene.hazeColor[channel] + (seen - scene.hazeColor[channel]) * clear
  }
}
