/** Pixels on edges get more rays, so that edges are smooth; truth stays the centre's. */
import { castInBeam, squareOf, type Beams } from './beams.ts'
import { aim, type Camera } from './camera.ts'
import { addLight, type Frame, type Terms } from './compose.ts'
import { RAY_TO } from './shapes.ts'
import { shade, type Shader } from './shade.ts'
import { faceAt, SKY_PART } from './surface.ts'

/** Where in the pixel the further samples lie, from its centre: right, down. */
const OFFSETS = [-0.125, -0.375, 0.375, -0.125, -0.375, 0.125, 0.125, 0.375]
/** One pixel brighter than this (the sun, a lamp) must not outshine its edge. */
const BRIGHTEST = 4

interface Drawing {
  readonly frame: Frame
  readonly beams: Beams
  /** linear RGB of the pixels' centres; of edges, afterwards, of the whole pixel */
  readonly radiance: Float32Array
}

/** Replaces edge pixels' radiance by the mean of the centre's and four more samples. */
export function smoothEdges(shader: Shader, camera: Camera, { frame, beams, radiance }: Drawing): void {
  const { width, height, faces } = frame
  const centres = radiance.slice()
  const terms: Terms = { sun: 0, sunSeen: 0, up: 0, open: 0, distance: 0 }
  const sum = new Float64Array(3)
  const at = { column: 0, row: 0 }
  const place = { beams, square: 0 }
  const near = new Int32Array(9)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column
      const right = column + 1 < width ? pixel + 1 : camera.panorama ? pixel + 1 - width : pixel
      const below = row + 1 < height ? pixel + width : pixel
      const left = column > 0 ? pixel - 1 : camera.panorama ? pixel - 1 + width : pixel
      const above = row > 0 ? pixel - width : pixel
      const face = faces[pixel]
      if (faces[right] === face && faces[below] === face && faces[left] === face && faces[above] === face) continue
      neighbours(near, { pixel, left: left - pixel, right: right - pixel, above: above - pixel, below: below - pixel })
      place.square = squareOf(beams, column, row)
      for (let channel = 0; channel < 3; channel++) sum[channel] = Math.min(BRIGHTEST, centres[pixel * 3 + channel])
      for (let sample = 0; sample < 4; sample++) {
        at.column = column + 0.5 + OFFSETS[sample * 2]
        at.row = row + 0.5 + OFFSETS[sample * 2 + 1]
        aim(camera, shader.ray, at)
        const part = castInBeam(shader.world, shader.ray, place)
        // mostly, a neighbour shows the same face, and its light will do
        const like = samePixel(faces, near, faceAt(shader.world, part, shader))
        if (like >= 0) {
          for (let channel = 0; channel < 3; channel++) sum[channel] += Math.min(BRIGHTEST, centres[like * 3 + channel])
          continue
        }
        shade(shader, part, (column * 5 + row * 3 + sample * 4) & 15)
        terms.sun = shader.sun
        terms.sunSeen = shader.sunSeen
        terms.up = shader.up
        terms.open = shader.open
        terms.distance = part === SKY_PART ? Infinity : shader.ray[RAY_TO]
        addLight(shader.world, terms, { albedo: shader.albedo, extra: shader.extra, from: 0, into: sum, at: 0 })
      }
      for (let channel = 0; channel < 3; channel++) radiance[pixel * 3 + channel] = sum[channel] / 5
    }
  }
}

interface Steps {
  readonly pixel: number
  readonly left: number
  readonly right: number
  readonly above: number
  readonly below: number
}

/** The pixel, the four beside it, the four across its corners. */
function neighbours(near: Int32Array, { pixel, left, right, above, below }: Steps): void {
  near[0] = pixel
  near[1] = pixel + left
  near[2] = pixel + right
  near[3] = pixel + above
  near[4] = pixel + below
  near[5] = pixel + above + left
  near[6] = pixel + above + right
  near[7] = pixel + below + left
  near[8] = pixel + below + right
}

function samePixel(faces: Int32Array, near: Int32Array, face: number): number {
  for (let index = 0; index < 9; index++) if (faces[near[index]] === face) return near[index]
  return -1
}
