/** Pixels on edges get more rays, so that edges are smooth; truth stays the centre's. */
import { aim, type Camera } from './camera.ts'
import { addLight, type Frame, type Terms } from './compose.ts'
import { castRay } from './cast.ts'
import { RAY_TO } from './shapes.ts'
import { shade, type Shader } from './shade.ts'
import { SKY_PART } from './surface.ts'

/** Where in the pixel the further samples lie, from its centre. */
const OFFSETS = [-0.125, -0.375, 0.375, -0.125, -0.375, 0.125, 0.125, 0.375]

/** Replaces edge pixels' radiance by the mean of the centre's and four more samples. */
export function smoothEdges(shader: Shader, camera: Camera, { frame, radiance }: { frame: Frame; radiance: Float32Array }): void {
  const { width, height, faces } = frame
  const terms: Terms = { sun: 0, sunSeen: 0, up: 0, open: 0, distance: 0 }
  const sum = new Float64Array(3)
  const at = { column: 0, row: 0 }
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column
      const right = column + 1 < width ? pixel + 1 : camera.panorama ? pixel + 1 - width : pixel
      const below = row + 1 < height ? pixel + width : pixel
      const left = column > 0 ? pixel - 1 : camera.panorama ? pixel - 1 + width : pixel
      const above = row > 0 ? pixel - width : pixel
      const face = faces[pixel]
      if (faces[right] === face && faces[below] === face && faces[left] === face && faces[above] === face) continue
      for (let channel = 0; channel < 3; channel++) sum[channel] = Math.min(4, radiance[pixel * 3 + channel])
      for (let sample = 0; sample < 4; sample++) {
        at.column = column + 0.5 + OFFSETS[sample * 2]
        at.row = row + 0.5 + OFFSETS[sample * 2 + 1]
        aim(camera, shader.ray, at)
        const part = castRay(shader.world, shader.ray, frame.parts[pixel])
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
