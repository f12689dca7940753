/** The procedural world's front door: a request in, an image with its truth out. */
import { hash3, unit } from './render/noise.ts'
import { renderScene } from './render/render.ts'
import { buildScene } from './scene/build-scene.ts'
import type { SynthRequest, SyntheticImage } from './types.ts'

/**
 * Builds the street that `seed`, `style` and `index` name, and draws it as asked. Throws RangeError for an image without
 * pixels and for a field of view or a pitch that the projection cannot have.
 */
export function generateView(request: SynthRequest): SyntheticImage {
  checkRequest(request)
  const { seed, index, style } = request
  const scene = buildScene({ seed, index, style })
  const spots = request.view === 'panorama' ? scene.panoramaSpots : request.carrier === 'walker' ? scene.walkerSpots : scene.pinholeSpots
  const spot = spots[Math.floor(unit(hash3(seed, index, SPOTS)) * spots.length)]
  return renderScene(scene, spot, request)
}

/** Stream of the seed that draws where the camera stands. */
const SPOTS = 0x5b07

function checkRequest({ view, width, height, fovDeg, pitchDeg = 0 }: SynthRequest): void {
  const widest = view === 'panorama' ? 180 : 170
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1)) {
    throw new RangeError(`An image of ${width} x ${height} pixels cannot be drawn: give whole numbers from 1 up.`)
  }
  if (!(fovDeg > 0 && fovDeg <= widest)) {
    throw new RangeError(`A ${view} cannot show ${fovDeg} degrees: give more than 0 and at most ${widest}.`)
  }
  if (view === 'panorama' ? pitchDeg !== 0 : !(Math.abs(pitchDeg) <= 90)) {
    throw new RangeError(view === 'panorama' ? 'A panorama shows its horizon in the middle: leave its pitch at 0.' : `A camera cannot look up by ${pitchDeg} degrees: give -90 to 90.`)
  }
}
