/** The procedural world's front door: a request in, an image with its truth out. */
import { hash3, unit } from './render/noise.ts'
import { renderScene } from './render/render.ts'
import { testScene } from './render/test-scene.ts'
import type { SynthRequest, SyntheticImage } from './types.ts'

/** Builds the street that `seed`, `style` and `index` name, and draws it as asked. */
export function generateView(request: SynthRequest): SyntheticImage {
  const scene = testScene()
  const spots = request.view === 'panorama' ? scene.panoramaSpots : scene.pinholeSpots
  const spot = spots[Math.floor(unit(hash3(request.seed, request.index, 0x5b07)) * spots.length)]
  return renderScene(scene, spot, request)
}
