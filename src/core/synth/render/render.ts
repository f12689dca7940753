/** A street, a place, a lens: an image with its truth. */
import type { CameraSpot, Scene, SynthRequest, SyntheticImage } from '../types.ts'
import { castBeams, castInBeam, squareOf, type Beams } from './beams.ts'
import { aimAtPixel, newCamera, type Camera } from './camera.ts'
import { newRay, RAY_TO } from './shapes.ts'
import { develop } from './sensor.ts'
import { newShader, NO_FACE, NO_TURN, shade, type Shader } from './shade.ts'
import { SKY_PART } from './surface.ts'
import { packScene, type World } from './world.ts'
import { composeLight, newFrame, type Frame } from './compose.ts'
import { smoothEdges } from './edges.ts'

const SKY_TRAIN_ID = 10

/** What of a request the drawing wants; `index` and `seed` only vary the sensor's noise. */
export type View = Omit<SynthRequest, 'style'>

/** Draws the scene from a spot. One ray through each pixel's centre tells class, thing and depth; colour takes more. */
export function renderScene(scene: Scene, spot: CameraSpot, view: View): SyntheticImage {
  const { width, height } = view
  const world = packScene(scene)
  const camera = newCamera(spot, view)
  const frame = newFrame(width, height)
  const beams = castBeams(world, camera)
  castPrimaryRays(world, camera, { frame, beams })
  const shader = newShader(world)
  shadePixels(shader, camera, frame)
  const radiance = composeLight(world, frame, camera.panorama)
  smoothEdges(shader, camera, { frame, beams, radiance })
  const { sensor } = scene
  const wraps = camera.panorama
  const blurPx = (sensor.blur * width) / 1024
  const rgb = develop(radiance, sensor, { width, height, wraps, blurPx, seed: (view.seed ^ (view.index * 0x9e37)) | 0 })
  return { width, height, rgb, ...truthOf(scene, frame) }
}

/** Which part each pixel's centre shows, and how far away. */
export function castPrimaryRays(world: World, camera: Camera, { frame, beams }: { frame: Frame; beams: Beams }): void {
  const ray = newRay()
  const at = { column: 0, row: 0 }
  const place = { beams, square: 0 }
  for (let row = 0; row < camera.height; row++) {
    for (let column = 0; column < camera.width; column++) {
      at.column = column
      at.row = row
      aimAtPixel(camera, ray, at)
      place.square = squareOf(beams, column, row)
      const part = castInBeam(world, ray, place)
      frame.parts[row * camera.width + column] = part
      frame.depths[row * camera.width + column] = part === SKY_PART ? Infinity : ray[RAY_TO]
    }
  }
}

/** Light of every pixel's centre, in terms that `composeLight` averages among neighbours. */
export function shadePixels(shader: Shader, camera: Camera, frame: Frame): void {
  const { width, height } = camera
  const { faces, sunSeen } = frame
  const at = { column: 0, row: 0 }
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column
      at.column = column
      at.row = row
      aimAtPixel(camera, shader.ray, at)
      shader.ray[RAY_TO] = frame.depths[pixel]
      // every second pixel looks for the sky, in turn into 16 directions, and always for the sun; those between, where
      // the pixels beside and above disagree
      const looks = ((column + row) & 1) === 0
      const agree = !looks && row > 0 && column > 0 && faces[pixel - 1] === faces[pixel - width] && sunSeen[pixel - 1] === sunSeen[pixel - width]
      shader.knownFace = agree ? faces[pixel - 1] : NO_FACE
      shader.knownSun = agree ? sunSeen[pixel - 1] : 0
      const turn = (column & 3) + 4 * (row & 3)
      shade(shader, frame.parts[pixel], looks ? turn : turn + NO_TURN)
      for (let channel = 0; channel < 3; channel++) {
        frame.albedo[pixel * 3 + channel] = shader.albedo[channel]
        frame.extra[pixel * 3 + channel] = shader.extra[channel]
      }
      faces[pixel] = shader.face
      sunSeen[pixel] = shader.sunSeen
      frame.sun[pixel] = shader.sun
      frame.up[pixel] = shader.up
      frame.open[pixel] = shader.open
    }
  }
  shader.knownFace = NO_FACE
}

function truthOf(scene: Scene, frame: Frame): Pick<SyntheticImage, 'trainIds' | 'instanceIds' | 'depthM'> {
  const count = frame.parts.length
  const trainIds = new Uint8Array(count)
  const instanceIds = new Uint16Array(count)
  for (let pixel = 0; pixel < count; pixel++) {
    const part = frame.parts[pixel]
    if (part >= 0) {
      trainIds[pixel] = scene.parts[part].trainId
      instanceIds[pixel] = scene.parts[part].instanceId
    } else trainIds[pixel] = part === SKY_PART ? SKY_TRAIN_ID : scene.groundSpots[-2 - part].trainId
  }
  return { trainIds, instanceIds, depthM: frame.depths }
}
