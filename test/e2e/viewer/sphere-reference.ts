import { degreesToRadians, pitchRad, yawRad } from '../../../src/core/geometry/angles.ts'
import type { RollRad } from '../../../src/core/geometry/angles.ts'
import { sphereToPanorama } from '../../../src/core/geometry/equirectangular.ts'
import { viewToSphere } from '../../../src/core/geometry/perspective.ts'
import type { RgbImage } from '../../../src/core/raster/raster.ts'
import type { PanoramaSource, SphereView } from '../../../src/renderer/src/viewer/types.ts'

type Projection = PanoramaSource['projection']

/** Panorama position seen at the middle of a canvas pixel, by core/geometry alone; null outside the panorama. */
export function sphereLookup(
  size: { width: number; height: number }, projection: Projection,
  { view, canvas, x, y }: { view: SphereView; canvas: { width: number; height: number }; x: number; y: number },
): { x: number; y: number } | null {
  const focal = canvas.height / 2 / Math.tan(degreesToRadians(view.fovDeg) / 2)
  const at = sphereToPanorama(viewToSphere({ x: x + 0.5, y: y + 0.5 }, canvas, {
    yaw: yawRad(degreesToRadians(view.yawDeg)), pitch: pitchRad(degreesToRadians(view.pitchDeg)), roll: 0 as RollRad,
    hfovRad: 2 * Math.atan(canvas.width / 2 / focal),
  }), size, projection)
  const px = projection.cyclic ? ((at.x % size.width) + size.width) % size.width : at.x
  return px >= 0 && px < size.width && at.y >= 0 && at.y < size.height ? { x: px, y: at.y } : null
}

/** RGBA of the sphere view by bilinear lookup, for images so smooth that the mip level does not matter. */
export function sphereReference(
  image: RgbImage, projection: Projection,
  { view, canvas, background }: { view: SphereView; canvas: { width: number; height: number }; background: readonly number[] },
): Uint8Array {
  const out = new Uint8Array(canvas.width * canvas.height * 4)
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const at = sphereLookup(image, projection, { view, canvas, x, y })
      const color = at ? bilinear(image, at, projection.cyclic) : background
      out.set([...color, 255], (y * canvas.width + x) * 4)
    }
  }
  return out
}

function bilinear(image: RgbImage, at: { x: number; y: number }, cyclic: boolean): number[] {
  const [x0, y0] = [Math.floor(at.x - 0.5), Math.floor(at.y - 0.5)]
  const [fx, fy] = [at.x - 0.5 - x0, at.y - 0.5 - y0]
  const texel = (x: number, y: number, c: number): number => {
    const px = cyclic ? (x + image.width) % image.width : Math.min(Math.max(x, 0), image.width - 1)
    const py = Math.min(Math.max(y, 0), image.height - 1)
    return image.data[(py * image.width + px) * 3 + c]
  }
  return [0, 1, 2].map((c) => Math.round(
    (1 - fy) * ((1 - fx) * texel(x0, y0, c) + fx * texel(x0 + 1, y0, c)) + fy * ((1 - fx) * texel(x0, y0 + 1, c) + fx * texel(x0 + 1, y0 + 1, c)),
  ))
}
